// Values of every kind of field: coercion, limits, codes, zero values, modifiers. Reference: 3 and 9.4.

import { OPEN, collection, field, patch, post, record, records } from '../lib/cases.mjs';

const values = { text: field.text('v'), short: field.text('v', { min: 2, max: 4 }), pattern: field.text('v', { pattern: '^[a-c]+$' }), needed: field.text('v', { required: true }),
  auto: field.text('v', { autogeneratePattern: 'x[0-9]{4}' }), editor: field.editor('v', { maxSize: 10 }), editorneeded: field.editor('v', { required: true }),
  number: field.number('v'), limits: field.number('v', { min: 1, max: 5 }), whole: field.number('v', { onlyInt: true }), numberneeded: field.number('v', { required: true }),
  negative: field.number('v', { min: -5, max: -1 }), bool: field.bool('v'), boolneeded: field.bool('v', { required: true }),
  email: field.email('v'), emailonly: field.email('v', { onlyDomains: ['a.com', 'b.com'] }), emailexcept: field.email('v', { exceptDomains: ['a.com'] }),
  url: field.url('v'), urlonly: field.url('v', { onlyDomains: ['a.com'] }), urlexcept: field.url('v', { exceptDomains: ['a.com'] }),
  date: field.date('v'), daterange: field.date('v', { min: '2020-01-01', max: '2021-01-01' }), dateneeded: field.date('v', { required: true }),
  select: field.select('v', { values: ['a', 'b', 'c', '1', 'true'] }), selects: field.select('v', { values: ['a', 'b', 'c', '1', 'true'], maxSelect: 2 }), selectneeded: field.select('v', { values: ['a'], required: true }),
  relation: field.relation('v', { collectionId: '{{c:targets}}' }), relations: field.relation('v', { collectionId: '{{c:targets}}', minSelect: 2, maxSelect: 3 }), relationneeded: field.relation('v', { collectionId: '{{c:targets}}', required: true }),
  json: field.json('v'), jsonsmall: field.json('v', { maxSize: 5 }), jsonneeded: field.json('v', { required: true }),
  password: field.password('v', { cost: 4 }), passwordlimits: field.password('v', { min: 4, max: 6, pattern: '^[a-z]+$', cost: 4, required: true }),
  geo: field.geoPoint('v'), geoneeded: field.geoPoint('v', { required: true }),
  autodate: field.autodate('v', { onCreate: true, onUpdate: true }), autoupdate: field.autodate('v', { onUpdate: true }), hidden: field.text('v', { hidden: true }),
};

const world = [
  collection('targets', { ...OPEN, fields: [field.text('name')] }),
  ...Object.entries(values).map(([name, definition]) => collection(name, { ...OPEN, fields: [definition] })),
  ...['t1', 't2', 't3', 't4'].map((name) => record('targets', name, { name })),
];

/** Each entry: the collection, and values with 200 or 400. */
const written = (kind, status, inputs, rest = {}) => inputs.map((value) =>
  post(`${kind}: ${status === 200 ? 'takes' : 'refuses'} ${JSON.stringify(value)?.slice(0, 70)}`, records(kind), status, { body: { v: value }, ...rest }));

const LONG = 'x'.repeat(5001);
const single = [
  ...written('text', 200, ['', ' ', 'a', 12, 1.5, 1e21, 1e-7, -0.5, true, false, null, [], ['a'], {}, { a: 1 }, 'x'.repeat(5000), 'é'.repeat(5000), '\n\t']),
  ...written('text', 400, [LONG]),
  ...written('short', 200, ['', 'ab', 'abcd', 'éééé', '🐎🐎', null]),
  ...written('short', 400, ['a', 'abcde', 1, '🐎', '     ']),
  ...written('pattern', 200, ['abc', '']),
  ...written('pattern', 400, ['abd', 'ABC', 'a\n']),
  ...written('needed', 200, [' ', '0', 0, false]),
  ...written('needed', 400, ['', null, [], {}]),
  ...written('auto', 200, ['', null], { mask: { v: /^x[0-9]{4}$/ } }),
  ...written('auto', 200, ['own']),
  post('auto: absent', records('auto'), 200, { body: {}, mask: { v: /^x[0-9]{4}$/ } }),
  post('auto: modifier', records('auto'), 200, { body: { 'v:autogenerate': 'pre-' }, mask: { v: /^pre-x[0-9]{4}$/ } }),
  post('text: autogenerate without a pattern', records('text'), 200, { body: { 'v:autogenerate': 'pre-' } }),
  ...written('editor', 200, ['', '<p>x</p>', 12, 'ééééé', null, ['a']]),
  ...written('editor', 400, ['éééééé', '12345678901']),
  ...written('editorneeded', 400, ['', null]),
  ...written('editorneeded', 200, ['<p></p>']),
  ...written('number', 200, [0, 1, -1, 1.5, 1e21, 1e-7, 1e300, 123456789012345680000, '12', '1.5', '1e3', '010', '1_000', '0x10', ' 1', '1 ', '', 'abc', true, false, null, [], [1], {}, '+5', '-5', '.5', '5.', '1e999']),
  ...written('number', 400, ['NaN', 'Infinity', '-Infinity', 'inf']),
  ...written('limits', 200, [1, 5, 0, 2.5, '', null]),
  ...written('limits', 400, [0.5, 6, -1, '7']),
  ...written('whole', 200, [1, -3, 0, 1e15]),
  ...written('whole', 400, [1.5, '1.5', 0.1, 1e20]),
  ...written('numberneeded', 400, [0, '', null, 'abc', false]),
  ...written('numberneeded', 200, [1, -1, true]),
  ...written('negative', 200, [-1, 0, -5]),
  ...written('negative', 400, [1, -6, -0.5]),
  ...written('bool', 200, [true, false, 'true', 'false', 'TRUE', 'True', 't', 'T', '1', '0', 'yes', 'on', '', 1, 0, 2, -1, 0.5, null, [], [true], {}]),
  ...written('boolneeded', 400, [false, 'no', 0, null]),
  ...written('boolneeded', 200, [true, 1]),
  ...written('email', 200, ['', 'a@b.co', 'A@B.CO', 'a+b@c.d.org', 'a@b.c', null, 'á@b.co', "o'hara@b.co", 'a@xn--bcher-kva.example', '_@b.co', `${'a'.repeat(65)}@b.co`]),
  ...written('email', 400, ['a', 'a@', '@b.co', 'a@localhost', 'a b@c.co', 'a@b..co', 'a@b.co ', 12, 'a@b@c.co', 'a@[127.0.0.1]', '<a@b.co>', 'a@-b.co']),
  ...written('emailonly', 200, ['x@a.com', 'x@b.com', '']),
  ...written('emailonly', 400, ['x@A.com', 'x@c.com', 'x@sub.a.com', 'bad']),
  ...written('emailexcept', 200, ['x@b.com', 'x@A.com']),
  ...written('emailexcept', 400, ['x@a.com']),
  ...written('url', 200, ['', 'example.com', 'http://a', 'http://localhost:80/x', 'https://a.b/c?d=e#f', 'ftp://a.b', 'mailto:a@b.c', 'http://u:p@a.b', 'http://[::1]/', 'http://127.0.0.1', null, 'http://é.com', 'a.b:80']),
  ...written('url', 400, ['abc', '//a.b', 'javascript:alert(1)', 'http://a b', 'http://', '/path', '?', 12, 'http:// a.b', 'http://a.b\n', 'http://a_b.c', 'http://-a.b', 'HTTP://A.B']),
  ...written('urlonly', 200, ['http://a.com/x', 'https://a.com']),
  ...written('urlonly', 400, ['http://a.com:80/x', 'http://b.com', 'http://A.com']),
  ...written('urlexcept', 200, ['http://b.com', 'http://a.com:80']),
  ...written('urlexcept', 400, ['http://a.com']),
  ...written('date', 200, ['', '2023-01-02', '2023-01-02 03:04:05', '2023-01-02 03:04:05.678Z', '2023-01-02T03:04:05Z', '2023-01-02T03:04:05.123456789Z', '2023-01-02T03:04:05.123+02:00', '2023-01-02 03:04:05 +0200',
    '2023-01-02 03:04:05 +02:00', '2023-01-02T03:04:05', '2023-01-02 03:04', '2023-01-02T03:04Z', '2023-1-2', '02 Jan 2006', 'Mon, 02 Jan 2006 15:04:05 GMT', 'Mon, 02 Jan 2006 15:04:05 +0100', 'Monday, 02-Jan-06 15:04:05 GMT',
    'Mon Jan  2 15:04:05 2006', 'Mon Jan 2 15:04:05 MST 2006', '02 Jan 06 15:04 GMT', '2023-02-30', '2023-13-01', '0001-01-01 00:00:00Z', '9999-12-31 23:59:59.999Z', '10000-01-01', 'abc', '1672531200', 1672531200, 1672531200000, 1.5, true, null, [], {}, '2023-01-02 25:00:00', ' 2023-01-02', '2023-06-30 23:59:60Z', '1969-12-31']),
  ...written('daterange', 200, ['2020-01-01', '2020-06-01 10:00:00', '2021-01-01', '']),
  ...written('daterange', 400, ['2019-12-31 23:59:59.999Z', '2021-01-01 00:00:00.001Z']),
  ...written('dateneeded', 400, ['', 'abc', 12, null]),
];

const multiple = [
  ...written('select', 200, ['', 'a', ['a'], ['a', 'b'], 1, true, null, [], '["a","c"]', ['', 'b'], { a: 1 }]),
  ...written('select', 400, ['x', 'A', ['x', 'y'], 'a,b', '["x"]']),
  ...written('selects', 200, ['', 'a', ['a', 'b'], ['b', 'a'], ['a', 'a'], ['a', '', null], '["c","a"]', 1, [1, true], null, [], '[]', [['a']]]),
  ...written('selects', 400, ['x', ['a', 'x'], ['a', 'b', 'c'], ['a', 'x', 'y', 'z'], '["a"']),
  ...written('selectneeded', 400, ['', null, []]),
  ...written('relation', 200, ['', '{{t1}}', ['{{t1}}', '{{t2}}'], null, []]),
  ...written('relation', 400, ['missing', ['{{t1}}', 'missing'], 12, "a'b"]),
  ...written('relations', 200, [[], '', ['{{t1}}', '{{t2}}'], ['{{t3}}', '{{t1}}', '{{t2}}'], ['{{t1}}', '{{t2}}', '{{t1}}']]),
  ...written('relations', 400, ['{{t1}}', ['{{t1}}', '{{t2}}', '{{t3}}', '{{t4}}'], ['{{t1}}', 'missing'], ['{{t1}}', '{{t1}}']]),
  ...written('relationneeded', 400, ['', [], null, 'missing']),
  ...written('json', 200, [null, true, false, 0, 1.5, '', 'abc', '"abc"', '1', '01', '-1', '1e5', 'true', 'null', 'nul', '{"b":1,"a":2}', '{bad', '[1, 2]', ' [1]', '12345678901234567890', { b: 1, a: { d: 1, c: 2 } }, [1, [2, { z: 1, y: 2 }]], [], {}, 'é', '[1,]'], { rawBody: true }),
  ...written('json', 400, ['{"a":1,"a":2}']),
  ...written('jsonsmall', 200, [12345, 'abc', [1, 2], null]),
  ...written('jsonsmall', 400, [123456, 'abcd', [1, 2, 3]]),
  ...written('jsonneeded', 400, [null, '', [], {}, 'null', '[]', '{}', '""']),
  ...written('jsonneeded', 200, [0, false, [0], 'x', ' ']),
  ...written('password', 200, ['', 'abc', 12, null, 'x'.repeat(71)]),
  ...written('password', 400, ['x'.repeat(72), 'é'.repeat(40)]),
  ...written('passwordlimits', 200, ['abcd']),
  ...written('passwordlimits', 400, ['', 'abc', 'abcdefg', 'ABCD', 'ab1']),
  ...written('geo', 200, [null, {}, { lon: 1, lat: 2 }, { lon: '1.5', lat: '-2' }, { lat: 2 }, { lon: 1, lat: 2, x: 3 }, '{"lon":3,"lat":4}', 'abc', '', 12, [], [1, 2], { lon: 180, lat: 90 }, { lon: -180, lat: -90 }, { lon: 'x', lat: null }]),
  ...written('geo', 400, [{ lon: 181, lat: 0 }, { lon: 0, lat: 90.01 }, { lon: -181, lat: -91 }]),
  ...written('geoneeded', 400, [null, { lon: 0, lat: 0 }, 'x']),
  ...written('geoneeded', 200, [{ lon: 1, lat: 0 }]),
  ...written('autodate', 200, ['2001-01-01 00:00:00.000Z', null, 12]),
  ...written('hidden', 200, ['x']),
  ...written('hidden', 200, ['seen'], { as: 'super' }),
  post('autoupdate: empty until the first update', records('autoupdate'), 200, { body: {}, save: 'auto1' }),
  patch('autoupdate: set by an empty update', records('autoupdate', '{{auto1}}'), 200, { body: {} }),
];

const mods = records('mods', '{{mods1}}');
const reset = (name) => patch(`reset before ${name}`, mods, 200, { as: 'super', body: { n: 10, s: 'a', m: ['a', 'b'], r: '{{t1}}', rs: ['{{t1}}', '{{t2}}'], t: 'text', j: [1], title: '' } });
const modified = (name, body, status = 200) => [reset(name), patch(`modifier: ${name}`, mods, status, { body })];
const modifiers = [
  collection('mods', { ...OPEN, fields: [field.number('n'), field.select('s', { values: ['a', 'b', 'c'] }), field.select('m', { values: ['a', 'b', 'c', 'd'], maxSelect: 3 }),
    field.relation('r', { collectionId: '{{c:targets}}' }), field.relation('rs', { collectionId: '{{c:targets}}', maxSelect: 3 }), field.text('t'), field.json('j'), field.text('title')] }),
  record('mods', 'mods1', {}),
  ...modified('n+ and n-', { 'n+': 5, 'n-': 2 }), ...modified('n and n+', { n: 1, 'n+': 5 }), ...modified('n+ text', { 'n+': '2.5' }), ...modified('n+ nonsense', { 'n+': 'x' }), ...modified('+n is unknown', { '+n': 5 }),
  ...modified('n- null', { 'n-': null }), ...modified('n+ array', { 'n+': [1] }),
  ...modified('m+', { 'm+': 'c' }), ...modified('+m', { '+m': 'c' }), ...modified('m-', { 'm-': 'a' }), ...modified('m+ array', { 'm+': ['c', 'a'] }), ...modified('m- array', { 'm-': ['a', 'b', 'x'] }), ...modified('m- missing', { 'm-': 'd' }),
  ...modified('m+ and m-', { 'm+': 'c', 'm-': 'a' }), ...modified('+m and m+ and m', { m: ['b'], '+m': 'a', 'm+': 'c' }), ...modified('m+ too many', { 'm+': ['c', 'd'] }, 400), ...modified('m+ invalid', { 'm+': 'x' }, 400), ...modified('m+ empty', { 'm+': '' }), ...modified('m+ null', { 'm+': null }),
  ...modified('s+', { 's+': 'b' }), ...modified('+s', { '+s': 'b' }), ...modified('s- equal', { 's-': 'a' }), ...modified('s- other', { 's-': 'b' }), ...modified('s+ invalid', { 's+': 'x' }, 400),
  ...modified('r+', { 'r+': '{{t2}}' }), ...modified('+r', { '+r': '{{t2}}' }), ...modified('r-', { 'r-': '{{t1}}' }),
  ...modified('rs+', { 'rs+': '{{t3}}' }), ...modified('+rs', { '+rs': ['{{t3}}'] }), ...modified('rs-', { 'rs-': ['{{t1}}'] }), ...modified('rs- all', { 'rs-': ['{{t1}}', '{{t2}}'] }), ...modified('rs+ missing', { 'rs+': 'missing' }, 400), ...modified('rs+ duplicate', { 'rs+': '{{t1}}' }),
  ...modified('t+ is unknown', { 't+': 'x' }), ...modified('j+ is unknown', { 'j+': 2 }), ...modified('unknown field with modifier', { 'zzz+': 1 }), ...modified('n: odd modifier', { 'n:odd': 1 }),
  post('modifiers on create', records('mods'), 200, { body: { 'n+': 4, 'n-': 1, 'm+': ['a', 'b'], '+m': 'c', 's+': 'c', 'rs+': '{{t1}}' } }),
];

export default [...world, ...single, ...multiple, ...modifiers];
