// Listing: paging, totals, sorting, expand with every permission, back-relations. Reference: 4.1-4.6, 9.2 and 9.3.

import { OPEN, cheapUsers, collection, del, field, get, patch, post, record, records, userWithLogin } from '../lib/cases.mjs';

const posts = records('posts');
const list = (name, status, query, rest = {}) => get(`list: ${name}`, posts, status, { query, ...rest });

const world = [
  cheapUsers,
  ...userWithLogin('users', 'ada', { name: 'Ada', emailVisibility: true }),
  ...userWithLogin('users', 'bob', { name: 'Bob' }),
  patch('users may be seen by users', '/api/collections/users', 200, { as: 'super', body: { listRule: '@request.auth.id != ""', viewRule: '@request.auth.id != ""' } }),
  collection('tags', { ...OPEN, fields: [field.text('name'), field.number('w'), field.text('code', { hidden: true })] }),
  collection('vaults', { fields: [field.text('name'), field.relation('tag', { collectionId: '{{c:tags}}' })] }),
  collection('posts', { ...OPEN, fields: [
    field.text('title'), field.number('n'), field.bool('on'), field.date('day'), field.json('meta'), field.geoPoint('place'), field.select('kinds', { values: ['x', 'y'], maxSelect: 2 }),
    field.relation('tags', { collectionId: '{{c:tags}}', maxSelect: 5 }), field.relation('main', { collectionId: '{{c:tags}}' }), field.relation('author', { collectionId: '_pb_users_auth_' }),
    field.relation('vault', { collectionId: '{{c:vaults}}' }), field.text('hush', { hidden: true }) ] }),
  patch('posts point to posts', '/api/collections/posts', 200, { as: 'super', body: { fields: [
    field.text('title'), field.number('n'), field.bool('on'), field.date('day'), field.json('meta'), field.geoPoint('place'), field.select('kinds', { values: ['x', 'y'], maxSelect: 2 }),
    field.relation('tags', { collectionId: '{{c:tags}}', maxSelect: 5 }), field.relation('main', { collectionId: '{{c:tags}}' }), field.relation('author', { collectionId: '_pb_users_auth_' }),
    field.relation('vault', { collectionId: '{{c:vaults}}' }), field.text('hush', { hidden: true }), field.relation('parent', { collectionId: '{{c:posts}}' }) ] } }),
  collection('comments', { ...OPEN, fields: [field.text('msg'), field.relation('post', { collectionId: '{{c:posts}}' }), field.relation('posts', { collectionId: '{{c:posts}}', maxSelect: 3 })] }),
  collection('details', { ...OPEN, fields: [field.text('info'), field.relation('post', { collectionId: '{{c:posts}}' })], indexes: ['CREATE UNIQUE INDEX `idx_details` ON `details` (`post`)'] }),
  collection('secrets', { fields: [field.text('s'), field.relation('post', { collectionId: '{{c:posts}}' })] }),
  record('tags', 'red', { name: 'red', w: 1, code: 'r' }), record('tags', 'green', { name: 'green', w: 2, code: 'g' }), record('tags', 'blue', { name: 'blue', w: 3 }),
  record('vaults', 'vault1', { name: 'gold', tag: '{{red}}' }),
  record('posts', 'p1', { title: 'Alpha', n: 3, on: true, day: '2024-05-06', meta: { a: { b: 2 }, l: [3, 1] }, place: { lon: 10, lat: 20 }, kinds: ['y', 'x'], tags: ['{{green}}', '{{red}}'], main: '{{red}}', author: '{{ada}}', vault: '{{vault1}}', hush: 'h1' }),
  record('posts', 'p2', { title: 'beta', n: 1, tags: ['{{blue}}'], author: '{{bob}}', parent: '{{p1}}', hush: 'h2' }),
  record('posts', 'p3', { title: 'Gamma', n: 2, on: true, meta: [1, 2], parent: '{{p2}}' }),
  record('posts', 'p4', { title: 'alpha 2', n: 10, kinds: ['x'], main: '{{green}}', parent: '{{p3}}' }),
  record('posts', 'p5', { title: '', n: -1, day: '2023-01-01 10:00:00', parent: '{{p4}}' }),
  record('comments', 'k1', { msg: 'first', post: '{{p1}}', posts: ['{{p1}}', '{{p2}}'] }), record('comments', 'k2', { msg: 'second', post: '{{p1}}', posts: ['{{p1}}'] }), record('comments', 'k3', { msg: 'third', post: '{{p2}}' }),
  record('details', 'd1', { info: 'about alpha', post: '{{p1}}' }),
  record('secrets', 's1', { s: 'x', post: '{{p1}}' }),
];

const paging = [
  list('plain', 200), list('page 1 of 3', 200, { perPage: '2' }), list('page 2 of 3', 200, { perPage: '2', page: '2' }), list('last page', 200, { perPage: '2', page: '3' }),
  list('beyond the last page', 200, { page: '99' }), list('page 0', 200, { page: '0', perPage: '1' }), list('page -1', 200, { page: '-1', perPage: '1' }), list('page text', 400, { page: 'abc' }),
  list('page fraction', 400, { page: '1.5' }), list('page empty', 200, { page: '', perPage: '1' }), list('page too large', 400, { page: '99999999999999999999' }), list('page very large', 200, { page: '4611686018427387904', perPage: '2' }),
  list('perPage 0', 200, { perPage: '0', fields: 'n' }), list('perPage -5', 200, { perPage: '-5', fields: 'n' }), list('perPage 5000', 200, { perPage: '5000', fields: 'n' }), list('perPage 1000', 200, { perPage: '1000', fields: 'n' }), list('perPage text', 400, { perPage: 'abc' }),
  ...['1', 't', 'T', 'true', 'TRUE', 'True', '0', 'f', 'false', 'False', ''].map((value) => list(`skipTotal=${value}`, 200, { skipTotal: value, perPage: '2', fields: 'n' })),
  ...['yes', '2', 'on', 'tRUE'].map((value) => list(`skipTotal=${value}`, 400, { skipTotal: value })),
  list('empty result', 200, { filter: "title = 'none'" }), list('empty result without totals', 200, { filter: "title = 'none'", skipTotal: '1' }),
  list('repeated parameter', 200, [['perPage', '1'], ['perPage', '3'], ['fields', 'n']]), list('unknown parameter', 200, { odd: '1', perPage: '1' }), list('parameter in capitals', 200, { PerPage: '1', fields: 'n' }),
  list('joined filter counts records once', 200, { filter: "tags.name ?!= 'x'", fields: 'title', sort: 'n' }),
];

const sorts = [
  ...['n', '-n', '+n', ' n ', 'title', '-title', 'on,n', '-on,-n', 'on, -n', 'title:lower', 'day,n', 'meta.a.b,n', 'meta.l.0,n', 'place.lon,n', 'kinds,n', 'kinds:length,n', 'main.name,n', '-main.name,n', 'author.name,n', '@rowid', '-@rowid',
    'tags:length,n', 'parent.parent.title,n', 'details_via_post.info,n', '', 'n,n,n,n,n,n,n,n', 'n:length', 'main.w,-n', 'vault,n', 'on,day,title'].map((sort) => list(`sort=${sort}`, 200, { sort, fields: 'title,n' })),
  list('sort=@random', 200, { sort: '@random', perPage: '1', fields: 'collectionName' }),
  ...['n,', ',n', 'missing', '--n', '-', 'n,n,n,n,n,n,n,n,n', 'hush', '-hush', 'main.code', "'x'", '1', '@now', 'null', 'true', 'collectionName', 'collectionId', 'expand', 'title;', 'n desc', 'n`', 'n"', "n'", '(n)', 'n--', 'title.x', 'main.missing', 'vault.name', 'tags:odd', '@rowid:lower', `${'n'.repeat(256)}`, 'author.password', 'author.tokenKey', 'secrets_via_post.s']
    .map((sort) => list(`bad sort=${sort.slice(0, 20)}`, 400, { sort })),
  ...['hush', 'main.code,n', 'vault.name,n', 'secrets_via_post.s,n', 'author.tokenKey:length,n'].map((sort) => list(`sort=${sort} as superuser`, 200, { sort, perPage: '1', fields: 'collectionName' }, { as: 'super' })),
  list('guest sorts by @request', 403, { sort: '@request.auth.id' }), list('superuser sorts by @request', 400, { sort: '@request.auth.id' }, { as: 'super' }), list('guest sorts by @collection', 403, { sort: '@collection.tags.name' }),
  list('sort through a list rule that the guest fails', 200, { sort: 'author.name,n', fields: 'title' }), list('sort through a list rule that the user satisfies', 200, { sort: 'author.name,n', fields: 'title' }, { as: 'ada' }),
  get('sort by email as guest', records('users'), 200, { query: { sort: 'email' } }), get('sort by email as user', records('users'), 200, { as: 'ada', query: { sort: 'email', fields: 'name,email' } }),
  get('sort by @rowid descending with filter', posts, 200, { query: { sort: '-@rowid', filter: 'n > 0', fields: 'n' } }),
];

const one = (name, expand, rest = {}) => get(`expand: ${name}`, records('posts', '{{p1}}'), 200, { query: { expand }, ...rest });
const expands = [
  one('single', 'main'), one('multiple in stored order', 'tags'), one('two', 'main,tags'), one('spaces and dots', ' .main. , tags '), one('unknown', 'missing'), one('known and unknown', 'main,missing'),
  one('not a relation', 'title'), one('empty relation', 'parent'), one('target with a null rule', 'vault'), one('target with a null rule as superuser', 'vault', { as: 'super' }), one('nested target', 'vault.tag', { as: 'super' }),
  one('nested below a forbidden one', 'vault.tag'), one('users as guest', 'author'), one('users as user', 'author', { as: 'bob' }), one('own record', 'author', { as: 'ada' }), one('hidden fields of the target', 'main', { as: 'super' }),
  one('back-relation', 'comments_via_post'), one('multiple back-relation', 'comments_via_posts'), one('unique back-relation', 'details_via_post'), one('nested back-relation', 'comments_via_post.post.tags'), one('old form of a back-relation', 'comments(post)'),
  one('back-relation to a null rule', 'secrets_via_post'), one('back-relation to a null rule as superuser', 'secrets_via_post', { as: 'super' }), one('unknown back-relation', 'comments_via_missing'), one('unknown collection', 'missing_via_post'), one('back-relation of another collection', 'posts_via_tags'),
  one('same twice', 'main,main'), one('path and its beginning', 'comments_via_post,comments_via_post.post'), one('in other letter case', 'MAIN'), one('repeated nested', 'comments_via_post.post.comments_via_post.post'), one('empty', ''), one('only commas', ',,'), one('bad nested', 'main.missing'), one('nested of nothing', 'parent.main'),
  get('expand: first of two parameters', records('posts', '{{p1}}'), 200, { query: [['expand', 'main'], ['expand', 'tags']] }),
  get('expand: no back-references', records('posts', '{{p5}}'), 200, { query: { expand: 'comments_via_post,details_via_post' } }),
  get('expand: depth', records('posts', '{{p5}}'), 200, { query: { expand: 'parent.parent.parent.parent' } }),
  get('expand: seven levels', records('posts', '{{p5}}'), 200, { query: { expand: 'parent.parent.parent.parent.main.posts_via_main.main' } }),
  get('expand: back-relation to posts', records('tags', '{{red}}'), 200, { query: { expand: 'posts_via_tags,posts_via_main' } }),
  list('with expand', 200, { expand: 'main,tags,comments_via_post', sort: 'n' }),
  list('with expand and fields', 200, { expand: 'tags', fields: 'title,expand.tags.name', sort: 'n' }),
  list('with expand and nested star', 200, { expand: 'tags,main', fields: 'title,expand.tags.*,expand.main', sort: 'n' }),
  list('with fields without expand', 200, { expand: 'tags', fields: 'title', sort: 'n' }),
  post('create with expand', posts, 200, { query: { expand: 'main,vault' }, body: { title: 'made', n: 50, main: '{{blue}}', vault: '{{vault1}}' }, save: 'made' }),
  patch('update with expand and fields', records('posts', '{{made}}'), 200, { query: { expand: 'main', fields: 'title,expand.main.name' }, body: { title: 'made 2' } }),
  patch('update changes what is expanded', records('posts', '{{made}}'), 200, { query: { expand: 'main,tags' }, body: { main: '{{green}}', 'tags+': '{{blue}}' } }),
  del('delete', records('posts', '{{made}}'), 204), del('delete twice', records('posts', '{{made}}'), 404), get('view of a deleted record', records('posts', '{{made}}'), 404),
];

const creates = [
  post('create with an id', records('tags'), 200, { body: { id: 'abcdefghijklmno', name: 'own' } }),
  post('create with the same id', records('tags'), 400, { body: { id: 'abcdefghijklmno', name: 'own' } }),
  post('same id in another collection', records('vaults'), 200, { as: 'super', body: { id: 'abcdefghijklmno', name: 'own' } }),
  ...[['short', 'abcdefghijklmn'], ['long', 'abcdefghijklmnop'], ['capitals', 'ABCDEFGHIJKLMNO'], ['with dash', 'abcdefg-hijklmn'], ['number', 123456789012345.5], ['with slash', 'abcdefg/hijklmn'], ['with NUL', 'abcdefg\u0000hijklmn'], ['with quote', "abcdefg'hijklmn"], ['array', ['a', 'b']]]
    .map(([name, id]) => post(`create with an id: ${name}`, records('tags'), name === 'array' ? 200 : 400, { body: { id, name } })),
  post('create with a number as id', records('tags'), 200, { body: { id: 123456789012345 } }), post('create with an empty id', records('tags'), 200, { body: { id: '' } }), post('create with null as id', records('tags'), 200, { body: { id: null } }),
  patch('update the id', records('tags', '{{red}}'), 400, { body: { id: 'other0000000000' } }), patch('update with the same id', records('tags', '{{red}}'), 200, { body: { id: '{{red}}' } }), patch('update with an empty id', records('tags', '{{red}}'), 400, { body: { id: '' } }), patch('update with null as id', records('tags', '{{red}}'), 400, { body: { id: null } }),
  post('unknown keys are ignored', records('tags'), 200, { body: { name: 'x', collectionId: 'y', collectionName: 'z', expand: { a: 1 }, odd: [1] } }),
  patch('empty update', records('tags', '{{red}}'), 200), patch('empty object update', records('tags', '{{red}}'), 200, { body: {} }), patch('null sets the zero value', records('tags', '{{red}}'), 200, { body: { name: null, w: null } }),
  post('hidden field by a guest', records('tags'), 200, { body: { name: 'h', code: 'guest' }, save: 'hid' }), get('hidden field was not stored', records('tags', '{{hid}}'), 200, { as: 'super' }), patch('hidden field by a superuser', records('tags', '{{hid}}'), 200, { as: 'super', body: { code: 'root' } }), patch('hidden field survives a guest update', records('tags', '{{hid}}'), 200, { body: { code: '', name: 'h2' } }), get('hidden field is still there', records('tags', '{{hid}}'), 200, { as: 'super' }),
];

const uniques = [
  collection('uniques', { ...OPEN, fields: [field.text('a'), field.text('b'), field.text('c'), field.text('d')], indexes: [
    'CREATE UNIQUE INDEX `u_a` ON `uniques` (`a`)', 'CREATE UNIQUE INDEX `u_bc` ON `uniques` (`b`, `c`) WHERE `b` != \'\'', 'CREATE UNIQUE INDEX `u_d` ON `uniques` (lower(`d`)) WHERE `d` != \'\''] }),
  post('unique: first', records('uniques'), 200, { body: { a: '1', b: 'x', c: 'y', d: 'Q' } }), post('unique: one column', records('uniques'), 400, { body: { a: '1' } }), post('unique: two columns', records('uniques'), 400, { body: { a: '2', b: 'x', c: 'y' } }),
  post('unique: expression', records('uniques'), 400, { body: { a: '3', d: 'q' } }), post('unique: partial index does not apply', records('uniques'), 200, { body: { a: '4' }, save: 'u2' }), patch('unique: on update', records('uniques', '{{u2}}'), 400, { body: { a: '1' } }), patch('unique: own value', records('uniques', '{{u2}}'), 200, { body: { a: '4' } }),
  post('unique: several', records('uniques'), 400, { body: { a: '1', b: 'x', c: 'y' } }), post('unique: case matters', records('uniques'), 200, { body: { a: 'A' } }), post('unique: other case', records('uniques'), 200, { body: { a: 'a' } }),
];

export default [...world, ...paging, ...sorts, ...expands, ...creates, ...uniques];
