// The dashboard's table of records: what it shows, finds, changes, and what it makes of what others do meanwhile.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { api, origin } from '../lib/browser.mjs';
import { look, open, owner } from '../lib/dashboard.mjs';
import { cellOf, delimiterOf, parse } from '../../../static/admin/records/csv.js';
import { isExpression, literal, understand } from '../../../static/admin/records/query.js';

const HOSTILE = '<img src=x onerror="window.harmed=1">\'"&{{7*7}}';
const ROWS = 1000;

await api('PATCH', '/api/settings', { batch: { enabled: true, maxRequests: 500, timeout: 60 } });
const shelves = await api('POST', '/api/collections', {
  name: 'shelves',
  type: 'base',
  fields: [{ name: 'label', type: 'text', presentable: true }],
});
const things = await api('POST', '/api/collections', {
  name: 'things',
  type: 'base',
  indexes: ['CREATE UNIQUE INDEX idx_things_code ON things (code)'],
  fields: [
    { name: 'title', type: 'text', required: true },
    { name: 'code', type: 'text' },
    { name: 'price', type: 'number', max: 100 },
    { name: 'done', type: 'bool' },
    { name: 'kind', type: 'select', values: ['red', 'green'], maxSelect: 1 },
    { name: 'due', type: 'date' },
    { name: 'link', type: 'url' },
    { name: 'mail', type: 'email' },
    { name: 'body', type: 'editor' },
    { name: 'extra', type: 'json' },
    { name: 'where', type: 'geoPoint' },
    { name: 'secret', type: 'text', hidden: true },
    { name: 'shelf', type: 'relation', collectionId: shelves.id, maxSelect: 1 },
    { name: 'papers', type: 'file', maxSelect: 5 },
    { name: 'created', type: 'autodate', onCreate: true },
    { name: 'updated', type: 'autodate', onCreate: true, onUpdate: true },
  ],
});
await api('POST', '/api/collections', { name: 'titles', type: 'view', viewQuery: 'SELECT id, title FROM things' });
const many = await api('POST', '/api/collections', {
  name: 'many',
  type: 'base',
  fields: [
    { name: 'n', type: 'number' },
    { name: 'word', type: 'text' },
  ],
});
const requests = (from, to) =>
  Array.from({ length: to - from }, (_, at) => ({
    method: 'POST',
    url: '/api/collections/many/records',
    body: { n: from + at, word: `word ${from + at}` },
  }));
await api('POST', '/api/batch', { requests: requests(0, ROWS / 2) });
await api('POST', '/api/batch', { requests: requests(ROWS / 2, ROWS) });

const create = (body) => api('POST', '/api/collections/things/records', body);
const view = (id) => api('GET', `/api/collections/things/records/${id}`);
const all = async (collection = 'things') =>
  (await api('GET', `/api/collections/${collection}/records?perPage=500`)).items;
async function clear() {
  for (const record of await all()) await api('DELETE', `/api/collections/things/records/${record.id}`);
}

const grid = (page) => page.getByRole('grid');
const row = (page, text) => page.getByRole('row').filter({ hasText: text });
/** A cell, by the name of its column. */
async function cell(page, text, column) {
  const head = page.getByRole('columnheader', { name: column, exact: true });
  return row(page, text).locator(`[aria-colindex="${await head.getAttribute('aria-colindex')}"]`);
}
async function search(page, text) {
  await page.getByLabel('Search or filter').click();
  const editor = page.locator('.filter-box .editor');
  await editor.waitFor();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
  await page.keyboard.press('Enter');
}
const typed = async (page) => page.locator('.filter-box .cm-content').textContent();
const tick = (page, text, options) => row(page, text).getByRole('checkbox').click(options);

test('words and expressions are told apart', () => {
  for (const [text, expect] of [
    ['title = "a"', true],
    ['title~"a"', true],
    ['(a.b ?= 3)', true],
    ['tags:length > 1', true],
    ['"a" = title', true],
    ['@now > created', true],
    ['geoDistance(a, b, 1, 2) < 3', true],
    ['a != null', true],
    ['hammer', false],
    ['hammer drill', false],
    ['a@example.com', false],
    ['100%', false],
    ['"quoted words"', false],
    ['-5', false],
    ['wait, what?', false],
    ['', false],
  ])
    assert.equal(isExpression(text), expect, text);
});

test('words become texts that mean only themselves', () => {
  assert.equal(literal('a"b\\c'), '"a\\"b\\\\c"');
  const { kind, filter } = understand('5%"\\', {
    fields: [
      { name: 'title', type: 'text' },
      { name: 'n', type: 'number' },
    ],
  });
  assert.deepEqual([kind, filter], ['search', 'title ~ "5\\\\%\\"\\\\\\\\"']);
  assert.equal(
    understand('12', {
      fields: [
        { name: 't', type: 'text' },
        { name: 'n', type: 'number' },
      ],
    }).filter,
    't ~ "12" || n = 12',
  );
});

test('CSV is read as it is written', () => {
  const rows = [
    ['a', 'b "c"'],
    ['1,2', 'x\r\ny'],
    [' in ', ''],
    ['', 'end'],
  ];
  const text = rows.map((one) => one.map((value) => cellOf(value)).join(',')).join('\r\n');
  assert.deepEqual(parse(text), rows);
  assert.deepEqual(parse('\uFEFFa;b\n"1;2";\n', { delimiter: delimiterOf('a;b') }), [
    ['a', 'b'],
    ['1;2', ''],
  ]);
  assert.deepEqual(
    [cellOf('=1+1', { guarded: true }), cellOf('=1+1'), cellOf(-1, { guarded: true }), cellOf({ lon: 1 })],
    ["'=1+1", '=1+1', '-1', '"{""lon"":1}"'],
  );
});

test('each kind of field has its own look, and what is hostile stays text', async () => {
  await clear();
  const shelf = await api('POST', '/api/collections/shelves/records', { label: HOSTILE });
  await create({
    title: HOSTILE,
    code: 'A-1',
    price: 1234.5 / 100,
    done: true,
    kind: 'green',
    due: '2026-03-04 05:06:07.000Z',
    link: 'https://example.com/a',
    mail: 'ada@example.com',
    body: `<p>Rich <b>words</b><script>window.harmed=1</script></p>`,
    extra: { a: HOSTILE },
    where: { lon: 8.5, lat: 52.25 },
    secret: 'hidden value',
    shelf: shelf.id,
  });
  await create({ title: 'Empty one', code: 'A-2' });
  const page = await owner();
  await open(page, '/_/collections/things');
  await row(page, 'A-1').waitFor();
  const text = async (column) => (await (await cell(page, 'A-1', column)).textContent()).trim();
  assert.equal(await text('title'), HOSTILE);
  assert.equal(await text('shelf'), HOSTILE);
  assert.equal(await text('price'), '12.345');
  assert.equal(await text('done'), 'True');
  assert.equal(await text('kind'), 'green');
  assert.match(await text('body'), /^Rich words/);
  assert.equal(await text('where'), '52.25, 8.5');
  assert.equal(
    await (await cell(page, 'A-1', 'due')).locator('time').getAttribute('title'),
    '2026-03-04 05:06:07.000Z (UTC)',
  );
  assert.equal(await (await cell(page, 'A-1', 'link')).getByRole('link').getAttribute('rel'), 'noopener noreferrer');
  assert.equal(await page.evaluate(() => globalThis.harmed), undefined);
  await page.getByRole('columnheader', { name: 'secret hidden' }).waitFor();
  await page.getByText('2 records', { exact: true }).waitFor();
  await look(page, 'records');
});

test('a thousand rows are a few in the page, and the last is a key away', async () => {
  const page = await owner();
  await open(page, '/_/collections/many');
  await row(page, 'word 999').waitFor();
  assert.equal(await grid(page).getAttribute('aria-rowcount'), String(ROWS + 1));
  await grid(page).focus();
  await page.keyboard.press('Control+End');
  await row(page, /word 0$/).waitFor();
  assert.equal(await row(page, /word 0$/).getAttribute('aria-rowindex'), String(ROWS + 1));
  assert.ok((await page.getByRole('row').count()) < 60, 'all rows are in the page');
  // The order of a column goes by cursor, and somebody who jumps into its middle sees the same order.
  await page.keyboard.press('Control+Home');
  await page.getByRole('columnheader', { name: 'n', exact: true }).click();
  await row(page, /word 0$/).waitFor();
  await page.waitForURL('**?sort=n');
  assert.equal(await page.getByRole('columnheader', { name: 'n', exact: true }).getAttribute('aria-sort'), 'ascending');
  await grid(page).evaluate((element) => {
    element.scrollTop = 38 * 555;
  });
  await row(page, /word 555$/).waitFor();
  assert.equal(await row(page, /word 555$/).getAttribute('aria-rowindex'), '557');
  for (const at of [600, 700, 800]) {
    await grid(page).evaluate((element, top) => {
      element.scrollTop = top;
    }, 38 * at);
    await row(page, new RegExp(`word ${at}$`)).waitFor();
  }
  assert.deepEqual(page.trouble, []);
});

test('the filter bar finds words and expressions, says what the server refuses, and remembers', async () => {
  const page = await owner();
  await open(page, '/_/collections/many');
  await search(page, 'word 77');
  await page.getByText('11 matching records').waitFor();
  assert.equal(new URL(page.url()).searchParams.get('filter'), 'word 77');
  await page.locator('.filter-said').getByText('Search', { exact: true }).waitFor();
  await search(page, 'n >= 990 && n < 995');
  await page.getByText('5 matching records').waitFor();
  await page.locator('.filter-said').getByText('Filter expression').waitFor();
  await page.goBack();
  await page.getByText('11 matching records').waitFor();
  assert.equal(await typed(page), 'word 77');
  await search(page, 'wrod = "x"');
  await page.locator('.filter-said.problem').getByText('there is no field `wrod`').waitFor();
  await search(page, 'nothing like this');
  await page.getByRole('heading', { name: 'Nothing fits the filter' }).waitFor();
  await page.getByRole('button', { name: 'Clear the filter' }).last().click();
  await page.getByText('1,000 records').waitFor();
  await page.getByLabel('Latest filters').click();
  await page.getByRole('button', { name: 'n >= 990 && n < 995' }).click();
  await page.getByText('5 matching records').waitFor();
  // The address alone gives the same list to somebody else.
  const other = await owner();
  await open(other, new URL(page.url()).pathname + new URL(page.url()).search);
  await other.getByText('5 matching records').waitFor();
});

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
  await page.getByText('4 records brought back.').waitFor();
  const bare = (list) => list.map(({ created, updated, ...rest }) => rest).sort((a, b) => a.id.localeCompare(b.id));
  assert.deepEqual(bare(await all()), bare(before));
});

test('what others do shows at once', async () => {
  await clear();
  const first = await create({ title: 'Seen', code: 'E-1' });
  const second = await create({ title: 'Doomed', code: 'E-2' });
  const page = await owner();
  const subscribed = page.waitForResponse(
    (answer) => answer.url().endsWith('/api/realtime') && answer.request().method() === 'POST',
  );
  await open(page, '/_/collections/things');
  await subscribed;
  await api('PATCH', `/api/collections/things/records/${first.id}`, { title: 'Seen anew' });
  await row(page, 'Seen anew').waitFor();
  await api('DELETE', `/api/collections/things/records/${second.id}`);
  await row(page, 'E-2').getByText('Deleted').waitFor();
  await create({ title: 'Brand new', code: 'E-3' });
  await page.getByRole('button', { name: '1 new record – show' }).click();
  await row(page, 'Brand new').waitFor();
  assert.equal(await row(page, 'E-2').count(), 0);
});

test('columns are chosen, moved and resized, and stay so', async () => {
  await clear();
  await create({ title: 'Only', code: 'F-1' });
  const page = await owner();
  await open(page, '/_/collections/things');
  const names = () => page.getByRole('columnheader').allTextContents();
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByLabel('price number').uncheck();
  await page.getByLabel('Width of code').fill('333');
  await page.getByRole('button', { name: 'Move code up' }).click();
  await page.getByRole('button', { name: 'Done', exact: true }).click();
  await page.reload();
  await row(page, 'F-1').waitFor();
  assert.deepEqual((await names()).slice(1, 5), ['id', 'code', 'title', 'done']);
  assert.equal(Math.round((await page.getByRole('columnheader', { name: 'code' }).boundingBox()).width), 333);
  // By keys: up to the head, and along.
  await grid(page).focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Alt+ArrowRight');
  await page.keyboard.press('Shift+ArrowRight');
  assert.deepEqual((await names()).slice(1, 4), ['id', 'title', 'code']);
  assert.equal(Math.round((await page.getByRole('columnheader', { name: 'code' }).boundingBox()).width), 353);
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('button', { name: 'Reset' }).click();
  await page.getByRole('button', { name: 'Done', exact: true }).click();
  assert.deepEqual((await names()).slice(1, 5), ['id', 'title', 'code', 'price']);
});

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

test('the record of the address opens, and the back button closes it', async () => {
  await clear();
  const { id } = await create({ title: 'Open me', code: 'I-1' });
  const page = await owner();
  await open(page, '/_/collections/things');
  await grid(page).focus();
  await page.keyboard.press(' ');
  await page.getByText('1 selected').waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/things?record=${id}`);
  await page.locator('dialog.panel[open]').waitFor();
  await page.goBack();
  await page.locator('dialog.panel[open]').waitFor({ state: 'detached' });
  await open(page, `/_/collections/things?record=${id}`);
  await page.locator('dialog.panel[open]').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('dialog.panel[open]').waitFor({ state: 'detached' });
  assert.equal(page.url(), `${origin}/_/collections/things`);
});

test('an empty collection says what to do; a view can only be looked at', async () => {
  await clear();
  const page = await owner();
  await open(page, '/_/collections/things');
  await page.getByRole('heading', { name: 'No records yet' }).waitFor();
  await create({ title: 'In the view', code: 'J-1' });
  await open(page, '/_/collections/titles');
  await row(page, 'In the view').waitFor();
  assert.equal(await page.getByRole('button', { name: 'New record' }).count(), 0);
  await tick(page, 'In the view');
  await page.getByText('1 selected').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Delete', exact: true }).count(), 0);
  assert.deepEqual(page.trouble, []);
});
