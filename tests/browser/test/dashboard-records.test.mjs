// The dashboard's table of records: what it shows, and what it makes of what others do meanwhile.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { api, origin } from '../lib/browser.mjs';
import { look, open, owner } from '../lib/dashboard.mjs';
import {
  HOSTILE, ROWS, cell, clear, create, createMany, fillMany, grid, row, search, tick,
} from '../lib/records_table.mjs';

await fillMany();

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

test('only new records that the filter matches are counted', async () => {
  await clear();
  await create({ title: 'Seen', code: 'F-1', price: 1 });
  const page = await owner();
  const subscribed = page.waitForResponse(
    (answer) => answer.url().endsWith('/api/realtime') && answer.request().method() === 'POST',
  );
  await open(page, `/_/collections/things?filter=${encodeURIComponent('price < 10 || price = 50 // cheap')}`);
  await subscribed;
  await row(page, 'Seen').waitFor();
  await create({ title: 'Dear', code: 'F-2', price: 90 });
  await create({ title: 'Cheap', code: 'F-3', price: 2 });
  await create({ title: 'Dearer', code: 'F-4', price: 91 });
  const doomed = await create({ title: 'Cheap, too', code: 'F-5', price: 3 });
  await page.getByRole('button', { name: '2 new records – show' }).waitFor();
  await api('DELETE', `/api/collections/things/records/${doomed.id}`);
  await page.getByRole('button', { name: '1 new record – show' }).click();
  await row(page, 'Cheap').waitFor();
  assert.equal(await row(page, 'Dear').count(), 0);
  assert.deepEqual(page.trouble, []);
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

test('the address says what is shown also when the panel stays open because of what was typed', async () => {
  await clear();
  const { id } = await create({ title: 'Open me', code: 'I-2' });
  const page = await owner();
  await open(page, '/_/collections/things');
  await row(page, 'I-2').locator('.c-id').click();
  await page.waitForURL(`**/things?record=${id}`);
  const panel = page.locator('dialog.panel[open]');
  await panel.getByLabel('title', { exact: true }).fill('Typed');
  await page.goBack();
  await page.getByRole('dialog', { name: 'Close without saving?' }).waitFor();
  await page.waitForURL(`**/things?record=${id}`);
  await page.keyboard.press('Escape');
  assert.equal(await panel.getByLabel('title', { exact: true }).inputValue(), 'Typed');
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

test('records that come meanwhile neither double nor hide rows for who scrolls on', async () => {
  const page = await owner();
  await open(page, '/_/collections/many');
  await row(page, /word 999$/).waitFor();
  const seen = new Set();
  for (let at = 0; at < ROWS; at += 10) {
    if (at === 150) await createMany(ROWS, ROWS + 120);
    await grid(page).evaluate((element, top) => {
      element.scrollTop = top;
    }, 38 * at);
    const wanted = `[aria-rowindex="${at + 2}"]`;
    const text = await page.locator(`${wanted} .c-text`).textContent();
    assert.equal(text, `word ${ROWS - 1 - at}`);
    seen.add(text);
  }
  assert.equal(seen.size, ROWS / 10);
  // Who refreshes stays where they are.
  await page.getByRole('button', { name: 'Refresh' }).first().click();
  await page.getByText('1,120 records').waitFor();
  assert.ok(await grid(page).evaluate((element) => element.scrollTop > 30_000));
  await page.getByRole('button', { name: 'new records – show' }).waitFor({ state: 'detached' });
  const { items } = await api(
    'GET',
    `/api/collections/many/records?perPage=500&filter=${encodeURIComponent('n > 999')}`,
  );
  await api('POST', '/api/batch', {
    requests: items.map(({ id }) => ({ method: 'DELETE', url: `/api/collections/many/records/${id}` })),
  });
});

test('buttons wait for the page that is behind them', async () => {
  const page = await owner();
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  await page.route('**/admin/records/source.js', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto('/_/collections/many', { waitUntil: 'commit' });
  const button = page.getByRole('button', { name: 'New record' });
  await button.waitFor();
  assert.equal(await button.isDisabled(), true);
  release();
  await button.click();
  await page.locator('dialog.panel[open]').waitFor();
  assert.deepEqual(page.trouble, []);
});

test('sixty columns and a text of ten thousand characters stay a table', async () => {
  await api('POST', '/api/collections', {
    name: 'wide',
    type: 'base',
    fields: Array.from({ length: 60 }, (_, at) => ({ name: `field_${at}`, type: 'text', max: 20_000 })),
  });
  await api('POST', '/api/collections/wide/records', { field_0: 'long '.repeat(2000), field_59: 'the last' });
  const page = await owner();
  await open(page, '/_/collections/wide');
  await row(page, 'the last').waitFor();
  assert.equal((await row(page, 'the last').boundingBox()).height, 38);
  assert.ok((await (await cell(page, 'the last', 'field_0')).textContent()).length < 200);
  await grid(page).focus();
  await page.keyboard.press('End');
  await page.waitForFunction(() => globalThis.document.querySelector('.grid').scrollLeft > 5000);
  await look(page, 'records-wide');
  // Words that are too long to be looked for in sixty fields are looked for in some.
  await search(page, 'long '.repeat(20));
  await page.getByText(/^Too long for all fields: not in field_/).waitFor();
  await page.getByText('1 matching record', { exact: true }).waitFor();
  await row(page, 'long').waitFor();
});

test('rows that could not be fetched are fetched when the network is back', async () => {
  const page = await owner();
  await open(page, '/_/collections/many');
  await row(page, /word 999$/).waitFor();
  await page.route('**/records?cursor=**', (route) => route.abort());
  await grid(page).evaluate((element) => {
    element.scrollTop = 38 * 500;
  });
  const again = page.getByRole('button', { name: 'Some rows could not be loaded – try again' });
  await again.waitFor();
  await page.unroute('**/records?cursor=**');
  await again.click();
  await row(page, /word 499$/).waitFor();
  await again.waitFor({ state: 'detached' });
  // Rows that are there stay while a refresh fails.
  await page.route('**/api/**', (route) => route.abort());
  await page.getByRole('button', { name: 'Refresh' }).first().click();
  await again.waitFor();
  await row(page, /word 499$/).waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Nothing could be loaded' }).count(), 0);
  await page.unroute('**/api/**');
  await again.click();
  await again.waitFor({ state: 'detached' });
  await row(page, /word 499$/).waitFor();
});

test('“try again” goes once the rows are here, however they came', async () => {
  const page = await owner();
  await open(page, '/_/collections/many');
  await row(page, /word 999$/).waitFor();
  const to = (at) =>
    grid(page).evaluate((element, top) => {
      element.scrollTop = top;
    }, 38 * at);
  await page.route('**/records?cursor=**', (route) => route.abort());
  await to(500);
  const again = page.getByRole('button', { name: 'Some rows could not be loaded – try again' });
  await again.waitFor();
  // It stays as long as these rows are wanted and missing.
  await page.unroute('**/records?cursor=**');
  await to(490);
  await row(page, /word 505$/).waitFor();
  await again.waitFor({ state: 'detached' });
  assert.deepEqual(page.trouble, []);
});

test('a record that is deleted from its panel is counted no more', async () => {
  await clear();
  await create({ title: 'Stays', code: 'U-1' });
  const { id } = await create({ title: 'Goes', code: 'U-2' });
  const page = await owner();
  await open(page, `/_/collections/things?record=${id}`);
  await page.getByText('2 records', { exact: true }).waitFor();
  await page.locator('.panel-head summary').click();
  await page.locator('.panel-head .menu-list').getByRole('button', { name: 'Delete' }).click();
  const question = page.getByRole('dialog', { name: /^Delete / });
  await question.getByRole('button', { name: 'Delete', exact: true }).click();
  await question.waitFor({ state: 'detached' });
  await page.getByText('1 record', { exact: true }).waitFor();
  await row(page, 'U-2').waitFor({ state: 'detached' });
  assert.deepEqual(page.trouble, []);
});

test('a link that sorts by a field that has gone shows the records', async () => {
  await clear();
  for (const code of ['V-1', 'V-2']) await create({ title: 'Sorted', code });
  const page = await owner();
  await open(page, '/_/collections/things?sort=-nothing,code');
  await row(page, 'V-2').waitFor();
  const codes = await grid(page).locator('.grid-body .grid-row').allTextContents();
  assert.deepEqual(codes.map((text) => /V-\d/.exec(text)[0]), ['V-1', 'V-2']);
  assert.deepEqual(page.trouble, []);
});

test('what has no field that many records can get offers no such change', async () => {
  await api('POST', '/api/collections', {
    name: 'places',
    type: 'base',
    fields: [{ name: 'where', type: 'geoPoint' }],
  });
  const { id } = await api('POST', '/api/collections/places/records', { where: { lon: 1, lat: 2 } });
  const page = await owner();
  await open(page, '/_/collections/places');
  await tick(page, id);
  await page.getByRole('button', { name: 'Delete', exact: true }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Edit', exact: true }).count(), 0);
  assert.deepEqual(page.trouble, []);
});
