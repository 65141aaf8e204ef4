// What the table's modules do that needs no browser: words and filters, CSV, selections, pages.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { cellOf, delimiterOf, parse } from '../../../static/admin/lib/csv.js';
import { Heard } from '../../../static/admin/records/heard.js';
import { isExpression, literal, understand } from '../../../static/admin/records/query.js';
import { Selection } from '../../../static/admin/records/selection.js';
import { Source } from '../../../static/admin/records/source.js';

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

test('words are looked for in as many fields as a filter can have', () => {
  const fields = Array.from({ length: 60 }, (_, at) => ({ name: `field_${at}`, type: 'text' }));
  const { filter, left } = understand('ä'.repeat(50), { fields });
  const asked = filter.split(' || ').length;
  assert.ok(Buffer.byteLength(filter) <= 3500 && Buffer.byteLength(filter) > 3200, filter);
  assert.deepEqual(left, fields.slice(asked).map((field) => field.name));
  assert.deepEqual(understand('a', { fields }).left, []);
  // What is too long for any filter is left to the server, which says so; without a filter, everything would be found.
  assert.equal(understand('a'.repeat(4000), { fields }).filter, `field_0 ~ "${'a'.repeat(4000)}"`);
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

test('a range is selected in the place of the one before, and leaves alone what was selected by itself', () => {
  const selection = new Selection();
  selection.begin(2);
  selection.toggle('b');
  selection.begin(4);
  selection.extend(['d', 'e', 'f']);
  selection.extend(['d', 'c', 'b']);
  assert.deepEqual([...selection.ids].sort(), ['b', 'c', 'd']);
  selection.extend(['d']);
  assert.deepEqual([...selection.ids].sort(), ['b', 'd']);
});

/** A server with a list of numbers, newest first, in pages of 100, and the questions that it was asked. */
function serve(rows) {
  const asked = [];
  globalThis.fetch = async (url) => {
    const query = new URL(url).searchParams;
    if (query.get('perPage') === '1') return Response.json({ totalItems: rows.length });
    asked.push(query.get('cursor') || `page ${query.get('page')}`);
    const from = query.get('cursor')
      ? rows.findIndex((id) => id < Number(query.get('cursor')))
      : ((Number(query.get('page')) || 1) - 1) * 100;
    const items = from < 0 ? [] : rows.slice(from, from + 100).map((id) => ({ id }));
    const nextCursor = items.length === 100 ? String(items.at(-1).id) : '';
    return Response.json({ items, nextCursor });
  };
  return asked;
}

const listOf = async (rows) => {
  const source = new Source({
    collection: { name: 'many', type: 'base' },
    filter: '',
    sort: '',
    onchange: () => {},
    onproblem: (error) => assert.fail(error),
  });
  await source.range(0, 0);
  while (source.total === null) await new Promise(setImmediate);
  return source;
};
const down = (from, to) => Array.from({ length: from - to }, (_, at) => from - at);

test('whoever walks down a list sees each row once, whatever is created meanwhile', async () => {
  const rows = down(1000, 0);
  const asked = serve(rows);
  const source = await listOf(rows);
  for (let at = 0; at < 1000; at += 50) {
    await source.range(at, at + 49);
    rows.unshift(rows[0] + 1);
  }
  assert.deepEqual(
    (await source.range(0, 999)).map((one) => one.id),
    down(1000, 0),
  );
  assert.equal(source.length, 1000);
  assert.deepEqual(
    asked.filter((one) => one.startsWith('page')),
    ['page 1'],
  );
});

test('a page that came by its number is put right once it is known where it begins', async () => {
  const rows = down(1000, 0);
  const asked = serve(rows);
  const source = await listOf(rows);
  rows.unshift(1003, 1002, 1001);
  const jumped = await source.range(300, 301);
  assert.deepEqual([asked, jumped[0].id], [['page 1', 'page 4'], 703]);
  const walked = await source.range(0, 399);
  assert.deepEqual(
    walked.map((one) => one.id),
    down(1000, 600),
  );
  // What is right isn't fetched a second time.
  const count = asked.length;
  await source.range(0, 399);
  assert.equal(asked.length, count);
});

test('a long range is there as a whole, however much was looked at before', async () => {
  const rows = down(20_000, 0);
  serve(rows);
  const source = await listOf(rows);
  for (let at = 0; at < 10_000; at += 100) await source.range(at, at + 99);
  const found = await source.range(6000, 15_999);
  assert.deepEqual([found.length, found[0].id, found.at(-1).id], [10_000, 14_000, 4001]);
});

test('whoever jumps into a list goes on from there by cursor', async () => {
  const rows = down(1000, 0);
  const asked = serve(rows);
  const source = await listOf(rows);
  await source.range(500, 510);
  rows.unshift(1002, 1001);
  assert.deepEqual(
    (await source.range(500, 699)).map((one) => one.id),
    down(500, 300),
  );
  assert.deepEqual(asked, ['page 1', 'page 6', '401']);
});

test('what an import of our own makes is no news, however late one hears of it', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const grid = { marks: new Map(), redraw: () => {} };
  const heard = new Heard({ grid, source: () => ({ filter: '', indexOf: () => -1 }), onchange: () => {} });
  const hear = (...ids) => {
    for (const id of ids) heard.hear({ action: 'create', record: { id } });
  };
  hear('theirs');
  heard.importing();
  hear('a', 'b');
  heard.hasImported(4);
  heard.forget();
  hear('c', 'd');
  assert.deepEqual([...heard.news], []);
  hear('other');
  assert.deepEqual([...heard.news], ['other']);
  // What never comes is waited for no longer than a while.
  heard.importing();
  heard.hasImported(1);
  t.mock.timers.tick(60_000);
  hear('late');
  assert.deepEqual([...heard.news], ['other', 'late']);
  // One that was stopped has made nobody knows how many.
  heard.importing();
  hear('e');
  heard.hasImported();
  hear('f');
  assert.deepEqual([...heard.news], ['other', 'late', 'f']);
});
