// Files out of the dashboard's table and into it.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { open, owner } from '../lib/dashboard.mjs';
import { HOSTILE, all, clear, create, row, tick } from '../lib/records_table.mjs';
import { parse } from '../../../static/admin/lib/csv.js';

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
  await dialog.getByLabel('CSV or JSON file').setInputFiles({
    name: 'more.json',
    mimeType: 'application/json',
    buffer: Buffer.from('[{"title": "From JSON", "code": "K-4"}]'),
  });
  await dialog.getByRole('button', { name: 'Import', exact: true }).click();
  await row(page, 'From JSON').waitFor();
});

async function importing(page) {
  await page.getByLabel('More').click();
  await page.getByRole('button', { name: 'Import …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Import into things' });
  const choose = (name, buffer) =>
    dialog.getByLabel('CSV or JSON file').setInputFiles({ name, mimeType: 'text/csv', buffer });
  return { dialog, choose, go: dialog.getByRole('button', { name: 'Import', exact: true }) };
}

test('what is selected is exported by itself', async () => {
  await clear();
  for (const code of ['H-1', 'H-2', 'H-3']) await create({ title: code, code });
  const page = await owner();
  await open(page, '/_/collections/things');
  await tick(page, 'H-1');
  await tick(page, 'H-3');
  await page.getByLabel('More').click();
  await page.getByRole('button', { name: 'Export …' }).click();
  await page.getByLabel('Only the 2 selected').check();
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const [head, ...rows] = parse(await readFile(await (await downloading).path(), 'utf8'));
  assert.deepEqual(
    rows.map((one) => one[head.indexOf('code')]),
    ['H-3', 'H-1'],
  );
});

test('files of spreadsheets are read as they are written: marks, semicolons, old encodings', async () => {
  await clear();
  const page = await owner();
  await open(page, '/_/collections/things');
  const { dialog, choose, go } = await importing(page);
  const text = 'title;code\r\n"Säge; groß";P-1\r\n';
  const utf16 = Buffer.from(`\uFEFF${text.replace('P-1', 'P-2')}`, 'utf16le');
  const old = Buffer.from(text.replace('P-1', 'P-3'), 'latin1');
  for (const [buffer, encoding] of [
    [Buffer.from(`\uFEFF${text}`), ''],
    [utf16, 'utf-16le'],
    [old, 'windows-1252'],
  ]) {
    await choose('tools.csv', buffer);
    await dialog.getByText(`CSV${encoding && `, ${encoding}`};`).waitFor();
    await go.click();
    await dialog.getByText('1 record created').waitFor();
    // The same can't go in twice.
    assert.equal(await go.isDisabled(), true);
  }
  const json = Buffer.from('\uFEFF[{"title": "Säge; groß", "code": "P-4"}]');
  await choose('tools.json', json);
  await go.click();
  await dialog.getByText('1 record created').waitFor();
  assert.deepEqual(
    (await all()).map((one) => `${one.title} ${one.code}`).sort(),
    [1, 2, 3, 4].map((at) => `Säge; groß P-${at}`),
  );
});

test('what was exported comes back as the same records', async () => {
  await clear();
  const { id } = await create({ title: 'Before', code: 'R-1', price: 1 });
  const page = await owner();
  await open(page, '/_/collections/things');
  const { dialog, choose, go } = await importing(page);
  await choose('back.csv', Buffer.from(`id,title,price\n${id},After,2\n`));
  await dialog.getByText('back.csv').waitFor();
  assert.equal(await dialog.getByLabel('Recognise records by').inputValue(), 'id');
  await go.click();
  await dialog.getByText('0 records created, 1 changed, 0 refused.').waitFor();
  assert.deepEqual(
    (await all()).map((one) => [one.id, one.title, one.price]),
    [[id, 'After', 2]],
  );
});

test('what is JSON comes back from a CSV file as it was, texts that look like something else included', async () => {
  await clear();
  const texts = ['5', 'true', '[1]', 'null', '', 'hello', ' x ', '=1+1'].map((text) => JSON.stringify(text));
  const values = [...texts, '5', '-1.5', 'true', 'null', '{"a":["b, c"]}'];
  for (const [at, extra] of values.entries()) await create({ title: `Value ${at}`, code: `J-${at}`, extra });
  const sorted = async () => (await all()).map((one) => [one.id, one.code, one.extra]).sort();
  const before = await sorted();
  const page = await owner();
  await open(page, '/_/collections/things');
  await page.getByLabel('More').click();
  await page.getByRole('button', { name: 'Export …' }).click();
  await page.getByLabel('CSV, for tables').check();
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const file = await readFile(await (await downloading).path());
  await clear();
  const { dialog, choose, go } = await importing(page);
  await choose('things.csv', file);
  await dialog.getByText('things.csv').waitFor();
  await go.click();
  await dialog.getByText(`${values.length} records created, 0 changed, 0 refused.`).waitFor();
  assert.deepEqual(await sorted(), before);
});

test('an import tells when the connection breaks, and goes on afterwards', async () => {
  await clear();
  const page = await owner();
  await open(page, '/_/collections/things');
  const { dialog, choose, go } = await importing(page);
  await choose('a.csv', Buffer.from('title,code\nOne,S-1\n'));
  await page.route('**/import?**', (route) => route.abort(), { times: 1 });
  await go.click();
  await dialog.getByText('Some rows may be in already').waitFor();
  await go.click();
  await dialog.getByText('1 record created').waitFor();
});

test('who stops an import is told that rows may be in, and sees them', async () => {
  await clear();
  const page = await owner();
  await open(page, '/_/collections/things');
  const { dialog, choose, go } = await importing(page);
  await choose('a.csv', Buffer.from('title,code\nOne,S-2\n'));
  // The rows are in, and the answer never comes.
  const isIn = new Promise((resolve) => {
    page.route('**/import?**', async (route) => resolve(await route.fetch()));
  });
  await go.click();
  await isIn;
  await dialog.getByRole('button', { name: 'Stop' }).click();
  await dialog.getByText('the server goes on with what it has. Some rows may be in already').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await dialog.waitFor({ state: 'detached' });
  await row(page, 'S-2').waitFor();
  await page.getByText('1 record', { exact: true }).waitFor();
});

test("an import's own records are no news, and others' are", async () => {
  await clear();
  const page = await owner();
  const subscribed = page.waitForResponse(
    (answer) => answer.url().endsWith('/api/realtime') && answer.request().method() === 'POST',
  );
  await open(page, '/_/collections/things');
  await subscribed;
  const { dialog, choose, go } = await importing(page);
  const lines = Array.from({ length: 50 }, (_, at) => `Own ${at},Q-${at}`);
  await choose('own.csv', Buffer.from(['title,code', ...lines].join('\n')));
  await go.click();
  await dialog.getByText('50 records created').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await dialog.waitFor({ state: 'detached' });
  await create({ title: 'Of somebody else', code: 'Q-else' });
  await page.getByRole('button', { name: '1 new record – show' }).click();
  await page.getByText('51 records', { exact: true }).waitFor();
  assert.deepEqual(page.trouble, []);
});

test('lines of JSON may be longer than what is looked at first', async () => {
  await clear();
  const page = await owner();
  await open(page, '/_/collections/things');
  const { dialog, choose, go } = await importing(page);
  const lineOf = (code, length) => `${JSON.stringify({ title: code, code, body: `<p>${'x'.repeat(length)}</p>` })}\n`;
  for (const [name, text] of [
    // The third is cut where the look ends.
    ['cut', [1, 2, 3].map((at) => lineOf(`C-${at}`, 100_000)).join('')],
    // Not even the first is whole there.
    ['long', lineOf('L-1', 300_000)],
  ]) {
    await choose(`${name}.jsonl`, Buffer.from(text));
    await dialog.getByText(`${name}.jsonl`).waitFor();
    await go.click();
    await dialog.getByText(/records? created, 0 changed, 0 refused/).waitFor();
  }
  assert.deepEqual((await all()).map((one) => one.code).sort(), ['C-1', 'C-2', 'C-3', 'L-1']);
});
