// What becomes of file fields: uploads, names, modifiers and their mixtures, limits, errors.
// Reference: 1.5, 1.9, 3.2, 3.15, 6.2, 9.8.

import { OPEN, collection, del, field, get, patch, post, record, records, userWithLogin } from '../lib/cases.mjs';
import { JPEG_TURNED, png } from '../lib/samples.mjs';

const docs = records('docs');
const one = (id) => records('docs', `{{${id}}}`);
const file = (name, bytes = `content of ${name}`) => ({ file: name, type: 'text/plain', bytes });
const form = (...pairs) => ({ form: pairs });

/** A record whose list holds first.txt, second.txt and third.txt, and whose single field holds single.txt. */
const fresh = (id) => [
  post(`a fresh record ${id}`, docs, 200, {
    ...form(['many', file('first.txt')], ['many', file('second.txt')], ['many', file('third.txt')], ['one', file('single.txt')]),
    save: { [id]: 'id', [`${id}.1`]: 'many.0', [`${id}.2`]: 'many.1', [`${id}.3`]: 'many.2', [`${id}.one`]: 'one' },
  }),
];

let made = 0;
/** One change of a fresh record, and what the record looks like afterwards. `change` gets a way to name its files. */
const changed = (name, change, status = 200) => {
  made += 1;
  const id = `w${made}`;
  const request = change((which) => `{{${id}.${which}}}`);
  return [
    ...fresh(id),
    patch(name, one(id), status, request),
    get(`${name}: afterwards`, one(id), 200),
  ];
};
const json = (body) => ({ body });

const uploads = [
  changed('a part on a single field replaces', () => form(['one', file('new.txt')])),
  changed('several parts on a single field', () => form(['one', file('new1.txt')], ['one', file('new2.txt')])),
  changed('a part on a list replaces all', () => form(['many', file('new.txt')])),
  changed('parts on a list replace all', () => form(['many', file('new1.txt')], ['many', file('new2.txt')])),
  changed('a name and a part', (f) => form(['many', f(2)], ['many', file('new.txt')])),
  changed('a part and then a name', (f) => form(['many', file('new.txt')], ['many', f(3)])),
  changed('names and parts mixed', (f) => form(['many', f(3)], ['many', file('new1.txt')], ['many', f(1)], ['many', file('new2.txt')])),
  changed('a list as JSON text and a part', (f) => form(['many', `["${f(2)}","${f(1)}"]`], ['many', file('new.txt')])),
  changed('an empty text and a part', () => form(['many', ''], ['many', file('new.txt')])),
  changed('an empty text and a part on a single field', () => form(['one', ''], ['one', file('new.txt')])),
  changed('its own name and a part on a single field', (f) => form(['one', f('one')], ['one', file('new.txt')])),
  changed('an unknown name and a part', () => form(['many', 'unknown.txt'], ['many', file('new.txt')]), 400),
  changed('an empty text in a form', () => form(['many', '']), 200),
  changed('an empty text for a single field', () => form(['one', ''])),
  changed('names in a form', (f) => form(['many', f(3)], ['many', f(1)])),
  changed('one name in a form', (f) => form(['many', f(3)])),
  changed('a name twice', (f) => form(['many', f(3)], ['many', f(3)])),
  changed('a name in the payload and a part', (f) => form(['@jsonPayload', `{"many":["${f(1)}"]}`], ['many', file('new.txt')])),
  changed('nothing in the payload and a part', () => form(['@jsonPayload', '{"many":[]}'], ['many', file('new.txt')])),
  changed('null in the payload and a part', () => form(['@jsonPayload', '{"many":null}'], ['many', file('new.txt')])),
  changed('the payload removes and a part appends', (f) => form(['@jsonPayload', `{"many-":["${f(1)}"]}`], ['many+', file('new.txt')])),
  changed('a form without files', () => form(['title', 'only'])),
  changed('an empty file', () => form(['many', file('empty.txt', '')])),
  changed('an empty file on a single field', () => form(['one', file('empty.txt', '')])),
  changed('a part for a text field', () => form(['title', file('new.txt')])),
  changed('a part for no field', () => form(['nothing', file('new.txt')])),
  changed('a part for a text field and a text', () => form(['title', 'the text'], ['title', file('new.txt')])),
  changed('a part without a file name', () => form(['many', { file: '', bytes: 'x' }]), 400),
  changed('a part with another letter case', () => form(['Many', file('new.txt')])),
];

const modifiers = [
  changed('append', () => form(['many+', file('new.txt')])),
  changed('append two', () => form(['many+', file('new1.txt')], ['many+', file('new2.txt')])),
  changed('prepend', () => form(['+many', file('new.txt')])),
  changed('prepend two', () => form(['+many', file('new1.txt')], ['+many', file('new2.txt')])),
  changed('append and prepend', () => form(['many+', file('last.txt')], ['+many', file('zeroth.txt')])),
  changed('remove', (f) => form(['many-', f(2)])),
  changed('remove two', (f) => form(['many-', f(1)], ['many-', f(3)])),
  changed('remove and append', (f) => form(['many-', f(1)], ['many+', file('new.txt')])),
  changed('remove and prepend', (f) => form(['many-', f(1)], ['+many', file('new.txt')])),
  changed('remove, prepend and append', (f) => form(['+many', file('zeroth.txt')], ['many-', f(2)], ['many+', file('last.txt')])),
  changed('a part and append', () => form(['many', file('new1.txt')], ['many+', file('new2.txt')])),
  changed('a part and prepend', () => form(['many', file('new1.txt')], ['+many', file('new2.txt')])),
  changed('a name and append', (f) => form(['many', f(2)], ['many+', file('new.txt')])),
  changed('a name, a part and append', (f) => form(['many', f(2)], ['many', file('new1.txt')], ['many+', file('new2.txt')])),
  changed('a name and remove it', (f) => form(['many', f(2)], ['many-', f(2)])),
  changed('empty and append', () => form(['many', ''], ['many+', file('new.txt')])),
  changed('append on a single field', () => form(['one+', file('new.txt')])),
  changed('prepend on a single field', () => form(['+one', file('new.txt')])),
  changed('remove from a single field', (f) => form(['one-', f('one')])),
  changed('remove another from a single field', () => form(['one-', 'other.txt'])),
  changed('remove and append on a single field', (f) => form(['one-', f('one')], ['one+', file('new.txt')])),
  changed('append a name that is there', (f) => form(['many+', f(1)])),
  changed('prepend a name that is there', (f) => form(['+many', f(3)])),
  changed('append an unknown name', () => form(['many+', 'unknown.txt']), 400),
  changed('prepend an unknown name', () => form(['+many', 'unknown.txt']), 400),
  changed('remove an unknown name', () => form(['many-', 'unknown.txt'])),
  changed('append an empty name', () => form(['many+', ''])),
  changed('a file to remove', () => form(['many-', file('first.txt')])),
  changed('append a name and a file', (f) => form(['many+', f(1)], ['many+', file('new.txt')])),
];

const asJson = [
  changed('JSON: null', () => json({ many: null, one: null })),
  changed('JSON: empty', () => json({ many: [], one: '' })),
  changed('JSON: empty text for a list', () => json({ many: '' })),
  changed('JSON: a list for a single field', (f) => json({ one: [f('one')] })),
  changed('JSON: an empty list for a single field', () => json({ one: [] })),
  changed('JSON: the same', (f) => json({ many: [f(1), f(2), f(3)], one: f('one') })),
  changed('JSON: another order', (f) => json({ many: [f(3), f(1), f(2)] })),
  changed('JSON: fewer', (f) => json({ many: [f(3)] })),
  changed('JSON: one as a text', (f) => json({ many: f(3) })),
  changed('JSON: JSON in a text', (f) => json({ many: `["${f(3)}","${f(2)}"]` })),
  changed('JSON: twice the same', (f) => json({ many: [f(3), f(3)] })),
  changed('JSON: with empty names', (f) => json({ many: ['', f(3), ''] })),
  changed('JSON: unknown', () => json({ many: ['unknown.txt'] }), 400),
  changed('JSON: known and unknown', (f) => json({ many: [f(1), 'unknown.txt', 'other.txt'] }), 400),
  changed('JSON: unknown for a single field', () => json({ one: 'unknown.txt' }), 400),
  changed('JSON: the file of another field', (f) => json({ many: [f('one')] }), 400),
  changed('JSON: a path', () => json({ many: ['../first.txt'] }), 400),
  changed('JSON: a number', () => json({ many: 12 }), 400),
  changed('JSON: numbers', () => json({ many: [1, 2] }), 400),
  changed('JSON: true', () => json({ one: true }), 400),
  changed('JSON: false', () => json({ one: false }), 400),
  changed('JSON: zero', () => json({ one: 0 }), 400),
  changed('JSON: an object', () => json({ many: { a: 1 } })),
  changed('JSON: a list of lists', (f) => json({ many: [[f(1)]] })),
  changed('JSON: append nothing', () => json({ 'many+': [] })),
  changed('JSON: append null', () => json({ 'many+': null })),
  changed('JSON: append unknown', () => json({ 'many+': ['unknown.txt'] }), 400),
  changed('JSON: append what is there', (f) => json({ 'many+': f(1) })),
  changed('JSON: prepend what is there', (f) => json({ '+many': [f(3), f(2)] })),
  changed('JSON: remove', (f) => json({ 'many-': f(1) })),
  changed('JSON: remove some', (f) => json({ 'many-': [f(1), f(2), 'unknown.txt'] })),
  changed('JSON: remove null', () => json({ 'many-': null })),
  changed('JSON: remove from a single field', (f) => json({ 'one-': [f('one')] })),
  changed('JSON: a value and remove', (f) => json({ many: [f(2), f(3)], 'many-': f(2) })),
  changed('JSON: a value and append', (f) => json({ many: [f(2)], 'many+': f(1) })),
  changed('JSON: a value and prepend', (f) => json({ many: [f(2)], '+many': f(1) })),
];

const limited = records('limited');
const refused = (name, pairs, status = 400) => post(name, limited, status, form(['kind', 'needed'], ...pairs));
const limits = [
  refused('too large', [['small', file('large.txt', 'x'.repeat(11))]]),
  refused('as large as may be', [['small', file('fits.txt', 'x'.repeat(10))]], 200),
  refused('two too large', [['smalls', file('one.txt', 'x'.repeat(11))], ['smalls', file('two.txt', 'x'.repeat(12))]]),
  refused('one of two too large', [['smalls', file('one.txt', 'x')], ['smalls', file('two.txt', 'x'.repeat(12))]]),
  refused('too many', [['smalls', file('a1.txt')], ['smalls', file('a2.txt')], ['smalls', file('a3.txt')]]),
  refused('too many and too large', [1, 2, 3].map((n) => ['smalls', file(`a${n}.txt`, 'x'.repeat(20))])),
  refused('the wrong type', [['image', file('text.png', 'no image')]]),
  refused('the right type by its content', [['image', { file: 'image.txt', type: 'text/html', bytes: png(2, 2) }]], 200),
  refused('another type', [['image', { file: 'image.png', type: 'image/png', bytes: JPEG_TURNED }]]),
  refused('text with a charset', [['text', file('words.bin', 'some words')]], 200),
  refused('JSON counts as text', [['text', file('json.json', '{"a":1}')]], 400),
  refused('HTML counts as text', [['text', file('page.html', '<!DOCTYPE html><html></html>')]], 400),
  refused('an empty file as text', [['text', file('empty.txt', '')]], 200),
  refused('the wrong type and too large', [['both', file('text.png', 'x'.repeat(30))]]),
  refused('several fields at once', [['small', file('large.txt', 'x'.repeat(11))], ['image', file('text.png')]]),
  refused('an upload over the default of 5 MiB', [['unset', file('large.txt', 'x'.repeat((5 << 20) + 1))]]),
  refused('an upload of 5 MiB', [['unset', file('large.txt', 'x'.repeat(5 << 20))]], 200),
  post('required: nothing', records('needy'), 400, json({})),
  post('required: null', records('needy'), 400, json({ one: null, many: [] })),
  post('required: an unknown name', records('needy'), 400, json({ one: 'a.txt', many: ['b.txt'] })),
  post('required: one of two', records('needy'), 400, form(['one', file('only.txt')])),
  post('required: both', records('needy'), 200, { ...form(['one', file('only.txt')], ['many', file('only.txt')]), save: { needy: 'id', 'needy.one': 'one' } }),
  patch('required: cleared', records('needy', '{{needy}}'), 400, json({ one: '' })),
  patch('required: removed', records('needy', '{{needy}}'), 400, json({ 'one-': '{{needy.one}}' })),
  patch('required: replaced', records('needy', '{{needy}}'), 200, form(['one', file('other.txt')])),
  post('create with a name', docs, 400, json({ one: 'first.txt' })),
  post('create with the name of another record', docs, 400, json({ many: ['{{w1.1}}'] })),
  post('create with append', docs, 200, form(['many+', file('new.txt')], ['+many', file('zeroth.txt')])),
  post('create with an id', docs, 200, form(['id', 'chosen000000001'], ['one', file('new.txt')])),
  post('create with a used id', docs, 400, form(['id', 'chosen000000001'], ['one', file('new.txt')])),
  post('create nothing', docs, 200, json({})),
  post('fields of a query in a form', `${docs}?title=queried`, 200, form(['one', file('new.txt')])),
  post('uploads to an unknown collection', records('nowhere'), 404, form(['one', file('new.txt')])),
  patch('uploads to an unknown record', records('docs', 'missing'), 404, form(['one', file('new.txt')])),
  post('only some fields of the answer', docs, 200, { ...form(['many', file('new.txt')]), query: { fields: 'many' } }),
  post('no field for files', records('plain'), 200, form(['title', 'a'], ['one', file('new.txt')])),
  post('uploads to a view', records('shown'), 400, form(['one', file('new.txt')])),
];

const hiddenAndRules = [
  post('hidden: a guest uploads', records('veiled'), 200, { ...form(['open', file('open.txt')], ['secret', file('secret.txt')]), save: 'veiled1' }),
  get('hidden: what became of it', records('veiled', '{{veiled1}}'), 200, { as: 'super' }),
  post('hidden: a superuser uploads', records('veiled'), 200, { as: 'super', ...form(['secret', file('secret.txt')]), save: { veiled2: 'id', 'veiled2.secret': 'secret' } }),
  patch('hidden: a guest removes', records('veiled', '{{veiled2}}'), 200, json({ 'secret-': '{{veiled2.secret}}', secret: null })),
  get('hidden: it is still there', records('veiled', '{{veiled2}}'), 200, { as: 'super' }),
  post('rules: a guest may not', records('ruled'), 400, form(['f', file('guest.txt')])),
  post('rules: ada may', records('ruled'), 200, { as: 'ada', ...form(['f', file('ada.txt')]), save: 'ruled1' }),
  patch('rules: a guest may not update', records('ruled', '{{ruled1}}'), 404, form(['f', file('guest.txt')])),
  post('rules: the superuser may', records('ruled'), 200, { as: 'super', ...form(['f', file('root.txt')]) }),
  post('rules: nobody may', records('locked'), 403, form(['f', file('guest.txt')])),
  post('rules: a file is set', records('isset'), 200, form(['f', file('guest.txt')])),
  post('rules: no file is set', records('isset'), 400, json({})),
  post('rules: a size', records('sized'), 200, form(['f', file('five.txt', '12345')])),
  post('rules: another size', records('sized'), 400, form(['f', file('six.txt', '123456')])),
  post('rules: a length', records('counted'), 200, form(['f', file('alpha.txt')], ['f', file('beta.txt')])),
  post('rules: another length', records('counted'), 400, form(['f', file('a.txt')])),
  post('rules: a name begins with', records('named'), 200, form(['f', file('Begin Here.txt')])),
  post('rules: a name begins otherwise', records('named'), 400, form(['f', file('End Here.txt')])),
  get('filter: by name', docs, 200, { query: { filter: 'one ~ "single"', perPage: '1', fields: 'one' } }),
  get('filter: by any name', docs, 200, { query: { filter: 'many ?~ "second"', perPage: '1', fields: 'many', sort: '@rowid' } }),
  get('filter: by how many', docs, 200, { query: { filter: 'many:length = 2', fields: 'many', sort: '@rowid' } }),
  get('filter: by each', docs, 200, { query: { filter: 'many:each ~ "new"', fields: 'many', sort: '@rowid' } }),
  get('filter: without files', docs, 200, { query: { filter: 'one = "" && many:length = 0', fields: 'one,many', sort: '@rowid' } }),
];

const deletes = [
  ...fresh('gone'),
  del('delete a record with files', one('gone'), 204),
  get('its files are gone', '/api/files/docs/{{gone}}/{{gone.one}}', 404),
  record('parents', 'parent1', { title: 'a' }),
  post('a child with a file', records('children'), 200, { ...form(['parent', '{{parent1}}'], ['f', file('child.txt')]), save: { child1: 'id', 'child1.f': 'f' } }),
  get('the file of the child', '/api/files/children/{{child1}}/{{child1.f}}', 200, { file: true }),
  del('delete its parent', records('parents', '{{parent1}}'), 204, { as: 'super' }),
  get('the file of the child is gone', '/api/files/children/{{child1}}/{{child1.f}}', 404),
  ...fresh('cut'),
  patch('remove one and keep two', one('cut'), 200, json({ 'many-': '{{cut.2}}' })),
  get('the removed file is gone', '/api/files/docs/{{cut}}/{{cut.2}}', 404),
  get('a kept file is there', '/api/files/docs/{{cut}}/{{cut.3}}', 200, { file: true }),
  patch('a change that fails removes nothing', one('cut'), 400, form(['many-', '{{cut.3}}'], ['many+', 'unknown.txt'])),
  get('what it would have removed', '/api/files/docs/{{cut}}/{{cut.3}}', 200, { file: true }),
  patch('fewer may be kept now', '/api/collections/docs', 200, { as: 'super', body: { fields: [
    field.text('title', { id: 'titleid' }), field.file('one', { id: 'oneid' }), field.file('many', { id: 'manyid', maxSelect: 1 }),
  ] } }),
  get('what is left of the list', one('cut'), 200),
  get('a file that is left', '/api/files/docs/{{cut}}/{{cut.3}}', 200, { file: true }),
  get('a file that isn\'t listed any more', '/api/files/docs/{{cut}}/{{cut.1}}', 404),
  del('the view goes', '/api/collections/shown', 204, { as: 'super' }),
  patch('the field goes', '/api/collections/docs', 200, { as: 'super', body: { fields: [field.text('title', { id: 'titleid' })] } }),
  get('no file without its field', '/api/files/docs/{{cut}}/{{cut.3}}', 404),
  del('the collection goes', '/api/collections/docs', 204, { as: 'super' }),
  get('no file without its collection', '/api/files/docs/{{cut}}/{{cut.3}}', 404),
];

const definitions = [
  ['no thumbs', {}], ['thumbs of all kinds', { thumbs: ['70x50', '70x50t', '70x50b', '70x50f', '0x50', '70x0', '0x50t'] }],
  ['thumbs: 0x0', { thumbs: ['0x0'] }, 400], ['thumbs: 0x0t', { thumbs: ['0x0t'] }, 400], ['thumbs: 0x0f', { thumbs: ['10x10', '0x0f'] }, 400],
  ['thumbs: a word', { thumbs: ['large'] }, 400], ['thumbs: a letter', { thumbs: ['10x10z'] }, 400], ['thumbs: negative', { thumbs: ['-1x10'] }, 400],
  ['thumbs: huge', { thumbs: ['99999999x1'] }], ['thumbs: leading zeros', { thumbs: ['010x010'] }], ['thumbs: null', { thumbs: null }],
  ['thumbs: twice the same', { thumbs: ['10x10', '10x10'] }], ['thumbs: empty', { thumbs: [''] }],
  ['negative size', { maxSize: -1 }, 400], ['negative count', { maxSelect: -1 }, 400], ['a huge size', { maxSize: 2 ** 53 - 1 }],
  ['beyond a huge size', { maxSize: 2 ** 53 }, 400], ['types', { mimeTypes: ['image/png', 'x'] }], ['an empty type', { mimeTypes: [''] }],
  ['no types', { mimeTypes: null }], ['protected', { protected: true, required: true, maxSelect: 3 }],
].map(([name, options, status = 200], at) =>
  post(`definition: ${name}`, '/api/collections', status, { as: 'super', body: { name: `defined${at}`, fields: [field.file('f', options)] } }));

export default [
  collection('docs', { ...OPEN, fields: [
    field.text('title', { id: 'titleid' }), field.file('one', { id: 'oneid' }), field.file('many', { id: 'manyid', maxSelect: 5 }),
  ] }),
  collection('plain', { ...OPEN, fields: [field.text('title')] }),
  collection('shown', { type: 'view', listRule: '', viewRule: '', viewQuery: 'select id, one, many from docs' }),
  collection('limited', { ...OPEN, fields: [
    field.text('kind', { required: true }), field.file('small', { maxSize: 10 }), field.file('smalls', { maxSize: 10, maxSelect: 2 }),
    field.file('image', { mimeTypes: ['image/png'] }), field.file('text', { mimeTypes: ['text/plain'] }),
    field.file('both', { mimeTypes: ['image/png'], maxSize: 20 }), field.file('unset'),
  ] }),
  collection('needy', { ...OPEN, fields: [field.file('one', { required: true }), field.file('many', { required: true, maxSelect: 2 })] }),
  collection('veiled', { ...OPEN, fields: [field.file('open'), field.file('secret', { hidden: true })] }),
  ...userWithLogin('users', 'ada'),
  collection('ruled', { ...OPEN, createRule: '@request.auth.id != ""', updateRule: '@request.auth.id != ""', fields: [field.file('f')] }),
  collection('locked', { fields: [field.file('f')] }),
  collection('isset', { ...OPEN, createRule: '@request.body.f:isset = true', fields: [field.file('f')] }),
  collection('sized', { ...OPEN, createRule: '@request.body.f.size = 5', fields: [field.file('f')] }),
  collection('counted', { ...OPEN, createRule: '@request.body.f:length = 2', fields: [field.file('f', { maxSelect: 3 })] }),
  collection('named', { ...OPEN, createRule: 'f ~ "begin%"', fields: [field.file('f')] }),
  collection('parents', { fields: [field.text('title')] }),
  collection('children', { ...OPEN, fields: [
    field.relation('parent', { collectionId: '{{c:parents}}', cascadeDelete: true }), field.file('f'),
  ] }),
  ...uploads.flat(), ...modifiers.flat(), ...asJson.flat(), ...limits, ...hiddenAndRules, ...deletes, ...definitions,
];
