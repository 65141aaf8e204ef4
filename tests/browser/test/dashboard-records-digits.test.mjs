// Numbers inside of JSON that a browser's own numbers can't hold, in files and in what takes changes back.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { open, owner } from '../lib/dashboard.mjs';
import { clear, create, tick } from '../lib/records_table.mjs';

const LARGE = '12345678901234567890';
const stored = (page, id) =>
  page.evaluate(async (path) => (await fetch(path)).text(), `/api/collections/things/records/${id}`);

test('large numbers keep their digits in exports and in an undo of many records', async () => {
  await clear();
  const { id } = await create({ title: 'Large', code: 'Z-1', extra: `{"n":${LARGE}}` });
  const page = await owner();
  await open(page, '/_/collections/things');
  for (const format of ['CSV, for tables', 'JSON']) {
    await page.getByLabel('More').click();
    await page.getByRole('button', { name: 'Export …' }).click();
    const dialog = page.getByRole('dialog', { name: 'Export records' });
    await dialog.getByLabel(format).check();
    const downloading = page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Export', exact: true }).click();
    assert.ok((await readFile(await (await downloading).path(), 'utf8')).includes(LARGE), format);
    await dialog.waitFor({ state: 'detached' });
  }
  await tick(page, 'Z-1');
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Edit 1 record' });
  await dialog.getByLabel('Field').selectOption('extra');
  await dialog.getByLabel('New value').fill('[]');
  await dialog.getByRole('button', { name: 'Change 1 record' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.match(await stored(page, id), /"extra":\[\]/);
  await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
  await page.getByText('1 record as before.').waitFor();
  assert.ok((await stored(page, id)).includes(`"extra":{"n":${LARGE}}`), await stored(page, id));
  assert.deepEqual(page.trouble, []);
});
