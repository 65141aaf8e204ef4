// The steps that realtime.mjs takes. Reference: section 4 of the part about realtime.

import { OPEN, cheapUsers, collection, del, field, get, login, patch, post, record, records, userWithLogin } from './lib/cases.mjs';
import { MARKERS } from './lib/streams.mjs';

const connect = (name) => ({ name: `${name} connects`, connect: name });
const disconnect = (name) => ({ name: `${name} goes away`, disconnect: name });
const marked = (topics) => [...topics, `${MARKERS}/*`];

/** The stream `name` listens to `topics`, as `as`. */
const listen = (name, topics, { as = 'guest', status = 204, title = `${name} listens to ${topics.join(' ')}`.slice(0, 90), ...rest } = {}) =>
  post(title, '/api/realtime', status, {
    as, subscribes: name, body: { clientId: `{{client ${name}}}`, subscriptions: marked(topics) }, ...rest,
  });
const options = (topic, value) => `${topic}?options=${encodeURIComponent(JSON.stringify(value))}`;
const query = (topic, value) => options(topic, { query: value });
const create = (name, title, body, hears, rest = {}) => post(title, records(name), 200, { as: 'super', body, hears, ...rest });
const update = (name, id, title, body, hears, rest = {}) => patch(title, records(name, `{{${id}}}`), 200, { as: 'super', body, hears, ...rest });
const remove = (name, id, title, hears, rest = {}) => del(title, records(name, `{{${id}}}`), 204, { as: 'super', hears, ...rest });

const notes = collection('notes', { ...OPEN, fields: [
  field.text('title'), field.number('n'), field.text('secret', { hidden: true }), field.json('j'), field.select('tags', { values: ['a', 'b'], maxSelect: 2 }),
] });
const noted = (name, id, hears = {}) => create('notes', `note ${name}`, { title: name }, hears, { save: id });

const topics = [
  notes, noted('known', 'known'),
  connect('star'), connect('plain'), connect('byId'), connect('one'), connect('oneById'), connect('none'), connect('many'), connect('cases'),
  listen('star', ['notes/*']), listen('plain', ['notes']), listen('byId', ['{{c:notes}}/*']), listen('one', ['notes/{{known}}']),
  listen('oneById', ['{{c:notes}}/{{known}}']), listen('none', ['other/*', 'my-topic', 'notes/', '/*', '*', 'notes/*/x', 'note/*']),
  listen('many', ['notes/*', 'notes', '{{c:notes}}/*', 'notes/{{known}}', 'notes/*', '']),
  listen('cases', ['Notes/*', 'NOTES', ' notes/*', 'notes/* ', 'notes/{{known}} ']),
  noted('first', 'first', { star: 1, plain: 1, byId: 1, many: 3 }),
  update('notes', 'known', 'the known one changes', { title: 'changed' }, { star: 1, plain: 1, byId: 1, one: 1, oneById: 1, many: 4 }),
  update('notes', 'first', 'the first one changes', { 'n+': 2, tags: ['b'], j: { a: [1, null] } }, { star: 1, plain: 1, byId: 1, many: 3 }),
  update('notes', 'first', 'nothing changes', {}, { star: 1, plain: 1, byId: 1, many: 3 }),
  patch('a change that fails', records('notes', '{{first}}'), 400, { as: 'super', body: { tags: ['z'] } }),
  post('a record that fails', records('notes'), 400, { as: 'super', body: { id: 'x' } }),
  remove('notes', 'first', 'the first one goes', { star: 1, plain: 1, byId: 1, many: 3 }),
  remove('notes', 'known', 'the known one goes', { star: 1, plain: 1, byId: 1, one: 1, oneById: 1, many: 4 }),
  create('notes', 'the known one comes back', { id: '{{known}}', title: 'again' }, { star: 1, plain: 1, byId: 1, one: 1, oneById: 1, many: 4 }),
  listen('star', ['notes/{{known}}'], { title: 'star listens to something else' }),
  listen('plain', [], { title: 'plain listens to nothing' }),
  noted('second', 'second', { byId: 1, many: 3 }),
  update('notes', 'known', 'the known one changes again', { title: 'once more' }, { star: 1, byId: 1, one: 1, oneById: 1, many: 4 }),
  post('byId listens to nothing at all', '/api/realtime', 204, { subscribes: 'byId', body: { clientId: '{{client byId}}' } }),
  post('many listens to an empty list', '/api/realtime', 204, { subscribes: 'many', body: { clientId: '{{client many}}', subscriptions: [] } }),
  update('notes', 'known', 'the known one changes a last time', { title: 'the end' }, { star: 1, one: 1, oneById: 1 }),
  disconnect('one'),
  update('notes', 'known', 'the known one changes after all', { title: 'really' }, { star: 1, oneById: 1 }),
  del('the collection is emptied', '/api/collections/notes/truncate', 204, { as: 'super', hears: { star: 1, oneById: 1 } }),
];

const withOptions = [
  collection('authors', { ...OPEN, fields: [field.text('name'), field.text('secret', { hidden: true })] }),
  collection('books', { ...OPEN, fields: [
    field.text('title'), field.number('pages'), field.text('hush', { hidden: true }),
    field.relation('author', { collectionId: '{{c:authors}}' }), field.relation('more', { collectionId: '{{c:authors}}', maxSelect: 5 }),
  ] }),
  record('authors', 'ann', { name: 'Ann', secret: 'x' }), record('authors', 'ben', { name: 'Ben' }),
  ...['expand', 'fields', 'filter', 'both', 'broken', 'asking', 'rooted', 'sorting', 'twoKinds', 'deep', 'back', 'typed', 'hidden'].map(connect),
  listen('expand', [query('books/*', { expand: 'author,more' }), query('books/*', { expand: 'missing' })], { title: 'with expand' }),
  listen('fields', [query('books/*', { fields: 'id,title' }), query('books/*', { fields: '*,expand.author.name', expand: 'author' }), query('books/*', { fields: 'title:excerpt(3,true)' })], { title: 'with fields' }),
  listen('filter', [query('books/*', { filter: 'pages > 100' }), query('books/*', { filter: 'author.name = "Ann"' }), query('books/*', { filter: '' })], { title: 'with filter' }),
  listen('both', [query('books/*', { filter: 'pages > 100', fields: 'pages', expand: 'author' })], { title: 'with all' }),
  listen('broken', [query('books/*', { filter: 'pages >' }), query('books/*', { filter: 'nothing = 1' }), 'books/*?options=nonsense', 'books/*?options=', 'books/*?other=1', 'books/*?', query('books/*', { fields: 'title:nonsense(1)' })], { title: 'with what is broken' }),
  listen('asking', [query('books/*', { filter: '@request.auth.id = ""' }), query('books/*', { filter: '@collection.authors.name = "Ann"' }), query('books/*', { sort: '@request.auth.id' }), query('books/*', { filter: 'title = "@request.x"' })], { title: 'with what a guest may not ask' }),
  listen('rooted', [query('books/*', { filter: '@request.auth.id != ""' }), query('books/*', { filter: '@collection.authors.name = "Ann"' }), query('books/*', { filter: 'hush = "h"' })], { title: 'with what a superuser may ask', as: 'super' }),
  listen('sorting', [query('books/*', { sort: '-nothing', page: 3, perPage: 'x', skipTotal: 1 })], { title: 'with what means nothing here' }),
  listen('twoKinds', [query('books/*', { filter: 'pages > 100' }), query('books/*', { filter: 'pages <= 100' })], { title: 'with two filters' }),
  listen('deep', [query('authors/*', { expand: 'books_via_author.more' })], { title: 'with a way back' }),
  listen('back', [query('books/*', { filter: 'author.books_via_author.pages ?> 100' })], { title: 'with a filter over a way back' }),
  listen('typed', [options('books/*', { query: { filter: 1 } }), options('books/*', { query: null }), options('books/*', { query: ['a'] }), options('books/*', []), options('books/*', { query: { fields: ['id', 'title'] } })], { title: 'with odd types' }),
  listen('hidden', [query('books/*', { filter: 'hush = "h"' }), query('books/*', { fields: 'hush,title' })], { title: 'with a hidden field' }),
  create('books', 'a thin book', { title: 'Thinly', pages: 10, author: '{{ann}}', more: ['{{ann}}', '{{ben}}'], hush: 'h' },
    { expand: 2, fields: 3, filter: 2, broken: 5, asking: 1, rooted: 1, sorting: 1, twoKinds: 1, typed: 4, hidden: 1 }, { save: 'thin' }),
  create('books', 'a thick book', { title: 'Thickly', pages: 1000, author: '{{ben}}' },
    { expand: 2, fields: 3, filter: 2, both: 1, broken: 5, asking: 1, rooted: 1, sorting: 1, twoKinds: 1, back: 1, typed: 4, hidden: 1 }, { save: 'thick' }),
  update('books', 'thin', 'the thin book gets thick', { pages: 500 },
    { expand: 2, fields: 3, filter: 3, both: 1, broken: 5, asking: 1, rooted: 1, sorting: 1, twoKinds: 1, back: 1, typed: 4, hidden: 1 }),
  update('authors', 'ann', 'the author changes', { name: 'Anne' }, { deep: 1 }),
  remove('books', 'thin', 'the thin book goes',
    { expand: 2, fields: 3, filter: 2, both: 1, broken: 5, asking: 1, rooted: 1, sorting: 1, twoKinds: 1, back: 1, typed: 4, hidden: 1 }),
];

const principals = [
  cheapUsers, ...userWithLogin('users', 'ada', { name: 'ada' }), ...userWithLogin('users', 'bob', { name: 'bob' }),
  collection('mine', { ...OPEN, listRule: 'owner = @request.auth.id', viewRule: '@request.auth.id != ""', fields: [field.text('title'), field.relation('owner', { collectionId: '_pb_users_auth_' })] }),
  collection('nobodys', { fields: [field.text('title')] }),
  collection('contexts', { ...OPEN, listRule: '@request.context = "realtime" && @request.method = "GET"', viewRule: '@request.body.title:isset = false', fields: [field.text('title')] }),
  collection('asked', { ...OPEN, listRule: '@request.query.key = "opens" && @request.headers.x_token = "secret"', fields: [field.text('title')] }),
  collection('teams', { ...OPEN, fields: [field.text('name'), field.relation('members', { collectionId: '_pb_users_auth_', maxSelect: 9 })] }),
  collection('tasks', { ...OPEN, listRule: 'team.members.id ?= @request.auth.id', fields: [field.text('title'), field.relation('team', { collectionId: '{{c:teams}}' })] }),
  create('mine', 'something of ada\'s', { title: 'adas', owner: '{{ada}}' }, {}, { save: 'adas' }),
  ...['guest', 'ada', 'bob', 'super'].flatMap((who) => [
    connect(who),
    listen(who, ['mine/*', 'mine/{{adas}}', 'nobodys/*', 'contexts/*', 'tasks/*', options('asked/*', { query: { key: 'opens' }, headers: { 'X-Token': 'secret' } }),
      options('asked/*', { query: { key: 'opens' }, headers: { 'x-token': 'other' } }), options('asked/*', { query: { key: 'other' }, headers: { 'x-token': 'secret' } }), 'asked/*'], { as: who, title: `${who} listens` }),
  ]),
  create('mine', 'something of bob\'s', { title: 'bobs', owner: '{{bob}}' }, { bob: 1, super: 1 }, { save: 'bobs' }),
  update('mine', 'adas', 'ada\'s changes', { title: 'changed' }, { ada: 2, bob: 1, super: 2 }),
  update('mine', 'adas', 'ada\'s becomes bob\'s', { owner: '{{bob}}' }, { ada: 1, bob: 2, super: 2 }),
  remove('mine', 'adas', 'it goes', { ada: 1, bob: 2, super: 2 }),
  create('nobodys', 'something of nobody\'s', { title: 'a' }, { super: 1 }),
  create('contexts', 'in its context', { title: 'a' }, { guest: 1, ada: 1, bob: 1, super: 1 }, { as: 'guest' }),
  create('asked', 'asked with a query and a header', { title: 'a' }, { guest: 1, ada: 1, bob: 1, super: 4 }, { as: 'guest' }),
  create('teams', 'a team', { name: 'team', members: ['{{ada}}'] }, {}, { save: 'team' }),
  create('tasks', 'a task', { title: 'a', team: '{{team}}' }, { ada: 1, super: 1 }, { save: 'task' }),
  update('teams', 'team', 'bob joins', { 'members+': '{{bob}}' }, {}),
  update('tasks', 'task', 'the task changes', { title: 'b' }, { ada: 1, bob: 1, super: 1 }),
  update('teams', 'team', 'ada leaves', { 'members-': '{{ada}}' }, {}),
  update('tasks', 'task', 'the task changes again', { title: 'c' }, { bob: 1, super: 1 }),
  patch('the rule of tasks changes', '/api/collections/tasks', 200, { as: 'super', body: { listRule: '' } }),
  update('tasks', 'task', 'the task changes for all', { title: 'd' }, { guest: 1, ada: 1, bob: 1, super: 1 }),
  patch('the rule of tasks goes', '/api/collections/tasks', 200, { as: 'super', body: { listRule: null } }),
  update('tasks', 'task', 'the task changes for nobody', { title: 'e' }, { super: 1 }),
  patch('the collection has another name', '/api/collections/tasks', 200, { as: 'super', body: { listRule: '', name: 'jobs' } }),
  update('jobs', 'task', 'the task changes under another name', { title: 'f' }, {}),
];

const whoListens = [
  cheapUsers, ...userWithLogin('users', 'ada', { name: 'ada' }), ...userWithLogin('users', 'bob', { name: 'bob' }),
  collection('named', { ...OPEN, listRule: '@request.auth.name = "ada"', fields: [field.text('title')] }),
  collection('signedIn', { ...OPEN, listRule: '@request.auth.id != ""', fields: [field.text('title')] }),
  connect('s'), listen('s', ['named/*', 'signedIn/*'], { title: 'a guest listens' }),
  create('signedIn', 'a guest hears nothing', {}, {}),
  listen('s', ['named/*', 'signedIn/*'], { as: 'ada', title: 'the guest becomes ada' }),
  create('signedIn', 'ada hears it', {}, { s: 1 }),
  create('named', 'ada hears it by her name', {}, { s: 1 }),
  listen('s', ['named/*'], { as: 'ada', title: 'ada again' }),
  listen('s', ['signedIn/*'], { as: 'guest', status: 403, title: 'a guest may not take over' }),
  listen('s', ['signedIn/*'], { as: 'bob', status: 403, title: 'nor may bob' }),
  listen('s', ['signedIn/*'], { as: 'super', status: 403, title: 'nor may the superuser' }),
  create('signedIn', 'nobody took over', {}, {}),
  create('named', 'ada still listens', {}, { s: 1 }),
  listen('s', ['named/*', 'signedIn/*'], { as: 'ada', title: 'ada listens to both' }),
  update('users', 'ada', 'ada has another name', { name: 'eve' }, {}),
  create('named', 'by her new name she hears nothing', {}, {}),
  update('users', 'ada', 'ada has her name back', { name: 'ada' }, {}),
  create('named', 'by her old name she does', {}, { s: 1 }),
  update('users', 'ada', 'ada has another password', { password: 'password-2', passwordConfirm: 'password-2' }, {}),
  create('signedIn', 'nobody is signed in now', {}, {}),
  listen('s', ['signedIn/*'], { as: 'ada', title: 'the old token is worth nothing' }),
  create('signedIn', 'a guest listens still', {}, {}),
  login('users', 'ada', 'ada@example.com', 'password-2'),
  listen('s', ['signedIn/*'], { as: 'ada', title: 'ada is back' }),
  create('signedIn', 'and hears it', {}, { s: 1 }),
  connect('t'), listen('t', ['signedIn/*'], { as: 'bob', title: 'bob listens' }),
  remove('users', 'ada', 'ada is gone', {}),
  create('signedIn', 'only bob hears it', {}, { t: 1 }),
  listen('s', ['signedIn/*'], { as: 'bob', title: 'bob takes over from nobody' }),
  create('signedIn', 'bob hears it twice', {}, { s: 1, t: 1 }),
  patch('all tokens of users end', '/api/collections/users', 200, { as: 'super', body: { authToken: { secret: 'a-new-secret-of-at-least-thirty-characters', duration: 1000 } } }),
  create('signedIn', 'nobody hears it', {}, {}),
];

const deletions = [
  collection('parents', { ...OPEN, fields: [field.text('title'), field.bool('open')] }),
  collection('children', { ...OPEN, listRule: 'parent.open = true', viewRule: '', fields: [field.text('title'), field.relation('parent', { collectionId: '{{c:parents}}', cascadeDelete: true })] }),
  collection('friends', { ...OPEN, fields: [field.text('title'), field.relation('parent', { collectionId: '{{c:parents}}' }), field.autodate('updated', { onUpdate: true })] }),
  collection('needy', { ...OPEN, fields: [field.relation('parent', { collectionId: '{{c:parents}}', required: true })] }),
  collection('shown', { type: 'view', listRule: '', viewRule: '', viewQuery: 'select id, title from parents' }),
  ...['a', 'b', 'c'].map((name) => record('parents', name, { title: name, open: name !== 'b' })),
  ...['a', 'b'].map((name) => record('children', `child of ${name}`, { title: name, parent: `{{${name}}}` })),
  record('children', 'second child of a', { title: 'second', parent: '{{a}}' }),
  record('friends', 'friend of a', { title: 'friend', parent: '{{a}}' }),
  record('needy', 'needs c', { parent: '{{c}}' }),
  connect('s'), listen('s', ['parents/*', 'children/*', 'children/{{child of a}}', 'friends/*', 'needy/*', 'shown/*', query('children/*', { expand: 'parent' }), query('children/*', { filter: 'title = "second"' })], { title: 'all is listened to' }),
  remove('parents', 'a', 'an open parent goes', { s: 8 }),
  remove('parents', 'b', 'a closed parent goes', { s: 1 }),
  del('a parent that is needed can\'t go', records('parents', '{{c}}'), 400, { as: 'super' }),
  update('parents', 'c', 'it is still there', { title: 'still' }, { s: 1 }),
  del('the collection of needy ones goes', '/api/collections/needy', 204, { as: 'super' }),
  remove('parents', 'c', 'now it can go', { s: 1 }),
];

const hiddenThings = [
  cheapUsers, patch('users are public', '/api/collections/users', 200, { as: 'super', body: { listRule: '', viewRule: '', updateRule: '', manageRule: '@request.auth.name = "manager"' } }),
  ...userWithLogin('users', 'ada', { name: 'ada' }), ...userWithLogin('users', 'bob', { name: 'bob', emailVisibility: true }), ...userWithLogin('users', 'max', { name: 'manager' }),
  notes,
  ...['guest', 'ada', 'max', 'super'].flatMap((who) => [connect(who), listen(who, ['users/*', 'notes/*', query('users/*', { filter: 'email ~ "ada"' })], { as: who, title: `${who} listens` })]),
  update('users', 'ada', 'ada changes', { name: 'ada' }, { guest: 1, ada: 1, max: 1, super: 1 }),
  update('users', 'bob', 'bob changes', { name: 'bob' }, { guest: 1, ada: 1, max: 1, super: 1 }),
  create('notes', 'a note with a secret', { title: 'a', secret: 'hush' }, { guest: 1, ada: 1, max: 1, super: 1 }),
  remove('users', 'bob', 'bob goes', { guest: 1, ada: 1, max: 1, super: 1 }),
];

const wrong = (name, status, body, rest = {}) => post(name, '/api/realtime', status, { body, ...rest });
const errors = [
  connect('s'),
  wrong('nothing', 400, {}),
  wrong('no client', 400, { subscriptions: ['a'] }),
  wrong('an empty client', 400, { clientId: '', subscriptions: [] }),
  wrong('an unknown client', 404, { clientId: 'x'.repeat(40), subscriptions: [] }),
  wrong('a client that is a number', 400, { clientId: 1 }),
  wrong('topics as a text', 400, { clientId: '{{client s}}', subscriptions: 'a' }),
  wrong('topics as an object', 400, { clientId: '{{client s}}', subscriptions: { a: 1 } }),
  wrong('a topic that is a number', 400, { clientId: '{{client s}}', subscriptions: [1] }),
  wrong('null', 204, { clientId: '{{client s}}', subscriptions: null }),
  wrong('a null topic', 204, { clientId: '{{client s}}', subscriptions: [null] }),
  wrong('1000 topics', 204, { clientId: '{{client s}}', subscriptions: Array.from({ length: 1000 }, (_, n) => `t${n}`) }),
  wrong('1001 topics', 400, { clientId: '{{client s}}', subscriptions: Array.from({ length: 1001 }, (_, n) => `t${n}`) }),
  wrong('1001 times the same', 400, { clientId: '{{client s}}', subscriptions: Array.from({ length: 1001 }, () => 't') }),
  wrong('a topic of 2500 characters', 204, { clientId: '{{client s}}', subscriptions: ['t'.repeat(2500)] }),
  wrong('a topic of 2501 characters', 400, { clientId: '{{client s}}', subscriptions: ['a', 't'.repeat(2501)] }),
  wrong('no list', 400, ['a']),
  wrong('a broken token', 204, { clientId: '{{client s}}', subscriptions: ['a'] }, { headers: { Authorization: 'nonsense' } }),
  post('no body', '/api/realtime', 400),
  post('no JSON', '/api/realtime', 400, { raw: '{', type: 'application/json' }),
  post('as a form', '/api/realtime', 204, { form: [['clientId', '{{client s}}'], ['subscriptions', 'a'], ['subscriptions', 'b']] }),
  post('urlencoded', '/api/realtime', 204, { urlencoded: [['clientId', '{{client s}}'], ['subscriptions', 'a']] }),
  get('keys in another letter case', '/api/realtime', 204, { method: 'POST', body: { CLIENTID: '{{client s}}', Subscriptions: ['a'] } }),
];

/** Where `fields` picks, the order of keys is random on PocketBase. */
const inAnyKeyOrder = (steps) => steps.map((step) => ({ ...step, anyKeyOrder: true }));

export const scenarios = {
  topics, options: inAnyKeyOrder(withOptions), principals, 'who listens': whoListens, deletions, 'hidden things': hiddenThings, errors,
};
