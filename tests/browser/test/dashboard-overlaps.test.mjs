// What happens when two things overlap: somebody types while the page saves, or others write what is about to be
// changed or taken back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api } from '../lib/browser.mjs';
import { button, define, dialog, edit, nameOf, page as editorPage, saved, text } from '../lib/collection_editor.mjs';
import { open, owner } from '../lib/dashboard.mjs';
import { cell, clear, create, row, tick, view } from '../lib/records_table.mjs';

/** Holds back requests that change something until `goOn()` is called. */
async function hold(page, address) {
  let goOn;
  const held = new Promise((resolve) => { goOn = resolve; });
  await page.route(address, async (route) => {
    if (route.request().method() === 'PATCH') await held;
    await route.continue();
  });
  return goOn;
}

test('while a definition is being saved, nothing is typed that would be lost', async () => {
  await define('slow', [text('a')]);
  await edit('slow');
  const goOn = await hold(editorPage, '**/api/collections/*');
  await nameOf('a').fill('b');
  const sent = editorPage.waitForRequest((request) => request.method() === 'PATCH');
  await editorPage.keyboard.press('Control+s');
  await button('Save', dialog()).click();
  await sent;
  await nameOf('a').evaluate((input) => input.focus());
  await editorPage.keyboard.type('c');
  assert.equal(await nameOf('a').inputValue(), 'b');
  await saved(goOn);
  await editorPage.getByText('No changes', { exact: true }).waitFor();
  await editorPage.unroute('**/api/collections/*');
  await nameOf('b').fill('d');
  await editorPage.getByText('1 change', { exact: true }).waitFor();
});

test('while settings are being saved, nothing is typed that would be lost', async () => {
  const page = await owner();
  await open(page, '/_/settings');
  const goOn = await hold(page, '**/api/settings');
  const name = page.getByRole('region', { name: 'Application', exact: true }).getByLabel('Name', { exact: true });
  await name.fill('One');
  const sent = page.waitForRequest((request) => request.method() === 'PATCH');
  await page.keyboard.press('Control+s');
  await sent;
  await page.keyboard.type('!');
  assert.equal(await name.inputValue(), 'One');
  goOn();
  await page.getByText('Saved.', { exact: true }).waitFor();
  // Whoever was writing goes on where they were.
  await page.keyboard.type('!');
  assert.equal(await name.inputValue(), 'One!');
});

test('what others have written since is not taken back', async () => {
  await clear();
  const { id } = await create({ title: 'Ours', code: 'U-1' });
  const page = await owner();
  await open(page, '/_/collections/things');
  await (await cell(page, 'U-1', 'title')).dblclick();
  await page.getByLabel(`title of ${id}`).fill('Mine');
  await page.keyboard.press('Enter');
  await page.getByText('title is now Mine.').waitFor();
  await api('PATCH', `/api/collections/things/records/${id}`, { title: 'Theirs' });
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('title has been changed meanwhile, so it was left as it is.').waitFor();
  assert.equal((await view(id)).title, 'Theirs');
});

test('what others do takes the focus from nobody who is about to change many records', async () => {
  await clear();
  const { id } = await create({ title: 'Ours', code: 'F-1' });
  const page = await owner();
  await open(page, '/_/collections/things');
  await tick(page, 'F-1');
  const change = page.getByRole('region', { name: 'Selected records' }).getByRole('button', { name: 'Edit' });
  await change.focus();
  await api('PATCH', `/api/collections/things/records/${id}`, { title: 'Theirs' });
  await row(page, 'Theirs').waitFor();
  // What stands around the table is drawn a little later than its rows.
  await create({ title: 'New', code: 'F-2' });
  await page.getByText('1 new record').waitFor();
  assert.equal(await change.evaluate((one) => one === document.activeElement), true);
});
