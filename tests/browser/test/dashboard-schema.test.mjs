// The overview of all collections in the dashboard, and definitions that go out and come in.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { api } from '../lib/browser.mjs';
import { look, open } from '../lib/dashboard.mjs';
import {
  button, define, definition, dialog, edit, HOSTILE, lookAtTab, page, record, row, saved, text,
} from '../lib/collection_editor.mjs';

test('the overview lists, draws and compares all collections', async () => {
  await define('houses', [text('street')], { listRule: 'street != ""', viewRule: '' });
  await define('rooms', [
    text('name'),
    { name: 'house', type: 'relation', collectionId: (await definition('houses')).id, maxSelect: 1 },
  ]);
  await record('houses', { street: 'x' });
  await open(page, '/_/collections');
  const houses = page.getByRole('row', { name: /houses/ });
  await houses.getByRole('cell', { name: '1', exact: true }).waitFor();
  assert.deepEqual((await houses.getByRole('cell').allTextContents()).slice(0, 7), [
    'base',
    '2',
    '1',
    'Rule',
    'Everybody',
    'Superusers',
    'Superusers',
  ]);
  assert.equal(await page.getByRole('row', { name: /_superusers/ }).count(), 0);
  await page.getByLabel('Collections of the system').check();
  await page.getByRole('row', { name: /_superusers/ }).waitFor();
  await page.getByLabel('Collections of the system').uncheck();
  await look(page, 'collections');
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.getByRole('tab', { name: 'Rules' }).click();
  await page
    .getByRole('row', { name: /houses/ })
    .getByText('street != ""')
    .waitFor();
  await page.getByLabel('Rule', { exact: true }).selectOption('View');
  await page
    .getByRole('row', { name: /houses/ })
    .getByRole('cell', { name: 'Everybody' })
    .first()
    .waitFor();
  await page.getByRole('tab', { name: 'Diagram' }).click();
  await page.getByRole('link', { name: 'rooms base, 3 fields; house to houses' }).waitFor();
  await lookAtTab('collections-diagram', '#diagram');
  const before = await page.locator('.diagram-svg > g').getAttribute('transform');
  await page.locator('.diagram').focus();
  await page.keyboard.press('+');
  await page.keyboard.press('ArrowLeft');
  assert.notEqual(await page.locator('.diagram-svg > g').getAttribute('transform'), before);
  await page.keyboard.press('0');
  await page.getByRole('link', { name: /^houses base/ }).click();
  await page.waitForURL('**/_/collections/houses/edit');
});

test('definitions go out and come back', async () => {
  await define('planets', [text('name'), text('moons')]);
  await record('planets', { name: 'Mars', moons: '2' });
  await open(page, '/_/transfer');
  await button('None').click();
  await page.getByLabel('planets', { exact: true }).check();
  await page.getByText('1 collection chosen').waitFor();
  await look(page, 'transfer-export');
  await page.setViewportSize({ width: 1280, height: 900 });
  await button('None').click();
  await page.getByLabel('planets', { exact: true }).check();
  const [download] = await Promise.all([page.waitForEvent('download'), button('Download').click()]);
  const [exported] = JSON.parse(await readFile(await download.path(), 'utf8'));
  assert.deepEqual(exported, await definition('planets'));

  const changed = {
    ...exported,
    listRule: '',
    fields: [...exported.fields.filter((field) => field.name !== 'moons'), text('colour', { help: HOSTILE })],
  };
  const others = (await api('GET', '/api/collections?perPage=200')).items.filter(
    (one) => !one.system && one.name !== 'planets',
  );
  await define('doomed', [text('a')]);
  await page.getByRole('tab', { name: 'Import' }).click();
  const file = (json) =>
    page
      .locator('input[type="file"]')
      .setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from(json) });
  await file('[{"name"');
  await page.getByRole('alert').getByText("This isn't JSON").waitFor();
  await open(page, '/_/transfer');
  await page.getByRole('tab', { name: 'Import' }).click();
  await file(JSON.stringify([{ ...changed, name: 'not a name' }]));
  await page.getByText('0 added, 1 changed').waitFor();
  await button('Review and import').click();
  await button('Import', dialog()).click();
  await page.getByRole('alert').getByText('Use letters, digits and underscores only.').waitFor();
  await file(
    JSON.stringify([...others, changed, { name: 'comets', type: 'base', fields: [exported.fields[0], text('name')] }]),
  );
  await page.getByText('1 added, 1 changed, 0 removed').waitFor();
  await page.getByLabel(/^Delete what isn’t in it/).check();
  await page.getByText('1 added, 1 changed, 1 removed').waitFor();
  const difference = page.locator('.import-list li', { hasText: 'planets' });
  await difference.locator('summary').click();
  await difference.getByText('Removes moons and its values in 1 record.').waitFor();
  await difference.locator('td.new', { hasText: 'globalThis.wasHit' }).waitFor();
  await lookAtTab('transfer-import', '#import');
  await button('Review and import').click();
  await dialog().getByText('Deletes the collection doomed with 0 records.').waitFor();
  await saved(() => button('Import and lose data', dialog()).click());
  await page.getByText('Imported.', { exact: true }).waitFor();
  const after = await definition('planets');
  assert.deepEqual([after.listRule, after.fields.map((field) => field.name)], ['', ['id', 'name', 'colour']]);
  assert.ok(await definition('comets'));
  assert.ok(!(await api('GET', '/api/collections?perPage=200')).items.some((one) => one.name === 'doomed'));
  await page.getByText('0 added, 0 changed, 0 removed').waitFor();
  assert.equal(await page.evaluate(() => globalThis.wasHit), undefined);
});

test('collections with other ids are taken for the same when asked to', async () => {
  await define('moons', [text('name')]);
  await record('moons', { name: 'Io' });
  const here = await definition('moons');
  await open(page, '/_/transfer');
  await page.getByRole('tab', { name: 'Import' }).click();
  const there = {
    ...here,
    id: 'another_server1',
    fields: [
      ...here.fields.map((field) => ({ ...field, id: `${field.id}9` })),
      { name: 'near', type: 'relation', collectionId: 'another_server1', maxSelect: 1 },
    ],
  };
  await page
    .locator('input[type="file"]')
    .setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify([there])) });
  await page.getByLabel('Take them for the same, with the ids of this server').check();
  await page.getByText('0 added, 1 changed, 0 removed').waitFor();
  await button('Review and import').click();
  await saved(() => button('Import', dialog()).click());
  const after = await definition('moons');
  assert.deepEqual([after.id, after.fields.map((field) => field.name)], [here.id, ['id', 'name', 'near']]);
  assert.equal(after.fields[2].collectionId, here.id);
  assert.equal((await api('GET', '/api/collections/moons/records')).items[0].name, 'Io');
});

test('a file that is dropped is read, and a refused import says which field of which collection', async () => {
  await define('refusing', [text('fine'), text('code')]);
  const here = await definition('refusing');
  const broken = { ...here, fields: here.fields.map((one) => (one.name === 'code' ? { ...one, pattern: '[' } : one)) };
  await page.goto('about:blank');
  await open(page, '/_/transfer#import');
  await page.getByRole('textbox', { name: 'Definitions to import' }).waitFor();
  const drop = (json) =>
    page.locator('.transfer-in').evaluate((panel, content) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([content], 'x.json'));
      const event = (type) => new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
      for (const type of ['dragover', 'drop']) panel.querySelector('.editor').dispatchEvent(event(type));
    }, json);
  for (const [json, said] of [
    ['[{"name": "odd", "fields": 3}]', 'odd: its fields have to be a list'],
    ['[{"name": "odd", "listRule": 3}]', 'odd: its listRule has to be a text or null'],
    ['[{"name": "refusing", "type": "auth"}]', 'refusing: it is of the type base here, which can\'t become auth.'],
    ['[1]', 'Number 1 of the list isn\'t a collection'],
  ]) {
    await drop(json);
    await page.getByRole('alert').getByText(said).waitFor();
  }
  await drop(JSON.stringify([broken]));
  await page.getByText('0 added, 1 changed').waitFor();
  await button('Review and import').click();
  await button('Import', dialog()).click();
  const refusal = page.getByRole('alert').filter({ hasText: 'nothing has changed' });
  await refusal.getByText('refusing can’t be imported').waitFor();
  await refusal.getByText('Field code, pattern: This isn\'t a regular expression that can be used.').waitFor();
  await page.locator('.import-list .refused').getByText('Refused').waitFor();
  await drop(JSON.stringify([{ name: 'newly', type: 'base', fields: [text('a'), text('b', { max: -1 })] }]));
  await page.getByText('1 added, 0 changed').waitFor();
  await button('Review and import').click();
  await button('Import', dialog()).click();
  await refusal.getByText('Field b, max: This can\'t be less than 0.').waitFor();
  assert.equal((await definition('refusing')).fields[2].pattern, '');
});

test('an import is compared with what is here now, not with what was here when the page was opened', async () => {
  await define('moving', [text('a'), text('b')]);
  const there = await definition('moving');
  await page.goto('about:blank');
  await open(page, '/_/transfer#import');
  const buffer = Buffer.from(JSON.stringify([{ ...there, listRule: '' }]));
  const file = { name: 'x.json', mimeType: 'application/json', buffer };
  await page.locator('input[type="file"]').setInputFiles(file);
  await page.getByText('0 added, 1 changed').waitFor();
  await page.getByLabel(/^Delete what isn’t in it/).check();
  await api('PATCH', '/api/collections/moving', { fields: [...there.fields, text('added')] });
  await button('Review and import').click();
  await dialog().getByText('moving: Removes added').waitFor();
  await button('Cancel', dialog()).click();
});

test('what is reviewed is what is imported, though the panel is touched until then', async () => {
  await define('unnamed', [text('a')]);
  await page.goto('about:blank');
  await open(page, '/_/transfer#import');
  const buffer = Buffer.from(JSON.stringify([{ name: 'clicked', type: 'base', fields: [text('x')] }]));
  await page.locator('input[type="file"]').setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer });
  await page.getByText('1 added, 0 changed, 0 removed').waitFor();
  await button('Review and import').click();
  await button('Import', dialog()).waitFor();
  // As the second click of a double click does, which finds the box where the dialog was.
  await page.getByLabel(/^Delete what isn’t in it/).evaluate((box) => box.click());
  const sent = page.waitForRequest((one) => one.method() === 'PUT');
  await saved(() => button('Import', dialog()).click());
  assert.equal((await sent).postDataJSON().deleteMissing, false);
  assert.ok(await definition('unnamed'));
});

test('forty collections can be read from afar, found, and looked at by touch and keys', async () => {
  const ids = [];
  for (let n = 0; n < 40; n += 1) {
    const relation = { name: 'before', type: 'relation', collectionId: ids[n - 5], maxSelect: 1 };
    ids.push((await define(`part_number_${n}`, [text('a'), text('b'), ...(n > 4 ? [relation] : [])])).id);
  }
  await open(page, '/_/collections#diagram');
  const map = page.locator('.diagram-svg.far');
  await map.waitFor();
  assert.equal(await page.getByLabel('All fields').isChecked(), false);
  const frame = await page.locator('.diagram').boundingBox();
  const inside = ({ x, y, width, height }) =>
    x >= frame.x && y >= frame.y && x + width <= frame.x + frame.width && y + height <= frame.y + frame.height;
  for (const box of await page.locator('.node .box').all()) assert.ok(inside(await box.boundingBox()));
  const name = page.locator('.far-name', { hasText: 'part_number_39' });
  assert.ok((await name.boundingBox()).height > 7, 'names are large enough to be read');
  await lookAtTab('collections-diagram-many', '#diagram');
  await page.getByLabel('Find in the diagram').fill('NUMBER_39');
  await page.getByText('1 found').waitFor();
  const found = page.locator('.node.found');
  assert.ok(inside(await found.locator('.box').boundingBox()));
  await found.getByText('→ part_num').waitFor();
  await page.getByRole('link', { name: 'part_number_39 base, 4 fields; before to part_number_34' }).focus();
  assert.equal(await page.locator('.node.near').count(), 2);
  const scale = () => page.locator('.diagram-svg > g').evaluate((one) => one.transform.baseVal.consolidate().matrix.a);
  const before = await scale();
  const touch = await page.context().newCDPSession(page);
  const fingers = (type, ...places) =>
    touch.send('Input.dispatchTouchEvent', { type, touchPoints: places.map(([x, y], id) => ({ x, y, id })) });
  const [x, y] = [frame.x + 200, frame.y + 200];
  await fingers('touchStart', [x, y], [x + 200, y]);
  await fingers('touchMove', [x + 50, y], [x + 150, y]);
  await fingers('touchMove', [x + 50, y], [x + 150, y + 1]);
  await fingers('touchEnd');
  const after = await scale();
  assert.ok(after < before * 0.7, `two fingers zoom: ${before} became ${after}`);
  assert.equal(new URL(page.url()).pathname, '/_/collections', 'and open nothing');
});

test('nothing of all this made a page complain', () => {
  assert.deepEqual(page.trouble, []);
});
