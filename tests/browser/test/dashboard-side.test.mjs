// The list at the side of the dashboard: what is pinned, groups, its width, its search, and how it behaves on a phone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api } from '../lib/browser.mjs';
import { look, open, owner } from '../lib/dashboard.mjs';

const HOSTILE_KEPT = ['{', '"x"', '[1, null, {"a": 2}]', '{"length": 3}'];

const ids = {};
for (const name of ['apples', 'pears', 'plums']) {
  ids[name] = (
    await api('POST', '/api/collections', { name, type: 'base', fields: [{ name: 'title', type: 'text' }] })
  ).id;
}
await api('POST', '/api/collections', { name: 'apple_names', type: 'view', viewQuery: 'SELECT id, title FROM apples' });

const group = (page, name) => page.locator(`.side [data-group="${name}"]`);
const namesIn = (page, name) => group(page, name).locator('li:not([hidden]) > a').allInnerTexts();
const search = (page) => page.getByRole('searchbox', { name: 'Search collections' });

test('collections are pinned by keys alone, and stay so', async () => {
  const page = await owner();
  const pin = page.getByRole('button', { name: 'Pin plums' });
  assert.equal(await group(page, 'pinned').isVisible(), false);
  await page.locator('.side').getByRole('link', { name: 'plums', exact: true }).focus();
  await page.keyboard.press('Tab');
  assert.equal(await pin.evaluate((button) => getComputedStyle(button).opacity), '1', 'what has the focus can be seen');
  await page.keyboard.press('Enter');
  assert.deepEqual(await namesIn(page, 'pinned'), ['plums']);
  assert.deepEqual(await namesIn(page, 'own'), ['apple_names', 'apples', 'pears', 'users']);
  assert.equal(await pin.getAttribute('aria-pressed'), 'true');
  assert.equal(await pin.evaluate((button) => button === document.activeElement), true, 'the focus goes along');
  await page.getByRole('button', { name: 'Pin apples' }).click();
  await open(page, '/_/logs');
  assert.deepEqual(await namesIn(page, 'pinned'), ['apples', 'plums']);
  await look(page, 'side-pinned');
  await page.getByRole('button', { name: 'Pin plums' }).click();
  await page.getByRole('button', { name: 'Pin apples' }).click();
  assert.equal(await group(page, 'pinned').isVisible(), false);
  assert.deepEqual(await namesIn(page, 'own'), ['apple_names', 'apples', 'pears', 'plums', 'users']);
});

test('what is pinned in one tab is in another, and by its id', async () => {
  const page = await owner();
  const other = await page.context().newPage();
  await open(other, '/_/');
  await page.getByRole('button', { name: 'Pin pears' }).click();
  await group(other, 'pinned').getByRole('link', { name: 'pears' }).waitFor();
  await api('PATCH', `/api/collections/${ids.pears}`, { name: 'quinces' });
  await other.reload();
  assert.deepEqual(await namesIn(other, 'pinned'), ['quinces']);
  await api('PATCH', `/api/collections/${ids.pears}`, { name: 'pears' });
});

test('what a browser has kept may be anything', async () => {
  const page = await owner();
  for (const text of HOSTILE_KEPT) {
    await page.evaluate((value) => {
      for (const name of ['pinned', 'groups', 'side width', `palette ${document.body.dataset.email}`])
        localStorage.setItem(`holdall ${name} /`, value);
    }, text);
    await open(page, '/_/jobs');
    assert.equal((await namesIn(page, 'own')).length, 5, text);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').press('Escape');
  }
  assert.deepEqual(page.trouble, []);
});

test('groups stay as they were left, and that of the page is open', async () => {
  const page = await owner();
  const system = group(page, 'system');
  assert.equal(await system.evaluate((one) => one.open), false);
  await system.locator('summary').press('Enter');
  await page.reload();
  assert.equal(await system.evaluate((one) => one.open), true);
  await system.locator('summary').click();
  await open(page, '/_/collections/_superusers');
  assert.equal(await system.evaluate((one) => one.open), true);
  await open(page, '/_/jobs');
  assert.equal(await system.evaluate((one) => one.open), false);
});

test('the search finds names, ids and types, says if there is nothing, and is cleared', async () => {
  const page = await owner();
  await search(page).fill('APPL');
  assert.deepEqual(await namesIn(page, 'own'), ['apple_names', 'apples']);
  await search(page).fill(ids.plums.slice(3));
  assert.deepEqual(await namesIn(page, 'own'), ['plums']);
  await search(page).fill('view');
  assert.deepEqual(await namesIn(page, 'own'), ['apple_names']);
  await search(page).fill('auth');
  assert.deepEqual(await namesIn(page, 'own'), ['users']);
  assert.equal(
    await group(page, 'system').getByRole('link', { name: '_superusers' }).isVisible(),
    true,
    'closed groups open for it',
  );
  await search(page).fill('<img src=x>');
  await page.getByText('No collection has this name, id or type.').waitFor();
  await page.getByRole('button', { name: 'Clear the search' }).click();
  assert.equal((await namesIn(page, 'own')).length, 5);
  assert.equal(await group(page, 'system').evaluate((one) => one.open), false);
  await search(page).fill('pl');
  await search(page).press('Escape');
  assert.equal(await search(page).inputValue(), '');
  await search(page).fill('p');
  await search(page).press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.evaluate(() => document.activeElement.innerText), 'apples');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/_/collections/apples');
});

test('its width is changed by keys and by dragging, and stays', async () => {
  const page = await owner({ viewport: { width: 1280, height: 800 } });
  const edge = page.getByRole('separator', { name: 'Width of the list' });
  const width = async () => Math.round((await page.locator('.side').boundingBox()).width);
  const usual = await width();
  assert.equal(Number(await edge.getAttribute('aria-valuenow')), usual);
  await edge.press('ArrowRight');
  await edge.press('ArrowRight');
  assert.equal(await width(), usual + 32);
  await page.mouse.move((await width()) - 1, 400);
  await page.mouse.down();
  await page.mouse.move(340, 400);
  await page.mouse.move(402, 410);
  await page.mouse.up();
  assert.equal(await width(), 402);
  await page.reload();
  assert.equal(await width(), 402);
  await edge.press('End');
  assert.equal(await width(), 480, 'there is an end to it');
  await page.mouse.dblclick(479, 300);
  assert.equal(await width(), usual);
  await page.reload();
  assert.equal(await width(), usual);
});

test('a collection opens in a tab of its own', async () => {
  const page = await owner();
  const [tab] = await Promise.all([
    page.context().waitForEvent('page'),
    page.locator('.side').getByRole('link', { name: 'plums', exact: true }).click({ button: 'middle' }),
  ]);
  await tab.waitForURL('**/_/collections/plums');
});

test("on a phone it lies over the page, which can't be reached meanwhile", async () => {
  const page = await owner({ viewport: { width: 390, height: 780 } });
  const menu = page.getByRole('button', { name: 'Menu' });
  const logs = page.locator('.side').getByRole('link', { name: 'Logs' });
  assert.equal(await logs.isVisible(), false);
  await menu.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.ariaLabel), 'Close menu');
  const reached = new Set();
  for (let at = 0; at < 60; at += 1) {
    await page.keyboard.press('Tab');
    reached.add(
      await page.evaluate(() =>
        document.activeElement === document.body ? 'none' : document.activeElement.closest('.side') ? 'side' : 'page',
      ),
    );
  }
  assert.deepEqual(
    [...reached].filter((where) => where !== 'none'),
    ['side'],
  );
  await search(page).fill('x');
  await search(page).press('Escape');
  assert.equal(await logs.isVisible(), true, 'the first Escape clears the search');
  await page.keyboard.press('Escape');
  await logs.waitFor({ state: 'hidden' });
  assert.equal(await menu.evaluate((button) => button === document.activeElement), true, 'the focus goes back');
  await menu.click();
  await page.locator('.shade').click({ position: { x: 370, y: 400 } });
  await logs.waitFor({ state: 'hidden' });
  await menu.click();
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByLabel('Account').click();
  await page.setViewportSize({ width: 390, height: 780 });
  await logs.waitFor({ state: 'hidden' });
  await menu.click();
  await logs.click();
  await page.waitForURL('**/_/logs');
});

test('accounts that nobody can sign in to are marked, with the reason', async () => {
  const page = await owner();
  const mark = page.locator('.side [data-name="users"]').getByRole('img');
  assert.equal(await mark.count(), 0);
  const off = { enabled: false };
  await api('PATCH', '/api/collections/users', { passwordAuth: off, otp: off, oauth2: off });
  await page.reload();
  assert.match(await mark.getAttribute('aria-label'), /is off/);
  await api('PATCH', '/api/collections/users', { oauth2: { enabled: true, providers: [] } });
  await page.reload();
  assert.match(await mark.getAttribute('aria-label'), /none is set up/);
  assert.equal(await mark.isVisible(), true);
  await look(page, 'side-troubled');
});
