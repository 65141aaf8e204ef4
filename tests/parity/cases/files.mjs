// Files: values of fields, names, checks, downloads, protected files, views. Reference: 3.15, 6 and 9.8.

import { OPEN, collection, del, field, get, head, patch, post, records, userWithLogin, cheapUsers } from '../lib/cases.mjs';

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');
const docs = records('docs');
/** A short base gets random characters of its own. */
const shortName = { one: /^.{0,2}[a-z0-9]{10}_[a-z0-9]{10}(\.[\w.]+)?$/ };

const send = (name, status, form, rest = {}) => post(name, docs, status, { form, ...rest });
const change = (name, status, form, rest = {}) => patch(name, `${docs}/{{d1}}`, status, { form, ...rest });
const download = (name, status, path, rest = {}) => get(`get ${name}`, `/api/files/docs/${path}`, status, {
  alsoHeaders: ['content-security-policy', 'accept-ranges', 'content-range', ...(status < 400 ? ['content-length'] : [])], ...rest });

const world = [
  cheapUsers,
  ...userWithLogin('users', 'ada', { name: 'Ada' }), ...userWithLogin('users', 'bob', { name: 'Bob' }),
  collection('docs', { ...OPEN, viewRule: '@request.auth.name = "Ada" && @request.context = "protectedFile"', fields: [
    field.text('title'), field.file('one', { maxSize: 100 }), field.file('many', { maxSelect: 3, maxSize: 50 }),
    field.file('pic', { mimeTypes: ['image/png', 'text/plain'] }), field.file('locked', { protected: true }), field.file('hush', { hidden: true }),
  ] }),
  collection('strict', { ...OPEN, fields: [field.file('need', { required: true })] }),
  collection('ruled', { ...OPEN, createRule: '@request.body.f:isset = true && @request.body.f.size < 5 && @request.body.f.originalName = "a b.txt"', fields: [field.file('f')] }),
];

const names = [
  ...['My File (1).TXT', 'camelCaseName.txt', 'HTMLFile.txt', 'abc.tar.gz', 'abc.jpeg.exe', 'abc.b.c.d', 'name with.dots.txt', '../../etc/passwd.txt', 'größe.txt', 'UPPER.PNG', 'under_score-dash.txt', `${'long'.repeat(60)}.txt`, 'abc.verylongextensionthatiscut', 'trailing.'].map((file) =>
    send(`named ${file.slice(0, 30)}`, 200, [['one', 'hello', file]])),
  ...['a.txt', '.hidden', 'Тест.png', '_.txt', '1.txt'].map((file) => send(`named ${file}`, 200, [['one', 'hello', file]], { mask: shortName })),
  send('no extension, text', 200, [['one', 'hello', 'noext']]), send('no extension, png', 200, [['one', PNG, 'noextpng']]), send('empty file', 200, [['one', '', 'empty.txt']]),
  send('empty file name is text', 400, [['one', 'hello', '']]),
];

const values = [
  send('two files', 200, [['many', 'aaa', 'first.txt'], ['many', 'bbb', 'second.txt']], { save: { d1: 'id', first: 'many.0', second: 'many.1' } }),
  change('append', 200, [['many+', 'ccc', 'third.txt']], { save: { third: 'many.2' } }), change('too many', 400, [['many+', 'ddd', 'fourth.txt']]),
  change('remove and prepend', 200, [['many-', '{{first}}'], ['+many', 'ddd', 'fourth.txt']], { save: { fourth: 'many.0' } }),
  patch('a subset in its own order', `${docs}/{{d1}}`, 200, { body: { many: ['{{third}}', '{{second}}'] } }),
  change('keep one and add', 200, [['many', '{{second}}'], ['many', 'eee', 'fifth.txt']]), change('files alone replace', 200, [['many', 'fff', 'sixth.txt']], { save: { sixth: 'many.0' } }),
  patch('remove by JSON', `${docs}/{{d1}}`, 200, { body: { 'many-': ['{{sixth}}', 'missing.txt'] } }),
  change('single', 200, [['one', 'hello', 'single.txt']], { save: { single: 'one' } }), change('single, last wins', 200, [['one', '1', 'one.txt'], ['one', '2', 'two.txt']]),
  change('single prepend does nothing', 200, [['+one', '3', 'three.txt']]), change('single append replaces', 200, [['one+', '4', 'four.txt']], { save: { four: 'one' } }),
  patch('remove from single', `${docs}/{{d1}}`, 200, { body: { 'one-': '{{four}}' } }),
  patch('names that were removed are unknown', `${docs}/{{d1}}`, 400, { body: { one: '{{four}}' } }), patch('clear', `${docs}/{{d1}}`, 200, { body: { one: null, many: [] } }),
  send('unknown name', 400, [['one', 'made_up.txt']]), post('unknown names', docs, 400, { body: { many: ['x.txt', 'y.txt'] } }),
  send('file under a text field', 200, [['title', 'hello', 'abc.txt']]), send('file under an unknown key', 200, [['nothing', 'hello', 'abc.txt']]),
  send('hidden field as guest', 200, [['hush', 'hello', 'abc.txt']]), send('hidden field as superuser', 200, [['hush', 'hello', 'abc.txt']], { as: 'super' }),
  send('too large', 400, [['one', 'x'.repeat(101), 'large.txt']]), send('just not too large', 200, [['one', 'x'.repeat(100), 'large.txt']]),
  send('wrong type', 400, [['pic', '%PDF-1.7', 'abc.png']]), send('right type by content', 200, [['pic', PNG, 'abc.txt']]), send('text is text', 200, [['pic', 'hello', 'abc.png']]),
  post('required', records('strict'), 400, { body: {} }), post('required and there', records('strict'), 200, { form: [['need', 'x', 'abc.txt']] }),
  post('rule about a file holds', records('ruled'), 200, { form: [['f', 'abcd', 'a b.txt']], mask: { f: /^a_b_[a-z0-9]{10}\.txt$/ } }), post('rule about its size', records('ruled'), 400, { form: [['f', 'abcde', 'a b.txt']] }), post('rule about its name', records('ruled'), 400, { form: [['f', 'abcd', 'other.txt']] }), post('rule about its being there', records('ruled'), 400, { body: {} }),
];

const downloads = [
  send('to be got', 200, [['one', 'hello world', 'get.txt'], ['pic', PNG, 'get.png'], ['locked', 'secret', 'locked.txt']], { save: { g: 'id', text: 'one', png: 'pic', locked: 'locked' } }),
  send('page', 200, [['one', '<!DOCTYPE html><html></html>', 'page.html']], { save: { h: 'id', page: 'one' } }), send('vector', 200, [['one', '<svg xmlns="http://www.w3.org/2000/svg"></svg>', 'vector.svg']], { save: { v: 'id', vector: 'one' } }),
  download('text', 200, '{{g}}/{{text}}'), download('png', 200, '{{g}}/{{png}}', { rawBody: true }), download('page', 200, '{{h}}/{{page}}'), download('vector', 200, '{{v}}/{{vector}}'),
  download('png as download', 200, '{{g}}/{{png}}', { query: { download: '1' }, rawBody: true }), download('png as no download', 200, '{{g}}/{{png}}', { query: { download: 'yes' }, rawBody: true }),
  download('part', 206, '{{g}}/{{text}}', { headers: { Range: 'bytes=2-5' } }), download('end', 206, '{{g}}/{{text}}', { headers: { Range: 'bytes=-3' } }),
  download('thumb of text', 200, '{{g}}/{{text}}', { query: { thumb: '100x100' } }),
  head('head', '/api/files/docs/{{g}}/{{text}}', 200),
  download('unknown file', 404, '{{g}}/missing.txt'), download('unknown record', 404, 'missing/{{text}}'), get('get from an unknown collection', '/api/files/missing/{{g}}/{{text}}', 404), download('removed file', 404, '{{d1}}/{{first}}'),
  download('locked as guest', 404, '{{g}}/{{locked}}'), download('locked with a header', 404, '{{g}}/{{locked}}', { as: 'super' }), download('locked with an auth token', 404, '{{g}}/{{locked}}', { query: { token: '{{token of super}}' } }),
  ...['super', 'ada', 'bob'].map((as) => post(`file token of ${as}`, '/api/files/token', 200, { as, save: { [`file token of ${as}`]: 'token' } })),
  post('file token of a guest', '/api/files/token', 401),
  download('locked as bob', 404, '{{g}}/{{locked}}', { query: { token: '{{file token of bob}}' } }),
  ...['super', 'ada'].map((as) => download(`locked as ${as}`, 200, '{{g}}/{{locked}}', { query: { token: `{{file token of ${as}}}` } })),
  collection('shown', { type: 'view', viewQuery: 'select id, one, locked as again from docs', viewRule: '' }),
  get('file of a view', '/api/files/shown/{{g}}/{{text}}', 200), get('locked file of a view', '/api/files/shown/{{g}}/{{locked}}', 200),
  patch('the view is closed', '/api/collections/shown', 200, { as: 'super', body: { viewRule: null } }), get('locked file of a closed view', '/api/files/shown/{{g}}/{{locked}}', 404),
  del('delete', `${docs}/{{g}}`, 204), download('file of a deleted record', 404, '{{g}}/{{text}}'),
];

export default [...world, ...names, ...values, ...downloads];
