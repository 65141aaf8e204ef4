// One real server per test file, and clients for it. SERVER=pocketbase runs the same tests against PocketBase.

import { after } from 'node:test';
import PocketBase, { BaseAuthStore } from 'pocketbase';
import { SUPERUSER, startServer } from '../../parity/lib/server.mjs';

export { SUPERUSER };

// Node's runner gives every test file a process of its own, so this module is loaded, and a server started, once per file.
const server = await startServer(process.env.SERVER ?? 'holdall', { HOLDALL_BATCH_ENABLED: 'true' });
after(() => server.stop());

/** A client that is logged in to nothing. Auto-cancellation is off unless a test is about it. */
export const guest = () => new PocketBase(server.url, new BaseAuthStore()).autoCancellation(false);

/** A client that is logged in to `collection`. */
export async function login(collection, email, password = PASSWORD) {
  const client = guest();
  await client.collection(collection).authWithPassword(email, password);
  return client;
}

/** A client that is logged in as the superuser. */
export const superuser = () => login('_superusers', SUPERUSER.email, SUPERUSER.password);

/** The password of every user that the tests create. */
export const PASSWORD = 'password-1';

/** The body that creates a user. */
export const newUser = (name, extra = {}) => ({
  email: `${name}@example.com`, name, password: PASSWORD, passwordConfirm: PASSWORD, ...extra,
});

/** Rules that let everybody do everything. */
export const OPEN = { listRule: '', viewRule: '', createRule: '', updateRule: '', deleteRule: '' };
