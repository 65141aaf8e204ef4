// Downloads: types, dispositions, ranges, conditions, thumbs, protected files and the tokens for them.
// Reference: 6.3-6.5, 9.8.

import { OPEN, collection, field, get, head, patch, post, put, records, userWithLogin } from '../lib/cases.mjs';
import { BMP, GIF_ANIMATED, JPEG_TURNED, WEBP, png, pngOf } from '../lib/samples.mjs';

const form = (...pairs) => ({ form: pairs });
const hex = (text) => Buffer.from(text.replaceAll(' ', ''), 'hex');
/** A served file: compared by its bytes and its headers. */
const file = (name, path, status = 200, rest = {}) => get(name, path, status, { file: true, ...rest });
const picture = (name, path, rest = {}) => get(name, path, 200, { file: 'picture', ...rest });
const at = (id, query = '') => `/api/files/kept/{{${id}}}/{{${id}.f}}${query}`;
const keep = (id, name, bytes, collectionName = 'kept') =>
  post(`keep ${id}`, records(collectionName), 200, {
    as: 'super', ...form(['f', { file: name, type: 'application/x-told', bytes }]), save: { [id]: 'id', [`${id}.f`]: 'f' },
  });

const page = '<!DOCTYPE html><html><script>alert(1)</script></html>';
const drawing = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
/** What is kept: name and content. */
const kinds = Object.entries({
  png: ['picture.png', png(9, 7)], jpeg: ['picture.jpg', JPEG_TURNED], gif: ['picture.gif', GIF_ANIMATED], webp: ['picture.webp', WEBP],
  bmp: ['picture.bmp', BMP], ico: ['picture.ico', hex('00000100 0100 01010000 0100 1800 30000000 16000000')],
  tiff: ['picture.tiff', hex('49492a00 08000000 0000')], avif: ['picture.avif', hex('0000001c 66747970 61766966 00000000 6d696631 61766966 6d696166')],
  heic: ['picture.heic', hex('00000018 66747970 68656963 00000000 68656963 6d696631')],
  psd: ['picture.psd', hex('38425053 0001 000000000000 0003')], jxl: ['picture.jxl', hex('ff0a 0000')],
  pdf: ['document.pdf', '%PDF-1.4\n%%EOF\n'], zip: ['archive.zip', hex('504b0506 00000000 00000000 00000000 00000000 0000')],
  gzip: ['archive.gz', hex('1f8b0800 00000000 0003 0300 00000000 00000000')],
  mp4: ['film.mp4', hex('00000018 66747970 69736f6d 00000200 69736f6d 6d703431')], webm: ['film.webm', hex('1a45dfa3 9f428681 01428782 42f78101 42f28104 42f38108 428284 7765626d 4287810442858102')],
  quicktime: ['film.mov', hex('00000014 66747970 71742020 00000200 71742020')], threegp: ['film.3gp', hex('00000018 66747970 33677034 00000200 33677034 69736f6d')],
  avi: ['film.avi', 'RIFF\x24\0\0\0AVI LIST'], ogg: ['sound.ogg', hex('4f676753 0002 00000000 00000000')],
  wave: ['sound.wav', 'RIFF\x24\0\0\0WAVEfmt '], mp3: ['sound.mp3', hex('49443303 00000000 000a 00000000 00000000 0000 fffb9064')],
  aac: ['sound.aac', hex('fff15080 02 1f fc de 02 00')], flac: ['sound.flac', hex('664c6143 00000022 1000')], midi: ['sound.mid', hex('4d546864 00000006 0000 0001 0060')],
  aiff: ['sound.aiff', 'FORM\0\0\0\x12AIFFCOMM'], m4a: ['sound.m4a', hex('00000018 66747970 4d344120 00000000 4d344120 6d703432')],
  text: ['words.txt', 'some words'], utf8: ['words.utf8', 'grüße'], bom: ['words.bom', '\ufeffwords'], empty: ['empty.txt', ''], binary: ['bytes.bin', hex('00010203 fffefdfc')],
  html: ['page.html', page], htmlAsText: ['page.txt', page], htmlAsPng: ['page.png', page], svg: ['drawing.svg', drawing], svgDeclared: ['declared.svg', `<?xml version="1.0"?>${drawing}`],
  svgAsText: ['drawing.txt', drawing], xml: ['data.xml', '<?xml version="1.0"?><a/>'], xhtml: ['page.xhtml', `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>`],
  json: ['data.json', '{"a":[1,2]}'], csv: ['data.csv', 'a,b\n1,2\n3,4\n'], css: ['style.css', 'body { color: red }'], js: ['code.js', 'alert(1)'], mjs: ['code.mjs', 'export {}'],
  cssInCapitals: ['style.CSS', 'body { color: red }'], tarJs: ['code.tar.js', 'alert(1)'], pngAsSvg: ['fake.svg', png(3, 3)], pngAsCss: ['fake.css', png(3, 3)], textAsPng: ['fake.png', 'no picture'],
  xlsx: ['sheet.xlsx', hex('504b0506 00000000 00000000 00000000 00000000 0000')], docx: ['letter.docx', 'no letter'], pptx: ['slides.pptx', 'no slides'],
  php: ['code.php', '<?php echo 1; ?>'], shell: ['code.sh', '#!/bin/sh\n'], rtf: ['text.rtf', '{\\rtf1 a}'], wasm: ['code.wasm', hex('0061736d 01000000')], elf: ['program', hex('7f454c46 02010100 00000000 00000000 0200 3e00')],
});
const types = kinds.flatMap(([kind, [name, bytes]]) => [keep(kind, name, bytes), file(`serve ${kind}`, at(kind))]);

const forced = ['1', 't', 'true', 'TRUE', 'True', 'T', '0', 'false', 'yes', 'on', '', 'tRuE', '%31'].map((value) =>
  file(`download=${value}`, at('png', `?download=${value}`)));

const manners = [
  head('HEAD', at('png'), 200, { file: true }),
  head('HEAD of an unknown file', '/api/files/kept/{{png}}/unknown.png', 404),
  file('the collection by its id', '/api/files/{{c:kept}}/{{png}}/{{png.f}}'),
  file('the collection in another letter case', '/api/files/KEPT/{{png}}/{{png.f}}'),
  file('with a Content-Type and an Origin', at('png'), 200, { headers: { Origin: 'http://a.example', 'Content-Type': 'x/y' } }),
  file('with an unknown query', at('png', '?a=b&c')),
  file('download given twice', at('png', '?download=0&download=1')),
  file('as superuser', at('png'), 200, { as: 'super' }),
  file('with a broken token', at('png'), 200, { headers: { Authorization: 'nonsense' } }),
  file('download of a text', at('text', '?download=1')),
  get('unknown collection', '/api/files/nowhere/{{png}}/{{png.f}}', 404),
  get('unknown record', '/api/files/kept/missing00000000/{{png.f}}', 404),
  get('unknown file', '/api/files/kept/{{png}}/unknown.png', 404),
  get('the file of another record', '/api/files/kept/{{png}}/{{text.f}}', 404),
  get('a file in a folder', '/api/files/kept/{{png}}/a/{{png.f}}', 404),
  get('no file', '/api/files/kept/{{png}}', 404),
  get('no file, with a slash', '/api/files/kept/{{png}}/', 404),
  get('a path upwards', '/api/files/kept/{{png}}/..%2f{{text}}%2f{{text.f}}', 404),
  get('a path upwards in the record', '/api/files/kept/..%2f..%2fdata.db/x', 404),
  get('a NUL', '/api/files/kept/{{png}}/a%00.png', 404),
  get('the name with a space', '/api/files/kept/{{png}}/{{png.f}}%20', 404),
  get('the attributes of a file', '/api/files/kept/{{png}}/{{png.f}}.attrs', 404),
  get('a thumb by its path', '/api/files/kept/{{png}}/thumbs_{{png.f}}%2f100x100_{{png.f}}', 404),
  post('POST to a file', at('png'), 404, { body: {} }),
  put('PUT to a file', at('png'), 404, { body: {} }),
];

/** What is said in words about a range that isn't there is everybody's own affair. */
const range = (value, status = 206) => file(`range ${value}`, at('text'), status, {
  headers: { Range: value }, ...(status === 416 && { file: false, anyText: true, alsoHeaders: ['content-range'] }),
});
const ranges = [
  range('bytes=0-3'), range('bytes=4-'), range('bytes=-3'), range('bytes=0-0'), range('bytes=9-9'), range('bytes=0-9'), range('bytes=5-100'), range('bytes=-100'),
  range('bytes=0-1,4-5'), range('bytes=4-5,0-1'), range('bytes=0-9,0-9', 200), range('bytes=0-4,2-8', 200), range('bytes= 0-3'), range('bytes=0 - 3'), range('bytes=0-1, 3-4'),
  range('bytes=10-', 416), range('bytes=100-200', 416), range('bytes=3-1', 416), range('bytes=a-b', 416), range('bytes=', 200), range('bytes=-', 416), range('bytes=--1', 416),
  range('bytes=-0'), range('bytes=0-1,100-200'), range('bytes=100-200,300-400', 416), range('lines=0-3', 416), range('0-3', 416), range('BYTES=0-3', 416),
  range('bytes=99999999999999999999-', 416), range('bytes=0-99999999999999999999', 416), range('bytes=+1-3'),
  file('range of an empty file', at('empty'), 200, { headers: { Range: 'bytes=0-' } }),
  file('suffix of an empty file', at('empty'), 206, { headers: { Range: 'bytes=-1' } }),
  head('HEAD with a range', at('text'), 206, { file: true, headers: { Range: 'bytes=0-3' } }),
  file('range as a download', at('text', '?download=1'), 206, { headers: { Range: 'bytes=0-3' } }),
  file('range of a picture', at('png'), 206, { headers: { Range: 'bytes=1-3' } }),
  file('ranges of a picture', at('png'), 206, { headers: { Range: 'bytes=1-3,5-6' } }),
];

const later = new Date(Date.now() + 86_400_000).toUTCString();
const earlier = new Date(Date.now() - 86_400_000).toUTCString();
const condition = (name, status, headers) => file(name, at('text'), status, { headers });
const conditions = [
  condition('not modified', 304, { 'If-Modified-Since': later }),
  condition('modified', 200, { 'If-Modified-Since': earlier }),
  condition('a broken date', 200, { 'If-Modified-Since': 'yesterday' }),
  condition('unmodified', 200, { 'If-Unmodified-Since': later }),
  condition('not unmodified', 412, { 'If-Unmodified-Since': earlier }),
  condition('a range if it is older', 200, { Range: 'bytes=0-3', 'If-Range': earlier }),
  condition('a range if it is newer', 200, { Range: 'bytes=0-3', 'If-Range': later }),
  condition('a range if it has a tag', 200, { Range: 'bytes=0-3', 'If-Range': '"tag"' }),
  condition('any tag', 200, { 'If-Match': '*' }),
  condition('an unknown tag', 412, { 'If-Match': '"unknown"' }),
  condition('none of any', 304, { 'If-None-Match': '*' }),
  condition('none of unknown', 200, { 'If-None-Match': '"unknown"' }),
  condition('none of unknown, but not modified', 200, { 'If-None-Match': '"unknown"', 'If-Modified-Since': later }),
  condition('range and not modified', 304, { Range: 'bytes=0-3', 'If-Modified-Since': later }),
];

const sizes = ['70x50', '70x50t', '70x50b', '70x50f', '0x50', '70x0', '200x200', '200x200f', '300x0', '0x300', '1x1', '300x10f'];
const thumbs = [
  ...[['large', 'png'], ['turned', 'jpg'], ['moving', 'gif'], ['modern', 'webp']].flatMap(([id, kind]) => [
    keep(id, `large.${kind}`, { png: png(120, 80), jpg: JPEG_TURNED, gif: GIF_ANIMATED, webp: WEBP }[kind]),
    ...sizes.map((size) => picture(`thumb ${size} of ${kind}`, at(id, `?thumb=${size}`))),
    picture(`thumb 100x100 of ${kind}`, at(id, '?thumb=100x100')),
    picture(`unknown thumb of ${kind}`, at(id, '?thumb=999x999')),
  ]),
  picture('thumb again', at('large', '?thumb=70x50')),
  picture('thumb as a download', at('large', '?thumb=70x50&download=1')),
  head('HEAD of a thumb', at('large', '?thumb=70x50'), 200, { file: 'picture' }),
  head('HEAD of a new thumb', at('png', '?thumb=70x50'), 200, { file: 'picture' }),
  picture('empty thumb', at('large', '?thumb=')),
  picture('odd thumb', at('large', '?thumb=../../70x50')),
  picture('thumb in another letter case', at('large', '?thumb=70X50')),
  picture('two thumbs', at('large', '?thumb=70x50&thumb=1x1')),
  picture('0x0', at('large', '?thumb=0x0')),
  picture('thumb of a thin picture', at('thin', '?thumb=70x50')),
  picture('thumb of a small picture', at('png', '?thumb=70x50')),
  picture('fitting thumb of a small picture', at('png', '?thumb=70x50f')),
  ...['text', 'svg', 'textAsPng', 'bmp', 'pdf', 'tiff', 'empty', 'pngAsSvg', 'pngAsCss'].map((kind) => file(`thumb of ${kind}`, at(kind, '?thumb=70x50'))),
  keep('cut', 'cut.png', png(120, 80).subarray(0, 60)),
  file('thumb of half a picture', at('cut', '?thumb=70x50')),
  keep('lies', 'lies.png', pngOf(60_000, 60_000, hex('789c03000000 0001'))),
  file('thumb of a picture that claims to be huge', at('lies', '?thumb=70x50')),
  post('a field without thumbs', records('bare'), 200, { ...form(['f', { file: 'alpha.png', bytes: png(120, 80) }]), save: { bare: 'id', 'bare.f': 'f' } }),
  picture('thumb 100x100 without any configured', '/api/files/bare/{{bare}}/{{bare.f}}?thumb=100x100'),
  picture('thumb 70x50 without any configured', '/api/files/bare/{{bare}}/{{bare.f}}?thumb=70x50'),
  patch('the size is configured later', '/api/collections/bare', 200, { as: 'super', body: { fields: [field.file('f', { id: 'bareid', thumbs: ['70x50'] })] } }),
  picture('thumb 70x50 now that it is', '/api/files/bare/{{bare}}/{{bare.f}}?thumb=70x50'),
  patch('and not any more', '/api/collections/bare', 200, { as: 'super', body: { fields: [field.file('f', { id: 'bareid' })] } }),
  picture('thumb 70x50 now that it is not', '/api/files/bare/{{bare}}/{{bare.f}}?thumb=70x50'),
];

const token = (who) => post(`file token of ${who}`, '/api/files/token', 200, { as: who, body: {}, save: { [`file token of ${who}`]: 'token' } });
const safe = (collectionName, query = '') => `/api/files/${collectionName}/{{safe}}/{{safe.f}}${query}`;
const withToken = (who) => `?token={{file token of ${who}}}`;
const guarded = [
  token('super'), token('ada'), token('bob'),
  post('file token of a guest', '/api/files/token', 401, { body: {} }),
  post('file token with a broken token', '/api/files/token', 401, { body: {}, headers: { Authorization: 'nonsense' } }),
  post('file token without a body', '/api/files/token', 200, { as: 'ada' }),
  get('file token by GET', '/api/files/token', 404, { as: 'ada' }),
  post('a protected file', records('safe'), 200, {
    as: 'super', ...form(['owner', '{{ada}}'], ['f', { file: 'safe.png', bytes: png(120, 80) }], ['open', { file: 'open.txt', bytes: 'open' }]),
    save: { safe: 'id', 'safe.f': 'f', 'safe.open': 'open' },
  }),
  get('protected: no token', safe('safe'), 404),
  get('protected: an empty token', safe('safe', '?token='), 404),
  get('protected: nonsense', safe('safe', '?token=nonsense'), 404),
  get('protected: the token of a session', safe('safe', '?token={{token of ada}}'), 404),
  get('protected: the token of a superuser\'s session', safe('safe', '?token={{token of super}}'), 404),
  get('protected: only Authorization', safe('safe'), 404, { as: 'ada' }),
  get('protected: only Authorization of a superuser', safe('safe'), 404, { as: 'super' }),
  get('protected: another\'s token', safe('safe', withToken('bob')), 404),
  get('protected: another\'s token and Authorization of the owner', safe('safe', withToken('bob')), 404, { as: 'ada' }),
  get('protected: a changed token', safe('safe', `${withToken('ada')}x`), 404),
  file('protected: the owner', safe('safe', withToken('ada'))),
  file('protected: the superuser', safe('safe', withToken('super'))),
  file('protected: the owner, with another\'s Authorization', safe('safe', withToken('ada')), 200, { as: 'bob' }),
  head('protected: HEAD', safe('safe', withToken('ada')), 200, { file: true }),
  head('protected: HEAD without a token', safe('safe'), 404),
  file('protected: a range', safe('safe', withToken('ada')), 206, { headers: { Range: 'bytes=0-3' } }),
  get('protected: a range without a token', safe('safe'), 404, { headers: { Range: 'bytes=0-3' } }),
  get('protected: a condition without a token', safe('safe'), 404, { headers: { 'If-None-Match': '*' } }),
  picture('protected: a thumb', safe('safe', `${withToken('ada')}&thumb=70x50`)),
  get('protected: a thumb without a token', safe('safe', '?thumb=70x50'), 404),
  file('protected: the field beside it is open', '/api/files/safe/{{safe}}/{{safe.open}}'),
  post('protected: a file token is no token', records('safe'), 403, { headers: { Authorization: '{{file token of super}}' }, ...form(['owner', '']) }),
  get('protected: a file token opens no record', records('safe', '{{safe}}'), 404, { headers: { Authorization: '{{file token of ada}}' } }),
  ...['publicly', 'privately', 'contextually', 'methodically', 'headed'].flatMap((name) => [
    post(`a file in ${name}`, records(name), 200, { as: 'super', ...form(['f', { file: 'safe.txt', bytes: 'safe' }]), save: { [name]: 'id', [`${name}.f`]: 'f' } }),
  ]),
  file('protected: a public rule', '/api/files/publicly/{{publicly}}/{{publicly.f}}'),
  get('protected: no rule', '/api/files/privately/{{privately}}/{{privately.f}}', 404),
  get('protected: no rule, with a token', '/api/files/privately/{{privately}}/{{privately.f}}?token={{file token of ada}}', 404),
  file('protected: no rule, the superuser', '/api/files/privately/{{privately}}/{{privately.f}}?token={{file token of super}}'),
  file('protected: the context', '/api/files/contextually/{{contextually}}/{{contextually.f}}'),
  file('protected: the method', '/api/files/methodically/{{methodically}}/{{methodically.f}}'),
  file('protected: a query', '/api/files/headed/{{headed}}/{{headed.f}}?key=opens', 200, { headers: { 'X-Key': 'opens' } }),
  get('protected: another query', '/api/files/headed/{{headed}}/{{headed.f}}?key=other', 404, { headers: { 'X-Key': 'opens' } }),
  get('protected: another header', '/api/files/headed/{{headed}}/{{headed.f}}?key=opens', 404, { headers: { 'X-Key': 'other' } }),
  file('a view with a rule of its own', safe('seen')),
  file('a view over an open file', '/api/files/seen/{{safe}}/{{safe.open}}'),
  get('a view that shows it to nobody', safe('unseen'), 404),
  file('a view that shows it to nobody, the superuser', safe('unseen', withToken('super'))),
  get('a view without the file', safe('without'), 404),
  picture('a thumb through a view', safe('seen', '?thumb=70x50')),
  get('a renamed column of a view', records('renamed', '{{safe}}'), 200),
  file('the file of a renamed column', safe('renamed')),
  file('a hidden field\'s file', '/api/files/veiled/{{veiled}}/{{veiled.f}}'),
  patch('a password changes', records('users', '{{ada}}'), 200, { as: 'super', body: { password: 'password-2', passwordConfirm: 'password-2' } }),
  get('protected: a token from before', safe('safe', withToken('ada')), 404),
];

export default [
  collection('kept', { ...OPEN, fields: [field.file('f', { thumbs: sizes, maxSelect: 1 })] }),
  collection('bare', { ...OPEN, fields: [field.file('f', { id: 'bareid' })] }),
  ...userWithLogin('users', 'ada'), ...userWithLogin('users', 'bob'),
  collection('safe', { ...OPEN, createRule: null, viewRule: '@request.auth.id != "" && owner = @request.auth.id', fields: [
    field.relation('owner', { collectionId: '_pb_users_auth_' }), field.file('f', { protected: true, thumbs: ['70x50'] }), field.file('open'),
  ] }),
  collection('publicly', { ...OPEN, fields: [field.file('f', { protected: true })] }),
  collection('privately', { fields: [field.file('f', { protected: true })] }),
  collection('contextually', { ...OPEN, viewRule: '@request.context = "protectedFile"', fields: [field.file('f', { protected: true })] }),
  collection('methodically', { ...OPEN, viewRule: '@request.method = "GET"', fields: [field.file('f', { protected: true })] }),
  collection('headed', { ...OPEN, viewRule: '@request.query.key = "opens" && @request.headers.x_key = "opens"', fields: [field.file('f', { protected: true })] }),
  collection('veiled', { ...OPEN, fields: [field.file('f', { hidden: true })] }),
  post('a hidden file', records('veiled'), 200, { as: 'super', ...form(['f', { file: 'veiled.txt', bytes: 'veiled' }]), save: { veiled: 'id', 'veiled.f': 'f' } }),
  collection('seen', { type: 'view', viewRule: '', viewQuery: 'select id, f, open from safe' }),
  collection('unseen', { type: 'view', viewQuery: 'select id, f from safe' }),
  collection('without', { type: 'view', viewRule: '', viewQuery: 'select id, owner from safe' }),
  collection('renamed', { type: 'view', viewRule: '', viewQuery: 'select id, f as g from safe' }),
  keep('thin', 'thin.png', png(200, 1)),
  ...types, ...forced, ...manners, ...ranges, ...conditions, ...thumbs, ...guarded,
];
