// Changing a collection that holds data: renames, fields added, dropped and changed, single <-> multiple, indexes.
// Reference: 2.5.

import { OPEN, collection, del, field, get, patch, record, records, post } from '../lib/cases.mjs';

const one = (name) => `/api/collections/${name}`;
const update = (name, target, status, body, rest = {}) => patch(name, one(target), status, { as: 'super', body, ...rest });
const stored = (name, target, rest = {}) => get(name, one(target), 200, { as: 'super', ...rest });
const rows = (name, target) => get(name, records(target), 200, { as: 'super', query: { sort: '@rowid' } });

const id = field.text('id', { id: 'text3208210256', system: true, primaryKey: true, required: true, min: 15, max: 15, pattern: '^[a-z0-9]+$', autogeneratePattern: '[a-z0-9]{15}' });
const title = (name = 'title', extra = {}) => field.text(name, { id: 'f_title', ...extra });
const tags = (extra) => field.select('tags', { id: 'f_tags', values: ['a', 'b', 'c'], ...extra });
const rel = (extra) => field.relation('rel', { id: 'f_rel', collectionId: '{{c:targets}}', ...extra });
const num = (extra = {}) => field.number('num', { id: 'f_num', ...extra });

const world = [
  collection('targets', { ...OPEN, fields: [field.text('name')] }),
  collection('things', { ...OPEN, listRule: "title != 'secret'", fields: [title(), num(), tags(), rel()],
    indexes: ['CREATE INDEX `idx_things_title` ON `things` (`title`)', 'CREATE UNIQUE INDEX `idx_things_num` ON `things` (num) WHERE num > 0'] }),
  record('targets', 'target1', { name: 'one' }),
  record('targets', 'target2', { name: 'two' }),
  record('things', 'thing1', { title: 'first', num: 1, tags: 'a', rel: '{{target1}}' }),
  record('things', 'thing2', { title: 'second', num: 2 }),
  collection('others', { ...OPEN, listRule: '@collection.things.title != ""', viewRule: 'thing.title != ""', fields: [field.relation('thing', { collectionId: '{{c:things}}' })] }),
  record('others', 'other1', { thing: '{{thing1}}' }),
  post('a view over things', '/api/collections', 200, { as: 'super', body: { name: 'things_view', type: 'view', viewQuery: 'select id, title, num from things', listRule: '' }, mask: { 'fields.1.id': /^_clone_/, 'fields.2.id': /^_clone_/ } }),
];

const single = [
  update('single to multiple', 'things', 200, { fields: [id, title(), num(), tags({ maxSelect: 3 }), rel({ maxSelect: 3 })] }),
  rows('rows after single to multiple', 'things'),
  patch('more values', records('things', '{{thing1}}'), 200, { as: 'super', body: { 'tags+': ['b', 'c'], 'rel+': '{{target2}}' } }),
  update('multiple to single', 'things', 200, { fields: [id, title(), num(), tags({ maxSelect: 1 }), rel({ maxSelect: 1 })] }),
  rows('rows after multiple to single, the last stays', 'things'),
];

const changes = [
  update('field type change', 'things', 400, { fields: [id, field.number('title', { id: 'f_title' }), num(), tags(), rel()] }),
  update('relation target change', 'things', 400, { fields: [id, title(), num(), tags(), field.relation('rel', { id: 'f_rel', collectionId: '{{c:others}}' })] }),
  collection('swapped', { ...OPEN, fields: [title(), num()] }),
  post('a view over swapped', '/api/collections', 200, { as: 'super', body: { name: 'swapped_view', type: 'view', viewQuery: 'select id, title from swapped' }, mask: { 'fields.1.id': /^_clone_/ } }),
  update('same name, new id and type', 'swapped', 400, { fields: [id, field.number('title', { id: 'f_new' }), num()] }),
  update('drop a field that a view needs', 'swapped', 400, { fields: [id, num()] }),
  update('rename a field that rules and indexes use', 'things', 400, { fields: [id, title('heading'), num(), tags(), rel()] }),
  update('rename a field with its rule and index', 'things', 200, { fields: [id, title('heading'), num(), tags(), rel()], listRule: "heading != 'secret'",
    indexes: ['CREATE INDEX `idx_things_title` ON `things` (`heading`)', 'CREATE UNIQUE INDEX `idx_things_num` ON `things` (num) WHERE num > 0'] }),
  rows('rows after a field rename', 'things'),
  get('another collection whose rule is now broken, list', records('others'), 400),
  get('another collection whose rule is now broken, view', records('others', '{{other1}}'), 404),
  stored('the view after a field rename', 'things_view'),
  get('records of the view after a field rename', records('things_view'), 200),
  update('swap two names', 'things', 200, { listRule: '', indexes: [], fields: [id, title('num'), field.number('heading', { id: 'f_num' }), tags(), rel()] }),
  rows('rows after the swap', 'things'),
  update('swap back', 'things', 200, { fields: [id, title('title'), num(), tags(), rel()] }),
  update('options fall back to defaults', 'things', 200, { fields: [id, title('title', { min: 2, required: true }), num({ min: 1 }), tags(), rel()] }),
  update('options are not merged', 'things', 200, { fields: [id, title('title'), num(), tags(), rel()] }),
  update('add a required field', 'things', 200, { fields: [id, title(), num(), tags(), rel(), field.text('extra', { required: true }), field.json('j'), field.bool('b'), field.geoPoint('g'), field.autodate('made', { onCreate: true })] }),
  rows('rows with new fields', 'things'),
  update('drop fields', 'things', 200, { fields: [id, title(), num(), tags(), rel()] }),
  rows('rows without the fields', 'things'),
  update('drop the id', 'things', 200, { fields: [title(), num(), tags(), rel()] }),
  update('rename the id', 'things', 400, { fields: [{ ...id, name: 'key' }, title(), num(), tags(), rel()] }),
  update('change the id field id', 'things', 400, { fields: [{ ...id, id: 'other' }, title(), num(), tags(), rel()] }),
  update('reorder fields', 'things', 200, { fields: [rel(), id, title(), tags(), num()] }),
  update('field without id takes the generated id', 'things', 200, { fields: [id, rel(), title(), tags(), num(), field.text('plain')] }),
  update('again without id', 'things', 200, { fields: [id, rel(), title(), tags(), num(), field.text('plain', { max: 3 })] }),
  update('shrink the values of a select', 'things', 200, { fields: [id, rel(), title(), num(), field.select('tags', { id: 'f_tags', values: ['x'] })] }),
  rows('rows with values that are not listed any more', 'things'),
  patch('saving a record with such a value', records('things', '{{thing1}}'), 400, { as: 'super', body: { title: 'again' } }),
  update('add a unique index over duplicates', 'things', 400, { indexes: ['CREATE UNIQUE INDEX `idx_dup` ON `things` (`tags`, `rel` is null)', 'CREATE UNIQUE INDEX `idx_dup2` ON `things` (length(`id`))'] }),
  update('drop indexes', 'things', 200, { indexes: [] }),
  update('hide a field that a rule uses', 'things', 200, { listRule: "title != ''", fields: [id, rel(), title('title', { hidden: true }), num()] }),
  get('hidden field in a list', records('things'), 200, { query: { sort: '@rowid' } }),
  get('hidden field in a guest filter', records('things'), 400, { query: { filter: "title = 'x'" } }),
];

const renames = [
  update('index for rename', 'things', 200, { indexes: ['CREATE INDEX `idx_r` ON `things` (`title`)'] }),
  update('rename the collection', 'things', 200, { name: 'renamed' }),
  get('old name is gone', records('things'), 404),
  rows('rows under the new name', 'renamed'),
  get('expand over a renamed collection', records('others', '{{other1}}'), 200, { as: 'super', query: { expand: 'thing' } }),
  get('rule that mentions the old name', records('others'), 400),
  get('rule by relation', records('others', '{{other1}}'), 200),
  update('rename to an existing name', 'renamed', 400, { name: 'others' }),
  update('rename to an invalid name', 'renamed', 400, { name: 'a b' }),
  update('rename to an empty name', 'renamed', 400, { name: '' }),
  update('rename only in letter case', 'renamed', 200, { name: 'Renamed' }),
  get('record shows the new case', records('renamed', '{{thing1}}'), 200, { as: 'super' }),
  del('a collection that a view needs', one('renamed'), 400, { as: 'super' }),
];

const conversions = [
  collection('customs', { ...OPEN, fields: [field.text('id', { system: true, primaryKey: true, required: true, min: 0, max: 10, pattern: '^.+$', autogeneratePattern: '' }), field.text('t')] }),
  post('custom id', records('customs'), 200, { body: { id: 'My-Id', t: 'x' } }),
  post('custom id, other letter case', records('customs'), 400, { body: { id: 'my-id' } }),
  post('custom id, missing', records('customs'), 400, { body: {} }),
  ...['a/b', 'a.b', 'a b', "a'b", 'a%b', 'a\u0000b', 'a\nb', 'CON', 'nul', 'LPT1', '@x', 'šč', '-', 'a".']
    .map((value) => post(`custom id ${JSON.stringify(value)}`, records('customs'), ['@x', 'šč', '-'].includes(value) ? 200 : 400, { body: { id: value } })),
  get('record by custom id', records('customs', 'My-Id'), 200),
  get('record by custom id in other letter case', records('customs', 'my-id'), 404),
  get('record by custom id with encoding', records('customs', '%40x'), 200),
  patch('change of a custom id', records('customs', 'My-Id'), 400, { body: { id: 'other' } }),
];

export default [...world, ...single, ...changes, ...renames, ...conversions];
