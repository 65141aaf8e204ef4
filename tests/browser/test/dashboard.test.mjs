// The dashboard's frame and its overview: getting in and out, colours, components, and the path that a proxy shows it
// below. The list at the side, the session, keys and the palette, what a first visit weighs, and each screen have files
// of their own beside this one.

import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { SUPERUSER, api, origin, output, path, submit, visitor } from '../lib/browser.mjs';
import { look, open, owner } from '../lib/dashboard.mjs';

const PREFIX = '/some/where';

await api('POST', '/api/collections', { name: 'tools', type: 'base', fields: [{ name: 'title', type: 'text' }] });

test('whoever comes without a session signs in and gets to the page that they wanted', async () => {
  const page = await visitor({ scripts: true });
  await page.goto('/_/logs?filter=x');
  assert.match(path(page), /^\/auth\/_superusers\/sign-in/);
  const password = page.getByLabel('Password', { exact: true });
  await password.fill('to be seen');
  const show = page.getByRole('button', { name: 'Show: Password' });
  await show.press('Enter');
  assert.deepEqual([await password.getAttribute('type'), await show.getAttribute('aria-pressed')], ['text', 'true']);
  await show.press('Enter');
  assert.equal(await password.getAttribute('type'), 'password');
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
  await page.getByText('Requests, 24 h').waitFor();
  assert.match(await page.locator('[data-figures]').innerText(), /Room on disk\s+[\d.,]+ [GT]B/);
  await page.locator('[data-findings] li').first().waitFor();
  const findings = page.locator('[data-findings]');
  assert.match(await findings.innerText(), /Run holdall backup create/);
  assert.match(await findings.getByRole('link', { name: 'backups' }).first().getAttribute('href'), /\/_\/backups$/);
  const grades = await findings.locator('.badge').allInnerTexts();
  assert.deepEqual(grades, [...grades].sort().reverse(), 'warnings come before notes');
  assert.match(await page.locator('[data-chart]').getAttribute('aria-label'), /24 hours, at most \d+/);
  await page.locator('[data-chart] canvas').waitFor();
  await look(page, 'overview');
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

test('the accent colour of the settings is what the dashboard paints with, and can be read', async () => {
  await api('PATCH', '/api/settings', { meta: { accentColor: '#ffe066' } });
  const page = await owner({ colorScheme: 'light' });
  const current = page.locator('.side [aria-current]');
  const colors = () =>
    current.evaluate((link) => [getComputedStyle(link).color, getComputedStyle(link).backgroundColor].join());
  const light = await colors();
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.notEqual(await colors(), light);
  await look(page, 'overview-accent');
  await api('PATCH', '/api/settings', { meta: { accentColor: '#1055c9' } });
  await page.emulateMedia({ colorScheme: 'light' });
  await page.reload();
  assert.notEqual(await colors(), light);
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
    const onward = http.request(
      { port, host: '127.0.0.1', method: request.method, path: request.url.slice(PREFIX.length), headers },
      (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      },
    );
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
    await page.getByRole('button', { name: 'Pin users' }).click();
    await page.reload();
    await page.locator('.side [data-group="pinned"]').getByRole('link', { name: 'users' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('users: definition');
    await page.getByRole('combobox').press('Enter');
    await page.waitForURL(`**${PREFIX}/_/collections/users/edit`);
    await page.context().clearCookies();
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.getByRole('dialog', { name: 'You are signed out' }).getByRole('link').click();
    await page.waitForURL(`**${PREFIX}/auth/_superusers/sign-in?redirect=%2F_%2Fcollections%2Fusers%2Fedit`);
    assert.deepEqual(missing, []);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});

test('the server had no trouble', () => {
  assert.doesNotMatch(output(), /ERROR/);
});
