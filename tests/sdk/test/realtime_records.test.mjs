// What changes reaches those who subscribed with the SDK: two clients, options, a change of sign-in, a new connection.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventSource } from 'eventsource';
import { guest, login, newUser, OPEN, superuser } from '../lib/server.mjs';

// Browsers have it; the SDK expects to find it there.
globalThis.EventSource = EventSource;

const root = await superuser();
const [alice, bob] = await Promise.all(['alice', 'bobby'].map((name) => root.collection('users').create(newUser(name))));
await root.collections.create({
  ...OPEN, name: 'notes', type: 'base', listRule: 'owner = @request.auth.id || open = true', viewRule: 'open = true',
  fields: [
    { name: 'title', type: 'text' }, { name: 'open', type: 'bool' },
    { name: 'owner', type: 'relation', collectionId: (await root.collections.getOne('users')).id, maxSelect: 1 },
  ],
});
const notes = root.collection('notes');

/** What a subscription is told; `next()` waits for it. */
function inbox() {
  const told = [];
  let waiting = null;
  const receive = (event) => {
    told.push(event);
    waiting?.();
  };
  const next = async () => {
    while (told.length === 0) await new Promise((done) => { waiting = done; });
    return told.shift();
  };
  return { receive, next, told };
}

const brief = ({ action, record }) => `${action} ${record.title}`;

test('two clients hear what each of them may see', async () => {
  const [one, other] = [await login('users', 'alice@example.com'), await login('users', 'bobby@example.com')];
  const [ones, others] = [inbox(), inbox()];
  await one.collection('notes').subscribe('*', ones.receive);
  await other.collection('notes').subscribe('*', others.receive);
  const note = await notes.create({ title: 'private', owner: alice.id });
  await notes.update(note.id, { title: 'public', open: true });
  await notes.delete(note.id);
  assert.equal(brief(await ones.next()), 'create private');
  for (const { next } of [ones, others]) {
    assert.equal(brief(await next()), 'update public');
    const last = await next();
    assert.equal(brief(last), 'delete public');
    assert.equal(last.record.collectionName, 'notes');
  }
  assert.deepEqual([ones.told, others.told], [[], []]);
  await Promise.all([one, other].map((pb) => pb.realtime.unsubscribe()));
});

test('options, single records, and what was unsubscribed', async () => {
  const pb = await login('users', 'alice@example.com');
  const [all, single, left] = [inbox(), inbox(), inbox()];
  const note = await notes.create({ title: 'first', open: true, owner: alice.id });
  const options = { expand: 'owner', fields: 'title,expand.owner.name', filter: 'title != "second"' };
  await pb.collection('notes').subscribe('*', all.receive, options);
  await pb.collection('notes').subscribe(note.id, single.receive);
  const leave = await pb.collection('notes').subscribe('*', left.receive);
  await leave();
  for (const title of ['second', 'third']) await notes.update(note.id, { title });
  assert.deepEqual(await all.next(), { action: 'update', record: { title: 'third', expand: { owner: { name: alice.name } } } });
  assert.equal(brief(await single.next()), 'update second');
  assert.equal(brief(await single.next()), 'update third');
  assert.deepEqual([all.told, single.told, left.told], [[], [], []]);
  await pb.realtime.unsubscribe();
});

test('a client that signs in hears as whoever that is', async () => {
  const pb = guest();
  const heard = inbox();
  await pb.collection('notes').subscribe('*', heard.receive);
  await notes.create({ title: 'hidden', owner: alice.id });
  await pb.collection('users').authWithPassword('alice@example.com', 'password-1');
  // The SDK sends its subscriptions anew, now with the token, when there is another one.
  const again = inbox();
  await pb.collection('notes').subscribe('*', again.receive, { headers: { 'x-again': '1' } });
  await notes.create({ title: 'shown', owner: alice.id });
  assert.equal(brief(await heard.next()), 'create shown');
  assert.equal(brief(await again.next()), 'create shown');
  await pb.realtime.unsubscribe();
});

test('a client whose connection breaks connects anew and goes on', async () => {
  const pb = guest();
  const heard = inbox();
  let connections = 0;
  let connected = null;
  await pb.realtime.subscribe('PB_CONNECT', () => {
    connections += 1;
    connected?.();
  });
  await pb.collection('notes').subscribe('*', heard.receive);
  const { clientId } = pb.realtime;
  const again = new Promise((done) => { connected = done; });
  // As the SDK learns of a connection that is gone.
  pb.realtime.eventSource.onerror(new Event('error'));
  await again;
  assert.notEqual(pb.realtime.clientId, clientId);
  assert.equal(connections, 2);
  await notes.create({ title: 'after', open: true });
  assert.equal(brief(await heard.next()), 'create after');
  await pb.realtime.unsubscribe();
});
