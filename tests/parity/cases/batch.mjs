// Several requests as one. Reference: 4.7, 8.4, 9.7.

import { OPEN, cheapUsers, collection, del, field, get, patch, post, put, records, userWithLogin } from '../lib/cases.mjs';

/** PocketBase is told by its settings. */
export const environment = { HOLDALL_BATCH_ENABLED: 'true' };

const POSTS = records('posts');
const one = (id) => records('posts', id);
const item = (method, url, body, more = {}) => ({ method, url, body, ...more });
const batch = (name, status, requests, more = {}) => post(name, '/api/batch', status, { body: { requests }, ...more });
const list = (name) => get(name, POSTS, 200, { as: 'super', query: { sort: 'title,n', fields: 'title,n' } });
const form = (requests, more = []) => ({ form: [['@jsonPayload', JSON.stringify({ requests })], ...more] });
const rule = (name, createRule) => patch(`rule: ${name}`, '/api/collections/ruled', 200, { as: 'super', body: { createRule } });
const ruled = (name, createRule, status, more = {}, outer = {}) => [
  rule(name, createRule),
  batch(`by rule: ${name}`, status, [item('POST', records('ruled'), { t: 'x' }, more)], outer),
];
const A = 'aaaaaaaaaaaaaaa';

export default [
  patch('batches are switched on', '/api/settings', 200, {
    as: 'super', only: 'pocketbase', body: { batch: { enabled: true, maxRequests: 50, timeout: 3 } },
  }),
  cheapUsers,
  ...userWithLogin('users', 'ann'),
  collection('posts', { ...OPEN, fields: [field.text('title', { max: 5 }), field.number('n'), field.text('hid', { hidden: true }), field.relation('user', { collectionId: '_pb_users_auth_' })], indexes: ["CREATE UNIQUE INDEX `p_n` ON `posts` (`n`) WHERE `n` != 0"] }),
  collection('ruled', { ...OPEN, createRule: null, fields: [field.text('t')] }),
  collection('closed', { fields: [field.text('t')] }),
  collection('owned', { ...OPEN, createRule: 'owner = @request.auth.id', updateRule: 'owner = @request.auth.id', deleteRule: 'owner = @request.auth.id', fields: [field.text('t'), field.text('owner')] }),

  // The form of the whole.
  batch('no requests', 400, []),
  post('nothing', '/api/batch', 400, { body: {} }),
  post('requests: null', '/api/batch', 400, { body: { requests: null } }),
  post('requests: text', '/api/batch', 400, { body: { requests: 'x' } }),
  post('requests: an object', '/api/batch', 400, { body: { requests: {} } }),
  post('a list as body', '/api/batch', 400, { raw: '[]', type: 'application/json' }),
  post('null as body', '/api/batch', 400, { raw: 'null', type: 'application/json' }),
  post('no body', '/api/batch', 400),
  post('malformed JSON', '/api/batch', 400, { raw: '{', type: 'application/json' }),
  post('another type', '/api/batch', 400, { raw: 'x', type: 'text/plain' }),
  get('by GET', '/api/batch', 404, { query: { x: '1' } }),
  put('by PUT', '/api/batch', 404, { body: {} }),
  del('by DELETE', '/api/batch', 404),
  batch('51 requests', 400, Array.from({ length: 51 }, () => item('POST', POSTS))),
  batch('an empty request', 400, [{}]),
  batch('several that are malformed', 400, [item('POST', POSTS), {}, item('GET', ''), item('', '/x')]),
  batch('a number as request', 400, [1]),
  batch('a request that is null', 500, [null]),
  ...['post', 'HEAD', 'OPTIONS', 'PURGE', ' POST'].map((method) => batch(`method ${method}`, 400, [item(method, POSTS)])),
  batch('a number as method', 400, [item(5, POSTS)]),
  batch('url of 2001 bytes', 400, [item('POST', 'x'.repeat(2001))]),
  batch('url of 2002 bytes and 1001 letters', 400, [item('POST', 'é'.repeat(1001))]),
  batch('url of 2000 bytes', 400, [item('POST', 'x'.repeat(2000))]),
  ...[[[1], 'a list'], ['x', 'text'], [5, 'a number']].map(([body, what]) => batch(`${what} as body of a request`, 400, [item('POST', POSTS, body)])),
  batch('null as body of a request', 200, [item('POST', POSTS, null)]),
  batch('headers: a number', 400, [item('POST', POSTS, {}, { headers: { 'X-A': 1 } })]),
  batch('headers: a list', 400, [item('POST', POSTS, {}, { headers: ['X-A'] })]),
  batch('headers: null', 200, [item('POST', POSTS, {}, { headers: null })]),
  batch('unknown keys', 200, [item('POST', POSTS, { title: 'a' }, { extra: 1 })]),
  post('keys in another letter case', '/api/batch', 200, { body: { REQUESTS: [{ Method: 'POST', URL: POSTS, bODY: { title: 'a' } }] } }),

  // What can be done.
  batch('all actions', 200, [
    item('POST', POSTS, { id: A, title: 'one', n: 1 }), item('PATCH', one(A), { title: 'two', 'n+': 4 }), item('PUT', POSTS, { id: A, title: 'three' }),
    item('PUT', POSTS, { title: 'made' }), item('PUT', POSTS, { id: 'bbbbbbbbbbbbbbb', title: 'made2' }), item('PUT', POSTS, { id: '', title: 'made3' }), item('PUT', POSTS, { id: null, title: 'made4' }),
    item('POST', POSTS, { title: 'gone', id: 'ccccccccccccccc' }), item('DELETE', one('ccccccccccccccc')),
  ]),
  list('what all actions left'),
  batch('fields and expand of each', 200, [
    item('POST', `${POSTS}?fields=title,user`, { title: 'f', user: '{{ann}}' }), item('PATCH', `${one(A)}?expand=user&fields=expand.user.id,id`, { user: '{{ann}}' }), item('PUT', `${POSTS}?fields=title`, { id: A, title: 'f2' }),
  ]),
  batch('fields of the whole', 200, [item('POST', POSTS, { title: 'a' }), item('POST', POSTS, { title: 'b' })], { query: { fields: 'status' } }),
  batch('fields of the bodies', 200, [item('POST', POSTS, { title: 'a' }), item('DELETE', one('bbbbbbbbbbbbbbb'))], { query: { fields: 'body.title' } }),
  batch('hidden fields stay hidden', 200, [item('POST', POSTS, { title: 'h', hid: 'x' })]),
  batch('a superuser sees them', 200, [item('POST', POSTS, { title: 'h', hid: 'x' })], { as: 'super' }),
  batch('text as numbers', 200, [item('POST', POSTS, { title: 12, n: '120' })]),

  // What fails.
  batch('the second of three', 400, [item('POST', POSTS, { title: 'stays' }), item('POST', POSTS, { title: 'too long' }), item('DELETE', one('nothing'))]),
  list('nothing of it is there'),
  batch('a unique index', 400, [item('POST', POSTS, { n: 77 }), item('POST', POSTS, { n: 77 })]),
  batch('missing record: update', 400, [item('PATCH', one('nothing'), {})]),
  batch('missing record: delete', 400, [item('DELETE', one('nothing'))]),
  batch('missing collection', 400, [item('POST', records('nothing'), {})]),
  batch('superusers only', 400, [item('POST', records('closed'), { t: 'x' })]),
  batch('superusers only: update', 400, [item('PATCH', records('closed', 'nothing'), { t: 'x' })], { as: 'ann' }),
  batch('superusers only, by one', 200, [item('POST', records('closed'), { t: 'x' })], { as: 'super' }),
  batch('a create rule that does not hold', 400, [item('POST', records('owned'), { owner: 'x' })], { as: 'ann' }),
  batch('a create rule that holds', 200, [item('POST', records('owned'), { id: A, owner: '{{ann}}' })], { as: 'ann' }),
  batch('an update rule that does not hold', 400, [item('PATCH', records('owned', A), { t: 'x' })]),
  batch('an upsert whose update rule does not hold', 400, [item('PUT', records('owned'), { id: A, t: 'x' })]),
  batch('a delete rule that does not hold', 400, [item('DELETE', records('owned', A))]),
  batch('a delete rule that holds', 200, [item('DELETE', records('owned', A))], { as: 'ann' }),
  batch('an id that is too short', 400, [item('PUT', POSTS, { id: 5 })]),
  batch('an account without password', 400, [item('POST', records('users'), { email: 'x@example.com' })]),
  batch('an account', 200, [item('POST', records('users'), { email: 'x@example.com', password: 'password-1', passwordConfirm: 'password-1' })]),
  batch('a new password without the old one', 400, [item('PATCH', records('users', '{{ann}}'), { password: 'password-2', passwordConfirm: 'password-2' })], { as: 'ann' }),
  batch('a new password with a wrong one', 400, [item('PATCH', records('users', '{{ann}}'), { oldPassword: 'wrong', password: 'password-2', passwordConfirm: 'password-2' })], { as: 'ann' }),
  ...[['GET', POSTS], ['GET', '/api/health'], ['POST', '/api/batch'], ['POST', '/api/collections'], ['PUT', one(A)], ['POST', one(A)], ['PATCH', POSTS], ['DELETE', POSTS]]
    .map(([method, url]) => batch(`no such action: ${method} ${url}`, 400, [item(method, url, {})])),
  ...[`${POSTS}/`, `http://localhost${POSTS}`, `//localhost${POSTS}`, `/${POSTS}`, POSTS.slice(1), `${POSTS}#x`, POSTS.replace('/c', '//c'), `${one('%zz')}`, `${POSTS}?fields=a:b(`]
    .map((url) => batch(`address ${url}`, 400, [item('POST', url, { title: 'x' })])),
  batch('address: escaped letters', 400, [item('PATCH', one('%61aaaaaaaaaaaaaa'), { title: 'esc' })]),
  batch('address: an escaped slash', 400, [item('PATCH', one('a%2Fb'), {})]),
  batch('a parameter of the query that is a field', 200, [item('POST', `${POSTS}?title=query`, { n: 200 })]),

  // What rules see.
  ...ruled('context', "@request.context = 'batch' && @request.method = 'POST'", 200),
  ...ruled('body', "@request.body.t = 'x' && @request.body.u:isset = false", 200),
  ...ruled('query', "@request.query.a = 'b'", 200, { url: `${records('ruled')}?a=b` }),
  ...ruled('a header of its own', "@request.headers.x_a = '1'", 200, { headers: { 'X-A': '1' } }, { headers: { 'X-A': '2' } }),
  ...ruled('a header of the whole', "@request.headers.x_a = '2'", 200, {}, { headers: { 'X-A': '2' } }),
  ...ruled('authorization of an item', "@request.headers.authorization = ''", 200, { headers: { Authorization: 'x' } }),
  ...ruled('type of the body', "@request.headers.content_type ~ 'multipart/form-data%'", 200),
  ...ruled('type of an item', "@request.headers.content_type = 'application/json'", 400, { headers: { 'Content-Type': 'application/json' } }),
  ...ruled('who asks', "@request.auth.id = '{{ann}}'", 200, { headers: { Authorization: 'x' } }, { as: 'ann' }),
  rule('upsert', "@request.method = 'POST' && @request.context = 'batch'"),
  batch('an upsert is a POST to rules', 200, [item('PUT', records('ruled'), { t: 'x' })]),

  // As a form.
  post('form: a payload', '/api/batch', 200, form([item('POST', POSTS, { title: '01' })])),
  post('form: other parts count for nothing', '/api/batch', 200, form([item('POST', POSTS, { title: 'a' })], [['requests.0.title', 'b'], ['foo', 'x']])),
  post('form: the last payload', '/api/batch', 200, form([item('POST', POSTS, { title: 'a' })], [['@jsonPayload', JSON.stringify({ requests: [item('POST', POSTS, { title: 'b' })] })]])),
  post('form: requests as text', '/api/batch', 400, { form: [['requests', JSON.stringify([item('POST', POSTS)])]] }),
  post('form: parts only', '/api/batch', 400, { form: [['requests.0.method', 'POST'], ['requests.0.url', POSTS]] }),
  post('urlencoded: a payload', '/api/batch', 200, { urlencoded: [['@jsonPayload', JSON.stringify({ requests: [item('POST', POSTS, { title: 'u' })] })]] }),
];
