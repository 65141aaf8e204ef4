// The comparison itself: what it forgives, and above all what it doesn't.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdPairs, differences } from './compare.mjs';
import { encodeForm } from './request.mjs';
import { GIF_ANIMATED, JPEG_TURNED, WEBP, describePicture, png } from './samples.mjs';

const A = 'aaaaaaaaaaaaaa1';
const B = 'bbbbbbbbbbbbbb2';
const CASE = { name: 'x', method: 'GET', path: '/api/collections/x/records' };
const now = (offsetMs) => new Date(Date.now() + offsetMs).toISOString().replace('T', ' ');
const token = (claims) => `${[{ alg: 'HS256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.sig${claims.id}`;
const answer = (json, rest = {}) => ({ status: 200, headers: { 'content-type': 'application/json' }, text: JSON.stringify(json), json, ...rest });

/** The places where two answers differ. */
const places = (left, right, { testCase = CASE, pairs = new IdPairs(), rest = {} } = {}) =>
  differences(testCase, answer(left, rest), answer(right, rest), pairs).map(({ where }) => where);

test('equal answers agree', () => assert.deepEqual(places({ a: [1, { b: null }] }, { a: [1, { b: null }] }), []));

test('values, types, absent keys and lengths differ', () => {
  assert.deepEqual(places({ a: 1, b: '1', c: 1, d: [1] }, { a: 2, b: 1, d: [1, 2] }), ['$.c', '$.a', '$.b', '$.d.length']);
  assert.deepEqual(places({ a: null }, { a: '' }), ['$.a']);
  assert.deepEqual(places({ a: {} }, { a: [] }), ['$.a']);
});

test('the order of keys counts, except where fields are picked', () => {
  assert.deepEqual(places({ a: 1, b: 2 }, { b: 2, a: 1 }), ['$ order of keys']);
  assert.deepEqual(places({ a: 1, b: 2 }, { b: 2, a: 1 }, { testCase: { ...CASE, query: { fields: 'a,b' } } }), []);
  const batch = (url) => ({ ...CASE, method: 'POST', path: '/api/batch', body: { requests: [{ method: 'POST', url }] } });
  assert.deepEqual(places({ a: 1, b: 2 }, { b: 2, a: 1 }, { testCase: batch(`${CASE.path}?fields=a,b`) }), []);
  assert.deepEqual(places({ a: 1, b: 2 }, { b: 2, a: 1 }, { testCase: batch(CASE.path) }), ['$ order of keys']);
});

test('ids are paired, and a pair is for life', () => {
  const pairs = new IdPairs();
  assert.deepEqual(places({ id: A }, { id: B }, { pairs }), []);
  assert.deepEqual(places({ ref: [A] }, { ref: [B] }, { pairs }), []);
  assert.deepEqual(places({ ref: A }, { ref: A }, { pairs }), ['$.ref']);
  assert.deepEqual(places({ ref: B }, { ref: B }, { pairs }), ['$.ref']);
});

test('ids that a case writes out are not paired with others', () => {
  const pairs = new IdPairs();
  pairs.fix(`the id ${A}`);
  assert.deepEqual(places({ id: A }, { id: B }, { pairs }), ['$.id']);
  assert.deepEqual(places({ id: A }, { id: A }, { pairs }), []);
});

test('times close to now are alike, others are not', () => {
  assert.deepEqual(places({ created: now(0) }, { created: now(-5000) }), []);
  assert.deepEqual(places({ d: now(0) }, { d: '2024-01-01 00:00:00.000Z' }), ['$.d']);
  assert.deepEqual(places({ d: '2024-01-01 00:00:00.000Z' }, { d: '2024-01-01 00:00:00.001Z' }), ['$.d']);
  assert.deepEqual(places({ d: now(0) }, { d: now(0).replace(' ', 'T') }), ['$.d']);
});

test('tokens are compared by their claims', () => {
  const claims = { id: A, type: 'auth', exp: Math.round(Date.now() / 1000) + 3600 };
  assert.deepEqual(places({ token: token(claims) }, { token: token({ ...claims, id: B, exp: claims.exp + 1 }) }), []);
  assert.deepEqual(places({ token: token(claims) }, { token: token({ ...claims, type: 'file' }) }), ['$.token']);
  assert.deepEqual(places({ token: token(claims) }, { token: token({ ...claims, exp: claims.exp + 600 }) }), ['$.token']);
});

test('messages are free in errors only', () => {
  const error = (message, code) => ({ message, data: { a: { code, message } } });
  assert.deepEqual(places(error('One.', 'x'), error('Other.', 'x'), { rest: { status: 400 } }), []);
  assert.deepEqual(places(error('One.', 'x'), error('', 'y'), { rest: { status: 400 } }), ['$.message', '$.data.a.code', '$.data.a.message']);
  assert.deepEqual(places({ message: 'a' }, { message: 'b' }), ['$.message']);
});

test('status and headers differ', () => {
  const found = differences(CASE, answer({}), answer({}, { status: 204, headers: { 'content-type': 'text/html', date: 'x' } }), new IdPairs());
  assert.deepEqual(found.map(({ where }) => where), ['status', 'header content-type']);
});

test('a mask forgives only what it matches', () => {
  const testCase = { ...CASE, mask: { 'a.0': /^x\d$/ } };
  assert.deepEqual(places({ a: ['x1'] }, { a: ['x2'] }, { testCase }), []);
  assert.deepEqual(places({ a: ['y1'] }, { a: ['x2'] }, { testCase }), ['$.a[0]']);
});

test('what is random in names of stored files is paired like ids', () => {
  const pairs = new IdPairs();
  assert.deepEqual(places({ f: ['my_a0b1c2d3e4.txt'] }, { f: ['my_z0y1x2w3v4.txt'] }, { pairs }), []);
  assert.deepEqual(places({ f: 'my_a0b1c2d3e4.txt' }, { f: 'my_z0y1x2w3v4.txt' }, { pairs }), []);
  assert.deepEqual(places({ f: 'my_a0b1c2d3e4.txt' }, { f: 'my_a0b1c2d3e4.txt' }, { pairs }), ['$.f']);
  assert.deepEqual(places({ f: 'my_b0b1c2d3e4.txt' }, { f: 'me_y0y1x2w3v4.txt' }, { pairs }), ['$.f']);
  assert.deepEqual(places({ f: 'my_c0b1c2d3e4.txt' }, { f: 'my_x0y1x2w3v4.txu' }, { pairs }), ['$.f']);
  assert.deepEqual(places({ f: 'my_d0b1c2d3e.txt' }, { f: 'my_w0y1x2w3v4.txt' }, { pairs }), ['$.f']);
  assert.deepEqual(places({ id: 'pbc_0123456789' }, { id: 'pbc_9876543210' }, { pairs }), ['$.id']);
});

test('codes of errors are not taken for such names', () => {
  const error = (code) => ({ data: { a: { code, message: '' } } });
  const found = places(error('validation_constraint'), error('validation_difference'), { rest: { status: 400 } });
  assert.deepEqual(found, ['$.data.a.code']);
});

test('files are compared by their bytes and by more headers', () => {
  const served = (content, headers = {}) => {
    const bytes = Buffer.from(content, 'latin1');
    return { status: 200, headers: { 'content-type': 'a/b', ...headers }, bytes, text: bytes.toString() };
  };
  const between = (left, right, testCase = { file: true }) =>
    differences({ ...CASE, ...testCase }, left, right, new IdPairs()).map(({ where }) => where);
  // As text both would be the same replacement character.
  assert.deepEqual(between(served('\xff'), served('\xfe')), ['file']);
  assert.deepEqual(between(served('\xff'), served('\xff')), []);
  const date = (text) => served('', { 'last-modified': text });
  assert.deepEqual(between(date('Mon, 02 Jan 2006 15:04:05 GMT'), date('Tue, 03 Jan 2006 15:04:05 GMT')), []);
  assert.deepEqual(between(date('Mon, 02 Jan 2006 15:04:05 GMT'), served('')), ['header last-modified']);
  assert.deepEqual(between(served('', { 'content-length': '1' }), served('')), ['header content-length']);
  const ranges = (boundary, last) => served(`--${boundary}\r\n\r\na\r\n--${boundary}--${last}`, {
    'content-type': `multipart/byteranges; boundary=${boundary}`, 'content-length': String(boundary.length),
  });
  assert.deepEqual(between(ranges('abc', ''), ranges('abcd', '')), []);
  assert.deepEqual(between(ranges('abc', ''), ranges('abcd', '!')), ['file']);
  const picture = (width, content) => ({ ...served(''), bytes: png(width, 5, content) });
  const asPicture = { file: 'picture' };
  assert.deepEqual(between(picture(4, 0), picture(4, 1), asPicture), []);
  assert.deepEqual(between(picture(4, 0), picture(5, 0), asPicture), ['file']);
  assert.deepEqual(between(picture(4, 0), { ...served(''), bytes: Buffer.from('x') }, asPicture), ['file']);
});

test('pictures tell their size', () => {
  assert.equal(describePicture(png(31, 17)), 'png 31x17');
  assert.equal(describePicture(JPEG_TURNED), 'jpeg 120x80');
  assert.equal(describePicture(GIF_ANIMATED), 'gif 120x80');
  assert.equal(describePicture(WEBP), 'webp 120x80');
  assert.equal(describePicture(Buffer.from('a text that is longer than any header')), 'no picture');
  assert.equal(describePicture(Buffer.alloc(0)), 'no picture');
});

test('forms have texts and files', () => {
  const { body, type } = encodeForm([['a', '1'], ['f', { file: 'x.png', type: 'image/png', bytes: Buffer.from([255]) }]], 'b');
  assert.equal(type, 'multipart/form-data; boundary=b');
  assert.equal(body.toString('latin1'), [
    '--b', 'Content-Disposition: form-data; name="a"', '', '1',
    '--b', 'Content-Disposition: form-data; name="f"; filename="x.png"', 'Content-Type: image/png', '', '\xff', '--b--', '',
  ].join('\r\n'));
});
