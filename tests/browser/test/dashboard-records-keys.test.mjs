// Changing and deleting many records of the dashboard's table with keys alone.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { open, owner } from '../lib/dashboard.mjs';
import { all, clear, create, grid } from '../lib/records_table.mjs';

const prices = async () => (await all()).map((one) => one.price).sort();
/** The table has the focus, once all that was open over it has gone. */
const onTable = (page) =>
  page.waitForFunction(() => globalThis.document.activeElement?.getAttribute('role') === 'grid');

test('keys go on where they were after a change of many records, and take it back', async () => {
  await clear();
  for (const [code, price] of [['Y-1', 1], ['Y-2', 2]]) await create({ title: code, code, price });
  const page = await owner();
  await open(page, '/_/collections/things');
  await grid(page).focus();
  await page.keyboard.press('Control+a');
  await page.getByText('2 selected').waitFor();

  await page.getByRole('button', { name: 'Edit', exact: true }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Edit 2 records' });
  await dialog.getByLabel('Field').selectOption('price');
  await dialog.getByLabel('New value').fill('42');
  await dialog.getByLabel('New value').press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('2 records changed.').waitFor();
  await onTable(page);
  assert.deepEqual(await prices(), [42, 42]);
  await page.keyboard.press('u');
  await page.getByText('2 records as before.').waitFor();
  await onTable(page);
  assert.deepEqual(await prices(), [1, 2]);

  await page.getByRole('button', { name: 'Delete', exact: true }).press('Enter');
  const question = page.getByRole('dialog', { name: 'Delete 2 records?' });
  await question.getByRole('button', { name: 'Delete' }).press('Enter');
  await question.waitFor({ state: 'detached' });
  await page.getByText('2 records deleted.').waitFor();
  await onTable(page);
  assert.deepEqual(await all(), []);
  await page.keyboard.press('u');
  await page.getByText('2 records are back.').waitFor();
  await onTable(page);
  assert.deepEqual(await prices(), [1, 2]);
  assert.deepEqual(page.trouble, []);
});
