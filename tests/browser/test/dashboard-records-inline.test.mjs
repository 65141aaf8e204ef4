// Editing a cell of the dashboard's table in its place, where the stored value isn't what an input makes of it, where
// somebody else changes it meanwhile, and where rows move.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { api } from '../lib/browser.mjs';
import { open, owner } from '../lib/dashboard.mjs';
import { cell, clear, create, grid, row, view } from '../lib/records_table.mjs';

const loose = await api('POST', '/api/collections', {
  name: 'loose',
  type: 'base',
  fields: [
    { name: 'code', type: 'text' },
    { name: 'amount', type: 'number', nullable: true },
    { name: 'agreed', type: 'bool', nullable: true },
    { name: 'tags', type: 'select', values: ['a', 'b', 'c'], maxSelect: 3, nullable: true },
    { name: 'colours', type: 'select', values: ['a', 'b', 'c'], maxSelect: 3 },
    { name: 'kind', type: 'select', values: ['old', 'new'], maxSelect: 1 },
    { name: 'lines', type: 'text' },
    { name: 'due', type: 'date' },
  ],
});
const stored = (id) => api('GET', `/api/collections/loose/records/${id}`);
const make = (body) => api('POST', '/api/collections/loose/records', body);
const renameKinds = (values) =>
  api('PATCH', `/api/collections/loose`, {
    fields: loose.fields.map((field) => (field.name === 'kind' ? { ...field, values } : field)),
  });

/** Opens the editor of a cell; resolves to its input. */
async function edit(page, record, column) {
  await (await cell(page, record.code, column)).dblclick();
  const input = page.getByLabel(`${column} of ${record.id}`);
  await input.waitFor();
  return input;
}

async function confirm(input) {
  await input.press('Enter');
  await input.waitFor({ state: 'detached' });
}

test('looking at a cell changes nothing', async () => {
  const made = await make({
    code: 'L-1',
    amount: null,
    agreed: null,
    tags: null,
    colours: ['c', 'a'],
    kind: 'old',
    lines: 'one\r\ntwo',
    // The later one of two equal hours, where clocks go back.
    due: '2026-10-25 01:30:00.000Z',
  });
  await renameKinds(['new']);
  const before = await stored(made.id);
  const page = await owner({ timezoneId: 'Europe/Berlin' });
  const writes = [];
  page.on('request', (request) => request.method() === 'PATCH' && writes.push(request.postData()));
  await open(page, '/_/collections/loose');
  for (const column of ['amount', 'agreed', 'tags', 'colours', 'kind', 'lines', 'due'])
    await confirm(await edit(page, made, column));
  assert.deepEqual(writes, []);
  assert.deepEqual(await stored(made.id), before);
  await renameKinds(['old', 'new']);
  // What is chosen besides comes behind what is there.
  const colours = await edit(page, made, 'colours');
  await colours.selectOption(['a', 'b', 'c']);
  await confirm(colours);
  assert.deepEqual((await stored(made.id)).colours, ['c', 'a', 'b']);
  assert.deepEqual(page.trouble, []);
});

test('an undo brings a null back, and what is nullable can be emptied to it', async () => {
  const made = await make({ code: 'L-2', amount: null, agreed: null });
  const page = await owner();
  await open(page, '/_/collections/loose');
  for (const [column, fill, value] of [
    ['amount', (input) => input.fill('7'), 7],
    ['agreed', (input) => input.selectOption('False'), false],
  ]) {
    const input = await edit(page, made, column);
    await fill(input);
    await confirm(input);
    assert.equal((await stored(made.id))[column], value);
    const notice = page.locator('.toast').filter({ hasText: `${column} is now` });
    const back = page.waitForResponse((answer) => answer.request().method() === 'PATCH');
    await notice.getByRole('button', { name: 'Undo' }).click();
    await back;
    assert.equal((await stored(made.id))[column], null, column);
  }
  await api('PATCH', `/api/collections/loose/records/${made.id}`, { amount: 3 });
  await (await cell(page, 'L-2', 'amount')).getByText('3').waitFor();
  const amount = await edit(page, made, 'amount');
  await amount.fill('');
  await confirm(amount);
  assert.equal((await stored(made.id)).amount, null);
  assert.deepEqual(page.trouble, []);
});

test('who writes over what somebody else has stored takes back to that', async () => {
  const made = await make({ code: 'L-3', amount: 1 });
  const page = await owner();
  // The cell goes on showing what was there before.
  await page.route('**/api/realtime', (route) => route.abort());
  const conflict = async (typing) => {
    const input = await edit(page, made, 'amount');
    await api('PATCH', `/api/collections/loose/records/${made.id}`, { amount: 5 });
    await input.fill('9');
    await input.press('Enter');
    await page.getByRole('alert').filter({ hasText: '“5”' }).waitFor();
    if (typing) await input.fill(typing);
    await confirm(input);
  };
  await open(page, '/_/collections/loose');
  await conflict();
  assert.equal((await stored(made.id)).amount, 9);
  const notice = page.locator('.toast').filter({ hasText: 'amount is now 9' });
  await notice.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('Taken back.').waitFor();
  assert.equal((await stored(made.id)).amount, 5);
  await api('PATCH', `/api/collections/loose/records/${made.id}`, { amount: 1 });
  await open(page, '/_/collections/loose');
  // What was there at first is a change as well now.
  await conflict('1');
  assert.equal((await stored(made.id)).amount, 1);
});

test('a refused editor stays with its record, and by itself', async () => {
  await clear();
  const { id } = await create({ title: 'B', code: 'N-1' });
  await create({ title: 'A', code: 'N-2' });
  const page = await owner();
  await open(page, '/_/collections/things?sort=-title');
  await (await cell(page, 'N-1', 'mail')).dblclick();
  const mail = page.getByLabel(`mail of ${id}`);
  await mail.fill('notmail');
  await mail.press('Enter');
  await page.getByRole('alert').filter({ hasText: /e-?mail/i }).waitFor();
  const top = async (locator) => (await locator.boundingBox()).y;
  const before = await top(mail);
  await page.getByRole('columnheader', { name: 'title', exact: true }).click();
  await page.waitForURL((url) => !url.searchParams.has('sort'));
  await page.getByRole('columnheader', { name: 'title', exact: true }).click();
  await page.waitForURL((url) => url.searchParams.get('sort') === 'title');
  await page.waitForFunction(() =>
    globalThis.document.querySelector('.grid-row[data-row="1"]')?.textContent.includes('N-1'));
  await mail.waitFor();
  assert.ok((await top(mail)) - before > 20, 'the editor has not moved');
  assert.ok(Math.abs((await top(mail)) - (await top(await cell(page, 'N-1', 'mail')))) < 3, 'it is elsewhere');
  // Another cell has to wait.
  await (await cell(page, 'N-2', 'code')).dblclick();
  await page.waitForFunction((label) => globalThis.document.activeElement?.getAttribute('aria-label') === label,
    `mail of ${id}`);
  assert.equal(await page.locator('.cell-editor').count(), 1);
  assert.equal(await mail.inputValue(), 'notmail');
  await mail.fill('b@example.com');
  await confirm(mail);
  assert.equal((await view(id)).mail, 'b@example.com');
  assert.equal(await grid(page).evaluate((element) => element === globalThis.document.activeElement), true);
  await row(page, 'b@example.com').waitFor();
});
