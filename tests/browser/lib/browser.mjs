// One server and one browser per test file, and what all tests of pages do with them.

import { after } from 'node:test';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { SUPERUSER, startServer } from '../../parity/lib/server.mjs';

export { SUPERUSER };
export const PASSWORD = 'correct horse';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = resolve(dirname(process.env.HOLDALL_BIN), '..', 'screenshots');
/** How long a browser may take for one thing. Nothing here takes a tenth of that. */
const DEADLINE_MS = 15_000;

const server = await startServer('holdall');
// The browser takes no WebAuthn for addresses with numbers, and this name is the same machine everywhere.
export const origin = `http://localhost:${server.port}`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
await mkdir(SHOTS, { recursive: true });
after(async () => {
  await browser.close();
  await server.stop();
});

/** What the server has printed. */
export const output = () => server.output();

/** Somebody with a browser of their own. Without `scripts`, JavaScript is off, as it may be for every page but passkeys'. */
export async function visitor({ scripts = false, ...options } = {}) {
  const context = await browser.newContext({ javaScriptEnabled: scripts, baseURL: origin, locale: 'en-GB', ...options });
  context.setDefaultTimeout(DEADLINE_MS);
  return context.newPage();
}

let superuserToken;
/** Calls the API as the superuser. */
export async function api(method, path, body) {
  superuserToken ??= (await call('POST', '/api/collections/_superusers/auth-with-password',
    { identity: SUPERUSER.email, password: SUPERUSER.password })).token;
  return call(method, path, body, superuserToken);
}

async function call(method, path, body, token = '') {
  const headers = { 'Content-Type': 'application/json', Authorization: token };
  const answer = await fetch(origin + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

let count = 0;
/** An account that is there already; its address is confirmed. */
export async function account(collection = 'users', extra = {}) {
  count += 1;
  const email = `somebody${count}@example.com`;
  const body = { email, password: PASSWORD, passwordConfirm: PASSWORD, verified: true, ...extra };
  return { ...(await api('POST', `/api/collections/${collection}/records`, body)), email };
}

/** Fills in a form by its labels and sends it. */
export async function submit(page, fields, button) {
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
  await page.getByRole('button', { name: button, exact: true }).click();
}

/** Signs in on the page, and waits until that is done. */
export async function signIn(page, email, { collection = 'users', password = PASSWORD, path } = {}) {
  await page.goto(path ?? `/auth/${collection}/sign-in`);
  await submit(page, { 'E-mail address': email, Password: password }, 'Sign in');
}

/** The newest mail of a kind to an address, from the outbox. It is queued before the page that asked for it answers. */
export async function mailTo(address, kind) {
  const { items } = await api('GET', '/api/mails?perPage=200');
  const found = items.filter((mail) => mail.kind === kind && (mail.recipient ?? mail.to) === address);
  assert.ok(found.length > 0, `no mail ${kind} to ${address}: ${JSON.stringify(items)}`);
  found.sort((a, b) => b.created.localeCompare(a.created));
  return api('GET', `/api/mails/${found[0].id}`);
}

/** The link of a mail, as a path on this server. */
export function linkIn(mail) {
  const link = /https?:\/\/[^\s"<>]+\/auth\/[^\s"<>]+/.exec(mail.text ?? mail.html)?.[0].replaceAll('&amp;', '&');
  assert.ok(link, `no link in ${JSON.stringify(mail)}`);
  const { pathname, search } = new URL(link);
  return pathname + search;
}

/** Where the browser is. */
export const path = (page) => page.url().replace(origin, '');

/** What a page looks like, on a phone and on a desk, in light and in dark; for people to look at afterwards. */
export async function shoot(page, name) {
  const looks = [['phone', 'light', 390, 780], ['phone', 'dark', 390, 780], ['desk', 'light', 1280, 800], ['desk', 'dark', 1280, 800]];
  for (const [device, colorScheme, width, height] of looks) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    assert.equal(await sideways(page), false, `${name} scrolls sideways on a ${device}`);
    await page.screenshot({ path: join(SHOTS, `${name}-${device}-${colorScheme}.png`), fullPage: true });
  }
}

/** Whether something sticks out of the page. */
const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth > globalThis.innerWidth);

/** What axe finds that keeps people from using a page, opened anew. */
export async function violations(path, cookies = []) {
  const context = await browser.newContext({ baseURL: origin, locale: 'en-GB' });
  try {
    await context.addCookies(cookies);
    const page = await context.newPage();
    await page.goto(path);
    await page.waitForLoadState('networkidle');
    return await violationsNow(page);
  } finally {
    await context.close();
  }
}

/** What axe finds on a page as it is at this moment, dialogs that are open included. */
export async function violationsNow(page) {
  // Put in by the browser's own door: the page's policy keeps scripts out that come as elements.
  await page.evaluate(AXE);
  const found = [];
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    // In the dark only colours are other ones.
    const only = colorScheme === 'dark' ? { runOnly: ['color-contrast'] } : {};
    const { violations } = await page.evaluate((options) => globalThis.axe.run(options), only);
    found.push(...violations.filter((one) => ['serious', 'critical'].includes(one.impact))
      .map((one) => `${path(page)} ${colorScheme}: ${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`));
  }
  return found;
}
