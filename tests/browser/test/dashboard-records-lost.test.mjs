// Many records of the dashboard's table are changed or deleted, and the answer to that gets lost on its way.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { open, owner } from '../lib/dashboard.mjs';
import { all, clear, create, row, tick } from '../lib/records_table.mjs';

/** Two things, selected, in a table whose next batch is done, but not answered. */
async function selected() {
  await clear();
  for (const [code, price] of [['X-1', 1], ['X-2', 2]]) await create({ title: code, code, price });
  const page = await owner();
  await open(page, '/_/collections/things');
  for (const code of ['X-1', 'X-2']) await tick(page, code);
  await page.getByText('2 selected').waitFor();
  const lose = async (route) => {
    await route.fetch();
    await route.abort();
  };
  await page.route('**/api/batch', lose, { times: 1 });
  return page;
}

const prices = async () => (await all()).map((one) => one.price).sort();
const undo = (page) => page.locator('.toast').getByRole('button', { name: 'Undo' });

test('a change whose answer is lost may have been made, and can be taken back', async () => {
  const page = await selected();
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Edit 2 records' });
  await dialog.getByLabel('Field').selectOption('price');
  await dialog.getByLabel('New value').fill('42');
  await dialog.getByRole('button', { name: 'Change 2 records' }).click();
  await dialog.getByRole('alert').filter({ hasText: '2 records may have been changed' }).waitFor();
  assert.deepEqual(await prices(), [42, 42]);
  assert.equal(await page.getByText('not tried').count(), 0);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
  await row(page, '42').first().waitFor();
  await undo(page).click();
  await page.getByText('2 records as before.').waitFor();
  assert.deepEqual(await prices(), [1, 2]);
  assert.deepEqual(page.trouble, []);
});

test('a deletion whose answer is lost is looked for, and can be taken back', async () => {
  const page = await selected();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  const question = page.getByRole('dialog', { name: 'Delete 2 records?' });
  await question.getByRole('button', { name: 'Delete' }).click();
  await question.waitFor({ state: 'detached' });
  await page.getByText('2 records deleted.').waitFor();
  assert.equal(await page.getByText('were not deleted').count(), 0);
  assert.deepEqual(await all(), []);
  await undo(page).click();
  await page.getByText('2 records are back.').waitFor();
  assert.deepEqual(await prices(), [1, 2]);
  assert.deepEqual(page.trouble, []);
});
