// Who gets which status, and what rules can see. Reference: 3.16, 4.1, 4.3, 5.4, 5.5, 5.8, 5.9.

import { OPEN, cheapPassword, cheapUsers, collection, del, field, get, patch, post, record, records, userWithLogin } from '../lib/cases.mjs';

const WHO = ['guest', 'ada', 'bob', 'super'];
const world = [
  cheapUsers,
  ...userWithLogin('users', 'ada', { name: 'Ada', verified: true }),
  ...userWithLogin('users', 'bob', { name: 'Bob', emailVisibility: true }),
  collection('staff', { type: 'auth', ...OPEN, manageRule: "@request.auth.name = 'Boss'", fields: [cheapPassword, field.text('name'), field.text('badge', { hidden: true }), field.relation('boss', { collectionId: '_pb_users_auth_' })] }),
  ...userWithLogin('staff', 'boss', { name: 'Boss', verified: true }),
  ...userWithLogin('staff', 'clerk', { name: 'Clerk', badge: '42', boss: '{{ada}}' }),
];

/** Every action on one collection by everybody. */
const matrix = (name, rule) => [
  collection(name, { listRule: rule, viewRule: rule, createRule: rule, updateRule: rule, deleteRule: rule, fields: [field.text('title', { required: true }), field.relation('owner', { collectionId: '_pb_users_auth_' })] }),
  record(name, `${name}1`, { title: 'one', owner: '{{ada}}' }),
  record(name, `${name}2`, { title: 'two', owner: '{{bob}}' }),
  ...WHO.flatMap((as) => [
    ['list', get, '', {}], ['view', get, `{{${name}1}}`, {}], ['view missing', get, 'missing', {}], ['create', post, '', { body: { title: 'new', owner: '{{ada}}' } }], ['create invalid', post, '', { body: { owner: '{{ada}}' } }], ['create nothing', post, '', {}],
    ['update', patch, `{{${name}1}}`, { body: { title: 'changed' } }], ['update invalid', patch, `{{${name}1}}`, { body: { title: '' } }], ['update missing', patch, 'missing', { body: { title: 'x' } }], ['delete missing', del, 'missing', {}],
  ].map(([action, make, id, rest]) => make(`${name}: ${action} as ${as}`, records(name, id === '' ? undefined : id), matrixStatus(rule, as, action), { as, ...rest }))),
  ...WHO.map((as) => del(`${name}: delete as ${as}`, records(name, `{{${name}2}}`), matrixStatus(rule, as, 'delete'), { as })),
];

/** The statuses of section 4.3: `rule` is null, '' or the owner rule under which ada owns row 1 and bob row 2. */
function matrixStatus(rule, as, action) {
  const passes = as === 'super' || rule === '' || (rule !== null && as === (action === 'delete' ? 'bob' : 'ada'));
  if (rule === null && as !== 'super') return 403;
  if (action === 'list') return 200;
  if (action.endsWith('missing')) return 404;
  if (action === 'delete') return rule === '' && as !== 'guest' ? 404 : ownerDelete(rule, as, passes);
  if (action === 'create nothing' || action.endsWith('invalid')) return passes || action.startsWith('create') ? 400 : 404;
  return passes ? 200 : action === 'create' ? 400 : 404;
}

/** Row 2 can be deleted once: by the guest where the rule is open, by bob where owners may, else by the superuser. */
function ownerDelete(rule, as, passes) {
  if (as === 'super') return rule === null ? 204 : 404;
  return passes ? 204 : 404;
}

const probe = (name, rule, requests) => [
  collection(name, { ...OPEN, createRule: rule, fields: [field.text('t'), field.number('n'), field.bool('b'), field.date('d'), field.json('j'), field.select('s', { values: ['a', 'b', 'c'], maxSelect: 3 }), field.select('one', { values: ['a', 'b'] }),
    field.relation('r', { collectionId: '{{c:targets}}' }), field.relation('rs', { collectionId: '{{c:targets}}', maxSelect: 3 }), field.autodate('made', { onCreate: true }), field.text('auto', { autogeneratePattern: '[a-z]{4}' }), field.text('hush', { hidden: true })] }),
  ...requests.map(([status, body, rest = {}], i) => post(`create rule ${rule} #${i + 1}`, records(name), status, { body, ...rest, mask: { auto: /^[a-z]{4}$/ } })),
];
let probes = 0;
const creating = (rule, ...requests) => { probes += 1; return probe(`probe${probes}`, rule, requests); };

const createRules = [
  collection('targets', { ...OPEN, fields: [field.text('name'), field.number('w')] }), record('targets', 'x', { name: 'x', w: 1 }), record('targets', 'y', { name: 'y', w: 2 }),
  ...creating("t = 'a'", [200, { t: 'a' }], [400, { t: 'b' }], [400, {}]),
  ...creating("@request.body.t = 'a'", [200, { t: 'a' }], [400, { t: 'b' }], [200, { t: 'a', n: 1 }]),
  ...creating('@request.body.t:isset = true', [200, { t: null }], [400, {}], [200, { t: '' }]),
  ...creating('@request.body.odd:isset = false', [200, {}], [400, { odd: null }]),
  ...creating('@request.body.hush:isset = false', [200, { hush: 'x' }], [200, { hush: 'x' }, { as: 'super' }]),
  ...creating("@request.body.odd = 'x'", [200, { odd: 'x' }], [400, {}]), ...creating('@request.body.odd = 5', [200, { odd: 5 }], [400, { odd: '5' }]), ...creating("@request.body.odd.a.0 = 'q'", [200, { odd: { a: ['q'] } }], [400, { odd: 1 }]), ...creating('@request.body.odd = null', [200, {}], [200, { odd: null }], [400, { odd: 1 }]),
  ...creating('@request.body.n = 3', [200, { 'n+': 4, 'n-': 1 }], [400, { 'n+': 4, 'n-': 2 }], [200, { n: '3' }], [200, { n: 3 }]), ...creating('n > 2 && n < 5', [200, { n: 3 }], [400, { n: 5 }], [200, { 'n+': 4 }]),
  ...creating('@request.body.s = \'["a","b"]\'', [200, { s: ['a', 'b'] }], [400, { s: ['b', 'a'] }]), ...creating('@request.body.s:length > 1', [200, { s: ['a', 'b'] }], [400, { s: ['a'] }], [400, {}]), ...creating("@request.body.s:each = 'a'", [200, { s: ['a'] }], [400, { s: ['a', 'b'] }], [400, {}]), ...creating("@request.body.s:each ?= 'a'", [200, { s: ['a', 'b'] }], [400, { s: ['b'] }]),
  ...creating("s:each != 'c'", [200, { s: ['a'] }], [400, { s: ['a', 'c'] }], [200, {}]), ...creating('s:length = 2', [200, { s: ['a', 'b'] }], [400, {}]),
  ...creating("r.name = 'x'", [200, { r: '{{x}}' }], [400, { r: '{{y}}' }], [400, {}], [400, { r: 'missing' }]), ...creating("@request.body.r.name = 'x'", [200, { r: '{{x}}' }], [400, { r: '{{y}}' }]), ...creating('rs.w > 1', [200, { rs: ['{{y}}'] }], [400, { rs: ['{{x}}', '{{y}}'] }]), ...creating('@request.body.rs.w ?> 1', [200, { rs: ['{{x}}', '{{y}}'] }], [400, { rs: ['{{x}}'] }]), ...creating("@request.body.rs:length = 2", [200, { rs: ['{{x}}', '{{y}}'] }], [400, { rs: [] }]),
  ...creating("@request.method = 'POST'", [200, {}]), ...creating("@request.method != 'POST'", [400, {}]), ...creating("@request.context = 'default'", [200, {}]),
  ...creating("@request.query.q = '1'", [200, {}, { query: { q: '1' } }], [400, {}, { query: { q: '2' } }], [400, {}], [400, {}, { query: [['q', '2'], ['q', '1']] }]), ...creating('@request.query.q:isset = true', [200, {}, { query: { q: '' } }], [400, {}]),
  ...creating("@request.headers.x_token = 'abc'", [200, {}, { headers: { 'X-Token': 'abc' } }], [400, {}], [200, {}, { headers: { 'x-TOKEN': 'abc' } }]), ...creating("@request.headers.authorization != ''", [200, {}, { as: 'ada' }], [400, {}]),
  ...creating('@request.auth.id != ""', [200, {}, { as: 'ada' }], [400, {}], [200, {}, { as: 'super' }]), ...creating('@request.auth.id = ""', [200, {}], [400, {}, { as: 'ada' }]), ...creating('@request.auth.id = null', [200, {}], [400, {}, { as: 'ada' }]), ...creating('@request.auth.verified = true', [200, {}, { as: 'ada' }], [400, {}, { as: 'bob' }], [400, {}]), ...creating('@request.auth.verified = false', [200, {}, { as: 'bob' }], [400, {}]),
  ...creating("@request.auth.collectionName = 'users'", [200, {}, { as: 'ada' }], [400, {}, { as: 'clerk' }]), ...creating("@request.auth.email = 'ada@example.com'", [200, {}, { as: 'ada' }], [400, {}, { as: 'bob' }]), ...creating("@request.auth.badge = '42'", [200, {}, { as: 'clerk' }], [400, {}, { as: 'ada' }]), ...creating("@request.auth.boss.name = 'Ada'", [200, {}, { as: 'clerk' }], [400, {}, { as: 'boss' }], [400, {}]), ...creating('@request.auth.missing = ""', [200, {}, { as: 'ada' }], [200, {}]), ...creating('@request.auth.boss.missing = null', [200, {}, { as: 'clerk' }]), ...creating('@request.auth.staff_via_boss.name ?= "Clerk"', [200, {}, { as: 'ada' }], [400, {}, { as: 'bob' }]),
  ...creating("@collection.targets.name ?= t", [200, { t: 'x' }], [400, { t: 'z' }]), ...creating("@collection.targets.name = 'x'", [400, {}]), ...creating("@collection.targets.name ?= 'x' && @collection.targets.w ?= 2", [400, {}]), ...creating("@collection.targets.name ?= 'x' && @collection.targets:other.w ?= 2", [200, {}]), ...creating("@collection.targets.w ?> n", [200, { n: 1 }], [400, { n: 2 }]),
  ...creating('id != ""', [200, {}], [200, { id: 'probe0000000001' }]), ...creating("id = 'probe0000000002'", [200, { id: 'probe0000000002' }], [400, {}]), ...creating('made = ""', [200, {}]), ...creating('auto = ""', [200, {}]), ...creating('t:lower = "abc"', [200, { t: 'ABC' }]), ...creating('@request.body.t:lower = "abc"', [200, { t: 'ABC' }], [400, { t: 'x' }]), ...creating('@request.body.t:changed = true', [400, { t: 'a' }], [400, {}]), ...creating('@request.body.t:changed = false', [200, { t: 'a' }], [200, {}]), ...creating("d > '2024-01-01'", [200, { d: '2024-05-05' }], [400, { d: '2023-01-01' }]), ...creating("@request.body.d > '2024-01-01'", [200, { d: '2024-05-05' }], [400, { d: 'x' }]), ...creating("@request.body.j.a = 1", [200, { j: { a: 1 } }], [400, { j: { a: 2 } }], [200, { j: '{"a":1}' }]), ...creating("j.a = 1", [200, { j: { a: 1 } }], [400, {}]), ...creating('b = true', [200, { b: 'true' }], [400, { b: 'no' }]), ...creating('@request.body.b = true', [200, { b: 1 }], [400, {}]), ...creating('1 = 1', [200, {}]), ...creating('1 = 2', [400, {}]), ...creating("@request.body.one = 'b'", [200, { one: ['a', 'b'] }], [400, { one: 'a' }]), ...creating("one:length = 1", [200, { one: 'a' }], [400, {}]), ...creating('@now > "2020"', [200, {}]),
];

const updating = (name, rule, ...requests) => [
  patch(`rule: ${rule}`, '/api/collections/changing', 200, { as: 'super', body: { updateRule: rule } }),
  ...requests.flatMap(([status, body, rest = {}], i) => [
    patch(`reset before ${name} #${i + 1}`, records('changing', '{{ch1}}'), 200, { as: 'super', body: { t: 'old', n: 1, s: ['a'], r: '{{x}}' } }),
    patch(`update rule ${name} #${i + 1}`, records('changing', '{{ch1}}'), status, { body, ...rest })]),
];
const updateRules = [
  collection('changing', { ...OPEN, fields: [field.text('t'), field.number('n'), field.select('s', { values: ['a', 'b'], maxSelect: 2 }), field.relation('r', { collectionId: '{{c:targets}}' })] }),
  record('changing', 'ch1', { t: 'old' }),
  ...updating('stored value', "t = 'old'", [200, { t: 'new' }], [200, {}]),
  ...updating('new value', "@request.body.t = 'new'", [200, { t: 'new' }], [404, { t: 'old' }], [404, {}]),
  ...updating('changed', '@request.body.t:changed = true', [200, { t: 'new' }], [404, { t: 'old' }], [404, {}]),
  ...updating('not changed', '@request.body.t:changed = false', [404, { t: 'new' }], [200, { t: 'old' }], [200, { n: 5 }]),
  ...updating('changed number by modifier', '@request.body.n:changed = true', [200, { 'n+': 1 }], [404, { 'n+': 0 }]),
  ...updating('changed select', '@request.body.s:changed = true', [200, { 's+': 'b' }], [404, { 's+': 'a' }], [404, { s: ['a'] }]),
  ...updating('result of a modifier', '@request.body.n = 3', [200, { 'n+': 2 }], [404, { 'n+': 3 }]),
  ...updating('isset of a modified field', '@request.body.n:isset = true', [200, { 'n+': 2 }], [404, { t: 'x' }]),
  ...updating('relation of the new value', "@request.body.r.name = 'y' && r.name = 'x'", [200, { r: '{{y}}' }], [404, { r: '{{x}}' }]),
  ...updating('method', "@request.method = 'PATCH'", [200, {}]),
];

const listing = [
  collection('articles', { ...OPEN, listRule: "@request.auth.id = author || public = true", viewRule: "@request.query.key = 'k' || @request.auth.id = author", deleteRule: '@request.auth.id = author && hush = "ok"',
    fields: [field.text('title'), field.bool('public'), field.relation('author', { collectionId: '_pb_users_auth_' }), field.text('hush', { hidden: true })] }),
  record('articles', 'ar1', { title: 'one', public: true, author: '{{ada}}', hush: 'ok' }), record('articles', 'ar2', { title: 'two', author: '{{ada}}' }), record('articles', 'ar3', { title: 'three', author: '{{bob}}', hush: 'ok' }),
  ...WHO.map((as) => get(`list by rule as ${as}`, records('articles'), 200, { as, query: { sort: 'title' } })),
  ...WHO.map((as) => get(`list by rule and filter as ${as}`, records('articles'), 200, { as, query: { sort: 'title', filter: "title = 'two' || title = 'one'" } })),
  get('view by query', records('articles', '{{ar2}}'), 200, { query: { key: 'k' } }), get('view without the query', records('articles', '{{ar2}}'), 404), get('view by owner', records('articles', '{{ar2}}'), 200, { as: 'ada' }), get('view by another', records('articles', '{{ar2}}'), 404, { as: 'bob' }),
  del('delete by a hidden field, refused', records('articles', '{{ar2}}'), 404, { as: 'ada' }), del('delete by a hidden field', records('articles', '{{ar1}}'), 204, { as: 'ada' }),
  patch('list rule breaks at run time', '/api/collections/users', 200, { as: 'super', body: { listRule: "@collection.articles.title ?= 'two'" } }),
  get('rule over another collection', records('users'), 200, { query: { sort: 'name', fields: 'name' } }),
];

const visibility = [
  ...['guest', 'clerk', 'boss', 'super'].map((as) => get(`staff emails as ${as}`, records('staff'), 200, { as, query: { sort: 'name' } })),
  ...['guest', 'clerk', 'boss', 'super'].map((as) => get(`one staff email as ${as}`, records('staff', '{{clerk}}'), 200, { as })),
  post('guest signs up', records('staff'), 200, { body: { email: 'new1@example.com', password: 'password-1', passwordConfirm: 'password-1' } }),
  post('guest signs up visibly', records('staff'), 200, { body: { email: 'new2@example.com', emailVisibility: true, password: 'password-1', passwordConfirm: 'password-1', badge: 'forged', tokenKey: 'x'.repeat(40) } }),
  post('manager creates a verified one', records('staff'), 200, { as: 'boss', body: { email: 'new3@example.com', verified: true, password: 'password-1', passwordConfirm: 'password-1' }, save: 'new3' }),
  post('clerk creates a verified one', records('staff'), 400, { as: 'clerk', body: { email: 'new4@example.com', verified: true, password: 'password-1', passwordConfirm: 'password-1' } }),
  patch('manager changes an email', records('staff', '{{new3}}'), 200, { as: 'boss', body: { email: 'new3b@example.com' } }), patch('clerk changes an email', records('staff', '{{new3}}'), 400, { as: 'clerk', body: { email: 'new3c@example.com' } }),
  patch('manager changes a password', records('staff', '{{new3}}'), 200, { as: 'boss', body: { password: 'password-3', passwordConfirm: 'password-3' } }), patch('clerk changes a password', records('staff', '{{new3}}'), 400, { as: 'clerk', body: { password: 'password-4', passwordConfirm: 'password-4' } }),
  get('hidden filter on staff as clerk', records('staff'), 400, { as: 'clerk', query: { filter: "badge = '42'" } }), get('hidden filter on staff as superuser', records('staff'), 200, { as: 'super', query: { filter: "badge = '42'" } }),
  get('expand respects email visibility', records('users'), 200, { as: 'super', query: { expand: 'staff_via_boss', sort: 'name' } }),
];

export default [...world, ...matrix('closed', null), ...matrix('open', ''), ...matrix('owned', '@request.auth.id != "" && @request.auth.id = owner'), ...createRules, ...updateRules, ...visibility, ...listing];
