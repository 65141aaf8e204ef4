// The overview: what it counts are requests, and it says where the log doesn't have all of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as later } from 'node:timers/promises';
import { SUPERUSER, api, origin } from '../lib/browser.mjs';
import { look, open, owner } from '../lib/dashboard.mjs';

const page = await owner();
const requests = page.locator('[data-figures] > .card').filter({ hasText: 'Requests, 24 h' });
const logs = (changes) => api('PATCH', '/api/settings', { logs: changes });
const count = async (filter) => (await api('GET',
  `/api/logs?perPage=1&filter=${encodeURIComponent(filter)}`)).totalItems;

/** Resolves to how many entries fit once there are so many; the log is written a little later. */
async function counted(filter, least) {
  for (let found = await count(filter); ; found = await count(filter)) {
    if (found >= least) return found;
    await later(50);
  }
}

/** Makes the program itself log an error: a backup that is no good isn't restored. */
async function failToRestore() {
  const { token } = await (await fetch(`${origin}/api/collections/_superusers/auth-with-password`, { method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ identity: SUPERUSER.email, password: SUPERUSER.password }) })).json();
  const form = new FormData();
  form.append('file', new Blob(['PK\x05\x06', new Uint8Array(18)]), 'no-good.zip');
  const send = (path, body) => fetch(`${origin}/api/backups/${path}`, { method: 'POST', body,
    headers: { Authorization: token } });
  assert.equal((await send('upload', form)).status, 204);
  await send('no-good.zip/restore');
}

test('requests are counted, and where the log leaves some out that is said', async () => {
  await open(page, '/_/');
  await requests.getByText(/^started/).waitFor();
  await page.getByText('the last 24 hours, from the log').waitFor();

  await logs({ minLevel: 8 });
  await failToRestore();
  await counted('data.type != \'request\'', 1);
  for (const name of ['a', 'b', 'c']) await fetch(`${origin}/api/missing-${name}`);
  await counted('data.url = \'/api/missing-c\'', 1);
  const all = await count('data.type = \'request\'');
  await open(page, '/_/');
  await requests.getByText('as far as the log keeps them').waitFor();
  assert.equal(await requests.locator('.figure').textContent(), String(all));
  await page.getByText('the last 24 hours, as far as the log keeps them').waitFor();
  await page.getByRole('img', { name: /^Requests in each of the last 24 hours/ }).waitFor();
  await look(page, 'overview-errors');
});

test('a log that is off isn\'t shown as no requests', async () => {
  await logs({ maxDays: 0 });
  await open(page, '/_/');
  await requests.getByText('the log is off').waitFor();
  assert.equal(await requests.locator('.figure').textContent(), '–');
  await page.getByRole('img', { name: 'No requests: the log is off' }).waitFor();
});
