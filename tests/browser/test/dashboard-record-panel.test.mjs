// The record editor as a panel: where the focus is, what Enter and the browser's back button do, how it fits a phone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, origin } from '../lib/browser.mjs';
import { open } from '../lib/dashboard.mjs';
import { answers, button, field, make, page, save, shelf, show, stored } from '../lib/record_panel.mjs';

test('an open record has the focus, so that keys act on it', async () => {
  const { id } = await make('kinds', { title: 'focused' });
  const panel = await show('kinds', { id });
  await panel.locator('.panel-head button[aria-label="Close"]:focus').waitFor();
  await page.keyboard.press('Enter');
  await panel.waitFor({ state: 'detached' });
});

test('Enter in the filter of many values saves nothing', async () => {
  const values = Array.from({ length: 15 }, (_, at) => `value ${at}`);
  const fields = [{ name: 'title', type: 'text' }, { name: 'many', type: 'select', values, maxSelect: 5 }];
  await api('POST', '/api/collections', { name: 'choosers', type: 'base', fields });
  const { id } = await make('choosers', { title: 'stored' });
  const panel = await show('choosers', { id });
  await panel.getByLabel('title', { exact: true }).fill('typed');
  await panel.getByLabel('Filter the values of many').fill('value 14');
  await page.keyboard.press('Enter');
  // A save begun by the key would be on its way before this.
  await field(panel, 'many').getByText('value 14', { exact: true }).click();
  assert.equal(await panel.locator('.record-says').textContent(), 'Not saved: title, many');
  await save(panel);
  await panel.locator('.record-says:empty').waitFor({ state: 'attached' });
  assert.deepEqual((await stored('choosers', id)).many, ['value 14']);
});

test('the back button closes what is on top', async () => {
  const { id } = await make('kinds', { title: 'below', shelf: shelf.Alpha });
  await open(page, '/_/collections/kinds');
  await page.locator('[role="grid"]').getByText('below', { exact: true }).first().waitFor();
  await page.evaluate((record) => {
    history.pushState({ within: true }, '', `?record=${record}`);
    dispatchEvent(new PopStateEvent('popstate'));
  }, id);
  const panels = page.locator('dialog.panel[open]');
  await button(panels.first(), 'Open Alpha').click();
  const upper = panels.nth(1);
  await upper.getByLabel('note', { exact: true }).fill('typed');
  await page.goBack();
  await answers('Discard changes');
  await upper.waitFor({ state: 'detached' });
  await page.waitForURL(`${origin}/_/collections/kinds?record=${id}`);
  await panels.getByRole('heading', { name: 'below' }).waitFor();
  await page.goBack();
  await panels.waitFor({ state: 'detached' });
  assert.equal(page.url(), `${origin}/_/collections/kinds`);
  assert.deepEqual(page.trouble, []);
});

test('what has no spaces fits a phone', async () => {
  const long = `https://example.com/${'x'.repeat(60)}`;
  const { id } = await make('kinds', { title: 'long', data: { link: long }, inner: 'y'.repeat(200) });
  const size = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 780 });
  const panel = await show('kinds', { id, readOnly: true });
  const [inside, room] = await panel.locator('.panel-body').evaluate((body) => [body.scrollWidth, body.clientWidth]);
  assert.equal(inside, room);
  const names = await panel.locator('th').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width));
  assert.ok(Math.min(...names) > 90, String(names));
  await page.setViewportSize(size);
});
