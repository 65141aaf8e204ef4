// The page Settings: what is changed and nothing else arrives, what is refused stands beside its field, and nobody
// locks themselves out without being asked.

import assert from 'node:assert/strict';
import test from 'node:test';
import { startServer } from '../../parity/lib/server.mjs';
import { SUPERUSER, api } from '../lib/browser.mjs';
import { look, lookAtDialog, open, owner } from '../lib/dashboard.mjs';

const NAME = '<img src=x onerror=alert(1)> "Tools" & more';

const save = (page) => page.getByRole('button', { name: 'Save changes' }).click();
const saved = (page) => page.getByText('Saved.', { exact: true }).waitFor();
const part = (page, title) => page.getByRole('region', { name: title, exact: true });

test('only what was changed is sent, and it is in force', async () => {
  const page = await owner();
  await open(page, '/_/settings');
  assert.equal(await page.getByRole('button', { name: 'Save changes' }).isVisible(), false,
    'there is nothing to save yet');
  await part(page, 'Application').getByLabel('Name', { exact: true }).fill(NAME);
  await part(page, 'Batch requests').getByLabel('Allow many changes in one request').check();
  await part(page, 'Batch requests').getByLabel('Requests at most').fill('77');
  await page.getByText('3 changes are not saved').waitFor();
  const sent = page.waitForRequest((request) => request.method() === 'PATCH');
  await page.keyboard.press('Control+s');
  assert.deepEqual((await sent).postDataJSON(), { meta: { appName: NAME }, batch: { enabled: true, maxRequests: 77 } });
  await saved(page);
  const { meta, batch } = await api('GET', '/api/settings');
  assert.deepEqual([meta.appName, batch.enabled, batch.maxRequests], [NAME, true, 77]);
  await open(page, '/_/settings');
  assert.equal(await part(page, 'Application').getByLabel('Name', { exact: true }).inputValue(), NAME);
  assert.equal(await page.locator('img[src="x"]').count(), 0);
  assert.deepEqual(page.trouble, []);
  await look(page, 'settings');
});

test('every setting that there is has an input', async () => {
  const page = await owner();
  await open(page, '/_/settings');
  const leaves = (value, path = []) => (value === null || typeof value !== 'object' || Array.isArray(value)
    ? [path.join('.')]
    : Object.entries(value).flatMap(([key, one]) => leaves(one, [...path, key])));
  const known = await page.locator('[data-path]').evaluateAll((all) => all.map(({ dataset }) => dataset.path));
  const secrets = ['smtp.password', 's3.secret', 'backups.s3.secret'];
  assert.deepEqual(known.toSorted(), [...leaves(await api('GET', '/api/settings')), ...secrets].toSorted());
});

test('what is refused stands beside its field, and nothing typed is lost', async () => {
  const page = await owner();
  await open(page, '/_/settings');
  await part(page, 'Application').getByLabel('Address').fill('nowhere');
  await part(page, 'Mail').getByLabel('Sender\'s address').fill('<b>nobody</b>');
  await part(page, 'Backups').getByLabel('Schedule', { exact: true }).fill('every day');
  await page.getByRole('button', { name: 'Add a limit' }).click();
  const limit = page.getByRole('row').filter({ has: page.getByLabel('What is counted') }).last();
  await limit.getByLabel('What is counted').fill('a b c');
  await limit.getByLabel('Requests').fill('0');
  await part(page, 'Superusers').getByLabel('Addresses of superusers').fill('0.0.0.0/0\n::/0\nwhere');
  await save(page);
  for (const [name, words] of [
    ['meta.appURL', /web address/], ['meta.senderAddress', /email address/], ['backups.cron', /five parts/],
      ['rateLimits.rules.4.label', /path/],
    ['rateLimits.rules.4.maxRequests', /empty/], ['superuserIPs', /where/],
  ]) {
    const input = page.locator(`[name="${name}"]`);
    await page.locator(`[name="${name}"][aria-invalid="true"]`).waitFor();
    assert.match(await page.locator(`#${await input.getAttribute('aria-describedby')}`).textContent(), words, name);
  }
  assert.equal(await part(page, 'Application').getByLabel('Address').inputValue(), 'nowhere');
  assert.notEqual((await api('GET', '/api/settings')).meta.appURL, 'nowhere');
  // Whoever leaves is asked, and may stay.
  const asked = page.waitForEvent('dialog');
  const leaving = page.getByRole('link', { name: 'Jobs' }).click();
  const dialog = await asked;
  assert.equal(dialog.type(), 'beforeunload');
  await dialog.dismiss();
  await leaving.catch(() => {});
  assert.equal(await part(page, 'Application').getByLabel('Address').inputValue(), 'nowhere');
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
  await page.locator('[name="rateLimits.rules.4.label"]').waitFor({ state: 'detached' });
  assert.equal(await page.locator('[aria-invalid="true"]').count(), 0);
});

test('limits have rows, and their labels can be completed', async () => {
  const page = await owner();
  await open(page, '/_/settings');
  const limits = part(page, 'Rate limits').first();
  await limits.getByLabel('Limit how often clients may ask').check();
  await limits.getByRole('button', { name: 'Add a limit' }).click();
  const rows = page.getByRole('row').filter({ has: page.getByLabel('What is counted') });
  const list = await rows.last().getByLabel('What is counted').getAttribute('list');
  const options = await page.locator(`datalist#${list} option`).evaluateAll((all) => all.map(({ value }) => value));
  for (const wanted of ['*:auth', '/api/batch', 'users:authWithPassword', 'users']) assert.ok(options.includes(wanted),
    wanted);
  await rows.last().getByLabel('What is counted').fill('users:create');
  await rows.last().getByLabel('For whom').selectOption({ label: 'Guests' });
  await rows.last().getByLabel('Requests').fill('9000');
  await rows.last().getByLabel('Seconds').fill('60');
  await rows.first().getByRole('button', { name: 'Remove this limit' }).press('Enter');
  assert.ok(await rows.first().getByRole('button').evaluate((button) => button === document.activeElement));
  await limits.getByRole('button', { name: /Add your address/ }).click();
  // On a phone, all of a limit is in sight.
  const size = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 780 });
  let [end, top] = [0, 0];
  for (const one of await rows.last().locator('input, select, button').all()) {
    const { x, y, width, height } = await one.boundingBox();
    assert.ok(x + width <= 390 && (x >= end || y >= top), 'beside or below the one before');
    [end, top] = [x + width, y + height];
  }
  await page.setViewportSize(size);
  await save(page);
  await saved(page);
  const { rateLimits } = await api('GET', '/api/settings');
  assert.deepEqual([rateLimits.enabled, rateLimits.rules.length, rateLimits.excludedIPs], [true, 4, ['127.0.0.1']]);
  assert.deepEqual(rateLimits.rules.at(-1), { label: 'users:create', audience: '@guest', duration: 60,
    maxRequests: 9000 });
});

test('nobody locks themselves out without being asked', async () => {
  const page = await owner();
  await open(page, '/_/settings');
  const addresses = page.getByLabel('Addresses of superusers');
  await addresses.fill('203.0.113.7');
  await save(page);
  await page.getByRole('dialog', { name: 'Lock yourself out?' }).waitFor();
  await lookAtDialog(page, 'settings-locked-out');
  await page.getByRole('dialog', { name: 'Lock yourself out?' }).getByRole('button', { name: 'Cancel' }).click();
  assert.deepEqual((await api('GET', '/api/settings')).superuserIPs, []);
  await part(page, 'Superusers').getByRole('button', { name: /Add your address/ }).click();
  assert.equal(await addresses.inputValue(), '203.0.113.7\n127.0.0.1');
  await save(page);
  await saved(page);
  assert.deepEqual((await api('GET', '/api/settings')).superuserIPs, ['203.0.113.7', '127.0.0.1']);
  await api('PATCH', '/api/settings', { superuserIPs: [] });
});

test('secrets are written and never shown, and a bucket that isn\'t there is told', async () => {
  const page = await owner();
  await open(page, '/_/settings');
  const files = part(page, 'Files');
  await files.getByLabel('Keep them in an S3-compatible bucket').check();
  for (const [label, value] of [['Endpoint', 'http://127.0.0.1:9'], ['Bucket', 'files'], ['Region', 'here'],
    ['Access key', 'key']]) await files.getByLabel(label, { exact: true }).fill(value);
  await save(page);
  // Without the secret there is no bucket.
  await page.locator('[name="s3.secret"][aria-invalid="true"]').waitFor();
  await files.getByLabel('Secret key').fill('hidden-secret');
  await save(page);
  await saved(page);
  assert.equal(await files.getByLabel('Secret key').inputValue(), '');
  assert.equal((await api('GET', '/api/settings')).s3.bucket, 'files');
  await files.getByRole('button', { name: 'Test the bucket' }).click();
  await files.getByText('Can\'t be used', { exact: true }).waitFor();
  await files.getByText('The bucket can\'t be used').waitFor();
  // Whoever comes later sees it at once.
  await open(page, '/_/settings');
  await files.getByText('Can\'t be used', { exact: true }).waitFor();
  // Left alone, it stays; the bucket could not stay switched on without it.
  await files.getByLabel('Region').fill('there');
  await save(page);
  await page.waitForFunction(() => document.querySelector('[data-save-bar]').hidden);
  assert.equal((await api('GET', '/api/settings')).s3.region, 'there');
  await files.getByRole('button', { name: 'Delete the saved one' }).click();
  await save(page);
  await page.locator('[name="s3.secret"][aria-invalid="true"]').waitFor();
  await api('PATCH', '/api/settings', { s3: { enabled: false, secret: '' } });
});

test('the page is seen in a colour before it is saved, and keeps it', async () => {
  const page = await owner();
  await open(page, '/_/settings');
  const accent = () => page.evaluate(() =>
    getComputedStyle(document.documentElement).getPropertyValue('--accent').trim());
  const seen = (color) => page.waitForFunction((wanted) =>
    getComputedStyle(document.documentElement).getPropertyValue('--accent').trim() === wanted, color);
  const own = await accent();
  const input = part(page, 'Application').getByLabel('Accent colour', { exact: true });
  await input.fill('#aa2211');
  await seen('rgb(170, 34, 17)');
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
  await seen(own);
  await input.fill('red');
  await save(page);
  await page.locator('[name="meta.accentColor"][aria-invalid="true"]').waitFor();
  assert.equal(await accent(), own);
  await part(page, 'Application').getByLabel('Pick: Accent colour').fill('#2233bb');
  await part(page, 'Application').getByLabel('Name', { exact: true }).fill('Shed <b>');
  await save(page);
  await saved(page);
  await page.locator('.brand').getByText('Shed <b>').waitFor();
  await open(page, '/_/settings');
  await seen('rgb(34, 51, 187)');
  await api('PATCH', '/api/settings', { meta: { accentColor: '#1055c9', appName: 'Holdall' } });
});

test('it says where the server sees somebody, and offers a proxy\'s header', async () => {
  const page = await owner();
  await page.setExtraHTTPHeaders({ 'CF-Connecting-IP': '203.0.113.9' });
  await open(page, '/_/settings');
  const proxy = part(page, 'Proxy');
  await proxy.getByText('The server sees you at 127.0.0.1').waitFor();
  await proxy.getByRole('button', { name: 'Trust CF-Connecting-IP' }).click();
  assert.equal(await proxy.getByLabel('Trusted headers').inputValue(), 'CF-Connecting-IP');
  assert.equal(await proxy.getByRole('button', { name: /^Trust / }).count(), 0);
  await save(page);
  await saved(page);
  await proxy.getByText('The server sees you at 203.0.113.9').waitFor();
  await api('PATCH', '/api/settings', { trustedProxy: { headers: [] } });
});

test('what the configuration has locked is shown with its place', async () => {
  const locked = await startServer('holdall', { HOLDALL_APP_NAME: 'From <outside>', HOLDALL_BATCH_ENABLED: 'true' });
  const page = await owner();
  try {
    await page.goto(`http://localhost:${locked.port}/auth/_superusers/sign-in?redirect=/_/settings`);
    await page.getByLabel('E-mail address').fill(SUPERUSER.email);
    await page.getByLabel('Password', { exact: true }).fill(SUPERUSER.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    const name = part(page, 'Application').getByLabel('Name', { exact: true });
    await name.waitFor();
    assert.equal(await name.inputValue(), 'From <outside>');
    assert.ok(await name.isDisabled());
    assert.match(await page.locator('[data-path="meta.appName"] .badge').textContent(), /app_name.*HOLDALL_APP_NAME/);
    assert.ok(await page.getByLabel('Allow many changes in one request').isDisabled());
    // What isn't locked can be changed beside it.
    await page.getByLabel('Days to keep').fill('6');
    await save(page);
    await saved(page);
  } finally {
    await page.context().close();
    await locked.stop();
  }
});
