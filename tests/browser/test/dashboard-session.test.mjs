// What pages of the dashboard do when their session has ended meanwhile, in another tab or on the server: they say so,
// keep what was typed, and go on once their owner has signed in again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SUPERUSER, api, path, submit } from '../lib/browser.mjs';
import { open, owner } from '../lib/dashboard.mjs';

await api('POST', '/api/collections', { name: 'notes', type: 'base', fields: [{ name: 'title', type: 'text' }] });
const note = await api('POST', '/api/collections/notes/records', { title: 'First' });

const ended = (page) => page.getByRole('dialog', { name: 'You are signed out' });
const signOut = async (page) => {
  await page.getByLabel('Account').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/sign-in**');
};
const signIn = (page) => submit(page, { 'E-mail address': SUPERUSER.email, Password: SUPERUSER.password }, 'Sign in');
/** Another tab of the same browser. */
const tab = async (page, address) => {
  const other = await page.context().newPage();
  await open(other, address);
  return other;
};

test('signing out is told in the other tabs, which lead back to where they were', async () => {
  const page = await owner();
  const other = await tab(page, '/_/logs?filter=x');
  await signOut(page);
  await ended(other).getByText('Your session has ended').waitFor();
  await ended(other).getByRole('link', { name: 'Sign in' }).press('Enter');
  await other.waitForURL('**/sign-in**');
  await signIn(other);
  await other.waitForURL('**/_/logs?filter=x');
});

test('what was typed stays, and is saved after signing in in another tab', async () => {
  const page = await owner();
  const other = await tab(page, `/_/collections/notes?record=${note.id}`);
  await other.getByLabel('title', { exact: true }).fill('Second');
  await signOut(page);
  await ended(other).getByText('What you have not saved is still here.').waitFor();
  const [third] = await Promise.all([
    page.context().waitForEvent('page'),
    ended(other).getByRole('link', { name: 'Sign in in a new tab' }).click(),
  ]);
  await signIn(third);
  await third.waitForURL('**/_/collections/notes**');
  await ended(other).waitFor({ state: 'detached' });
  await other.getByText('You are signed in again.').waitFor();
  assert.equal(await other.getByLabel('title', { exact: true }).inputValue(), 'Second');
  const [answer] = await Promise.all([
    other.waitForResponse((one) => one.request().method() === 'PATCH'),
    other.getByRole('button', { name: 'Save and close' }).click(),
  ]);
  assert.equal(answer.status(), 200);
  assert.equal((await api('GET', `/api/collections/notes/records/${note.id}`)).title, 'Second');
});

test('a refused request is looked into: if the session is gone, the page says it, and once is enough', async () => {
  const page = await owner();
  await open(page, '/_/settings');
  const name = page.getByLabel('Name', { exact: true }).first();
  await name.fill('Another name');
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Save changes' }).click();
  await ended(page).getByRole('link', { name: 'Sign in in a new tab' }).waitFor();
  await page.keyboard.press('Escape');
  await ended(page).waitFor({ state: 'detached' });
  const looked = page.waitForResponse((one) => new URL(one.url()).pathname === '/_/session');
  await page.evaluate(() => document.dispatchEvent(new Event('sessiondoubt')));
  await looked;
  assert.equal(await ended(page).count(), 0, 'what the page does by itself brings it up once');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await ended(page).getByRole('button', { name: 'Stay here' }).click();
  assert.equal(await name.inputValue(), 'Another name');
  assert.equal(path(page), '/_/settings');
});

test('a page that is looked at again looks whether it still has its session', async () => {
  const page = await owner();
  await page.context().clearCookies();
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await ended(page).waitFor();
});

test('a page that has its session is left alone', async () => {
  const page = await owner();
  const looked = page.waitForResponse((one) => new URL(one.url()).pathname === '/_/session');
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  assert.notEqual((await looked).status(), 401);
  assert.equal(await page.getByRole('dialog').count(), 0);
});
