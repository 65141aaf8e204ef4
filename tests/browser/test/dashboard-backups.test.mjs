// The page Backups: made, sent, fetched, refused, restored and deleted, each by hand and then seen by the API.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { api } from '../lib/browser.mjs';
import { heldBack } from '../lib/held_back.mjs';
import { look, lookAtDialog, open, owner } from '../lib/dashboard.mjs';

const dir = await mkdtemp(join(tmpdir(), 'holdall-backups-'));
after(() => rm(dir, { recursive: true }));

/** A zip file that is empty, and so no backup. */
const EMPTY_ZIP = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]);
const row = (page, key) => page.locator(`[data-key="${key}"]`);
const keys = async () => (await api('GET', '/api/backups')).map(({ key }) => key);

async function make(page, name) {
  await page.getByRole('button', { name: 'New backup' }).click();
  const dialog = page.getByRole('dialog', { name: 'New backup' });
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByRole('button', { name: 'Make it' }).click();
  return dialog;
}

/** Asks for a restore, and answers the question. */
async function restore(page, name) {
  await page.getByRole('button', { name: `Restore ${name}` }).click();
  const dialog = page.getByRole('dialog', { name: `Restore ${name}?` });
  await dialog.getByRole('textbox').fill(name);
  await dialog.getByRole('button', { name: 'Restore' }).click();
  await dialog.waitFor({ state: 'detached' });
}

test('a backup is made, tested, fetched and deleted', async () => {
  const page = await owner();
  await open(page, '/_/backups');
  await page.getByText('There are no backups yet.').waitFor();
  await make(page, 'before-upgrade.zip');
  await row(page, 'before-upgrade.zip').getByText('Verified').waitFor();
  const [found] = await api('GET', '/api/backups');
  assert.deepEqual([found.key, found.verified], ['before-upgrade.zip', true]);
  const fetched = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download before-upgrade.zip' }).click();
  const download = await fetched;
  assert.equal(download.suggestedFilename(), 'before-upgrade.zip');
  const content = await readFile(await download.path());
  assert.deepEqual([content.length, content.subarray(0, 2).toString()], [found.size, 'PK']);
  await look(page, 'backups');

  await page.getByRole('button', { name: 'Delete before-upgrade.zip' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await row(page, 'before-upgrade.zip').waitFor({ state: 'detached' });
  assert.deepEqual(await keys(), []);

  // The one that was fetched comes back from its file.
  const file = join(dir, 'came-back.zip');
  await writeFile(file, content);
  await page.getByRole('button', { name: 'Upload a backup' }).click();
  const dialog = page.getByRole('dialog', { name: 'Upload a backup' });
  await dialog.getByLabel('File').setInputFiles(file);
  await dialog.getByRole('button', { name: 'Upload', exact: true }).click();
  await row(page, 'came-back.zip').getByText('Verified').waitFor();
  assert.deepEqual(await keys(), ['came-back.zip']);
});

test('names and files that may not be are refused beside their fields', async () => {
  const page = await owner();
  await open(page, '/_/backups');
  const before = await keys();
  const name = '<img src=x onerror=alert(1)>.zip';
  const dialog = await make(page, name);
  await dialog.locator('[name="name"][aria-invalid="true"]').waitFor();
  await lookAtDialog(page, 'backups-new');
  assert.equal(await dialog.getByLabel('Name').inputValue(), name);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Upload a backup' }).click();
  const upload = page.getByRole('dialog', { name: 'Upload a backup' });
  await upload.getByRole('button', { name: 'Upload', exact: true }).click();
  await upload.getByText('Choose a file.').waitFor();
  await lookAtDialog(page, 'backups-upload');
  await upload.getByLabel('File').setInputFiles({ name: 'text.zip', mimeType: 'application/zip',
    buffer: Buffer.from('no zip at all') });
  await upload.getByRole('button', { name: 'Upload', exact: true }).click();
  await upload.getByText('This isn\'t a zip archive.').waitFor();
  assert.deepEqual(await keys(), before);
  assert.equal(await page.locator('img[src="x"]').count(), 0);
});

test('what is refused after its dialog was closed is still said', async () => {
  await api('POST', '/api/backups', { name: 'taken.zip' });
  const page = await owner();
  await open(page, '/_/backups');
  await row(page, 'taken.zip').waitFor();
  const requests = await heldBack(page, 'POST', '**/api/backups');
  const dialog = await make(page, 'taken.zip');
  await page.getByText('Being made').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await requests.release();
  await page.locator('.toast.problem').getByText('name: There is a backup').waitFor();
  await page.getByText('Being made').waitFor({ state: 'detached' });
  await page.context().close();
});

test('one that is no good says why, and changes nothing when it is restored', async () => {
  const page = await owner();
  await open(page, '/_/backups');
  await page.getByRole('button', { name: 'Upload a backup' }).click();
  const upload = page.getByRole('dialog', { name: 'Upload a backup' });
  await upload.getByLabel('File').setInputFiles({ name: 'no-good.zip', mimeType: 'application/zip',
    buffer: EMPTY_ZIP });
  await upload.getByRole('button', { name: 'Upload', exact: true }).click();
  const bad = row(page, 'no-good.zip');
  await bad.getByText('Failed').waitFor();
  await bad.locator('.backup-reason').waitFor();
  const { error } = (await api('GET', '/api/backups')).find(({ key }) => key === 'no-good.zip');
  assert.equal(await bad.locator('.backup-reason').textContent(), error);
  await bad.getByRole('button', { name: 'Restore no-good.zip' }).click();
  const dialog = page.getByRole('dialog', { name: 'Restore no-good.zip?' });
  assert.ok(await dialog.getByRole('button', { name: 'Restore' }).isDisabled(), 'its name has to be typed first');
  await lookAtDialog(page, 'backups-restore');
  await dialog.getByRole('textbox').fill('no-good.zip');
  await dialog.getByRole('button', { name: 'Restore' }).click();
  await page.locator('.toast.problem').waitFor();
  await api('DELETE', '/api/backups/no-good.zip');
});

test('whoever deletes a backup by keyboard keeps their place', async () => {
  for (const name of ['first.zip', 'second.zip']) await api('POST', '/api/backups', { name });
  const page = await owner();
  await open(page, '/_/backups');
  const isFocused = (element) => element.evaluate((one) => one === document.activeElement);
  const remove = async (key) => {
    await page.getByRole('button', { name: `Delete ${key}`, exact: true }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Delete this backup?' });
    await dialog.getByRole('button', { name: 'Delete' }).press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await row(page, key).waitFor({ state: 'detached' });
  };
  const order = await page.locator('[data-key]').evaluateAll((all) => all.map(({ dataset }) => dataset.key));
  for (const [at, key] of order.entries()) {
    await remove(key);
    const next = order[at + 1];
    assert.ok(await isFocused(next ? page.getByRole('button', { name: `Delete ${next}`, exact: true })
      : page.getByRole('region', { name: 'Backups' })), key);
  }
});

test('the schedule is saved, and one that is none is refused', async () => {
  const page = await owner();
  await open(page, '/_/backups');
  // Examples are a beginning.
  await page.getByLabel('Schedule: examples').selectOption({ label: 'Sundays at 03:00' });
  await page.getByText(/^Sundays at 03:00 UTC, next /).waitFor();
  assert.equal(await page.getByLabel('Schedule', { exact: true }).inputValue(), '0 3 * * 0');
  await page.getByLabel('Schedule', { exact: true }).fill('at night');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.locator('[name="backups.cron"][aria-invalid="true"]').waitFor();
  await page.getByLabel('Schedule', { exact: true }).fill('0 3 * * *');
  await page.getByText(/Every day at 03:00 UTC, next /).waitFor();
  await page.getByLabel('How many to keep').fill('5');
  await page.keyboard.press('Control+s');
  await page.getByText('Saved.', { exact: true }).waitFor();
  const { backups } = await api('GET', '/api/settings');
  assert.deepEqual([backups.cron, backups.cronMaxKeep], ['0 3 * * *', 5]);
  assert.ok((await api('GET', '/api/crons')).some(({ id }) => id === '__pbAutoBackup__'));
});

test('how the last one by schedule went is said', async () => {
  const s3 = { enabled: true, bucket: 'none', region: 'here', endpoint: 'http://127.0.0.1:9', accessKey: 'key',
    secret: 'secret' };
  await api('PATCH', '/api/settings', { backups: { cron: '0 3 * * *', s3 } });
  const page = await owner();
  await open(page, '/_/jobs');
  await page.getByRole('button', { name: 'Run now: Make a backup' }).click();
  await page.locator('.toast.problem').filter({ hasText: 'Make a backup failed.' }).waitFor();
  await open(page, '/_/backups');
  const { runs: [{ error }] } = (await api('GET', '/api/crons')).find(({ id }) => id === '__pbAutoBackup__');
  await page.getByText(`could not be made: ${error}`).waitFor();
  await api('PATCH', '/api/settings', { backups: { cron: '', s3: { enabled: false } } });
});

test('what is restored is there when the server is back', async () => {
  const page = await owner();
  await api('POST', '/api/collections', { name: 'kept', type: 'base', fields: [{ name: 'title', type: 'text' }] });
  await open(page, '/_/backups');
  await make(page, 'with-kept.zip');
  await row(page, 'with-kept.zip').getByText('Verified').waitFor();
  await api('DELETE', '/api/collections/kept');
  await restore(page, 'with-kept.zip');
  await page.getByText(/The server is back with the restored data/).waitFor();
  // The session was there when the backup was made.
  await page.getByRole('button', { name: 'Reload this page' }).click();
  await page.getByRole('link', { name: 'kept', exact: true }).waitFor();
  assert.equal((await api('GET', '/api/collections/kept')).name, 'kept');
});

test('an answer to a restore that is lost doesn\'t mean that nothing was restored', async () => {
  await api('PATCH', '/api/settings', { meta: { appName: 'Before' } });
  const page = await owner();
  await open(page, '/_/backups');
  await make(page, 'unanswered.zip');
  await row(page, 'unanswered.zip').getByText('Verified').waitFor();
  await api('PATCH', '/api/settings', { meta: { appName: 'After' } });
  const start = () => restore(page, 'unanswered.zip');
  const isRestoring = page.getByRole('dialog', { name: 'Restoring unanswered.zip' });
  // Neither request nor answer arrive: nobody has to wait for ever.
  await page.route('**/restore', (route) => route.abort(), { times: 1 });
  await start();
  await isRestoring.getByText(/answer was lost/).waitFor();
  await isRestoring.getByRole('button', { name: 'Don\'t wait' }).click();
  await isRestoring.waitFor({ state: 'detached' });
  assert.equal((await api('GET', '/api/settings')).meta.appName, 'After');
  // Only the answer is lost.
  await page.route('**/restore', async (route) => {
    await route.fetch();
    await route.abort();
  }, { times: 1 });
  await start();
  await page.getByText('The server is back with the restored data.').waitFor();
  assert.equal((await api('GET', '/api/settings')).meta.appName, 'Before');
  await page.context().close();
});

test('whoever is not known in the restored data is told to sign in again', async () => {
  await api('POST', '/api/backups', { name: 'before-session.zip' });
  const page = await owner();
  await open(page, '/_/backups');
  await restore(page, 'before-session.zip');
  await page.getByText(/Your session is not in it/).waitFor();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/auth/_superusers/sign-in?redirect=*');
});
