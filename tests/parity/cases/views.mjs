// View collections: queries, typed columns, dry run, what can't be done with them. Reference: 2.4.

import { OPEN, cheapUsers, collection, del, field, get, patch, post, record, records, userWithLogin } from '../lib/cases.mjs';

const C = '/api/collections';
const asSuper = (rest) => ({ as: 'super', ...rest });
const view = (name, viewQuery, rest = {}) => post(`view ${name}`, C, 200, asSuper({ body: { name, type: 'view', listRule: '', viewRule: '', viewQuery, ...rest }, save: `c:${name}` }));
const badView = (name, viewQuery, rest = {}) => post(`bad view: ${name}`, C, 400, asSuper({ body: { name: 'bad', type: 'view', viewQuery, ...rest } }));
const rows = (name, query = {}, rest = {}) => {
  const details = [...Object.entries(query).map((pair) => pair.join('=')), ...(rest.as ? [`as ${rest.as}`] : [])].join(', ');
  return get(`rows of ${name}${details && ` (${details})`}`, records(name), 200, { query, ...rest });
};
const temporaryNames = Object.fromEntries([0, 1].flatMap((i) => ['collectionId', 'collectionName'].map((key) => [`sample.${i}.${key}`, /^\w+$/])));
const dry = (name, status, query) => post(`dry run: ${name}`, `${C}/meta/dry-run-view`, status, asSuper({ body: { query }, mask: temporaryNames }));

const world = [
  cheapUsers,
  ...userWithLogin('users', 'ada', { name: 'Ada' }),
  collection('teams', { ...OPEN, fields: [field.text('name')] }),
  collection('items', { ...OPEN, fields: [
    field.text('title', { max: 50 }), field.number('n', { onlyInt: true }), field.number('price'), field.bool('on'), field.date('day'), field.json('meta'),
    field.select('tags', { values: ['a', 'b'], maxSelect: 2 }), field.relation('team', { collectionId: '{{c:teams}}' }), field.relation('owner', { collectionId: '_pb_users_auth_' }),
    field.text('secret', { hidden: true }), field.geoPoint('place'), field.autodate('made', { onCreate: true }), field.email('mail'), field.url('link'), field.editor('html') ] }),
  record('teams', 'team1', { name: 'Red' }),
  record('items', 'item1', { title: 'one', n: 3, price: 1.5, on: true, day: '2024-01-02', meta: { a: [1] }, tags: ['b', 'a'], team: '{{team1}}', owner: '{{ada}}', secret: 's', place: { lon: 1, lat: 2 }, mail: 'a@b.co' }),
  record('items', 'item2', { title: 'two', n: 4, price: 2.25 }),
];

const views = [
  view('plain', 'select id, title, n, price, `on`, day, meta, tags, team, owner, secret, place, made, mail, link, html from items'),
  rows('plain', { sort: 'title' }),
  rows('plain', { sort: 'title' }, { as: 'super' }),
  rows('plain', { filter: "title = 'one'", expand: 'team,owner' }),
  rows('plain', { filter: "team.name = 'Red'" }),
  get('view a row', records('plain', '{{item1}}'), 200),
  get('view a missing row', records('plain', 'missing'), 404),
  rows('plain', { filter: "secret = 's'" }, { as: 'super' }),
  get('hidden column in a guest filter', records('plain'), 400, { query: { filter: "secret = 's'" } }),
  get('sort by rowid', records('plain'), 400, { query: { sort: '@rowid' } }),
  view('aliased', 'SELECT i.id as id, i.title AS name, `i`.`n` as "number", t.name as [team_name], t.id as team_id, i.id as item_id FROM items i LEFT JOIN teams AS t ON t.id = i.team'),
  rows('aliased', { sort: 'name' }),
  rows('aliased', { sort: 'name', expand: 'team_id,item_id' }),
  view('typed', 'select id, cast(n as int) as a, cast(n as integer) b, cast(price as real) c, cast(price as decimal) d, cast(price as numeric) e, cast(n as text) f, cast(n as bool) g, cast(n as boolean) h, (n + 1) as i, 1 as j, \'x\' as k, upper(title) as l, null as m, cast(price as double) as o from items'),
  rows('typed', { sort: 'a' }),
  view('grouped', 'select team as id, count(id) as count, count(*) as all_rows, sum(n) as sum, avg(n) as avg, min(n) as min, max(n) as max, total(price) as total from items group by team having team != \'\''),
  rows('grouped'),
  rows('grouped', { filter: 'count > 0', sort: '-sum' }),
  view('numbered', 'select (row_number() over ()) as id, title from items'),
  rows('numbered', { sort: 'title' }),
  view('from_cte', 'with big as (select * from items where n > 3) select id, title from big'),
  rows('from_cte'),
  view('commented', ' /* head */ select id, -- the id\n title from items ; '),
  rows('commented', { sort: 'title' }),
  view('joined', 'select items.id, items.title, teams.name from items, teams where items.team = teams.id'),
  rows('joined'),
  view('unioned_inside', 'select id, title from (select id, title from items union all select id, name as title from teams)'),
  rows('unioned_inside', { sort: 'title' }),
  view('of_view', 'select id, name, number from aliased'),
  rows('of_view', { sort: 'name' }),
  view('sub', 'select id, (select count(*) from items where items.team = teams.id) as items_count, (select title from items limit 1) as first from teams'),
  rows('sub'),
  view('ruled', 'select id, title, owner from items', { listRule: '@request.auth.id = owner', viewRule: '@request.auth.id = owner' }),
  rows('ruled'),
  rows('ruled', {}, { as: 'ada' }),
  view('of_users', 'select id, email, emailVisibility, name, verified from users'),
  rows('of_users'),
  view('fields_are_ignored', 'select id, title from items', { fields: [field.number('odd')] }),
];

const bad = [
  badView('no query', undefined), badView('empty query', ''), badView('not SQL', 'nonsense'), badView('no id', 'select title from items'),
  badView('star', 'select * from items'), badView('table star', 'select items.* from items'), badView('two statements', 'select id from items; select id from teams'),
  badView('write', 'delete from items'), badView('write after select', 'select id from items; delete from items'), badView('unknown table', 'select id from missing'),
  badView('unknown column', 'select id, missing from items'), badView('bad column name', 'select id, n as `a b` from items'), badView('duplicate ids', 'select team as id from items union all select team as id from items'),
  badView('null id', 'select sum(n) as id from items where n > 100'), badView('empty id', "select '' as id"), badView('reserved column', 'select id, n as expand from items'),
  badView('unnamed expression', 'select id, n + 1 from items'), badView('update rule', 'select id from items', { updateRule: '' }), badView('all write rules', 'select id from items', { createRule: '', updateRule: '', deleteRule: '' }),
  badView('indexes', 'select id from items', { indexes: ['CREATE INDEX x ON bad (id)'] }), badView('rule over a missing column', 'select id from items', { listRule: 'title = 1' }),
  badView('name taken', 'select id from items', { name: 'items' }), badView('attach', "attach database 'x' as y"), badView('pragma', 'pragma table_info(items)'),
  badView('duplicate column', 'select id, title, n as title from items'), badView('union', 'select id, title from items union all select id, name as title from teams'), badView('unclosed quote', "select id, 'x from items"), badView('placeholders', 'select id from items where title = {:x}'),
];

const writes = [
  post('create in a view', records('plain'), 400, { body: { title: 'x' } }),
  post('create in a view as superuser', records('plain'), 400, asSuper({ body: { title: 'x' } })),
  patch('update in a view', records('plain', '{{item1}}'), 400, { body: { title: 'x' } }),
  del('delete in a view', records('plain', '{{item1}}'), 400),
  del('truncate a view', `${C}/plain/truncate`, 400, asSuper()),
  patch('new query', `${C}/plain`, 200, asSuper({ body: { viewQuery: 'select id, n from items' } })),
  rows('plain', { sort: 'n', perPage: '5' }),
  patch('bad new query', `${C}/plain`, 400, asSuper({ body: { viewQuery: 'select n from items' } })),
  patch('view to base', `${C}/plain`, 400, asSuper({ body: { type: 'base' } })),
  patch('field change reaches the views', `${C}/items`, 200, asSuper({ body: { fields: [field.text('title', { max: 77 }), field.number('n', { onlyInt: true }), field.number('price'),
    field.relation('team', { collectionId: '{{c:teams}}' }), field.relation('owner', { collectionId: '_pb_users_auth_' })] } })),
  get('view after the field change', `${C}/commented`, 200, asSuper()),
  del('table that a view needs', `${C}/items`, 400, asSuper()),
  del('view that a view needs', `${C}/aliased`, 400, asSuper()),
  del('view', `${C}/of_view`, 204, asSuper()),
  post('relation to a view', C, 400, asSuper({ body: { name: 'to_view', fields: [field.relation('v', { collectionId: '{{c:teams}}' }), field.relation('w', { collectionId: '{{c:plain}}' })] } })),
];

const dryRuns = [
  dry('good', 200, 'select id, title, n, team from items order by title'),
  dry('empty', 400, ''),
  dry('missing id', 400, 'select title from items'),
  dry('too long', 400, `select id from items --${'x'.repeat(5000)}`),
  dry('write', 400, 'delete from items'),
  dry('broken', 400, 'select from'),
  dry('duplicate ids', 400, 'select 1 as id from items'),
  dry('no rows', 200, 'select id, title from items where 1=0'),
  post('dry run: no body', `${C}/meta/dry-run-view`, 400, asSuper()),
  post('dry run: wrong type', `${C}/meta/dry-run-view`, 400, asSuper({ body: { query: 5 } })),
  post('dry run: as user', `${C}/meta/dry-run-view`, 403, { as: 'ada', body: { query: 'select id from items' } }),
];

export default [...world, ...views, ...bad, ...writes, ...dryRuns];
