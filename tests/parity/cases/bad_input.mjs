// Input that is meant to break a server: sizes, depths, quotes and control characters wherever a name can stand.
// Issue 2, "What bad input gets".

import { OPEN, cheapUsers, collection, del, field, get, patch, post, put, record, records, userWithLogin } from '../lib/cases.mjs';

const MIB = 1024 * 1024;
const notes = records('notes');
const NASTY = ["'", '"', '`', ';', '--', "'; drop table notes; --", '" or 1=1 --', '`notes`', '\\', '%', '_', '*', '\u0000', '\n', '\r\n', '\u202e', '🐎', '../../etc/passwd', '$1', '?1', ':x', '@x', '#', '<script>', '${7*7}', 'a'.repeat(2000)];
const shown = (text) => JSON.stringify(text.length > 30 ? `${text.slice(0, 20)}…` : text);
const QUOTES = NASTY.filter((text) => /['"`]/.test(text) && text !== '`notes`');
const LONG = 'a'.repeat(2000);
/** `status`, or `other` for the inputs that happen to be valid (or invalid) in this place. */
const except = (text, exceptions, status, other) => (exceptions.includes(text) ? other : status);
/** A body that is declared longer than what is sent of it: the answer comes before all of it is there. */
const declared = (name, method, path, status, bytes, rest = {}) => ({ name, method, path, status, raw: ' '.repeat(1024),
  headers: { 'Content-Type': 'application/json', 'Content-Length': String(bytes), Connection: 'close' }, ...rest });
const nested = (depth) => ({ raw: `{"j":${'['.repeat(depth)}${']'.repeat(depth)}}`, type: 'application/json' });
const nestedObjects = (depth) => ({ raw: `{"j":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`, type: 'application/json' });

export default [
  cheapUsers,
  ...userWithLogin('users', 'ada'),
  collection('notes', { ...OPEN, fields: [field.text('title'), field.number('n'), field.bool('b'), field.date('d'), field.json('j'), field.select('s', { values: ['a'] }), field.relation('r', { collectionId: '_pb_users_auth_' }), field.geoPoint('g'), field.email('mail'), field.url('link'), field.editor('e'), field.password('p')] }),
  record('notes', 'note1', { title: 'one' }),

  declared('collections: body over 32 MiB', 'POST', '/api/collections', 413, 32 * MIB + 1, { as: 'super' }),
  declared('log in: body over 32 MiB', 'POST', '/api/collections/users/auth-with-password', 413, 32 * MIB + 1),
  declared('create: body over the sum of the fields', 'POST', notes, 413, 32 * MIB + 5 * MIB + 1 * MIB + 100_000_000),
  declared('update: body over the sum of the fields', 'PATCH', records('notes', 'x'), 413, 200 * MIB),
  declared('create in an unknown collection is 404 first', 'POST', records('nowhere'), 404, 200 * MIB),
  post('text of 5001 characters', notes, 400, { body: { title: 'x'.repeat(5001) } }),
  post('json of 2 MiB', notes, 400, { body: { j: 'x'.repeat(2 * MIB) } }),
  post('json of nearly 1 MiB', notes, 200, { body: { j: 'x'.repeat(MIB - 2) }, query: { fields: 'title' } }),
  post('editor of 5 MiB and one byte', notes, 400, { body: { e: 'x'.repeat(5 * MIB + 1) } }),
  post('JSON 60 levels deep', notes, 200, nested(60)),
  post('JSON 20000 levels deep', notes, 400, nested(20_000)),
  post('objects 20000 levels deep', notes, 400, nestedObjects(20_000)),
  post('JSON that never closes', notes, 400, { raw: '['.repeat(100_000), type: 'application/json' }),
  post('10000 unknown keys', notes, 200, { body: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, i])) }),
  post('one very long key', notes, 200, { body: { ['k'.repeat(100_000)]: 1 } }),
  post('empty key', notes, 200, { body: { '': 1, title: 'x' } }),
  post('wrong type for every field: arrays', notes, 200, { body: { title: [1], n: [1], b: [1], d: [1], s: [], r: [], g: [1], mail: [1], link: [1], e: [1], p: [1] } }),
  post('wrong type for every field: objects', notes, 200, { body: { title: { a: 1 }, n: { a: 1 }, b: { a: 1 }, d: { a: 1 }, s: {}, r: {}, g: { a: 1 }, mail: { a: 1 }, link: { a: 1 }, e: { a: 1 }, p: { a: 1 } } }),
  post('wrong type for every field: numbers', notes, 400, { body: { title: 1, n: 'x', b: 'x', d: 1, s: 1, r: 1, g: 1, mail: 1, link: 1, e: 1, p: 1 } }),
  post('wrong type for every field: booleans', notes, 400, { body: { title: true, n: true, b: 'x', d: true, s: true, r: true, g: true, mail: true, link: true, e: true, p: true } }),
  post('null for every field', notes, 200, { body: { title: null, n: null, b: null, d: null, j: null, s: null, r: null, g: null, mail: null, link: null, e: null, p: null } }),
  post('__proto__ and constructor', notes, 200, { raw: '{"__proto__":{"title":"x"},"constructor":1,"title":"y"}', type: 'application/json' }),

  ...NASTY.map((text) => post(`as a value: ${shown(text)}`, notes, 200, { body: { title: text, j: { [text]: text }, e: text } })),
  ...NASTY.map((text) => post(`as a key: ${shown(text)}`, notes, 200, { body: { [text]: 1, [`${text}+`]: 1 } })),
  ...NASTY.map((text) => get(`as a filter value: ${shown(text)}`, notes, 200, { query: { filter: `title = ${JSON.stringify(text)}`, fields: 'title' } })),
  ...NASTY.map((text) => get(`as a filter: ${shown(text)}`, notes, 400, { query: { filter: text } })),
  ...NASTY.map((text) => get(`as a filter field: ${shown(text)}`, notes, 400, { query: { filter: `${text} = 1` } })),
  ...NASTY.map((text) => get(`as a json path: ${shown(text)}`, notes, except(text, ['_', ':x', LONG], 400, 200), { query: { filter: `j.${text} = 1` } })),
  ...NASTY.map((text) => get(`as a sort: ${shown(text)}`, notes, 400, { query: { sort: text } })),
  ...NASTY.map((text) => get(`as an expand: ${shown(text)}`, records('notes', '{{note1}}'), 200, { query: { expand: text } })),
  ...NASTY.map((text) => get(`as fields: ${shown(text)}`, records('notes', '{{note1}}'), except(text, [...QUOTES, ':x'], 200, 400), { query: { fields: text } })),
  ...NASTY.map((text) => get(`as a collection: ${shown(text)}`, records(encodeURIComponent(text)), 404)),
  ...NASTY.map((text) => get(`as an id: ${shown(text)}`, records('notes', encodeURIComponent(text)), 404)),
  ...NASTY.map((text) => del(`as an id to delete: ${shown(text)}`, records('notes', encodeURIComponent(text)), 404)),
  ...NASTY.map((text) => post(`as a collection name: ${shown(text)}`, '/api/collections', except(text, ['_'], 400, 200), { as: 'super', body: { name: text } })),
  ...NASTY.map((text) => post(`as a field name: ${shown(text)}`, '/api/collections', except(text, ['_'], 400, 200), { as: 'super', body: { name: `nasty_field${NASTY.indexOf(text)}`, fields: [field.text(text)] } })),
  ...NASTY.map((text) => post(`as a field id: ${shown(text)}`, '/api/collections', text.length > 100 ? 400 : 200, { as: 'super', body: { name: `nasty${NASTY.indexOf(text)}`, fields: [field.text('a', { id: text })] } })),
  ...NASTY.map((text) => post(`as an index: ${shown(text)}`, '/api/collections', 400, { as: 'super', body: { name: 'nasty', fields: [field.text('a')], indexes: [`CREATE INDEX ${text} ON nasty (${text})`] } })),
  ...NASTY.map((text) => post(`as a rule: ${shown(text)}`, '/api/collections', 400, { as: 'super', body: { name: 'nasty', listRule: text } })),
  ...NASTY.map((text) => post(`as a select value: ${shown(text)}`, notes, 400, { body: { s: text } })),
  ...NASTY.map((text) => post(`as a relation: ${shown(text)}`, notes, 400, { body: { r: text } })),
  ...NASTY.map((text) => post(`as an identity: ${shown(text)}`, '/api/collections/users/auth-with-password', 400, { body: { identity: text, password: text } })),
  get('as a token', notes, 200, { query: { fields: 'x', filter: 'title = "one"' }, headers: { Authorization: "' or 1=1 --" } }),
  get('as a very long token', notes, 200, { query: { fields: 'x', filter: 'title = "one"' }, headers: { Authorization: 'x'.repeat(6000) } }),
  put('import of nasty names', '/api/collections/import', 400, { as: 'super', body: { collections: [{ name: "x'; drop table notes" }] } }),
  get('the table is still there', notes, 200, { query: { filter: "title = 'one'" } }),

  get('a filter path of 1000 parts', notes, 400, { query: { filter: `${'r.'.repeat(1000)}id = 1` } }),
  get('a json path of 100 parts', notes, 200, { query: { filter: `j.${'a.'.repeat(100)}b = 1`, fields: 'id' } }),
  get('an expand of 1000 parts', records('notes', '{{note1}}'), 200, { query: { expand: Array(1000).fill('r').join('.') } }),
  get('an expand of 1000 names', records('notes', '{{note1}}'), 200, { query: { expand: Array.from({ length: 1000 }, (_, i) => `r${i}`).join(',') } }),
  get('1000 fields', records('notes', '{{note1}}'), 200, { query: { fields: Array.from({ length: 1000 }, (_, i) => `f${i}`).join(',') } }),
  get('a very long query', `${notes}?x=${'y'.repeat(100_000)}&fields=x`, 200),
  get('unclosed string in a filter', notes, 400, { query: { filter: `title = '${'x'.repeat(1000)}` } }),
  get('nested functions', notes, 400, { query: { filter: `${"strftime('%Y',".repeat(50)}d${')'.repeat(50)} = 1` } }),
  get('1000 joins in a filter', notes, 400, { query: { filter: Array(300).fill("n=1").join('&&') } }),
  patch('update of an unknown id with a broken body', records('notes', 'x'), 400, { raw: '{', type: 'application/json' }),
];
