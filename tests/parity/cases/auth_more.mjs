// Tokens for somebody who is signed in already (impersonation, files), and subscriptions. Reference: auth reference 1.8,
// 1.9, 4.2, 5.1. The streams themselves can't be compared case by case; tests/sdk has them.

import { OPEN, cheapPassword, cheapUsers, collection, field, get, login, patch, post, record, records, userWithLogin } from '../lib/cases.mjs';

const P = { password: 'password-1', passwordConfirm: 'password-1' };

const world = [
  cheapUsers,
  ...userWithLogin('users', 'ada', { name: 'Ada' }), ...userWithLogin('users', 'bob', { name: 'Bob' }),
  collection('plain', { ...OPEN, fields: [field.text('x')] }),
  collection('tags', { ...OPEN, fields: [field.text('n')] }),
  collection('members', { type: 'auth', listRule: '', viewRule: 'id = @request.auth.id', authRule: 'verified = true', fields: [cheapPassword, field.text('hush', { hidden: true }), field.relation('tag', { collectionId: '{{c:tags}}' })] }),
  record('tags', 'tag', { n: 'red' }),
  record('members', 'eve', { email: 'eve@example.com', verified: true, hush: 'h', tag: '{{tag}}', ...P }), record('members', 'mal', { email: 'mal@example.com', hush: 'h', ...P }),
  collection('closed', { type: 'auth', fields: [cheapPassword], authRule: null }),
  record('closed', 'nob', { email: 'nob@example.com', ...P }),
  login('members', 'eve', 'eve@example.com', 'password-1'),
];

const act = (name, status, target, rest = {}) => post(`impersonate: ${name}`, `/api/collections/${target}`, status, { as: 'super', ...rest });
const impersonation = [
  act('as guest', 401, 'users/impersonate/{{ada}}', { as: 'guest' }), act('as oneself', 403, 'users/impersonate/{{ada}}', { as: 'ada' }), act('as another user', 403, 'users/impersonate/{{ada}}', { as: 'bob' }), act('as guest, missing collection', 401, 'missing/impersonate/x', { as: 'guest' }), act('as guest, base collection', 401, 'plain/impersonate/x', { as: 'guest' }),
  act('no body', 200, 'users/impersonate/{{ada}}', { save: { 'token of ada as super': 'token' } }), act('empty body', 200, 'users/impersonate/{{ada}}', { body: {} }), act('collection by id', 200, '_pb_users_auth_/impersonate/{{ada}}'),
  act('duration', 200, 'users/impersonate/{{ada}}', { body: { duration: 600 } }), act('duration 0', 200, 'users/impersonate/{{ada}}', { body: { duration: 0 } }), act('duration null', 200, 'users/impersonate/{{ada}}', { body: { duration: null } }), act('duration 1 year', 200, 'users/impersonate/{{ada}}', { body: { duration: 31536000 } }), act('duration of a form', 200, 'users/impersonate/{{ada}}', { form: [['duration', '600']] }), act('duration urlencoded', 200, 'users/impersonate/{{ada}}', { urlencoded: [['duration', '600']] }), act('key in capitals', 200, 'users/impersonate/{{ada}}', { body: { DURATION: 600 } }),
  act('negative duration', 400, 'users/impersonate/{{ada}}', { body: { duration: -1 } }), act('fractional duration', 400, 'users/impersonate/{{ada}}', { body: { duration: 1.5 } }), act('duration as text', 400, 'users/impersonate/{{ada}}', { body: { duration: 'x' } }), act('duration as a list', 400, 'users/impersonate/{{ada}}', { body: { duration: [1] } }), act('malformed body', 400, 'users/impersonate/{{ada}}', { raw: '{', type: 'application/json' }),
  act('missing record', 404, 'users/impersonate/missing00000000'), act('missing record, negative duration', 404, 'users/impersonate/missing00000000', { body: { duration: -1 } }), act('missing collection', 404, 'missing/impersonate/{{ada}}'), act('base collection', 404, 'plain/impersonate/{{ada}}'), act('record of another collection', 404, 'members/impersonate/{{ada}}'), get('impersonate: by GET', '/api/collections/users/impersonate/{{ada}}', 404, { as: 'super' }),
  act('hidden fields stay hidden', 200, 'members/impersonate/{{eve}}'), act('auth rule not satisfied', 200, 'members/impersonate/{{mal}}'), act('auth rule null', 200, 'closed/impersonate/{{nob}}'), act('with expand', 200, 'members/impersonate/{{eve}}', { query: { expand: 'tag' } }), act('with fields', 200, 'members/impersonate/{{eve}}', { query: { fields: 'record.email,token' } }), act('a superuser', 200, '_superusers/impersonate/{{super}}', { body: { duration: 60 } }),
  get('what the token opens', records('users', '{{ada}}'), 200, { as: 'ada as super' }), patch('the token may do what its owner may', records('users', '{{ada}}'), 200, { as: 'ada as super', body: { name: 'Ada B' } }), patch('the token may not do more', records('users', '{{ada}}'), 400, { as: 'ada as super', body: { verified: true } }),
  post('impersonate: the token is not renewed', '/api/collections/users/auth-refresh', 200, { as: 'ada as super', save: { 'token of ada still': 'token' } }), post('impersonate: what came back is the same kind', '/api/collections/users/auth-refresh', 200, { as: 'ada still' }), act('with the token of a superuser in disguise', 403, 'users/impersonate/{{bob}}', { as: 'ada as super' }),
];

const file = (name, status, rest = {}) => post(`file token: ${name}`, '/api/files/token', status, rest);
const files = [
  file('as guest', 401), file('with garbage', 401, { headers: { Authorization: 'x' } }), file('as user', 200, { as: 'ada', save: { 'token of the file': 'token' } }), file('as superuser', 200, { as: 'super' }), file('of another collection', 200, { as: 'eve' }), file('with a token for files', 401, { as: 'the file' }), file('with a body', 200, { as: 'ada', body: { x: 1 } }), file('with fields', 200, { as: 'ada', query: { fields: 'missing' } }), file('of an impersonated user', 200, { as: 'ada as super' }), get('file token: by GET', '/api/files/token', 404, { as: 'ada' }),
  get('a token for files opens nothing else', records('members', '{{eve}}'), 404, { as: 'the file' }), post('a token for files is not renewed', '/api/collections/users/auth-refresh', 401, { as: 'the file' }),
  patch('new secret for files', '/api/collections/users', 200, { as: 'super', body: { fileToken: { secret: 'f'.repeat(40), duration: 500 } } }), file('with another duration', 200, { as: 'ada' }),
];

const listen = (name, status, body, rest = {}) => post(`subscribe: ${name}`, '/api/realtime', status, { body, ...rest });
const realtime = [
  listen('nothing', 400, {}), listen('no body', 400, undefined), listen('blank id', 400, { clientId: '', subscriptions: ['a'] }), listen('blank id of spaces', 404, { clientId: '  ' }), listen('only topics', 400, { subscriptions: ['a'] }), listen('unknown client', 404, { clientId: 'x', subscriptions: ['a'] }), listen('unknown client without topics', 404, { clientId: 'x' }), listen('unknown client as user', 404, { clientId: 'x' }, { as: 'ada' }), listen('long id', 400, { clientId: 'x'.repeat(256) }), listen('longest id', 404, { clientId: 'x'.repeat(255) }), listen('long id of wide characters', 400, { clientId: 'é'.repeat(200) }),
  listen('number as id', 400, { clientId: 1 }), listen('null', 400, { clientId: null, subscriptions: null }), listen('topics that are no list', 400, { clientId: 'x', subscriptions: { a: 1 } }), listen('a topic that is no text', 400, { clientId: 'x', subscriptions: [1] }), listen('a topic that is null', 404, { clientId: 'x', subscriptions: [null] }), listen('malformed', 400, undefined, { raw: '{', type: 'application/json' }), listen('keys in capitals', 404, { CLIENTID: 'x', SUBSCRIPTIONS: [] }),
  listen('1000 topics', 404, { clientId: 'x', subscriptions: Array(1000).fill('a') }), listen('1001 topics', 400, { clientId: 'x', subscriptions: Array(1001).fill('a') }), listen('a topic of 2500', 404, { clientId: 'x', subscriptions: ['a', 't'.repeat(2500)] }), listen('a topic of 2501', 400, { clientId: 'x', subscriptions: ['a', 't'.repeat(2501)] }), listen('two topics of 2501', 400, { clientId: '', subscriptions: ['t'.repeat(2501), 'a', 't'.repeat(2501)] }), listen('a topic of 1250 wide characters', 404, { clientId: 'x', subscriptions: ['é'.repeat(1250)] }), listen('a topic of 2500 wide characters', 400, { clientId: 'x', subscriptions: ['é'.repeat(2500)] }), listen('empty topics', 404, { clientId: 'x', subscriptions: ['', ''] }), listen('1001 topics, one of them long', 400, { clientId: 'x', subscriptions: [...Array(1000).fill('a'), 't'.repeat(2501)] }),
  post('subscribe: as a form', '/api/realtime', 404, { form: [['clientId', 'x'], ['subscriptions', 'a'], ['subscriptions', 'b']] }), post('subscribe: as a form with one topic', '/api/realtime', 404, { form: [['clientId', 'x'], ['subscriptions', 'a']] }), post('subscribe: urlencoded', '/api/realtime', 404, { urlencoded: [['clientId', 'x'], ['subscriptions', 'a']] }), post('subscribe: by another path', '/api/realtime/x', 404), patch('subscribe: by PATCH', '/api/realtime', 404),
];

export default [...world, ...impersonation, ...files, ...realtime];
