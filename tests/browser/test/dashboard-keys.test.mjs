// The dashboard by keyboard: the palette, shortcuts, the order in which Tab goes, what Escape closes, and where the
// focus is afterwards.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, path } from '../lib/browser.mjs';
import { lookAtDialog, open, owner } from '../lib/dashboard.mjs';

const HOSTILE = '<img src=x onerror="globalThis.wasHit=1">';
/** So many elements a page may have before its content. */
const FRAME_MAX = 60;

for (const name of ['posts', 'reviews', 'back_orders']) {
  await api('POST', '/api/collections', { name, type: 'base', fields: [{ name: 'title', type: 'text' }] });
}
const post = await api('POST', '/api/collections/posts/records', { title: 'First' });

const palette = (page) => page.getByRole('combobox', { name: 'Go to a page or collection' });
const options = (page) => page.getByRole('option').allInnerTexts();
const focused = (page) => page.evaluate(() => document.activeElement.ariaLabel ?? document.activeElement.innerText);

test('the palette goes to pages and collections, by the best name first', async () => {
  const page = await owner();
  await page.keyboard.press('Control+k');
  await palette(page).fill('back');
  assert.deepEqual((await options(page)).slice(0, 2), ['Backups\nPage', 'back_orders\nCollection']);
  await palette(page).fill('bo');
  assert.equal((await options(page))[0], 'back_orders\nCollection');
  await palette(page).fill('rvws');
  assert.equal((await options(page))[0], 'reviews\nCollection');
  await palette(page).fill(HOSTILE);
  assert.deepEqual(await options(page), ['Nothing has this name.']);
  await palette(page).press('Enter');
  assert.equal(await palette(page).isVisible(), true);
  await palette(page).fill('reviews api');
  assert.deepEqual(await options(page), ['reviews: API\nCollection']);
  await palette(page).press('Enter');
  await page.waitForURL('**/_/collections/reviews/api');
  assert.match(await page.title(), /^API of reviews · /);
});

test('what was chosen lately comes first, and arrows choose', async () => {
  const page = await owner();
  await page.keyboard.press('Control+k');
  await palette(page).fill('mail');
  await palette(page).press('Enter');
  await page.waitForURL('**/_/mail');
  await page.keyboard.press('Control+k');
  assert.equal((await options(page))[0], 'Mail\nPage');
  const chosen = page.locator('[role="option"][aria-selected="true"]');
  const first = await chosen.innerText();
  await palette(page).press('ArrowDown');
  assert.notEqual(await chosen.innerText(), first);
  await palette(page).press('ArrowUp');
  assert.equal(await chosen.innerText(), first);
  assert.equal(await palette(page).getAttribute('aria-activedescendant'), await chosen.getAttribute('id'));
  await lookAtDialog(page, 'palette');
});

test('the palette does what the page offers, and finds a record by its id', async () => {
  const page = await owner();
  await open(page, '/_/collections/posts');
  await page.keyboard.press('Control+k');
  await palette(page).fill('new rec');
  assert.deepEqual(await options(page), ['New record\nHere']);
  await palette(page).press('Enter');
  await page.getByRole('dialog', { name: 'New record of posts' }).waitFor();
  await page.keyboard.press('Escape');
  await open(page, '/_/logs');
  await page.keyboard.press('Control+k');
  await palette(page).fill(post.id);
  await page.getByRole('option', { name: `posts: ${post.id}` }).click();
  await page.waitForURL(`**/_/collections/posts?record=${post.id}`);
  await page.getByLabel('title', { exact: true }).waitFor();
});

test('the palette leads to each part of the settings', async () => {
  const page = await owner();
  await page.keyboard.press('Control+k');
  await palette(page).fill('settings: ');
  const parts = (await options(page)).filter((text) => text.startsWith('Settings: '));
  await palette(page).fill('smtp');
  assert.deepEqual(await options(page), ['Settings: mail, SMTP\nPage']);
  await palette(page).press('Enter');
  await page.waitForURL('**/_/settings#mail');
  await page.getByRole('heading', { name: 'Mail', exact: true }).waitFor();
  const titles = await page.locator('[data-parts] a').allInnerTexts();
  assert.deepEqual(
    parts.map((text) => /: ([^,\n]+)/.exec(text)[1]).sort(),
    titles.map((title) => title.toLowerCase()).sort(),
  );
});

test('shortcuts are listed, and two keys are one only if they follow each other', async () => {
  const page = await owner();
  await page.clock.install();
  await page.reload();
  await page.keyboard.press('?');
  const heading = page.getByRole('heading', { name: 'Keyboard shortcuts' });
  await heading.waitFor();
  assert.equal(await heading.evaluate((one) => document.activeElement === one), true, 'seen from its beginning');
  await lookAtDialog(page, 'shortcuts');
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Keyboard shortcuts' }).waitFor({ state: 'detached' });
  await page.keyboard.press('g');
  await page.keyboard.press('x');
  await page.keyboard.press('l');
  assert.equal(path(page), '/_/');
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await page.waitForURL('**/_/logs');
});

test('Escape closes one thing at a time, and loses nothing', async () => {
  const page = await owner();
  await open(page, `/_/collections/posts?record=${post.id}`);
  const title = page.getByLabel('title', { exact: true });
  await title.fill('Not saved');
  // Two dialogs that open without a click are one to a browser, so the second Escape would close both.
  for (let times = 0; times < 6; times += 1) await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Close without saving?' }).waitFor({ state: 'detached' });
  assert.equal(await title.inputValue(), 'Not saved');
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Close without saving?' }).waitFor();
  assert.equal(await focused(page), 'Cancel', 'a key that is held down discards nothing');
  await page.getByRole('button', { name: 'Discard changes' }).click();
  await title.waitFor({ state: 'detached' });
});

test('dialogs and menus give the focus back to what opened them', async () => {
  const page = await owner();
  await page.getByLabel('Account').press('Enter');
  await page.getByRole('button', { name: 'Keyboard shortcuts' }).press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await focused(page), 'Account');
  await page.getByLabel('Account').press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Escape');
  assert.equal(await focused(page), 'Account');
  assert.equal(await page.getByRole('button', { name: 'Sign out' }).isVisible(), false);
  await page.getByLabel('Account').press('Enter');
  await page.locator('.brand a').focus();
  assert.equal(
    await page.getByRole('button', { name: 'Sign out' }).isVisible(),
    false,
    'a menu closes when the focus leaves',
  );
  await page.getByRole('button', { name: /Go to/ }).press('Enter');
  await palette(page).press('Escape');
  assert.match(await focused(page), /Go to/);
  await page.getByRole('button', { name: 'Refresh' }).press('Enter');
  await page.locator('[data-figures]:not([aria-busy])').waitFor();
  assert.equal(await focused(page), 'Refresh', 'a button that was busy keeps it');
});

test('the first Tab leads past the list, and everything on the way has a name and can be seen', async () => {
  const page = await owner();
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Skip to content');
  const unseen = [];
  for (let at = 0; at < FRAME_MAX; at += 1) {
    await page.keyboard.press('Tab');
    const found = await page.evaluate(() => {
      const { activeElement: one } = document;
      const { width, height } = one.getBoundingClientRect();
      const isSeen =
        width > 0 &&
        height > 0 &&
        getComputedStyle(one).opacity !== '0' &&
        getComputedStyle(one).outlineStyle !== 'none';
      return {
        name: one.ariaLabel ?? one.innerText,
        isSeen,
        isContent: one.closest('main') !== null,
        isEdge: one.role === 'separator',
      };
    });
    if (found.isContent) break;
    if (!found.name?.trim() || (!found.isSeen && !found.isEdge)) unseen.push(found);
  }
  assert.deepEqual(unseen, []);
  await page.reload();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
});
