// File fields through the SDK: every way to send files, every modifier, addresses of files and thumbs, tokens.
// The same holds of PocketBase (SERVER=pocketbase).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientResponseError } from 'pocketbase';
import { describePicture, png } from '../../parity/lib/samples.mjs';
import { OPEN, guest, login, newUser, superuser } from '../lib/server.mjs';

const root = await superuser();
const pb = guest();
const albums = pb.collection('albums');
await root.collections.create({ ...OPEN, name: 'albums', fields: [
  { name: 'title', type: 'text' },
  { name: 'meta', type: 'json' },
  { name: 'cover', type: 'file', thumbs: ['30x20', '0x40'], maxSize: 100_000 },
  { name: 'pages', type: 'file', maxSelect: 4, mimeTypes: ['text/plain', 'image/png'] },
] });
await root.collections.create({ name: 'safes', viewRule: 'owner = @request.auth.id && owner != ""', fields: [
  { name: 'owner', type: 'relation', collectionId: '_pb_users_auth_' },
  { name: 'paper', type: 'file', protected: true, thumbs: ['30x20'] },
] });

const file = (name, content = `content of ${name}`, type = 'text/plain') => new File([content], name, { type });
const picture = (name) => file(name, png(120, 80), 'image/png');
const stem = (name) => name.replace(/_[a-z0-9]{10}\.\w+$/, '');
const stems = (names) => names.map(stem);
const fetched = async (url, init) => {
  const answer = await fetch(url, init);
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
};
const contentOf = async (record, name, options) => {
  const { status, bytes } = await fetched(pb.files.getURL(record, name, options));
  return status === 200 ? bytes.toString() : status;
};
const failsWith = (status, data) => (error) => {
  assert.ok(error instanceof ClientResponseError);
  assert.equal(error.status, status);
  assert.deepEqual(Object.fromEntries(Object.entries(error.response.data).map(([key, one]) => [key, one.code])), data);
  return true;
};

test('File, Blob and lists of them in a plain object', async () => {
  const made = await albums.create({ title: 'all', meta: { a: [1] }, cover: file('front.txt'), pages: [file('page1.txt'), new Blob(['a blob'], { type: 'text/plain' })] });
  assert.deepEqual([made.title, made.meta, stem(made.cover), stem(made.pages[0])], ['all', { a: [1] }, 'front', 'page1']);
  assert.deepEqual([await contentOf(made, made.cover), await contentOf(made, made.pages[0]), await contentOf(made, made.pages[1])],
    ['content of front.txt', 'content of page1.txt', 'a blob']);
  assert.deepEqual(await albums.getOne(made.id), made);
});

test('values beside files keep their types', async () => {
  const made = await albums.create({ title: '12', meta: { deep: [true, null, '1'] }, cover: file('front.txt') });
  assert.deepEqual([made.title, made.meta], ['12', { deep: [true, null, '1'] }]);
});

test('FormData', async () => {
  const form = new FormData();
  form.append('title', 'form');
  form.append('cover', file('front.txt'));
  form.append('pages', file('page1.txt'));
  form.append('pages', file('page2.txt'));
  form.append('pages', new Blob(['third']), 'page3.txt');
  const made = await albums.create(form);
  assert.deepEqual([made.title, stem(made.cover), stems(made.pages)], ['form', 'front', ['page1', 'page2', 'page3']]);
});

test('replace, append, prepend, remove, clear', async () => {
  const { id, pages: [first] } = await albums.create({ pages: [file('page1.txt')], cover: file('front.txt') });
  let now = await albums.update(id, { 'pages+': file('page2.txt') });
  assert.deepEqual([now.pages[0], stems(now.pages)], [first, ['page1', 'page2']]);
  now = await albums.update(id, { '+pages': [file('page0.txt')] });
  assert.deepEqual(stems(now.pages), ['page0', 'page1', 'page2']);
  now = await albums.update(id, { 'pages-': [first] });
  assert.deepEqual(stems(now.pages), ['page0', 'page2']);
  assert.equal(await contentOf(now, first), 404);
  now = await albums.update(id, { 'pages-': now.pages[0], 'pages+': [file('page3.txt'), file('page4.txt')] });
  assert.deepEqual(stems(now.pages), ['page2', 'page3', 'page4']);
  now = await albums.update(id, { pages: [...now.pages].reverse() });
  assert.deepEqual(stems(now.pages), ['page4', 'page3', 'page2']);
  now = await albums.update(id, { pages: [file('page9.txt')] });
  assert.deepEqual(stems(now.pages), ['page9']);
  assert.equal(await contentOf(now, now.pages[0]), 'content of page9.txt');
  now = await albums.update(id, { pages: null, cover: null });
  assert.deepEqual([now.pages, now.cover], [[], '']);
});

test('names that are kept and files that are new in one list', async () => {
  const { id, pages } = await albums.create({ pages: [file('page1.txt'), file('page2.txt')] });
  const now = await albums.update(id, { pages: [pages[1], file('page3.txt')] });
  assert.deepEqual([now.pages[0], stems(now.pages)], [pages[1], ['page2', 'page3']]);
  assert.equal(await contentOf(now, pages[0]), 404);
});

test('a change that fails keeps the files as they were', async () => {
  const made = await albums.create({ cover: file('front.txt'), pages: [file('page1.txt')] });
  await assert.rejects(albums.update(made.id, { cover: file('large.txt', 'x'.repeat(100_001)), 'pages-': made.pages[0] }), failsWith(400, { cover: 'validation_file_size_limit' }));
  assert.deepEqual(await albums.getOne(made.id), made);
  assert.deepEqual([await contentOf(made, made.cover), await contentOf(made, made.pages[0])], ['content of front.txt', 'content of page1.txt']);
});

test('what is wrong with a file has a code', async () => {
  await assert.rejects(albums.create({ pages: [file('page.pdf', '%PDF-1.4\n')] }), failsWith(400, { pages: 'validation_invalid_mime_type' }));
  await assert.rejects(albums.create({ pages: [1, 2, 3, 4, 5].map((n) => file(`page${n}.txt`)) }), failsWith(400, { pages: 'validation_too_many_files' }));
  await assert.rejects(albums.create({ cover: 'unknown.txt' }), (error) => {
    failsWith(400, { cover: 'validation_invalid_file' })(error);
    assert.deepEqual(error.response.data.cover.params, { invalidFiles: ['unknown.txt'] });
    return true;
  });
});

test('getURL with a thumb and as a download', async () => {
  const made = await albums.create({ cover: picture('front.png') });
  const [plain, thumb, byHeight, unknown, download] = await Promise.all([{}, { thumb: '30x20' }, { thumb: '0x40' }, { thumb: '7x7' }, { download: true }]
    .map((options) => fetched(pb.files.getURL(made, made.cover, options))));
  assert.deepEqual([plain, thumb, byHeight, unknown].map(({ bytes }) => describePicture(bytes)), ['png 120x80', 'png 30x20', 'png 60x40', 'png 120x80']);
  assert.match(plain.headers.get('content-disposition'), /^inline/);
  assert.match(download.headers.get('content-disposition'), /^attachment/);
  assert.ok(plain.bytes.equals(png(120, 80)));
  assert.equal(pb.files.getURL(made, ''), '');
});

test('a part of a file, and nothing of one that is known', async () => {
  const made = await albums.create({ cover: file('front.txt', '0123456789') });
  const url = pb.files.getURL(made, made.cover);
  const part = await fetched(url, { headers: { Range: 'bytes=2-4' } });
  assert.deepEqual([part.status, part.bytes.toString(), part.headers.get('content-range')], [206, '234', 'bytes 2-4/10']);
  const known = await fetched(url, { headers: { 'If-Modified-Since': part.headers.get('last-modified') } });
  assert.deepEqual([known.status, known.bytes.length], [304, 0]);
  const headOnly = await fetched(url, { method: 'HEAD' });
  assert.deepEqual([headOnly.status, headOnly.headers.get('content-length'), headOnly.bytes.length], [200, '10', 0]);
});

test('the files of a deleted record are gone', async () => {
  const made = await albums.create({ cover: file('front.txt'), pages: [file('page1.txt')] });
  await albums.delete(made.id);
  assert.deepEqual([await contentOf(made, made.cover), await contentOf(made, made.pages[0])], [404, 404]);
});

test('protected files and their tokens', async () => {
  const [{ id: ada }] = await Promise.all(['ada', 'bob'].map((name) => pb.collection('users').create(newUser(name))));
  const made = await root.collection('safes').create({ owner: ada, paper: picture('paper.png') });
  const as = async (client) => client.files.getToken();
  const owner = await login('users', 'ada@example.com');
  const other = await login('users', 'bob@example.com');
  const sees = async (options) => (await fetched(pb.files.getURL(made, made.paper, options))).status;
  assert.deepEqual(await Promise.all([sees({}), sees({ token: 'nonsense' }), sees({ token: owner.authStore.token }), sees({ token: await as(other) })]), [404, 404, 404, 404]);
  assert.deepEqual(await Promise.all([sees({ token: await as(owner) }), sees({ token: await as(root) })]), [200, 200]);
  const thumb = { thumb: '30x20', token: await as(owner) };
  assert.equal(describePicture((await fetched(pb.files.getURL(made, made.paper, thumb))).bytes), 'png 30x20');
  assert.equal(await sees({ thumb: '30x20' }), 404);
  await assert.rejects(guest().files.getToken(), failsWith(401, {}));
  const token = await as(owner);
  await root.collection('users').update(ada, { password: 'password-2', passwordConfirm: 'password-2' });
  assert.equal(await sees({ token }), 404);
});

test('a name for people is made safe for storing', async () => {
  const made = await albums.create({ cover: file('../../My Holiday (1).TXT') });
  assert.match(made.cover, /^my_holiday_1_[a-z0-9]{10}\.TXT$/);
  assert.equal(await contentOf(made, made.cover), 'content of ../../My Holiday (1).TXT');
});
