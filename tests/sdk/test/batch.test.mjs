// pb.createBatch(): what it sends, what comes back, and that nothing stays of a batch that fails.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientResponseError } from 'pocketbase';
import { OPEN, PASSWORD, guest, login, newUser, superuser } from '../lib/server.mjs';

const root = await superuser();
if (process.env.SERVER === 'pocketbase') await root.settings.update({ batch: { enabled: true, maxRequests: 50, timeout: 3 } });
const pb = guest();
await root.collections.create({ ...OPEN, name: 'tags', fields: [{ name: 'name', type: 'text', required: true, max: 10 }] });
await root.collections.create({ ...OPEN, name: 'posts', fields: [
  { name: 'title', type: 'text' },
  { name: 'meta', type: 'json' },
  { name: 'tags', type: 'relation', collectionId: (await root.collections.getOne('tags')).id, maxSelect: 5 },
] });
await root.collections.create({ name: 'closed', fields: [{ name: 'x', type: 'text' }] });

const names = async () => (await pb.collection('tags').getFullList({ sort: 'name' })).map(({ name }) => name);
const ID = 'aaaaaaaaaaaaaaa';

test('create, update, upsert and delete, in order', async () => {
  const batch = pb.createBatch();
  batch.collection('tags').create({ id: ID, name: 'one' });
  batch.collection('posts').create({ title: 'with a tag', tags: [ID], meta: { deep: [1, '2', null] } }, { expand: 'tags' });
  batch.collection('tags').update(ID, { name: 'two' }, { fields: 'name' });
  batch.collection('tags').upsert({ id: ID, name: 'three' });
  batch.collection('tags').upsert({ name: 'made' }, { fields: 'name' });
  batch.collection('posts').create({ title: 'doomed', id: 'bbbbbbbbbbbbbbb' });
  batch.collection('posts').delete('bbbbbbbbbbbbbbb');
  const results = await batch.send();
  assert.deepEqual(results.map(({ status }) => status), [200, 200, 200, 200, 200, 200, 204]);
  assert.equal(results[0].body.name, 'one');
  assert.equal(results[1].body.expand.tags[0].name, 'one');
  assert.deepEqual(results[1].body.meta, { deep: [1, '2', null] });
  assert.deepEqual(results[2].body, { name: 'two' });
  assert.equal(results[3].body.name, 'three');
  assert.deepEqual(results[4].body, { name: 'made' });
  assert.equal(results[6].body, null);
  assert.deepEqual(await names(), ['made', 'three']);
  assert.equal((await pb.collection('posts').getFullList()).length, 1);
});

test('a batch that fails says which request did, and leaves nothing', async () => {
  const before = await names();
  const batch = pb.createBatch();
  batch.collection('tags').create({ name: 'gone' });
  batch.collection('tags').create({ name: 'much too long' });
  batch.collection('tags').create({ name: 'never' });
  await assert.rejects(batch.send(), (error) => {
    assert.ok(error instanceof ClientResponseError);
    assert.equal(error.status, 400);
    assert.deepEqual(Object.keys(error.response.data.requests), ['1']);
    const { code, response } = error.response.data.requests[1];
    assert.equal(code, 'batch_request_failed');
    assert.equal(response.status, 400);
    assert.equal(response.data.name.code, 'validation_max_text_constraint');
    return true;
  });
  assert.deepEqual(await names(), before);
});

test('who may not do it may not do it in a batch', async () => {
  for (const [fill, status] of [
    [(batch) => batch.collection('closed').create({ x: 'y' }), 403],
    [(batch) => batch.collection('users').update('missing00000000', {}), 404],
    [(batch) => batch.collection('missing').create({}), 404],
  ]) {
    const batch = pb.createBatch();
    fill(batch);
    await assert.rejects(batch.send(), (error) => error.status === 400 && error.response.data.requests[0].response.status === status);
  }
  const batch = root.createBatch();
  batch.collection('closed').create({ x: 'y' });
  assert.equal((await batch.send())[0].body.x, 'y');
});

test('people sign up and get their things in one batch', async () => {
  const batch = root.createBatch();
  batch.collection('users').create(newUser('ann', { id: 'ann000000000000' }));
  batch.collection('users').create(newUser('ben'));
  batch.collection('users').upsert({ id: 'ann000000000000', name: 'Ann' });
  const results = await batch.send();
  assert.equal(results[2].body.name, 'Ann');
  const ann = await login('users', 'ann@example.com');
  const change = ann.createBatch();
  change.collection('users').update('ann000000000000', { oldPassword: PASSWORD, password: 'password-2', passwordConfirm: 'password-2' });
  await change.send();
  await login('users', 'ann@example.com', 'password-2');
  await assert.rejects(login('users', 'ann@example.com'), { status: 400 });
});

test('fields and headers of the whole request', async () => {
  const batch = pb.createBatch();
  batch.collection('tags').create({ name: 'f1' });
  batch.collection('tags').create({ name: 'f2' }, { headers: { 'X-Any': '1' } });
  assert.deepEqual(await batch.send({ fields: 'body.name' }), [{ body: { name: 'f1' } }, { body: { name: 'f2' } }]);
});

test('more requests than a batch may have', async () => {
  const batch = pb.createBatch();
  for (let i = 0; i < 51; i += 1) batch.collection('tags').create({ name: `n${i}` });
  await assert.rejects(batch.send(), (error) => error.response.data.requests.code === 'validation_length_too_long');
  await assert.rejects(pb.createBatch().send(), (error) => error.response.data.requests.code === 'validation_required');
});
