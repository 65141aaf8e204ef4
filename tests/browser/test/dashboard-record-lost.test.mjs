// The record editor where things get lost on the way: answers of the server that don't arrive, and what was typed and
// not saved while others went on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api } from '../lib/browser.mjs';
import {
  answers, button, field, isSaved, make, page, png, said, save, show, stored,
} from '../lib/record_panel.mjs';

/** The records of a collection with this title. */
const titled = async (collection, title) =>
  (await api('GET', `/api/collections/${collection}/records?filter=title="${title}"`)).items;

/** Lets the next new record of a collection be made, but not its answer arrive. */
const loseAnswer = (collection) =>
  page.route(
    `**/api/collections/${collection}/records`,
    async (route) => {
      await route.fetch();
      await route.abort();
    },
    { times: 1 },
  );

test('a new record whose answer gets lost is not made a second time', async () => {
  const panel = await show('papers');
  await panel.getByLabel('title', { exact: true }).fill('lost');
  const picture = { name: 'a.png', mimeType: 'image/png', buffer: png(30) };
  await field(panel, 'pictures').locator('input[type="file"]').setInputFiles(picture);
  await loseAnswer('papers');
  await button(panel, 'Create').click();
  const banner = panel.locator('[data-banner="problem"]', { hasText: "can't be reached" });
  await banner.waitFor();
  assert.equal((await titled('papers', 'lost')).length, 1);
  // What is typed meanwhile is not taken for saved.
  await panel.getByLabel('title', { exact: true }).fill('found');
  await button(banner, 'Try again').click();
  await said('Created.');
  await panel.getByText('Not saved: title', { exact: true }).waitFor();
  await save(panel);
  await isSaved(panel);
  assert.equal((await titled('papers', 'lost')).length, 0);
  const [{ pictures }, ...others] = await titled('papers', 'found');
  assert.equal(pictures.length, 1);
  assert.equal(others.length, 0);
  assert.deepEqual(page.trouble, []);
});

test('a new record that has not arrived is made by the next attempt', async () => {
  const panel = await show('papers');
  await panel.getByLabel('title', { exact: true }).fill('late');
  await page.route('**/api/collections/papers/records', (route) => route.abort(), { times: 1 });
  await button(panel, 'Create').click();
  await button(panel.locator('[data-banner="problem"]'), 'Try again').click();
  await said('Created.');
  assert.equal((await titled('papers', 'late')).length, 1);
});

test('where only the server can make ids, a lost answer is warned of', async () => {
  const id = { name: 'id', type: 'text', system: true, required: true, primaryKey: true };
  const pattern = { min: 6, max: 6, pattern: '^[A-Z]+$', autogeneratePattern: '[A-Z]{6}' };
  const fields = [{ ...id, ...pattern }, { name: 'title', type: 'text' }];
  await api('POST', '/api/collections', { name: 'coded', type: 'base', fields });
  const panel = await show('coded');
  await panel.getByLabel('title', { exact: true }).fill('once');
  await loseAnswer('coded');
  await button(panel, 'Create').click();
  await panel.locator('[data-banner="problem"]', { hasText: 'may be there already: look before' }).waitFor();
  const [made] = await titled('coded', 'once');
  assert.match(made.id, /^[A-Z]{6}$/);
  assert.equal((await stored('coded', made.id)).title, 'once');
});

test('a draft takes the place of what others have saved since only if somebody says so', async () => {
  const { id } = await make('kinds', { title: 'v1', inner: 'v1' });
  let panel = await show('kinds', { id });
  await panel.getByLabel('title', { exact: true }).fill('typed');
  await panel.getByLabel('inner', { exact: true }).fill('typed, too');
  await page.waitForFunction(() => Object.values(localStorage).some((text) => text.includes('typed, too')));
  // Leaving the page asks about what is not saved.
  page.once('dialog', (asked) => asked.accept());
  await page.goto('about:blank');
  await api('PATCH', `/api/collections/kinds/records/${id}`, { title: 'v2' });
  panel = await show('kinds', { id });
  const banner = panel.locator('[data-banner="draft"]', { hasText: 'something else has been saved in title.' });
  const heading = page.getByRole('heading', { name: 'Whose values count?' });
  await button(banner, 'Restore').click();
  const dialog = page.locator('dialog[open]').last();
  await heading.waitFor();
  assert.deepEqual(await dialog.locator('legend').allTextContents(), ['title']);
  assert.deepEqual(await dialog.locator('.record-value').allTextContents(), ['v2', 'typed']);
  // Who doesn't decide may do so later.
  await answers('Cancel');
  assert.equal(await panel.getByLabel('title', { exact: true }).inputValue(), 'v2');
  await button(banner, 'Restore').click();
  await heading.waitFor();
  await dialog.getByLabel('Theirs').check();
  await answers('Use these');
  await panel.getByText('Not saved: inner', { exact: true }).waitFor();
  await save(panel);
  await isSaved(panel);
  const { title, inner } = await stored('kinds', id);
  assert.deepEqual([title, inner], ['v2', 'typed, too']);
  assert.equal(await banner.count(), 0);
  assert.deepEqual(page.trouble, []);
});
