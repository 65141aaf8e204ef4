// pb.logs and pb.crons.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientResponseError } from 'pocketbase';
import { guest, login, newUser, superuser } from '../lib/server.mjs';

const pb = await superuser();
const failsWith = (status) => (error) => error instanceof ClientResponseError && error.status === status;

/** Asks until there is an entry: PocketBase writes its log every three seconds. */
async function entry(filter) {
  for (let tries = 0; tries < 200; tries += 1) {
    const { items } = await pb.logs.getList(1, 1, { filter, sort: '-created' });
    if (items.length > 0) return items[0];
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error(`there is no entry with ${filter}`);
}

test('a request has an entry', async () => {
  await guest().health.check({ query: { mark: 'well' } });
  const found = await entry("data.url ~ 'mark=well'");
  assert.equal(found.level, 0);
  assert.equal(found.message, 'GET /api/health?mark=well');
  assert.match(found.created, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(found.data.type, 'request');
  assert.equal(found.data.status, 200);
  assert.equal(found.data.userIP, '127.0.0.1');
  assert.equal(typeof found.data.execTime, 'number');
  assert.deepEqual(await pb.logs.getOne(found.id), found);
});

test('a failure has an entry of a higher level', async () => {
  await pb.collection('users').create(newUser('ada'));
  const ada = await login('users', 'ada@example.com');
  await assert.rejects(ada.collection('nothing').getList(1, 1, { query: { mark: 'fails' } }), failsWith(404));
  const found = await entry("data.url ~ 'mark=fails' && level > 0");
  assert.equal(found.level, 8);
  assert.equal(found.data.auth, 'users');
  assert.equal(found.data.status, 404);
});

test('getList: filter, sort, paging', async () => {
  for (const n of [1, 2, 3]) await guest().health.check({ query: { three: n } });
  await entry("data.url ~ 'three=3'");
  const page = await pb.logs.getList(1, 2, { filter: "data.url ~ 'three='", sort: '-message' });
  assert.deepEqual(page.items.map(({ data }) => data.url), ['/api/health?three=3', '/api/health?three=2']);
  assert.deepEqual([page.totalItems, page.totalPages], [3, 2]);
  await assert.rejects(pb.logs.getList(1, 2, { filter: 'nonsense' }), failsWith(400));
});

test('getOne: unknown', async () => {
  await assert.rejects(pb.logs.getOne('unknown'), failsWith(404));
  await assert.rejects(pb.logs.getOne(''), failsWith(404));
});

test('getStats counts by hour', async () => {
  const stats = await pb.logs.getStats({ filter: "data.url ~ 'three='" });
  assert.equal(stats.reduce((sum, { total }) => sum + total, 0), 3);
  assert.match(stats[0].date, /^\d{4}-\d\d-\d\d \d\d:00:00\.000Z$/);
});

test('only superusers may', async () => {
  const ada = await login('users', 'ada@example.com');
  await assert.rejects(guest().logs.getList(), failsWith(401));
  await assert.rejects(ada.logs.getList(), failsWith(403));
  await assert.rejects(guest().crons.getFullList(), failsWith(401));
  await assert.rejects(ada.crons.run('__pbLogsCleanup__'), failsWith(403));
});

test('truncate leaves nothing of before', async () => {
  assert.equal(await pb.logs.truncate(), true);
  const page = await pb.logs.getList(1, 1, { filter: "data.url ~ 'three='" });
  assert.equal(page.totalItems, 0);
});

test('crons: list and run', async () => {
  const jobs = await pb.crons.getFullList();
  assert.equal(jobs.find(({ id }) => id === '__pbLogsCleanup__').expression, '0 */6 * * *');
  assert.equal(await pb.crons.run('__pbOTPCleanup__'), true);
  await assert.rejects(pb.crons.run('unknown'), failsWith(404));
});
