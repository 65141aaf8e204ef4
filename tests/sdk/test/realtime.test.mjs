// The SDK's RealtimeService over real connections: it connects, says what it listens to as whom, and goes away again.
// That changes of records arrive: not here.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventSource } from 'eventsource';
import { ClientResponseError } from 'pocketbase';
import { guest, login, newUser, superuser } from '../lib/server.mjs';

// Browsers have it; the SDK expects to find it there.
globalThis.EventSource = EventSource;

const root = await superuser();
await root.collection('users').create(newUser('listener'));

const failsWith = (status) => (error) => {
  assert.ok(error instanceof ClientResponseError);
  assert.equal(error.status, status);
  return true;
};
const body = (pb, subscriptions) => ({ method: 'POST', body: { clientId: pb.realtime.clientId, subscriptions } });

test('connects, subscribes and unsubscribes', async () => {
  const pb = guest();
  let connected = 0;
  await pb.realtime.subscribe('PB_CONNECT', ({ clientId }) => {
    connected += 1;
    assert.equal(clientId, pb.realtime.clientId);
  });
  assert.equal(pb.realtime.isConnected, true);
  assert.match(pb.realtime.clientId, /^[A-Za-z0-9]{40}$/);
  const stop = await pb.collection('users').subscribe('*', () => {}, { query: { expand: 'x' }, headers: { 'x-token': 'y' } });
  await pb.realtime.subscribe('my-topic', () => {});
  assert.equal(connected, 1);
  await stop();
  await pb.realtime.unsubscribe();
  assert.equal(pb.realtime.isConnected, false);
});

test('a stream belongs to whoever subscribed with it', async () => {
  const pb = await login('users', 'listener@example.com');
  await pb.realtime.subscribe('a', () => {});
  await pb.send('/api/realtime', body(pb, ['a', 'b']));
  await assert.rejects(guest().send('/api/realtime', body(pb, ['a'])), failsWith(403));
  await assert.rejects(root.send('/api/realtime', body(pb, ['a'])), failsWith(403));
  await pb.realtime.unsubscribe();
});

test('a stream that is closed is forgotten', async () => {
  const pb = guest();
  await pb.realtime.subscribe('a', () => {});
  const request = body(pb, ['a']);
  await pb.send('/api/realtime', request);
  await pb.realtime.unsubscribe();
  const isForgotten = () => guest().send('/api/realtime', request).then(() => false, failsWith(404));
  // The server learns it when it next writes to the connection, at the latest with the comment that it sends regularly.
  const patience = Date.now() + 60_000;
  while (!(await isForgotten()) && Date.now() < patience) await new Promise((done) => setTimeout(done, 500));
  assert.equal(await isForgotten(), true);
});
