// What all tests of the dashboard do: sign in as its owner, look at a page in every size and colour, listen for trouble.

import assert from 'node:assert/strict';
import { SUPERUSER, shoot, signIn, violations, violationsNow, visitor } from './browser.mjs';

/** A superuser with a browser of their own, at the dashboard. What the pages complain about is kept in `page.trouble`. */
export async function owner(options = {}) {
  const page = await visitor({ scripts: true, ...options });
  page.trouble = [];
  page.on('pageerror', (error) => page.trouble.push(`${page.url()}: ${error.message}`));
  page.on('console', (message) => {
    // Refused requests are what some tests want to see; the browser notes each of them.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) page.trouble.push(`${page.url()}: ${message.text()}`);
  });
  await signIn(page, SUPERUSER.email, { collection: '_superusers', password: SUPERUSER.password, path: '/auth/_superusers/sign-in?redirect=/_/' });
  await page.waitForURL('**/_/');
  return page;
}

/** Opens a page of the dashboard and waits until its module has drawn it. */
export async function open(page, path) {
  await page.goto(path);
  await page.waitForLoadState('networkidle');
}

/** Looks at a page that is ready: pictures on a phone and a desk in both colours, and nothing that keeps people out. */
export async function look(page, name) {
  await shoot(page, `dashboard-${name}`);
  const { pathname, search } = new URL(page.url());
  assert.deepEqual(await violations(pathname + search, await page.context().cookies()), [], name);
  assert.deepEqual(page.trouble, [], name);
}

/** Looks at what is open over a page, as it is now: pictures as of pages, and nothing that keeps people out. */
export async function lookAtDialog(page, name) {
  const size = page.viewportSize();
  await shoot(page, `dashboard-${name}`);
  assert.deepEqual(await violationsNow(page), [], name);
  assert.deepEqual(page.trouble, [], name);
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: null });
}
