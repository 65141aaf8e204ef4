// Files with the SDK: forms made of plain objects, modifiers, addresses, tokens for protected files.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientResponseError } from 'pocketbase';
import { OPEN, guest, login, newUser, superuser } from '../lib/server.mjs';

const root = await superuser();
const pb = guest();
await root.collections.create({ ...OPEN, name: 'docs', viewRule: "@request.auth.name = 'Ada'", fields: [
  { name: 'title', type: 'text' },
  { name: 'one', type: 'file', mimeTypes: ['text/plain'] },
  { name: 'many', type: 'file', maxSelect: 3, thumbs: ['0x50'] },
  { name: 'locked', type: 'file', protected: true },
] });
const file = (content, name) => new File([content], name, { type: 'image/png' });
const docs = pb.collection('docs');
const text = async (url) => {
  const answer = await fetch(url);
  return answer.ok ? answer.text() : answer.status;
};

test('files come with plain values, and their addresses lead to them', async () => {
  const made = await docs.create({ title: 'Plan', one: file('hello', 'My Plan.txt'), many: [file('a', 'first.txt'), file('b', 'second.txt')] });
  assert.match(made.one, /^my_plan_[a-z0-9]{10}\.txt$/);
  assert.equal(made.title, 'Plan');
  assert.equal(await text(pb.files.getURL(made, made.one)), 'hello');
  assert.equal(await text(pb.files.getURL(made, made.many[1])), 'b');
  const download = await fetch(pb.files.getURL(made, made.one, { download: true }));
  assert.match(download.headers.get('content-disposition'), /^attachment; /);
});

test('modifiers and forms change lists', async () => {
  const made = await docs.create({ many: [file('a', 'aaa.txt')] });
  const more = await docs.update(made.id, { 'many+': [file('b', 'bbb.txt'), file('c', 'ccc.txt')] });
  assert.deepEqual([more.many.length, more.many[0]], [3, made.many[0]]);
  const form = new FormData();
  form.append('many-', more.many[1]);
  const fewer = await docs.update(made.id, form);
  assert.deepEqual(fewer.many, [more.many[0], more.many[2]]);
  assert.deepEqual((await docs.update(made.id, { many: [] })).many, []);
  assert.equal(await text(pb.files.getURL(made, made.many[0])), 404);
});

test('what a field does not take is told by its code', async () => {
  await assert.rejects(docs.create({ one: file(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0xd, 0xa, 0x1a, 0xa]), 'a.txt') }), (error) => {
    assert.ok(error instanceof ClientResponseError);
    assert.equal(error.response.data.one.code, 'validation_invalid_mime_type');
    return true;
  });
});

test('protected files need a token of somebody who may see the record', async () => {
  const made = await docs.create({ locked: file('secret', 'locked.txt') });
  for (const name of ['Ada', 'Bob']) await pb.collection('users').create(newUser(name));
  const ada = await login('users', 'Ada@example.com');
  const bob = await login('users', 'Bob@example.com');
  assert.equal(await text(pb.files.getURL(made, made.locked)), 404);
  assert.equal(await text(pb.files.getURL(made, made.locked, { token: await bob.files.getToken() })), 404);
  assert.equal(await text(pb.files.getURL(made, made.locked, { token: await ada.files.getToken() })), 'secret');
  assert.equal(await text(pb.files.getURL(made, made.locked, { token: await root.files.getToken() })), 'secret');
});

test('addresses of previews lead to them', async () => {
  // The smallest PNG: one pixel.
  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');
  const made = await docs.create({ many: [file(png, 'dot.png')] });
  const bytes = async (options) => Buffer.from(await (await fetch(pb.files.getURL(made, made.many[0], options))).arrayBuffer());
  assert.deepEqual(await bytes({ thumb: '1x1' }), png, 'not a declared size');
  for (const [thumb, side] of [['100x100', 100], ['0x50', 50]]) {
    const preview = await bytes({ thumb });
    assert.deepEqual([preview.toString('latin1', 1, 4), preview.readUInt32BE(16), preview.readUInt32BE(20)], ['PNG', side, side]);
    assert.equal((await bytes({ thumb, format: 'webp' })).toString('latin1', 8, 12), 'WEBP');
  }
});
