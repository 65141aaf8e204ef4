// Everything that opens over the dashboard's table, looked at: in both sizes and colours, and by axe.

import { test } from 'node:test';
import { lookAtDialog, open, owner } from '../lib/dashboard.mjs';
import { cell, clear, create, tick } from '../lib/records_table.mjs';

test('what opens over the table can be used by everybody', async () => {
  await clear();
  const { id } = await create({ title: 'One', code: 'L-1', price: 5, kind: 'red' });
  await create({ title: 'Two', code: 'L-2' });
  const page = await owner();
  await open(page, '/_/collections/things');
  await page.getByLabel('More').click();
  await lookAtDialog(page, 'records-menu');
  await page.getByRole('button', { name: 'Columns …' }).click();
  await page.getByRole('dialog', { name: 'Columns' }).waitFor();
  await lookAtDialog(page, 'records-columns');
  await page.keyboard.press('Escape');
  await page.getByLabel('More').click();
  await page.getByRole('button', { name: 'Export …' }).click();
  await page.getByRole('dialog', { name: 'Export records' }).waitFor();
  await lookAtDialog(page, 'records-export');
  await page.keyboard.press('Escape');
  await page.getByLabel('More').click();
  await page.getByRole('button', { name: 'Import …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Import into things' });
  await dialog.getByLabel('CSV or JSON file').setInputFiles({
    name: 'things.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from('Title,Code,Colour,price\nThree,L-3,red,1000\nFour,L-4,,2\n'),
  });
  await dialog.getByText('No field has the name of Colour').waitFor();
  await dialog.getByRole('button', { name: 'Try it' }).click();
  await dialog.getByText('1 refused').waitFor();
  await lookAtDialog(page, 'records-import');
  await page.keyboard.press('Escape');
  await tick(page, 'L-1');
  await tick(page, 'L-2');
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByLabel('Field').selectOption('code');
  await page.getByLabel('New value').fill('L-9');
  await lookAtDialog(page, 'records-bulk-edit');
  await page.getByRole('button', { name: 'Change 2 records' }).click();
  await page.getByRole('dialog', { name: 'Not all were changed' }).waitFor();
  await lookAtDialog(page, 'records-failures');
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('dialog', { name: 'Delete 2 records?' }).waitFor();
  await lookAtDialog(page, 'records-delete');
  await page.keyboard.press('Escape');
  await (await cell(page, id, 'title')).dblclick();
  await page.getByLabel(`title of ${id}`).fill('');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: /./ }).waitFor();
  await lookAtDialog(page, 'records-cell');
});
