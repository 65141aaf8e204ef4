// The setting that hides controls: what changes collections isn't offered, records that are there save only once they
// are unlocked, and statements that change rows are asked about. It is there against accidents and keeps nobody out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api } from '../lib/browser.mjs';
import { look, lookAtDialog, open, owner } from '../lib/dashboard.mjs';

await api('POST', '/api/collections', { name: 'notes', type: 'base', fields: [{ name: 'title', type: 'text' }] });
const note = await api('POST', '/api/collections/notes/records', { title: 'First' });
const hide = (on) => api('PATCH', '/api/settings', { meta: { hideControls: on } });
await hide(true);

const page = await owner({ viewport: { width: 1280, height: 800 } });
const button = (name) => page.getByRole('button', { name, exact: true });
const stored = async () => (await api('GET', `/api/collections/notes/records/${note.id}`)).title;
const saved = () => page.waitForResponse((answer) => answer.request().method() === 'PATCH' && answer.ok());

test('nothing that makes or empties collections is offered, also not by the palette', async () => {
  assert.equal(await page.getByRole('link', { name: 'New collection' }).count(), 0);
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('new coll');
  assert.deepEqual(await page.getByRole('option').allInnerTexts(), ['Nothing has this name.']);
  await page.keyboard.press('Escape');
  await open(page, '/_/collections');
  assert.equal(await page.getByRole('link', { name: 'New collection' }).count(), 0);
});

test('a record that is there is saved only once it is unlocked', async () => {
  await open(page, `/_/collections/notes?record=${note.id}`);
  await page.getByLabel('title', { exact: true }).fill('Second');
  assert.equal(await button('Save').isVisible(), false);
  await page.keyboard.press('Control+s');
  await page.getByText('Press "Unlock to save" first.').waitFor();
  assert.equal(await stored(), 'First');
  await lookAtDialog(page, 'record-locked');
  await button('Unlock to save').click();
  await Promise.all([saved(), button('Save').click()]);
  assert.equal(await stored(), 'Second');
});

test('new records are made as always', async () => {
  await open(page, '/_/collections/notes');
  await button('New record').click();
  await page.getByLabel('title', { exact: true }).fill('Third');
  await button('Create and close').or(button('Save and close')).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal((await api('GET', '/api/collections/notes/records')).totalItems, 2);
});

test('a definition is shown, and saved only once it is unlocked', async () => {
  await open(page, '/_/collections/notes/edit');
  await page.locator('.save-bar').waitFor();
  assert.equal(await button('Save').isVisible(), false);
  await button('Unlock to save').waitFor();
  await look(page, 'definition-locked');
});

test('statements that change rows are asked about', async () => {
  await open(page, '/_/sql');
  await page.getByRole('textbox').first().click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText('DELETE FROM notes');
  await page.getByLabel('Allow changes of rows').check();
  await page.locator('[data-run]').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  assert.ok((await api('GET', '/api/collections/notes/records')).totalItems > 0);
});

test('without the setting, everything is offered at once', async () => {
  await hide(false);
  await open(page, `/_/collections/notes?record=${note.id}`);
  assert.equal(await button('Save').isVisible(), true);
  assert.equal(await button('Unlock to save').count(), 0);
  await open(page, '/_/collections/notes/edit');
  await button('Save').waitFor();
  assert.equal(await page.getByRole('link', { name: 'New collection' }).first().isVisible(), true);
});
