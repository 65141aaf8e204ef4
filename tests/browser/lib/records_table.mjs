// What the tests of the dashboard's table share: a collection with every kind of field, and ways to rows and cells.

import { api } from './browser.mjs';

export const HOSTILE = '<img src=x onerror="window.harmed=1">\'"&{{7*7}}';
/** As many as `fillMany` makes. */
export const ROWS = 1000;

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
export const create = (body) => api('POST', '/api/collections/things/records', body);
export const view = (id) => api('GET', `/api/collections/things/records/${id}`);
export const all = async (collection = 'things') =>
  (await api('GET', `/api/collections/${collection}/records?perPage=500`)).items;
/** Takes all things away. */
export async function clear() {
  for (const record of await all()) await api('DELETE', `/api/collections/things/records/${record.id}`);
}

/** A collection `many` of a thousand records: `n` is 0 to 999, in the order of creation. */
export async function fillMany() {
  await api('POST', '/api/collections', {
    name: 'many',
    type: 'base',
    fields: [
      { name: 'n', type: 'number' },
      { name: 'word', type: 'text' },
    ],
  });
  for (let from = 0; from < ROWS; from += ROWS / 2) await createMany(from, from + ROWS / 2);
}

/** Adds records to `many`, at most 500. */
export const createMany = (from, to) =>
  api('POST', '/api/batch', {
    requests: Array.from({ length: to - from }, (_, at) => ({
      method: 'POST',
      url: '/api/collections/many/records',
      body: { n: from + at, word: `word ${from + at}` },
    })),
  });

export const grid = (page) => page.getByRole('grid');
export const row = (page, text) => grid(page).getByRole('row').filter({ hasText: text });
/** A cell, by the name of its column. */
export async function cell(page, text, column) {
  const head = page.getByRole('columnheader', { name: column, exact: true });
  return row(page, text).locator(`[aria-colindex="${await head.getAttribute('aria-colindex')}"]`);
}
/** Types something into the filter bar and applies it. */
export async function search(page, text) {
  await page.getByLabel('Search or filter').click();
  const editor = page.locator('.filter-box .editor');
  await editor.waitFor();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
  await page.keyboard.press('Enter');
}
export const typed = async (page) => page.locator('.filter-box .cm-content').textContent();
export const tick = (page, text, options) => row(page, text).getByRole('checkbox').click(options);
