// pb.sql: typed statements, as superusers run them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import PocketBase, { BaseAuthStore, ClientResponseError } from 'pocketbase';
import { SUPERUSER, startServer } from '../../parity/lib/server.mjs';

test('statements are run for superusers', async (t) => {
  const server = await startServer('holdall');
  t.after(() => server.stop());
  const guest = new PocketBase(server.url, new BaseAuthStore()).autoCancellation(false);
  await assert.rejects(guest.sql.run('SELECT 1'), (error) => error instanceof ClientResponseError && error.status === 401);
  const root = new PocketBase(server.url, new BaseAuthStore()).autoCancellation(false);
  await root.collection('_superusers').authWithPassword(SUPERUSER.email, SUPERUSER.password);
  await root.collections.create({ name: 'notes', type: 'base', fields: [{ name: 'n', type: 'number' }] });
  for (const n of [1, 2, 3]) await root.collection('notes').create({ n });
  const found = await root.sql.run('SELECT sum(n) AS total FROM notes');
  assert.deepEqual([found.columns.map(({ name }) => name), found.rows], [['total'], [['6']]]);
  const changed = await root.sql.run('UPDATE notes SET n = 0 WHERE n > 1');
  assert.deepEqual([changed.affectedRows, changed.rows], [2, []]);
  assert.equal((await root.collection('notes').getList(1, 1, { filter: 'n = 0' })).totalItems, 2);
  await assert.rejects(root.sql.run('SELEC 1'), (error) => error instanceof ClientResponseError && error.status === 400);
});
