// Collections: list, view, create, update, delete, with every validation code; indexes; import, truncate, scaffolds.
// Reference: 2.1-2.6, 2.8 and 9.9.

import { OPEN, cheapUsers, collection, del, field, get, patch, post, put, record, records, userWithLogin } from '../lib/cases.mjs';

const C = '/api/collections';
const one = (name) => `${C}/${name}`;
const asSuper = (rest) => ({ as: 'super', ...rest });
const create = (name, status, body, rest = {}) => post(name, C, status, asSuper({ body, ...rest }));
const update = (name, target, status, body, rest = {}) => patch(name, one(target), status, asSuper({ body, ...rest }));
const list = (name, status, query) => get(`list: ${name}`, C, status, asSuper({ query: { fields: 'page,perPage,totalItems,totalPages,name', ...query } }));

const world = [
  get('fresh install lists its collections', C, 200, asSuper({ query: { sort: 'name' } })),
  cheapUsers,
  ...userWithLogin('users', 'ada'),
  get('list as user', C, 403, { as: 'ada' }),
  collection('posts', { ...OPEN, fields: [field.text('title', { required: true }), field.number('score')],
    indexes: ['CREATE INDEX `idx_posts_title` ON `posts` (`title`)'] }),
  collection('comments', { ...OPEN, fields: [
    field.relation('post', { collectionId: '{{c:posts}}', maxSelect: 1, required: true }), field.text('msg')] }),
];

const lists = [
  list('sorted', 200, { sort: '-name' }),
  list('filtered', 200, { filter: "name ~ 'po'" }),
  list('by type', 200, { filter: "type = 'auth'", sort: 'name' }),
  list('by system', 200, { filter: 'system = false', sort: 'name' }),
  list('paged', 200, { page: '2', perPage: '2', sort: 'name' }),
  list('without totals', 200, { skipTotal: '1', perPage: '1', sort: 'name' }),
  list('by a column that may not be used', 400, { filter: "listRule = ''" }),
  list('sort by a column that may not be used', 400, { sort: 'fields' }),
  list('broken filter', 400, { filter: "name = 'x" }),
  list('bad page', 400, { page: 'x' }),
  list('by created', 200, { filter: "created > '2020-01-01' && name = 'posts'" }),
];

const views = [
  get('view by name', one('posts'), 200, asSuper()),
  get('view by id', one('{{c:posts}}'), 200, asSuper()),
  get('view by name in capitals', one('POSTS'), 200, asSuper({ query: { fields: 'name' } })),
  get('view missing', one('missing'), 404, asSuper()),
  ...['_superusers', '_externalAuths', '_authOrigins', '_mfas', '_otps', 'users']
    .map((name) => get(`view ${name}`, one(name), 200, asSuper())),
];

const creates = [
  create('create: empty body', 400, {}),
  create('create: only a name', 200, { name: 'plain' }),
  create('create: name taken in other letter case', 400, { name: 'Plain' }),
  create('create: name taken and unnamed field', 400, { name: 'plain', fields: [{ type: 'text' }] }),
  create('create: name with space', 400, { name: 'a b' }),
  create('create: name with quotes', 400, { name: "a'\"`;--" }),
  create('create: name with via', 400, { name: 'a_via_b' }),
  create('create: name with VIA', 400, { name: 'a_VIA_b' }),
  create('create: name too long', 400, { name: 'n'.repeat(256) }),
  create('create: longest name', 200, { name: 'n'.repeat(255) }),
  create('create: internal table name', 400, { name: '_params' }),
  create('create: internal table _collections', 400, { name: '_collections' }),
  create('create: sqlite table name', 400, { name: 'sqlite_master' }),
  create('create: name equal to an id', 400, { name: '{{c:posts}}' }),
  create('create: name starting with underscore', 200, { name: '_mine' }),
  create('create: name starting with a digit', 200, { name: '1st' }),
  create('create: name is an SQL keyword', 200, { name: 'select', fields: [field.text('from'), field.text('order')] }),
  record('select', 'kw1', { from: 'a', order: 'b' }),
  get('records with SQL keywords as names', records('select'), 200, { as: 'super', query: { filter: "from = 'a'", sort: 'order' } }),
  create('create: name is a number', 400, { name: 12 }),
  create('create: unknown type', 400, { name: 'odd', type: 'odd' }),
  create('create: own id', 200, { name: 'ownid', id: 'my_own_id' }),
  create('create: own id taken', 400, { name: 'ownid2', id: 'my_own_id' }),
  create('create: own id with bad characters', 400, { name: 'ownid3', id: 'a/b c' }),
  create('create: own id too long', 400, { name: 'ownid4', id: 'i'.repeat(101) }),
  create('create: to be poisoned', 200, { name: 'poisoned' }),
  create('create: id equal to a name', 200, { name: 'ownid5', id: 'poisoned' }),
  update('update: name is the id of another', 'pbc_370333117', 400, {}),
  create('create: system flag', 200, { name: 'sys1', system: true }),
  create('create: created is ignored', 200, { name: 'dated', created: '2001-01-01 00:00:00.000Z' }),
  create('create: keys in other letter case', 200, { NAME: 'cased', Type: 'base', LISTRULE: '' }),
  create('create: unknown keys', 200, { name: 'unknownkeys', something: 1, viewQuery: 'select 1', authRule: 'x' }),
  create('create: unknown field type', 400, { name: 'odd', fields: [{ name: 'a', type: 'odd' }] }),
  create('create: field without type', 400, { name: 'odd', fields: [{ name: 'a' }] }),
  create('create: fields is not a list', 400, { name: 'odd', fields: 'x' }),
  create('create: fields holds text', 400, { name: 'odd', fields: ['x'] }),
  create('create: fields is null', 200, { name: 'nullfields', fields: null }),
  create('create: indexes is not a list', 400, { name: 'odd', indexes: 'x' }),
  create('create: rule of a wrong type', 400, { name: 'odd', listRule: 12 }),
  create('create: rules that do not parse', 400, { name: 'odd', listRule: "title = '", viewRule: 'missing = 1', createRule: '@request.foo = 1', updateRule: 'id', deleteRule: '()' }),
  create('create: rules that parse', 200, { name: 'ruled', fields: [field.text('title')], listRule: "title != ''", viewRule: '@request.auth.id != ""',
    createRule: '@request.body.title:lower != "x" || @request.body.title:isset = true', updateRule: '@request.body.title:changed = false', deleteRule: '@collection.posts.title ?= title' }),
  create('create: length of a plain body field', 400, { name: 'odd', listRule: '@request.body.title:length > 1', fields: [field.text('title')] }),
  create('create: rule with an unknown collection', 400, { name: 'odd', listRule: "@collection.nowhere.x = 'a'" }),
  create('create: rule over a missing auth field', 200, { name: 'ruled2', listRule: '@request.auth.nothing = 1' }),
  create('create: rule with 201 comparisons', 400, { name: 'odd', listRule: Array(201).fill('1=1').join('||') }),
  create('create: custom id field', 200, { name: 'customid', fields: [field.text('id', { system: true, primaryKey: true, required: true, pattern: '^[a-z_]+$', min: 0, max: 0, autogeneratePattern: '' })] }),
  create('create: id field of another type', 400, { name: 'odd', fields: [field.number('id', { system: true })] }),
  create('create: primary key under another name', 400, { name: 'odd', fields: [field.text('pk', { primaryKey: true, system: true, required: true, pattern: 'x' })] }),
  create('create: email and password as plain fields', 200, { name: 'plainmail', fields: [field.email('email'), field.password('password'), field.text('oldPassword'), field.bool('verified')] }),
];

const fieldErrors = [
  ['duplicate names', [field.text('a'), field.text('A')]],
  ['reserved names', ['null', 'true', 'false', '_rowid_', 'collectionId', 'collectionName', 'expand'].map((n) => field.text(n))],
  ['names with bad characters', [field.text('a b'), field.text('a-b'), field.text("a'b"), field.text('a`b'), field.text('a.b'), field.text('á')]],
  ['name too long', [field.text('a'.repeat(101))]],
  ['empty name', [field.text('')]],
  ['name with via', [field.text('a_via_b')]],
  ['id too long', [field.text('a', { id: 'i'.repeat(101) })]],
  ['help too long', [field.text('a', { help: 'h'.repeat(301) })]],
  ['text: bad pattern', [field.text('a', { pattern: '(' })]],
  ['text: negative sizes', [field.text('a', { min: -1, max: -1 })]],
  ['text: max under min', [field.text('a', { min: 5, max: 2 })]],
  ['text: bad autogenerate pattern', [field.text('a', { autogeneratePattern: '(' })]],
  ['text: autogenerate outside of pattern', [field.text('a', { autogeneratePattern: '[0-9]{3}', pattern: '^[a-z]+$' })]],
  ['text: autogenerate shorter than min', [field.text('a', { autogeneratePattern: '[0-9]{3}', min: 5 })]],
  ['text: look-ahead in pattern', [field.text('a', { pattern: '(?=a)' })]],
  ['number: max under min', [field.number('a', { min: 5, max: 2 })]],
  ['number: min 0, max under', [field.number('a', { min: 0, max: -2 })]],
  ['number: fractions with onlyInt', [field.number('a', { min: 1.5, max: 2.5, onlyInt: true })]],
  ['email: both domain lists', [field.email('a', { onlyDomains: ['a.com'], exceptDomains: ['b.com'] })]],
  ['email: bad domains', [field.email('a', { onlyDomains: ['a b'] })]],
  ['url: both domain lists', [field.url('a', { onlyDomains: ['a.com'], exceptDomains: ['b.com'] })]],
  ['url: bad domains', [field.url('a', { exceptDomains: ['-'] })]],
  ['autodate: neither', [field.autodate('a')]],
  ['select: no values', [field.select('a')]],
  ['select: empty values', [field.select('a', { values: [] })]],
  ['select: maxSelect above the values', [field.select('a', { values: ['x'], maxSelect: 2 })]],
  ['select: negative maxSelect', [field.select('a', { values: ['x'], maxSelect: -1 })]],
  ['relation: no collection', [field.relation('a')]],
  ['relation: unknown collection', [field.relation('a', { collectionId: 'missing' })]],
  ['relation: collection by name', [field.relation('a', { collectionId: 'posts' })]],
  ['relation: minSelect above maxSelect', [field.relation('a', { collectionId: '{{c:posts}}', minSelect: 3, maxSelect: 2 })]],
  ['relation: minSelect without maxSelect', [field.relation('a', { collectionId: '{{c:posts}}', minSelect: 2 })]],
  ['json: negative size', [field.json('a', { maxSize: -1 })]],
  ['editor: negative size', [field.editor('a', { maxSize: -1 })]],
  ['password: options out of range', [field.password('a', { min: 72, max: 80, cost: 3 })]],
  ['password: max under min', [field.password('a', { min: 20, max: 10 })]],
  ['password: cost too high', [field.password('a', { cost: 32 })]],
  ['password: bad pattern', [field.password('a', { pattern: '(' })]],
  ['file: bad thumbs', [field.file('a', { thumbs: ['0x0', 'x', '10x10z'] })]],
  ['file: negative sizes', [field.file('a', { maxSize: -1, maxSelect: -1 })]],
  ['numbers too large', [field.text('a', { max: 9007199254740993 })]],
  ['several at once', [field.text(''), field.number('b', { min: 2, max: 1 }), field.select('c')]],
].map(([name, fields], i) => create(`field: ${name}`, 400, { name: `odd_field${i}`, fields }));

const fieldsThatWork = [
  ['every kind with defaults', [field.text('t'), field.editor('e'), field.number('n'), field.bool('b'), field.email('m'), field.url('u'),
    field.date('d'), field.autodate('c', { onCreate: true }), field.select('s', { values: ['x', 'y'] }),
    field.relation('r', { collectionId: '{{c:posts}}' }), field.json('j'), field.password('p'), field.geoPoint('g'), field.file('f')]],
  ['every kind with options', [field.text('t', { min: 1, max: 9, pattern: '^a', autogeneratePattern: 'a[b-d]{3}', required: true, hidden: true, presentable: true, help: 'Help' }),
    field.editor('e', { maxSize: 10, convertURLs: true, required: true }), field.number('n', { min: -1.5, max: 9, required: true }),
    field.number('i', { min: -1, max: 9, onlyInt: true }), field.bool('b', { required: true }), field.email('m', { onlyDomains: ['a.com'], required: true }),
    field.url('u', { exceptDomains: ['a.com'] }), field.date('d', { min: '2020-01-01', max: '2030-01-01 00:00:00.000Z' }),
    field.autodate('c', { onCreate: true, onUpdate: true }), field.select('s', { values: ['x', 'y'], maxSelect: 2 }),
    field.relation('r', { collectionId: '{{c:posts}}', minSelect: 1, maxSelect: 3, cascadeDelete: true }), field.json('j', { maxSize: 5 }),
    field.password('p', { min: 4, max: 60, cost: 4, pattern: '^x' }), field.geoPoint('g', { required: true }),
    field.file('f', { maxSelect: 3, maxSize: 5, mimeTypes: ['text/plain'], thumbs: ['10x10'], protected: true })]],
  ['own ids', [field.text('t', { id: 'my_text' }), field.text('u', { id: 'MY-ID.1' })]],
  ['same id twice, the later wins', [field.text('t', { id: 'one' }), field.text('u', { id: 'one' })]],
  ['same name twice, the later wins', [field.text('a'), field.number('a')]],
  ['date: bad limits', [field.date('a', { min: 'x', max: 'y' })]],
  ['select: duplicate values', [field.select('a', { values: ['x', 'x'] })]],
  ['select: blank value', [field.select('a', { values: ['x', ''] })]],
  ['unknown option', [field.text('t', { odd: 1, maxSelect: 3 })]],
  ['name starting with a digit', [field.text('1a')]],
  ['options of null', [field.text('t', { min: null, pattern: null, required: null })]],
  ['date with min above max', [field.date('d', { min: '2030-01-01', max: '2020-01-01' })]],
].map(([name, fields], i) => create(`fields: ${name}`, 200, { name: `fields${i}`, fields }));

const badOptionTypes = [
  ['text option of a wrong type', [field.text('t', { min: 'x' })]],
  ['select values of a wrong type', [field.select('s', { values: 'x' })]],
  ['required as text', [field.text('t', { required: 'yes' })]],
  ['fraction for a whole number', [field.text('t', { max: 1.5 })]],
].map(([name, fields], i) => create(`field: ${name}`, 400, { name: `odd_type${i}`, fields }));

const index = (name, status, indexes, rest = {}) => create(`index: ${name}`, status, {
  name: `ix_${name.replace(/\W+/g, '_')}`, fields: [field.text('a'), field.number('b')], indexes, ...rest });
const indexes = [
  index('several', 200, ['CREATE INDEX i1 ON ix_several (a)', 'CREATE UNIQUE INDEX `i2` ON `ix_several` (`a`, `b` DESC) WHERE `b` > 0', 'create index if not exists "i3" on [ix_several] (lower(a))']),
  index('other table', 200, ['CREATE INDEX `i4` ON `whatever` (`a` COLLATE NOCASE)']),
  index('unknown column', 400, ['CREATE INDEX `i5` ON `x` (`missing`)']),
  index('not an index', 400, ['DROP TABLE posts']),
  index('empty text', 400, ['']),
  index('no columns', 400, ['CREATE INDEX `i6` ON `x` ()']),
  index('no name', 400, ['CREATE INDEX ON `x` (`a`)']),
  index('same name twice', 400, ['CREATE INDEX `i7` ON `x` (`a`)', 'CREATE INDEX `I7` ON `x` (`b`)']),
  index('same definition twice', 400, ['CREATE INDEX `i8` ON `x` (`a`)', 'CREATE INDEX `i9` ON `x` (`a`)']),
  index('name taken elsewhere', 400, ['CREATE INDEX `idx_posts_title` ON `x` (`a`)']),
  index('name taken elsewhere in capitals', 400, ['CREATE INDEX `IDX_POSTS_TITLE` ON `x` (`a`)']),
  index('second statement', 400, ['CREATE INDEX `i10` ON `x` (`a`); DROP TABLE posts']),
  index('on a second position', 400, ['CREATE INDEX `i11` ON `x` (`a`)', 'nonsense']),
  index('with comment', 400, ['CREATE INDEX `i12` ON `x` (`a`) -- comment']),
  index('on the id', 200, ['CREATE UNIQUE INDEX `i13` ON `x` (`id`)']),
];

const updates = [
  update('update: empty body', 'posts', 200, {}),
  update('update: missing', 'missing', 404, {}),
  update('update: rules', 'posts', 200, { listRule: "title != ''", viewRule: null }),
  update('update: bad rule', 'posts', 400, { listRule: 'nothing = 1' }),
  update('update: rule back', 'posts', 200, { listRule: '', viewRule: '' }),
  update('update: id', 'posts', 400, { id: 'another' }),
  update('update: type', 'posts', 400, { type: 'auth' }),
  update('update: type and name', 'posts', 400, { type: 'auth', name: 'comments' }),
  update('update: type to view', 'posts', 400, { type: 'view' }),
  update('update: system flag', 'posts', 400, { system: true }),
  update('update: created is stored', 'posts', 200, { created: '2001-01-01 00:00:00.000Z' }),
  update('update: name in other letter case', 'posts', 200, { name: 'Posts' }),
  update('update: name back', 'posts', 200, { name: 'posts' }),
  update('update: system collection name', '_mfas', 400, { name: 'mine' }),
  update('update: system collection rule', '_mfas', 400, { listRule: '' }),
  update('update: system collection field', '_mfas', 400, { fields: [] }),
  update('update: superusers rule', '_superusers', 400, { listRule: '' }),
  update('update: superusers name', '_superusers', 400, { name: 'admins' }),
  update('update: superusers with oauth2', '_superusers', 200, { oauth2: { enabled: true } }),
  update('update: superusers without password login', '_superusers', 200, { passwordAuth: { enabled: false } }),
  update('update: indexes of auth', 'users', 200, { indexes: [] }),
];

const deletes = [
  del('delete: missing', one('missing'), 404, asSuper()),
  del('delete: system', one('_mfas'), 400, asSuper()),
  del('delete: own system collection', one('sys1'), 400, asSuper()),
  del('delete: referenced', one('posts'), 400, asSuper()),
  del('delete: referenced by other collections too', one('comments'), 204, asSuper()),
  get('delete: records are gone', records('comments'), 404),
  del('delete: as guest', one('plain'), 401),
  del('delete: by id', one('my_own_id'), 204, asSuper()),
  del('delete: twice', one('my_own_id'), 404, asSuper()),
];

const truncates = [
  collection('parents', { ...OPEN, fields: [field.text('t')] }),
  collection('children', { ...OPEN, fields: [field.relation('parent', { collectionId: '{{c:parents}}', required: true })] }),
  record('parents', 'parent1', { t: 'a' }),
  record('parents', 'parent2', { t: 'b' }),
  record('children', 'child1', { parent: '{{parent1}}' }),
  del('truncate: blocked by a required relation', `${one('parents')}/truncate`, 400, asSuper()),
  get('truncate: nothing was deleted', records('parents'), 200, { query: { fields: 't', sort: 't' } }),
  del('truncate: children', `${one('children')}/truncate`, 204, asSuper()),
  del('truncate: parents', `${one('parents')}/truncate`, 204, asSuper()),
  get('truncate: parents are empty', records('parents'), 200),
  del('truncate: missing', `${one('missing')}/truncate`, 404, asSuper()),
  del('truncate: as user', `${one('parents')}/truncate`, 403, { as: 'ada' }),
  del('truncate: again', `${one('parents')}/truncate`, 204, asSuper()),
];

const meta = [
  get('scaffolds', `${C}/meta/scaffolds`, 200, asSuper({ anyKeyOrder: true })),
  get('oauth2 providers', `${C}/meta/oauth2-providers`, 200, asSuper()),
  get('unknown meta', `${C}/meta/unknown`, 404, asSuper()),
];

const importing = (name, status, body, rest = {}) => put(`import: ${name}`, `${C}/import`, status, asSuper({ body, ...rest }));
const shown = (name, target) => get(`import: ${name}`, one(target), 200, asSuper());
const imports = [
  importing('no list', 400, {}),
  importing('empty list', 400, { collections: [] }),
  importing('null', 400, { collections: null }),
  importing('not a list', 400, { collections: 'x' }),
  importing('not objects', 400, { collections: ['x'] }),
  importing('one without a name', 400, { collections: [{ type: 'base' }] }),
  importing('invalid field', 400, { collections: [{ name: 'im_ok' }, { name: 'im_bad', fields: [{ name: 'x y', type: 'text' }] }] }),
  get('import: nothing of the failed one is left', one('im_ok'), 404, asSuper()),
  importing('two that refer to each other', 204, { collections: [
    { id: 'im_one_id', name: 'im_one', fields: [field.text('title'), field.relation('two', { collectionId: 'im_two_id' })] },
    { id: 'im_two_id', name: 'im_two', fields: [field.relation('one', { collectionId: 'im_one_id', maxSelect: 5 })] }] }),
  shown('the first of two', 'im_one'),
  shown('the second of two', 'im_two'),
  record('im_one', 'imp1', { title: 'kept' }),
  importing('update by name, fields are kept', 204, { collections: [{ name: 'im_one', listRule: '', fields: [field.number('n')] }] }),
  shown('after update by name', 'im_one'),
  importing('field with the same name adopts the id', 204, { collections: [{ id: 'im_one_id', name: 'im_one', fields: [field.text('title', { id: 'other_id', max: 7 })] }] }),
  shown('after adopting', 'im_one'),
  get('import: data is kept', records('im_one'), 200, asSuper({ query: { fields: 'title' } })),
  importing('field with the same name and another type', 400, { collections: [{ id: 'im_one_id', name: 'im_one', fields: [field.number('title')] }] }),
  importing('rename by id', 204, { collections: [{ id: 'im_two_id', name: 'im_renamed' }] }),
  shown('after rename', 'im_renamed'),
  importing('auth without fields', 204, { collections: [{ name: 'im_auth', type: 'auth' }] }),
  shown('the auth collection', 'im_auth'),
  importing('view before its table', 204, { collections: [
    { name: 'im_view', type: 'view', viewQuery: 'select id, title from im_later' },
    { name: 'im_later', fields: [field.text('title')] }] }),
  shown('the view', 'im_view'),
  importing('type change', 400, { collections: [{ name: 'im_later', type: 'auth' }] }),
  importing('system collection with other rules', 400, { collections: [{ name: '_mfas', listRule: '' }] }),
  importing('delete missing', 204, { deleteMissing: true, collections: [
    { id: 'im_one_id', name: 'im_one', fields: [field.text('title')] }, { name: 'im_new' }] }),
  list('after delete missing', 200, { sort: 'name', perPage: '100' }),
  shown('fields after delete missing', 'im_one'),
  get('import: data after delete missing', records('im_one'), 200, asSuper({ query: { fields: 'id,title' } })),
  importing('as guest', 401, { collections: [{ name: 'x' }] }, { as: 'guest' }),
];

export default [...world, ...lists, ...views, ...creates, ...fieldErrors, ...fieldsThatWork, ...badOptionTypes, ...indexes,
  ...updates, ...deletes, ...truncates, ...meta, ...imports];
