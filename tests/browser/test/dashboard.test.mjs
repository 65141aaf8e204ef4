// The dashboard's frame and its overview: getting in and out, the list at the side, the palette, colours, shortcuts, the
// path that a proxy shows it below, and what a first visit weighs. Each screen has a file of its own beside this one.

import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { SUPERUSER, api, origin, output, path, submit, visitor } from '../lib/browser.mjs';
import { look, open, owner } from '../lib/dashboard.mjs';

/** What a first visit may weigh, altogether. */
const FIRST_LOAD_MAX_BYTES = 300_000;
const PREFIX = '/some/where';

await api('POST', '/api/collections', { name: 'posts', type: 'base', fields: [{ name: 'title', type: 'text' }] });

test('whoever comes without a session signs in and gets to the page that they wanted', async () => {
  const page = await visitor({ scripts: true });
  await page.goto('/_/logs?filter=x');
  assert.match(path(page), /^\/auth\/_superusers\/sign-in/);
  await submit(page, { 'E-mail address': SUPERUSER.email, Password: SUPERUSER.password }, 'Sign in');
  await page.waitForURL('**/_/logs?filter=x');
  await page.getByLabel('Account').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/sign-in**');
  await page.goto('/_/');
  assert.match(path(page), /^\/auth\/_superusers\/sign-in/);
});

test('the overview shows the figures of the server itself', async () => {
  const page = await owner();
  await open(page, '/_/');
  await page.getByText('Requests, 24 hours').waitFor();
  assert.match(await page.locator('[data-figures]').innerText(), /Room on disk\s+[\d.,]+ [GT]B/);
  await page.locator('[data-findings] li').first().waitFor();
  assert.match(await page.locator('[data-findings]').innerText(), /backup/i);
  assert.match(await page.locator('[data-chart]').getAttribute('aria-label'), /24 hours, at most \d+/);
  await page.locator('[data-chart] canvas').waitFor();
  await look(page, 'overview');
});

test('a new server offers the demo, and loads it', async () => {
  await api('DELETE', '/api/collections/posts');
  const page = await owner();
  await open(page, '/_/');
  await page.getByRole('button', { name: 'Load the demo' }).click();
  await page.locator('.side').getByRole('link', { name: 'tools', exact: true }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Load the demo' }).count(), 0);
  assert.ok((await api('GET', '/api/collections/tools/records?perPage=1')).totalItems > 10);
  assert.deepEqual(page.trouble, []);
});

test('collections are found at the side and by the palette, by keys alone', async () => {
  const page = await owner();
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await page.keyboard.type('review');
  const side = page.locator('.side [data-collections] > li:not([hidden])');
  assert.deepEqual(await side.allInnerTexts(), ['reviews']);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/_/collections/reviews');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  const box = page.getByRole('combobox', { name: 'Go to a page or collection' });
  await box.fill('back');
  assert.equal(await page.getByRole('option').first().innerText(), 'Backups\nPage');
  await box.press('Enter');
  await page.waitForURL('**/_/backups');
  await page.keyboard.press('?');
  await page.getByRole('heading', { name: 'Keyboard shortcuts' }).waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await page.getByRole('heading', { name: 'Keyboard shortcuts' }).count(), 0);
});

test('colours are chosen, and stay', async () => {
  const page = await owner({ colorScheme: 'light' });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByLabel('Account').click();
  await page.getByRole('button', { name: 'Dark', exact: true }).click();
  const dark = await ground();
  assert.notEqual(dark, light);
  await page.reload();
  assert.equal(await ground(), dark);
  await page.getByLabel('Account').click();
  await page.getByRole('button', { name: 'System', exact: true }).click();
  assert.equal(await ground(), light);
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.equal(await ground(), dark);
});

test('a phone has the list behind a button', async () => {
  const page = await owner({ viewport: { width: 390, height: 780 } });
  const link = page.locator('.side').getByRole('link', { name: 'Logs' });
  assert.equal(await link.isVisible(), false);
  await page.getByRole('button', { name: 'Menu' }).click();
  await link.click();
  await page.waitForURL('**/_/logs');
});

test('a first visit weighs little', async () => {
  const page = await owner();
  let bytes = 0;
  page.on('response', async (response) => {
    const { responseBodySize, responseHeadersSize } = await response.request().sizes().catch(() => ({ responseBodySize: 0, responseHeadersSize: 0 }));
    bytes += responseBodySize + responseHeadersSize;
  });
  const session = await page.context().newCDPSession(page);
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  await open(page, '/_/');
  await page.locator('[data-chart] canvas').waitFor();
  assert.ok(bytes > 10_000 && bytes < FIRST_LOAD_MAX_BYTES, `${bytes} bytes`);
});

test('components look and work in all sizes and colours', async () => {
  const page = await owner();
  await open(page, '/_/components');
  await page.getByRole('textbox', { name: 'Editor for rule' }).waitFor();
  await page.getByRole('button', { name: 'Ask twice' }).click();
  const go = page.getByRole('button', { name: 'Delete', exact: true }).last();
  assert.equal(await go.isDisabled(), true);
  await page.getByLabel('Type posts to go on').fill('posts');
  assert.equal(await go.isDisabled(), false);
  await page.keyboard.press('Escape');
  await page.getByRole('tab', { name: 'First' }).press('ArrowRight');
  assert.equal(await page.getByRole('tab', { name: 'Second' }).getAttribute('aria-selected'), 'true');
  await look(page, 'components');
});

test('everything works below a path that a proxy shows it at', async () => {
  const { port } = new URL(origin);
  const proxy = http.createServer((request, response) => {
    if (!request.url.startsWith(`${PREFIX}/`)) return response.writeHead(404).end();
    const headers = { ...request.headers };
    const onward = http.request({ port, host: '127.0.0.1', method: request.method, path: request.url.slice(PREFIX.length), headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise((listens) => proxy.listen(0, '127.0.0.1', listens));
  try {
    const page = await visitor({ scripts: true, baseURL: `http://localhost:${proxy.address().port}` });
    const missing = [];
    page.on('response', (response) => response.status() === 404 && missing.push(response.url()));
    await page.goto(`${PREFIX}/_/`);
    await submit(page, { 'E-mail address': SUPERUSER.email, Password: SUPERUSER.password }, 'Sign in');
    await page.waitForURL(`**${PREFIX}/_/`);
    await page.locator('[data-chart] canvas').waitFor();
    await page.locator('[data-findings] li').first().waitFor();
    for (const name of ['Logs', 'Backups', 'Settings', 'SQL', 'tools']) {
      await page.locator('.side').getByRole('link', { name, exact: true }).click();
      await page.waitForLoadState('networkidle');
      assert.ok(new URL(page.url()).pathname.startsWith(`${PREFIX}/_/`), page.url());
    }
    assert.deepEqual(missing, []);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});

test('the server had no trouble', () => {
  assert.doesNotMatch(output(), /ERROR/);
});
