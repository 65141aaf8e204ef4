// The filter language: grammar, operators, types, NULL, any/all, LIKE, modifiers, macros, functions, limits.
// Most cases show only the key `k` of what matched. Reference: 5 and 9.6.

import { OPEN, cheapUsers, collection, field, get, patch, record, records, userWithLogin } from '../lib/cases.mjs';

const things = records('things');
const seen = new Map();
/** One case per filter over `things`, listed by key; 400 when `status` says so. */
const filters = (group, list, status = 200, rest = {}) => list.map((filter) => {
  const name = `${group}: ${filter.length > 110 ? `${filter.slice(0, 80)}… (${filter.length})` : filter}`.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
  const again = seen.get(name) ?? 0;
  seen.set(name, again + 1);
  return get(again ? `${name} #${again + 1}` : name, rest.path ?? things, status, { query: { filter, fields: 'k', sort: 'k', ...rest.query }, as: rest.as });
});

const world = [
  cheapUsers,
  ...userWithLogin('users', 'ada', { name: 'Ada', emailVisibility: true }),
  ...userWithLogin('users', 'bob', { name: 'Bob' }),
  patch('users are listed', '/api/collections/users', 200, { as: 'super', body: { listRule: '', viewRule: '' } }),
  collection('tags', { ...OPEN, fields: [field.text('name'), field.number('w'), field.text('code', { hidden: true })] }),
  collection('guarded', { ...OPEN, listRule: '@request.auth.id != ""', fields: [field.text('name')] }),
  collection('closed', { fields: [field.text('name')] }),
  collection('level', { ...OPEN, fields: [field.text('name')] }),
  patch('level points to itself', '/api/collections/level', 200, { as: 'super', body: { fields: [field.text('name'), field.relation('up', { collectionId: '{{c:level}}' })] } }),
  collection('things', { ...OPEN, fields: [field.text('k'), field.text('t'), field.number('n'), field.bool('b'), field.date('d'), field.json('j'), field.geoPoint('g'), field.email('mail'),
    field.select('s', { values: ['x', 'y', 'z'] }), field.select('ss', { values: ['x', 'y', 'z'], maxSelect: 3 }), field.relation('main', { collectionId: '{{c:tags}}' }), field.relation('tags', { collectionId: '{{c:tags}}', maxSelect: 5 }),
    field.relation('guard', { collectionId: '{{c:guarded}}' }), field.relation('shut', { collectionId: '{{c:closed}}' }), field.relation('lvl', { collectionId: '{{c:level}}' }), field.relation('owner', { collectionId: '_pb_users_auth_' }), field.text('hush', { hidden: true }), field.text('t2')] }),
  collection('notes', { ...OPEN, fields: [field.text('msg'), field.number('w'), field.relation('thing', { collectionId: '{{c:things}}' }), field.relation('things', { collectionId: '{{c:things}}', maxSelect: 3 })] }),
  collection('cards', { ...OPEN, fields: [field.text('info'), field.relation('thing', { collectionId: '{{c:things}}' })], indexes: ['CREATE UNIQUE INDEX `idx_cards` ON `cards` (`thing`)'] }),
  record('tags', 'red', { name: 'red', w: 1, code: 'r' }), record('tags', 'green', { name: 'green', w: 2, code: 'g' }), record('tags', 'blue', { name: 'blue', w: 3 }), record('tags', 'noname', { w: 4 }),
  record('guarded', 'guard1', { name: 'inner' }), record('closed', 'closed1', { name: 'inner' }),
  record('level', 'l1', { name: 'top' }), ...[2, 3, 4, 5, 6, 7].map((i) => record('level', `l${i}`, { name: `level ${i}`, up: `{{l${i - 1}}}` })),
  record('things', 'a', { k: 'a', t: 'Alpha', n: 1, b: true, d: '2024-05-06', j: { a: { b: 2 }, l: [3, 'x', { q: 'deep' }], s: 'text', nul: null, yes: true, one: 1 }, g: { lon: 23.32, lat: 42.69 }, mail: 'a@b.co', s: 'x', ss: ['x', 'y'], main: '{{red}}', tags: ['{{red}}', '{{green}}'], guard: '{{guard1}}', shut: '{{closed1}}', lvl: '{{l7}}', owner: '{{ada}}', hush: 'secret', t2: 'Alpha' }),
  record('things', 'b', { k: 'b', t: '1', n: 2.5, d: '2024-05-06 10:20:30.123Z', j: 1, ss: ['z'], main: '{{green}}', tags: ['{{red}}'], owner: '{{bob}}', t2: '2' }),
  record('things', 'c', { k: 'c', t: '1.0', n: -3, b: true, j: '1', tags: [] }),
  record('things', 'd', { k: 'd', t: 'a%b_c\\d', n: 100, j: [1, 2], s: 'y', tags: ['{{blue}}', '{{green}}'] }),
  record('things', 'e', { k: 'e', t: 'line\nbreak', n: 0, d: '2030-12-31 23:59:59.999Z', j: '', main: '{{noname}}', tags: ['{{noname}}'] }),
  record('things', 'f', { k: 'f', t: '', j: true, tags: ['{{red}}', '{{blue}}'], main: '{{blue}}' }),
  record('things', 'g', { k: 'g', t: 'ÀÉ àé "quoted" \'single\'', n: 42, j: 'true' }),
  record('things', 'h', { k: 'h', t: 'a\\b', j: null }),
  record('notes', 'note1', { msg: 'one', w: 1, thing: '{{a}}', things: ['{{a}}', '{{b}}'] }), record('notes', 'note2', { msg: 'two', w: 2, thing: '{{a}}', things: ['{{a}}'] }), record('notes', 'note3', { msg: 'one', w: 3, thing: '{{b}}' }),
  record('cards', 'card1', { info: 'card a', thing: '{{a}}' }),
];

const operators = filters('operator', [
  "t = 'Alpha'", 't = "Alpha"', "t != 'Alpha'", "t = 'alpha'", "'Alpha' = t", 'n > 1', 'n >= 1', 'n < 0', 'n <= 0', 'n = 2.5', 'n != 2.5', 'n = -3', 'n = 100.0', 'n > 1 && n < 50', 'n = 1 || n = 42', '1 = 1', "'a' = 'a'", "'a' = 'b'", '1 = 2',
  "t ~ 'lph'", "t ~ 'LPH'", "t !~ 'lph'", "t ~ 'À'", "t ~ 'à'", "t ~ ''", "t !~ ''", "t ~ 'a%'", "t ~ '%a'", "t ~ 'a_'", "t ~ '%_c%'", "t ~ 'a\\%'", "t ~ '%\\%%'", "t ~ '\\\\'", 'n ~ 1', "n ~ '2.5'", "'Alpha' ~ t", 't ~ t2', 't2 ~ t', "t ?= 'Alpha'", "t ?!= 'Alpha'", 'n ?> 1', 'n ?>= 1', 'n ?< 1', 'n ?<= 1', "t ?~ 'a'", "t ?!~ 'a'", 't > t2', 't = t2', 't != t2', "t > 'a'", "t < 'B'",
  'b = true', 'b = false', 'b != true', 'b = 1', 'b = 0', "b = 'true'", "b = '1'", 'b = TRUE', 'b = False', 'b > 0', 'b ~ 1', "mail = 'a@b.co'", "mail ~ '@b'", "s = 'x'", "s != 'x'", "s = ''", "s ~ 'x'",
]);
const grammar = [
  ...filters('grammar', ["t='Alpha'", "  t  =  'Alpha'  ", "t\n=\n'Alpha'", "t\t=\t'Alpha'", "(t='Alpha')", "((t='Alpha'))", "t='1'||t='Alpha'&&n=2.5", "(t='1'||t='Alpha')&&n=2.5", "t='1'&&n=2.5||t='Alpha'", "t='Alpha' // comment", "// comment\nt='Alpha'", "t='Alpha' && // c\n n=1",
    "t = 'line\\nbreak'", "t = 'line\nbreak'", "t = 'a\\\\b'", "t = 'a\\b'", "t ~ '\\'single\\''", 't ~ "\\"quoted\\""', "t ~ '\"'", 't ~ "\'"', "t = '\\u0041lpha'", "t = '\\x41'", 'n = 01', 'n = 1.50', 'n=-3', "k='a'||k='b'||k='c'&&n=1", "(k='a')||(k='b')", "(k='a'||k='b')&&(n=1||n=2.5)", "t = 'é'", 'null = null', "'' = null", 'null != \'\'', 'true = 1', 'true = true', 'false = 0']),
  ...filters('bad grammar', ['', ' ', '()', '(', ')', "t = 'Alpha", 't = "Alpha', "t == 'a'", 't = ', "= 'a'", 't', 'b', '!b', 'not b = true', "t = 'a' & n = 1", "t = 'a' and n = 1", "t = 'a' | n = 1", "t = 'a' &&", "&& t = 'a'", "t = 'a' || || n = 1", "(t = 'a'", "t = 'a')", 't = `a`', 'n = 1e5', 'n = .5', 'n = 5.', 'n = +1', 'n = - 1', 'n = 1,5', 'n = 0x10', "t = 'a' /* c */", '// only', "t = 'a'\r\n", 't <> 1', 't === 1', 't =~ 1', 'n > > 1', 't.', '.t = 1', 't. = 1', 't: = 1', 't..k = 1', '$t = 1', 't-k = 1', "t = 'a'; drop table things", "t = 'a' -- x", 't IN (1)', 't LIKE 1', 't = [1]', "'a' 'b'", '1', "t ?? 'a'", 't ?', "t ? = 'a'", '@ = 1', '@now', '# = 1', 'é = 1']
    .filter((text) => text !== ''), 400),
  ...filters('only blanks', ['\n', '\t', '// c\n'], 400),
  get('empty filter is none', things, 200, { query: { filter: '', fields: 'k', sort: 'k' } }),
  ...filters('limit', [Array(200).fill("k='a'").join('||')], 200), ...filters('limit', [Array(201).fill("k='a'").join('||'), `k='${'x'.repeat(3600)}'`, `k = '${'x'.repeat(3495)}'`], 400),
  ...filters('limit', [`k != '${'x'.repeat(3400)}'`, `${'('.repeat(50)}k='a'${')'.repeat(50)}`, `${'('.repeat(500)}k='a'${')'.repeat(500)}`]),
];
const paths = [
  ...filters('path', ["main.name = 'red'", "main.name != 'red'", "main.name = ''", "main.name != ''", 'main.name = null', 'main.name != null', "main.name ~ 'r'", "main.name !~ 'r'", 'main.w > 1', 'main.w >= 0', 'main.w = null', 'main.w != 2', "main = '{{red}}'", "main != '{{red}}'", "main = ''", "main.id = '{{red}}'", "main.id = ''", "main ~ '{{red}}'", "id = '{{a}}'", "id != '{{a}}' && id != '{{b}}'",
    "lvl.up.name = 'level 6'", "lvl.up.up.up.up.up.name = 'level 2'", "lvl.up.up.up.up.up.up = ''", "notes_via_thing.msg = 'one'", "notes_via_thing.msg ?= 'one'", "notes_via_thing.msg != 'one'", "notes_via_thing.msg ?!= 'one'", 'notes_via_thing.w > 0', 'notes_via_thing.id != ""', 'notes_via_thing.id = ""', 'notes_via_thing.id ?= "{{note2}}"', "notes_via_things.msg ?= 'two'", "notes_via_things.msg = 'one'", 'notes_via_thing.thing.n = 1', "cards_via_thing.info = 'card a'", "cards_via_thing.info != 'card a'", "cards_via_thing.info = ''", "tags.notes_via_thing.msg = 'x'"].slice(0, -1)),
  ...filters('bad path', ["missing = 1", 'T = 1', "main.missing = 1", "t.x = 1", "main.name.x = 1", 'lvl.up.up.up.up.up.up.name = 1', "notes_via_missing.msg = 1", "missing_via_thing.msg = 1", "tags_via_things.name = 1", "collectionId = 'x'", "collectionName = 'things'", "expand = 'x'", '_rowid_ = 1', '@rowid = 1', 'rowid = 1', "hush = 'secret'", "main.code = 'r'", "shut.name = 'inner'", "tags.code ?= 'r'", "owner.password != ''", "owner.tokenKey != ''", 'j[0] = 1', "t:odd = 'x'", "missing:lower = 'x'", "main:lower:length = 1", "t:lower:lower = 'x'", '@odd = 1', '@nowx > 1', '@Now > 1', "things.t = 'x'", '@random = 1'], 400),
  ...filters('allowed path', ["t:isset = true", "t:changed = true", "shut = '{{closed1}}'", "shut.id = '{{closed1}}'", "guard.name = 'inner'", "guard.name != 'x'", "guard = '{{guard1}}'"]),
  ...filters('as user', ["guard.name = 'inner'", "guard.name != 'x'", "owner.name = 'Ada'"], 200, { as: 'ada' }),
  ...filters('as superuser', ["guard.name = 'inner'", "shut.name = 'inner'", "hush = 'secret'", "main.code = 'r'", "owner.tokenKey != ''", "owner.password ~ '$2'", "@request.method = 'GET'", "@request.auth.id != '' && k = 'a'", "@collection.tags.name ?= 'red' && k = 'a'", "@request.query.sort = 'k' && k = 'a'", "@request.headers.host != '' && k = 'a'", "@request.body.x:isset = false && k = 'a'"], 200, { as: 'super' }),
  ...filters('forbidden', ["@request.auth.id = ''", "@collection.tags.name = 'red'", "t = '@request.'", "t = '@collection.x'", "t = 'a' && @request.method = 'GET'"], 403),
  ...filters('still forbidden', ["@request.auth.id = ''", "t = '@request.'"], 403, { as: 'ada' }),
  ...filters('not forbidden', ["t = '@request'", "t = '@REQUEST.x'"]),
  ...filters('mail of others', ["email != ''", "email ~ 'example'", "email = 'bob@example.com'", "email = ''", "email = 'ada@example.com'", "name = 'Bob' && email !~ 'x'"], 200, { path: records('users'), query: { fields: 'name', sort: 'name' } }),
  ...filters('mail of others as bob', ["email != ''", "email = 'bob@example.com'"], 200, { path: records('users'), query: { fields: 'name', sort: 'name' }, as: 'bob' }),
  ...filters('mail of others as superuser', ["email != ''", "email ~ 'bob'"], 200, { path: records('users'), query: { fields: 'name', sort: 'name' }, as: 'super' }),
  ...filters('mail through a relation', ["owner.email = 'bob@example.com'", "owner.email ~ 'example'"]),
];
const many = [
  ...filters('any and all', ["tags.name = 'red'", "tags.name ?= 'red'", "tags.name != 'red'", "tags.name ?!= 'red'", "tags.name ~ 'e'", "tags.name ?~ 'e'", "tags.name !~ 'red'", "tags.name ?!~ 'red'", "tags.name = ''", "tags.name ?= ''", "tags.name != ''", "tags.name ?!= ''", 'tags.name = null', 'tags.name != null', 'tags.w > 1', 'tags.w ?> 1', 'tags.w >= 1', 'tags.w < 3', 'tags.w ?< 2', 'tags.w = 1', 'tags.w != 1', 'tags.w <= 2 && tags.w >= 1',
    "tags.name ?= 'red' && tags.w ?= 2", "tags.name ?= 'red' && tags.w ?= 1", "tags.name ?= 'red' && tags.name ?= 'green'", "tags.name ?= 'red' || tags.name ?= 'green'", "tags ~ '{{red}}' && tags ~ '{{green}}'", 'tags.name = tags.name', 'tags.name ?= tags.name', 'tags.name != tags.name', 'tags.w >= tags.w', "main.name = tags.name", 'main.name ?= tags.name', 'tags.name = main.name', 'tags.name ?= main.name', "tags.name = 'red' && tags.name = 'green'", "tags.id = '{{red}}'", "tags.id ?= '{{red}}'", "tags.id = ''", "tags.id != ''",
    "tags = ''", "tags = '[]'", "tags = '{{red}}'", 'tags != \'\'', "tags != '[]'", "tags ~ '{{red}}'", "tags !~ '{{red}}'", 'tags = \'["{{red}}"]\'', 'tags:length = 0', 'tags:length = 2', 'tags:length > 0', 'tags:length ?> 1', 'main:length = 1', 'main:length = 0', "tags:each = '{{red}}'", "tags:each ?= '{{red}}'", "tags:each != '{{red}}'", "tags:each ~ '{{red}}'", "tags:each = ''",
    "ss = '[\"x\",\"y\"]'", "ss = 'x'", "ss ~ 'x'", "ss ?= 'x'", 'ss:length = 2', 'ss:length = 0', "ss:each = 'x'", "ss:each ?= 'x'", "ss:each != 'x'", "ss:each ?!= 'x'", "ss:each ~ 'z'", "ss:each ?~ 'y'", "ss:each > 'w'", "ss:each ?= 'x' && ss:each ?= 'y'", "ss:each = 'x' || ss:each = 'z'", "ss:each = ''", "ss:each ?= ''", "s:each = 'x'", 's:length = 1', 's:length = 0', "ss:lower ~ 'x'", "ss:each = ss:each"]),
  ...filters('modifier', ["t:lower = 'alpha'", "t:lower = 'Alpha'", "t:lower ~ 'ALPHA'", "t:length = 'Alpha'", "t:each = 'Alpha'", "n:lower = '1'", "main.name:lower = 'red'", "tags.name:lower ?= 'red'", "j.s:lower = 'text'", "d:lower ~ '2024'", "b:length = true", "id:lower = '{{a}}'", "s:lower = 'x'", "t:lower ~ 'àé'"]),
];
const types = filters('types', [
  "t = 1", "t = '1'", 't = 1.0', "t = '1.0'", 't > 1', 't = true', 't = null', "t = ''", "t != ''", 't != null', "n = '1'", "n = '2.5'", "n = 'abc'", "n > 'abc'", "n < 'abc'", 'n = null', "n = ''", 'n != null', "n != ''", 'b = null', "b = ''", 'b != null', 'n = b', 't = n', 'n = true', 'n = false',
  "d = '2024-05-06'", "d = '2024-05-06 00:00:00.000Z'", "d ~ '2024-05'", "d > '2024-05-06'", "d >= '2024-05-06 10:20:30.123Z'", "d < '2024-06'", "d = ''", "d != ''", 'd = null', 'd != null', "d = '2024-05-06T00:00:00Z'", 'd > 2023', 'd < 2023',
  'j = 1', "j = '1'", 'j = true', "j = 'true'", 'j = null', "j = ''", 'j != null', "j != ''", "j = '[1,2]'", "j ~ '1'", 'j.0 = 1', 'j.1 = 2', 'j.1 > 1', 'j > 0', 'j.a.b = 2', "j.a.b = '2'", 'j.a.b > 1', 'j.a.b != 3', 'j.a = null', "j.a = '{\"b\":2}'", 'j.l.0 = 3', "j.l.1 = 'x'", "j.l.2.q = 'deep'", 'j.l = \'[3,"x",{"q":"deep"}]\'', "j.l ~ 'deep'", 'j.missing = null', 'j.missing != null', "j.missing = ''", "j.missing != ''", "j.s = 'text'", "j.s != 'text'", "j.s ~ 'tex'", "j.s !~ 'tex'", 'j.nul = null', "j.nul = ''", 'j.nul != null', 'j.yes = true', 'j.yes = 1', "j.yes = 'true'", 'j.one = true', 'j.one = 1', "j.one = '1'", 'j.a.b.c.d.e.f.g.h.i = null', 'j = j', 'j.a.b = n', "j.s = t", 'j:length = 1', "j.s:length = 'text'",
  'g.lon > 23', 'g.lat = 42.69', 'g.lon = 0', "g.lon = '0'", 'g.missing = null', "g ~ 'lon'", 'g.lon:lower = 0', "g = '{\"lon\":0,\"lat\":0}'",
]);
const macros = [
  ...filters('macro', ["@now > '2020'", "@now < '2020'", "d > @now", 'd < @now', '@todayStart <= @now', '@todayEnd >= @now', '@yesterday < @now', '@tomorrow > @now', '@monthStart <= @now', '@monthEnd >= @now', '@yearStart <= @now', '@yearEnd >= @now', "@todayEnd ~ '23:59:59.999Z'", "@todayStart ~ '00:00:00.000Z'", "@monthEnd ~ '23:59:59.999Z'", "@yearEnd ~ '-12-31 23:59:59.999Z'", "@yearStart ~ '-01-01 00:00:00.000Z'", "@monthStart ~ '-01 00:00:00.000Z'", '@second >= 0 && @second < 60', '@minute >= 0 && @minute < 60', '@hour >= 0 && @hour < 24', '@day >= 1 && @day <= 31', '@month >= 1 && @month <= 12', '@weekday >= 0 && @weekday <= 6', '@year > 2024', '@year = 2000', 'n < @year', "@year = '2000'"]),
  ...filters('bad macro', ['@now:lower = 1', '@years = 1', '@now.x = 1', '@NOW = 1'], 400),
  ...filters('function', ['geoDistance(g.lon, g.lat, 23.32, 42.69) < 1', 'geoDistance(g.lon, g.lat, 23.33, 42.70) > 1', 'geoDistance(0, 0, 0, 1) > 111', 'geoDistance(0, 0, 0, 1) < 111', 'geoDistance(n, n, 1, 1) = 0', 'geoDistance(t, t, 0, 0) >= 0', 'geoDistance(g.lon,g.lat,23.32,42.69)<geoDistance(0,0,23.32,42.69)', 'geoDistance(null, null, 0, 0) = null',
    "strftime('%Y', d) = '2024'", "strftime('%Y-%m', d) = '2024-05'", "strftime('%Y', 'invalid') = ''", "strftime('%Y', d) = ''", "strftime('%Y', '2024-05-06') = '2024'", "strftime('%Y', 0) = '-4713'", "strftime('%Y', '2024-05-06', '+1 year') = '2025'", "strftime('%Y', d, '+1 year', '-1 month') = '2025'", "strftime('%H', d) != '10'", "strftime('%w', d) = '1'", "strftime('%Y', @now) > '2024'", "strftime('%Y') > '2024'", "strftime('%s', d) > '0'", "strftime('x', d) = 'x'", "strftime('%Y', tags.name) = ''", "strftime('%Y', main.name) = ''", "strftime('%Y', j.s) = ''", "strftime('%Y', d,) = '2024'"]),
  ...filters('bad function', ['geoDistance(1,2,3) = 1', 'geoDistance(1,2,3,4,5) = 1', "geoDistance('1',2,3,4) = 1", 'geoDistance(missing,2,3,4) = 1', 'geoDistance() = 1', 'geodistance(1,2,3,4) = 1', 'strftime() = 1', 'strftime(d) = 1', "strftime(1, d) = 1", "strftime('%Y', d, n) = 1", "strftime('%Y', d, 1) = 1", "lower(t) = 'a'", "upper(t) = 'a'", "count(t) = 1", "load_extension('x') = 1", "strftime('%Y', d, 'a','b','c','d','e','f','g','h','i') = 1", "strftime('%Y', strftime('%Y', strftime('%Y', strftime('%Y', d)))) = 1", "geoDistance(hush, 1, 2, 3) = 1", "strftime('%Y', hush) = 1", "strftime('%Y' d) = 1", "strftime ('%Y', d) = 1"], 400),
];

export default [...world, ...operators, ...grammar, ...paths, ...many, ...types, ...macros];
