// HealthService, and what the client itself expects of a server: headers, hooks, errors, auto-cancellation.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import PocketBase, { BaseAuthStore, ClientResponseError } from 'pocketbase';
import { OPEN, guest, superuser } from '../lib/server.mjs';

const root = await superuser();
await root.collections.create({ ...OPEN, name: 'notes', fields: [{ name: 'text', type: 'text' }] });

test('health.check', async () => {
  const health = await guest().health.check();
  assert.equal(health.code, 200);
  assert.deepEqual(health.data, {});
  assert.ok(health.message.length > 0);
  const full = await root.health.check();
  assert.equal(full.data.realIP, '127.0.0.1');
  assert.equal(typeof full.data.canBackup, 'boolean');
});

test('health.check with fields', async () => {
  assert.deepEqual(await guest().health.check({ fields: 'code' }), { code: 200 });
});

test('a base URL with a trailing slash', async () => {
  const pb = new PocketBase(`${guest().baseURL}/`, new BaseAuthStore());
  assert.equal((await pb.health.check()).code, 200);
});

test('send: unknown routes are errors with the envelope', async () => {
  await assert.rejects(guest().send('/api/nothing', { method: 'POST', body: { a: 1 } }), (error) => {
    assert.ok(error instanceof ClientResponseError);
    assert.equal(error.status, 404);
    assert.equal(error.url, `${guest().baseURL}/api/nothing`);
    assert.deepEqual(Object.keys(error.response).sort(), ['data', 'message', 'status']);
    assert.deepEqual(error.response.data, {});
    assert.equal(error.message, error.response.message);
    return true;
  });
});

test('a server that is not there is status 0', async () => {
  const pb = new PocketBase('http://127.0.0.1:1', new BaseAuthStore());
  await assert.rejects(pb.health.check(), (error) => error instanceof ClientResponseError && error.status === 0 && !error.isAbort);
});

test('beforeSend and afterSend see the request and the answer', async () => {
  const pb = guest();
  const seen = [];
  pb.beforeSend = (url, options) => {
    options.headers['X-Own'] = 'yes';
    return { url, options };
  };
  pb.afterSend = (response, data) => {
    seen.push([response.status, response.headers.get('content-type'), data.code]);
    return { ...data, added: true };
  };
  assert.equal((await pb.health.check()).added, true);
  assert.deepEqual(seen, [[200, 'application/json', 200]]);
});

test('auto-cancellation: the second request with a key aborts the first', async () => {
  const pb = new PocketBase(guest().baseURL, new BaseAuthStore());
  const results = await Promise.allSettled([pb.collection('notes').getList(1, 1), pb.collection('notes').getList(1, 2)]);
  assert.equal(results[0].status, 'rejected');
  assert.equal(results[0].reason.isAbort, true);
  assert.equal(results[0].reason.status, 0);
  assert.equal(results[1].value.perPage, 2);
});

test('requestKey: own keys and none', async () => {
  const pb = new PocketBase(guest().baseURL, new BaseAuthStore());
  const notes = pb.collection('notes');
  const apart = await Promise.all([notes.getList(1, 1, { requestKey: 'a' }), notes.getList(1, 2, { requestKey: 'b' }), notes.getList(1, 3, { requestKey: null }), notes.getList(1, 4, { requestKey: null })]);
  assert.deepEqual(apart.map((one) => one.perPage), [1, 2, 3, 4]);
  const same = await Promise.allSettled([notes.create({ text: '1' }, { requestKey: 'x' }), notes.getList(1, 5, { requestKey: 'x' })]);
  assert.deepEqual(same.map((one) => one.status), ['rejected', 'fulfilled']);
});

test('cancelRequest and cancelAllRequests', async () => {
  const pb = new PocketBase(guest().baseURL, new BaseAuthStore());
  const one = pb.collection('notes').getList(1, 1, { requestKey: 'one' });
  pb.cancelRequest('one');
  await assert.rejects(one, (error) => error.isAbort);
  const all = [pb.health.check(), pb.collection('notes').getList()];
  pb.cancelAllRequests();
  for (const { status, reason } of await Promise.allSettled(all)) assert.ok(status === 'rejected' && reason.isAbort);
  assert.equal((await pb.health.check()).code, 200);
});

test('many requests at the same time', async () => {
  const pb = guest();
  const made = await Promise.all(Array.from({ length: 50 }, (_, i) => pb.collection('notes').create({ text: `parallel ${i}` })));
  assert.equal(new Set(made.map((one) => one.id)).size, 50);
  const found = await pb.collection('notes').getFullList({ filter: "text ~ 'parallel'" });
  assert.equal(found.length, 50);
});

test('unicode travels unchanged', async () => {
  const text = 'žluťoučký 🐎 <b>&amp;</b> \u2028 "quotes" \\ end';
  const { id } = await guest().collection('notes').create({ text });
  assert.equal((await guest().collection('notes').getOne(id)).text, text);
});

test('custom headers and query reach the rules', async () => {
  await root.collections.create({ ...OPEN, name: 'ruled', listRule: "@request.headers.x_key = 'k' && @request.query.q = '1'", fields: [] });
  await root.collection('ruled').create({});
  const total = async (options) => (await guest().collection('ruled').getList(1, 1, options)).totalItems;
  assert.equal(await total({ headers: { 'X-Key': 'k' }, q: 1 }), 1);
  assert.equal(await total({ headers: { 'X-Key': 'k' }, query: { q: '1' } }), 1);
  assert.equal(await total({ q: 1 }), 0);
});
