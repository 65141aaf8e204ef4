// Files out of the dashboard's table and into it.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { open, owner } from '../lib/dashboard.mjs';
import { HOSTILE, all, clear, create, row } from '../lib/records_table.mjs';
import { parse } from '../../../static/admin/records/csv.js';

test('everything that the filter selects is exported', async () => {
  await clear();
  await create({ title: 'Comma, "quote"', code: 'G-1', price: 1 });
  await create({ title: '=1+1', code: 'G-2', price: 2 });
  await create({ title: 'Left out', code: 'H-1' });
  const page = await owner();
  await open(page, `/_/collections/things?filter=${encodeURIComponent('code ~ "G-"')}&sort=code`);
  const exported = async (format, before = async () => {}) => {
    await page.getByLabel('More').click();
    await page.getByRole('button', { name: 'Export …' }).click();
    await page.getByLabel(format).check();
    await before();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    return readFile(await (await downloading).path(), 'utf8');
  };
  const rows = parse(await exported('CSV'));
  assert.deepEqual([rows.length, rows[0].slice(0, 3)], [3, ['id', 'title', 'code']]);
  assert.deepEqual(
    rows.slice(1).map((one) => one[1]),
    ['Comma, "quote"', '=1+1'],
  );
  const guarded = parse(await exported('CSV', () => page.getByLabel('For a spreadsheet').check()));
  assert.equal(guarded[2][1], "'=1+1");
  const json = JSON.parse(await exported('JSON'));
  assert.deepEqual(
    json.map((one) => one.code),
    ['G-1', 'G-2'],
  );
});

test('a file is looked at, tried, and imported; rows that are refused are listed', async () => {
  await clear();
  await create({ title: 'Old', code: 'K-1', price: 1 });
  const page = await owner();
  await open(page, '/_/collections/things');
  await page.getByLabel('More').click();
  await page.getByRole('button', { name: 'Import …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Import into things' });
  const csv = `Code;Heading;price\nK-1;New;2\nK-2;"${HOSTILE.replaceAll('"', '""')}";3\nK-3;Dear;1000\n`;
  await dialog
    .getByLabel('CSV or JSON file')
    .setInputFiles({ name: `${HOSTILE}.csv`, mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await dialog.getByText('No field has the name of Heading').waitFor();
  await dialog.getByLabel('Field for Heading').selectOption('title');
  await dialog.getByLabel('Recognise records by').selectOption('code');
  await dialog.getByRole('button', { name: 'Try it' }).click();
  await dialog.getByText('Nothing has changed. 1 record would be created, 1 changed, 1 refused.').waitFor();
  assert.equal((await all()).length, 1, 'the trial has changed something');
  assert.match(await dialog.getByRole('listitem').textContent(), /^Row \d+ .*price/);
  await dialog.getByRole('button', { name: 'Import', exact: true }).click();
  await dialog.getByText('1 record created, 1 changed, 1 refused.').waitFor();
  const downloading = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Download these' }).click();
  assert.deepEqual(parse(await readFile(await (await downloading).path(), 'utf8'))[0], ['row', 'message']);
  const found = (await all()).map((one) => [one.code, one.title, one.price]).sort();
  assert.deepEqual(found, [
    ['K-1', 'New', 2],
    ['K-2', HOSTILE, 3],
  ]);
  assert.equal(await page.evaluate(() => globalThis.harmed), undefined);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await row(page, 'K-2').waitFor();
  await page.getByLabel('More').click();
  await page.getByRole('button', { name: 'Import …' }).click();
  await dialog
    .getByLabel('CSV or JSON file')
    .setInputFiles({
      name: 'more.json',
      mimeType: 'application/json',
      buffer: Buffer.from('[{"title": "From JSON", "code": "K-4"}]'),
    });
  await dialog.getByRole('button', { name: 'Import', exact: true }).click();
  await row(page, 'From JSON').waitFor();
});
