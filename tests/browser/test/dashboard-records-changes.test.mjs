// Changing records in the dashboard's table: a cell in its place, many records together.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { api } from '../lib/browser.mjs';
import { lookAtDialog, open, owner } from '../lib/dashboard.mjs';
import { HOSTILE, all, cell, clear, create, fillMany, grid, row, tick, view } from '../lib/records_table.mjs';

await fillMany();

test('a cell is edited in its place; what the server refuses is said there; a change can be taken back', async () => {
  await clear();
  await create({ title: 'First', code: 'B-1', price: 5 });
  const { id } = await create({ title: 'Second', code: 'B-2', price: 6 });
  const page = await owner();
  await open(page, '/_/collections/things');
  await (await cell(page, 'B-2', 'title')).dblclick();
  await page.getByLabel(`title of ${id}`).fill('Changed');
  await page.keyboard.press('Escape');
  assert.equal((await view(id)).title, 'Second');
  await (await cell(page, 'B-2', 'title')).dblclick();
  await page.getByLabel(`title of ${id}`).fill(HOSTILE);
  await page.keyboard.press('Tab');
  // Tab goes on to the next cell.
  const code = page.getByLabel(`code of ${id}`);
  await code.waitFor();
  assert.equal((await view(id)).title, HOSTILE);
  await code.fill('B-1');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'Another record has this value.' }).waitFor();
  assert.equal(await code.inputValue(), 'B-1');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Undo' }).first().click();
  await page.getByText('Taken back.').waitFor();
  assert.equal((await view(id)).title, 'Second');
  // With the keyboard alone: to the cell, F2, another choice.
  await (await cell(page, 'B-2', 'done')).dblclick();
  await page.getByLabel(`done of ${id}`).selectOption('True');
  await page.keyboard.press('Enter');
  await (await cell(page, 'B-2', 'done')).getByText('True').waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('F2');
  await page.getByLabel(`price of ${id}`).fill('99.5');
  await page.keyboard.press('Enter');
  await (await cell(page, 'B-2', 'price')).getByText('99.5').waitFor();
  assert.deepEqual([(await view(id)).done, (await view(id)).price], [true, 99.5]);
});

test('who is slower than somebody else is told', async () => {
  await clear();
  const { id } = await create({ title: 'Ours', code: 'C-1' });
  const page = await owner();
  await open(page, '/_/collections/things');
  await (await cell(page, 'C-1', 'title')).dblclick();
  const input = page.getByLabel(`title of ${id}`);
  await input.fill('Mine');
  await api('PATCH', `/api/collections/things/records/${id}`, { title: 'Theirs' });
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: '“Theirs”' }).waitFor();
  assert.equal((await view(id)).title, 'Theirs');
  await page.keyboard.press('Enter');
  await input.waitFor({ state: 'detached' });
  assert.equal((await view(id)).title, 'Mine');
});

test('selected records are changed, deleted and brought back together', async () => {
  await clear();
  for (let at = 1; at <= 5; at += 1)
    await create({ title: `Thing ${at}`, code: `D-${at}`, price: at, body: `<p>${'long '.repeat(100)}</p>` });
  const page = await owner();
  await open(page, '/_/collections/things');
  await tick(page, 'D-5');
  await tick(page, 'D-2', { modifiers: ['Shift'] });
  await page.getByText('4 selected').waitFor();
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByLabel('Field').selectOption('price');
  await page.getByLabel('New value').fill('42');
  await page.getByRole('button', { name: 'Change 4 records' }).click();
  await page.getByText('4 records changed.').waitFor();
  assert.deepEqual((await all()).map((one) => one.price).sort(), [1, 42, 42, 42, 42]);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('4 records as before.').waitFor();
  assert.deepEqual((await all()).map((one) => one.price).sort(), [1, 2, 3, 4, 5]);
  // The second of two equal codes is refused; the list says which and why.
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByLabel('Field').selectOption('code');
  await page.getByLabel('New value').fill('D-9');
  await page.getByRole('button', { name: 'Change 4 records' }).click();
  const failures = page.getByRole('dialog', { name: 'Not all were changed' });
  await failures.getByText('Another record has this value.').first().waitFor();
  assert.equal(await failures.getByRole('listitem').count(), 3);
  await failures.getByRole('button', { name: 'Close' }).click();
  const before = await all();
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download JSON' }).click();
  const saved = JSON.parse(await readFile(await (await downloading).path(), 'utf8'));
  assert.equal(saved.length, 4);
  assert.match(saved[0].body, /(long ){100}/, "the table's excerpt was downloaded");
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('4 records deleted.').waitFor();
  await page.getByText('1 record', { exact: true }).waitFor();
  assert.equal((await all()).length, 1);
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await page.getByText('4 records are back.').waitFor();
  const bare = (list) => list.map(({ created, updated, ...rest }) => rest).sort((a, b) => a.id.localeCompare(b.id));
  assert.deepEqual(bare(await all()), bare(before));
});

test('where nothing was changed, the dialog stays with what was typed and says why', async () => {
  await clear();
  for (const code of ['R-1', 'R-2']) await create({ title: code, code, price: 1 });
  const page = await owner();
  await open(page, '/_/collections/things');
  for (const code of ['R-1', 'R-2']) await tick(page, code);
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Edit 2 records' });
  await dialog.getByLabel('Field').selectOption('price');
  await dialog.getByLabel('New value').fill('1234');
  await dialog.getByRole('button', { name: 'Change 2 records' }).click();
  await dialog.getByRole('alert').filter({ hasText: '2 records: ' }).filter({ hasText: 'price: ' }).waitFor();
  assert.equal(await dialog.getByLabel('New value').inputValue(), '1234');
  await lookAtDialog(page, 'records-edit-refused');
  // Nor does what was typed go with the connection.
  await page.route('**/api/batch', (route) => route.abort());
  await dialog.getByRole('button', { name: 'Change 2 records' }).click();
  await dialog.getByRole('alert').filter({ hasText: "The server can't be reached." }).waitFor();
  assert.equal(await dialog.getByLabel('New value').inputValue(), '1234');
  await page.unroute('**/api/batch');
  await dialog.getByLabel('New value').fill('99');
  await dialog.getByRole('button', { name: 'Change 2 records' }).click();
  await page.getByText('2 records changed.').waitFor();
  await dialog.waitFor({ state: 'detached' });
  assert.deepEqual((await all()).map((one) => one.price), [99, 99]);
  assert.deepEqual(page.trouble, []);
});

test('ranges begin where one is, shrink again, and take rows that nobody has seen', async () => {
  const page = await owner();
  await open(page, '/_/collections/many');
  await tick(page, /word 989$/);
  await page.getByText('1 selected').waitFor();
  await grid(page).focus();
  await page.keyboard.press('Escape');
  await page.keyboard.press('ArrowDown');
  for (let at = 0; at < 3; at += 1) await page.keyboard.press('Shift+ArrowDown');
  await page.getByText('4 selected').waitFor();
  await page.keyboard.press('Shift+ArrowUp');
  await page.getByText('3 selected').waitFor();
  assert.equal(await row(page, /word 988$/).getAttribute('aria-selected'), 'true');
  assert.equal(await row(page, /word 985$/).getAttribute('aria-selected'), 'false');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Home');
  await tick(page, /word 999$/);
  await grid(page).evaluate((element) => {
    element.scrollTop = 38 * 900;
  });
  await row(page, /word 99$/).waitFor();
  await tick(page, /word 99$/, { modifiers: ['Shift'] });
  await page.getByText('901 selected').waitFor();
});

test('all that the filter matches is selected and changed, also what is not loaded', async () => {
  const page = await owner();
  await open(page, `/_/collections/many?filter=${encodeURIComponent('n < 300')}`);
  await page.getByText('300 matching records').waitFor();
  await tick(page, /word 299$/);
  await page.getByRole('button', { name: 'Select all 300' }).click();
  await page.getByText('300 selected').waitFor();
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByLabel('Field').selectOption('word');
  await page.getByLabel('New value').fill('changed');
  await page.getByRole('button', { name: 'Change 300 records' }).click();
  await page.getByText('300 records changed.').waitFor();
  const { totalItems } = await api(
    'GET',
    `/api/collections/many/records?filter=${encodeURIComponent('word = "changed"')}`,
  );
  assert.equal(totalItems, 300);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('300 records as before.').waitFor();
});

test('who loses the connection in the middle is told what was done', async () => {
  const page = await owner();
  await open(page, `/_/collections/many?filter=${encodeURIComponent('n >= 300 && n < 500')}`);
  await page.getByText('200 matching records').waitFor();
  await tick(page, /word 499$/);
  await page.getByRole('button', { name: 'Select all 200' }).click();
  await page.getByText('200 selected').waitFor();
  let batches = 0;
  await page.route('**/api/batch', (route) => ((batches += 1) === 2 ? route.abort() : route.continue()));
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByLabel('Field').selectOption('word');
  await page.getByLabel('New value').fill('half');
  await page.getByRole('button', { name: 'Change 200 records' }).click();
  await page.getByText('100 records changed.').waitFor();
  await page.getByText('100 records may have been changed: no answer came.').waitFor();
  await page.getByText("The server can't be reached.").waitFor();
  await row(page, 'half').first().waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('200 records as before.').waitFor();
});

test('each kind of cell takes its values, and says what it does not take', async () => {
  await clear();
  const { id } = await create({ title: 'Kinds', code: 'M-1', price: 5, kind: 'red', due: '2026-03-04 05:06:07.000Z' });
  const page = await owner();
  await open(page, '/_/collections/things');
  const into = async (column, fill) => {
    await (await cell(page, 'M-1', column)).dblclick();
    const input = page.getByLabel(`${column} of ${id}`);
    await fill(input);
    await page.keyboard.press('Enter');
    return input;
  };
  const refused = async (input, text) => {
    await page.getByRole('alert').filter({ hasText: text }).waitFor();
    await page.keyboard.press('Escape');
    await input.waitFor({ state: 'detached' });
  };
  await refused(await into('title', (input) => input.fill('')), /blank|empty|required/i);
  await refused(await into('price', (input) => input.fill('101')), '100');
  await refused(await into('mail', (input) => input.fill('nobody')), /e-?mail/i);
  await refused(await into('link', (input) => input.fill('not a link')), /URL|address/i);
  for (const [column, fill, value] of [
    ['kind', (input) => input.selectOption('green'), 'green'],
    ['kind', (input) => input.selectOption('–'), ''],
    ['due', (input) => input.fill(''), ''],
    ['price', (input) => input.fill(''), 0],
    ['mail', (input) => input.fill('a@example.com'), 'a@example.com'],
  ]) {
    await (await into(column, fill)).waitFor({ state: 'detached' });
    assert.deepEqual((await view(id))[column], value, column);
  }
});

test('many records get a relation that is searched by name, or a null', async () => {
  await clear();
  const shelf = await api('POST', '/api/collections/shelves/records', { label: `Upper ${HOSTILE}` });
  for (const code of ['T-1', 'T-2']) await create({ title: code, code, extra: { a: 1 } });
  const page = await owner();
  await open(page, '/_/collections/things');
  await tick(page, 'T-1');
  await tick(page, 'T-2');
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByLabel('Field').selectOption('shelf');
  await page.getByRole('button', { name: 'Choose a record …' }).click();
  await page.getByLabel('Search shelves').fill('Upper');
  await page.getByRole('checkbox', { name: /Upper/ }).check();
  await page.getByRole('button', { name: 'Take this' }).click();
  await page.locator('dialog.record-picker').waitFor({ state: 'detached' });
  await page.waitForFunction(
    ([id]) => [...globalThis.document.querySelectorAll('dialog input')].some((input) => input.value === id),
    [shelf.id],
  );
  await page.getByRole('button', { name: 'Change 2 records' }).click();
  await page.getByText('2 records changed.').waitFor();
  await row(page, 'T-1').getByRole('link', { name: 'Upper' }).waitFor();
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByLabel('Field').selectOption('extra');
  await page.getByLabel('New value').fill('{"a": ');
  await page.getByRole('button', { name: 'Change 2 records' }).click();
  await page.getByRole('alert').filter({ hasText: 'This is not JSON' }).waitFor();
  await page.getByLabel('New value').fill('');
  await page.getByRole('button', { name: 'Change 2 records' }).click();
  await page.getByText('2 records changed.').last().waitFor();
  await page.waitForFunction(() => globalThis.document.querySelectorAll('.c-json .none').length === 2);
  assert.deepEqual(
    (await all()).map((one) => [one.shelf, one.extra]),
    [
      [shelf.id, null],
      [shelf.id, null],
    ],
  );
  // A text in JSON stays one.
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByLabel('Field').selectOption('extra');
  await page.getByLabel('New value').fill('"5"');
  await page.getByRole('button', { name: 'Change 2 records' }).click();
  await row(page, 'T-1').getByText('"5"').waitFor();
  assert.deepEqual((await all()).map((one) => one.extra), ['5', '5']);
});

test('a cell is copied as it is stored, rich texts whole', async () => {
  await clear();
  const body = `<p>${'whole '.repeat(100)}</p>`;
  await create({ title: 'Copy <b>me</b>', code: 'V-1', body });
  const page = await owner({ permissions: ['clipboard-read', 'clipboard-write'] });
  await open(page, '/_/collections/things');
  const copied = async (column) => {
    const place = await (await cell(page, 'V-1', column)).getAttribute('aria-colindex');
    await grid(page).focus();
    await page.keyboard.press('Home');
    for (let at = 1; at < Number(place); at += 1) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Control+c');
    await page.getByText('Copied.').first().waitFor();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  assert.equal(await copied('title'), 'Copy <b>me</b>');
  await page.getByRole('button', { name: 'Dismiss' }).first().click();
  assert.equal(await copied('body'), body);
});

test('where the settings ask to be careful, changes of a cell and of many records are asked about', async () => {
  await clear();
  const { id } = await create({ title: 'Careful', code: 'W-1' });
  await api('PATCH', '/api/settings', { meta: { hideControls: true } });
  try {
    const page = await owner();
    await open(page, '/_/collections/things');
    await (await cell(page, 'W-1', 'title')).dblclick();
    await page.getByLabel(`title of ${id}`).fill('Changed');
    await page.keyboard.press('Enter');
    const question = page.getByRole('dialog', { name: 'Change title?' });
    await question.waitFor();
    assert.equal((await view(id)).title, 'Careful');
    await question.getByRole('button', { name: 'Go on' }).click();
    await row(page, 'Changed').waitFor();
    await tick(page, 'W-1');
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    await page.getByLabel('New value').fill('All');
    await page.getByRole('button', { name: 'Change 1 record' }).click();
    await page.getByRole('dialog', { name: 'Change 1 record?' }).getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await view(id)).title, 'Changed');
  } finally {
    await api('PATCH', '/api/settings', { meta: { hideControls: false } });
  }
});
