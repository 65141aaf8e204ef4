// The record editor: every kind of field through the panel and back by the API, what is refused, what two people change
// at once, drafts, files, relations, accounts. It is opened on a page of the dashboard by its module, as pages do it.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { createHmac } from 'node:crypto';
import { deflateSync, crc32 } from 'node:zlib';
import { account, api, mailTo, origin, shoot } from '../lib/browser.mjs';
import { open, owner } from '../lib/dashboard.mjs';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const HOSTILE = '<img src=x onerror="window.hacked=1">"\'`${window.hacked=1}';
const SELECTS = ['plain', HOSTILE, 'two words', 'javascript:window.hacked=1'];

const page = await owner();
await api('POST', '/api/collections', {
  name: 'shelves',
  type: 'base',
  fields: [
    { name: 'label', type: 'text', presentable: true },
    { name: 'note', type: 'text' },
  ],
});
await api('POST', '/api/collections', {
  name: 'kinds',
  type: 'base',
  fields: [
    { name: 'title', type: 'text', max: 40, help: 'What people call it.', presentable: true },
    { name: 'code', type: 'text', autogeneratePattern: '[A-Z]{6}' },
    { name: 'amount', type: 'number', max: 100 },
    { name: 'maybe', type: 'number', nullable: true },
    { name: 'done', type: 'bool' },
    { name: 'mail', type: 'email' },
    { name: 'site', type: 'url' },
    { name: 'starts', type: 'date' },
    { name: 'one', type: 'select', values: SELECTS, maxSelect: 1 },
    { name: 'many', type: 'select', values: SELECTS, maxSelect: 2 },
    { name: 'data', type: 'json' },
    { name: 'story', type: 'editor' },
    { name: 'spot', type: 'geoPoint' },
    { name: 'secret', type: 'password', min: 8 },
    { name: 'shelf', type: 'relation', collectionId: (await api('GET', '/api/collections/shelves')).id, maxSelect: 1 },
    {
      name: 'shelves',
      type: 'relation',
      collectionId: (await api('GET', '/api/collections/shelves')).id,
      maxSelect: 3,
    },
    { name: 'inner', type: 'text', hidden: true },
    { name: 'made', type: 'autodate', onCreate: true },
    { name: 'updated', type: 'autodate', onCreate: true, onUpdate: true },
  ],
});
await api('POST', '/api/collections', {
  name: 'papers',
  type: 'base',
  fields: [
    { name: 'title', type: 'text' },
    { name: 'pictures', type: 'file', maxSelect: 3, maxSize: 20_000, mimeTypes: ['image/png', 'text/plain'] },
    { name: 'cover', type: 'file', maxSelect: 1, protected: true },
  ],
});
await api('POST', '/api/collections', {
  name: 'shelf_names',
  type: 'view',
  viewQuery: 'SELECT id, label, note FROM shelves',
});

const shelf = {};
for (const label of ['Alpha', 'Beta', 'Gamma', 'Delta'])
  shelf[label] = (await api('POST', '/api/collections/shelves/records', { label })).id;

const make = (collection, body) => api('POST', `/api/collections/${collection}/records`, body);
const stored = (collection, id) => api('GET', `/api/collections/${collection}/records/${id}`);
const newest = async (collection) =>
  (await api('GET', `/api/collections/${collection}/records?sort=-@rowid&perPage=1`)).items[0];

/** Opens the editor on some page of the dashboard, and gives its panel. */
async function show(collection, options = {}, on = page) {
  await open(on, '/_/jobs');
  await on.evaluate(
    async ([name, given]) => {
      const script = document.querySelector('script[src*="admin/app.js"]').src;
      const { openRecord } = await import(new URL('record/editor.js', script).href);
      const definition = await (await fetch(`/api/collections/${name}`)).json();
      window.saves = [];
      openRecord({
        collection: definition,
        ...given,
        onsaved: (record) => window.saves.push(record.id),
        onclosed: () => {
          window.wasClosed = true;
        },
      });
    },
    [collection, options],
  );
  const panel = on.locator('dialog.panel').last();
  await panel.locator('.record-form, .record-preview').first().waitFor();
  return panel;
}

const button = (within, name) => within.getByRole('button', { name, exact: true });
const save = (panel) => button(panel, 'Save').click();
const said = (text, on = page) => on.locator('.toast', { hasText: text }).last().waitFor();
const field = (panel, name) => panel.locator(`[data-field="${name}"]`);
const chooses = (panel, name, value) => field(panel, name).locator('.record-chip', { hasText: value }).first().click();
/** Waits until the panel says that nothing is left to save. */
const isSaved = (panel) => panel.locator('.record-says:empty').waitFor({ state: 'attached' });
const answers = async (label, on = page) => {
  const dialog = on.locator('dialog[open]').last();
  await button(dialog, label).click();
};
/** Types into CodeMirror, which has a root of its own. */
async function typeJson(panel, name, text) {
  const content = field(panel, name).locator('.cm-content');
  await content.click();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
}

/** What an authenticator app shows now. */
function totp(secret) {
  const bits = [...secret]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2))))
    .update(time)
    .digest();
  return String((hash.readUInt32BE(hash.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

function png(size = 120) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body) >>> 0);
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.alloc(1 + size * 3, 90);
  row[0] = 0;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.concat(Array(size).fill(row)))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

test('every kind of field is set through the panel and read back by the API', async () => {
  const panel = await show('kinds');
  assert.equal(await field(panel, 'title').locator('.hint').textContent(), 'What people call it.');
  assert.equal(await field(panel, 'inner').getByText('hidden').isVisible(), true);
  assert.equal(await field(panel, 'made').count(), 0);
  await panel.getByLabel('title', { exact: true }).fill('Two\nlines');
  await panel.getByLabel('amount', { exact: true }).fill('12.5');
  await panel.getByLabel('done', { exact: true }).click();
  await panel.getByLabel('mail', { exact: true }).fill('a@b.example');
  await panel.getByLabel('site', { exact: true }).fill('https://a.example/x?y=1');
  await panel.getByLabel('starts', { exact: true }).fill('2026-03-04T05:06:07');
  await chooses(panel, 'one', 'two words');
  await chooses(panel, 'many', 'two words');
  await chooses(panel, 'many', 'plain');
  assert.equal(
    await field(panel, 'many').getByRole('checkbox', { name: 'javascript:window.hacked=1' }).isDisabled(),
    true,
    'two are the most',
  );
  await typeJson(panel, 'data', '{"z": 12345678901234567890, "a": [1, null]}');
  await field(panel, 'story').locator('.ProseMirror').click();
  await page.keyboard.type('Once ');
  await page.keyboard.press('Control+B');
  await page.keyboard.type('upon');
  await field(panel, 'spot').getByLabel('Longitude').fill('13.4');
  await field(panel, 'spot').getByLabel('Latitude').fill('-52.5');
  await field(panel, 'secret').locator('input[name="secret"]').fill('something long');
  await panel.getByLabel('inner', { exact: true }).fill('for superusers');
  await button(panel, 'Create').click();
  await said('Created.');
  const found = await newest('kinds');
  assert.deepEqual(await panel.locator('.record-dates dt').allTextContents(), ['made', 'updated']);
  const raw = await page.evaluate(async (id) => (await fetch(`/api/collections/kinds/records/${id}`)).text(), found.id);
  assert.match(raw, /"data":\{"z":12345678901234567890,"a":\[1,null\]\}/, 'JSON is kept digit for digit and in order');
  assert.match(found.code, /^[A-Z]{6}$/);
  const expected = {
    title: 'Two\nlines',
    amount: 12.5,
    maybe: null,
    done: true,
    mail: 'a@b.example',
    site: 'https://a.example/x?y=1',
    one: 'two words',
    many: ['two words', 'plain'],
    story: '<p>Once <strong>upon</strong></p>',
    spot: { lon: 13.4, lat: -52.5 },
    inner: 'for superusers',
  };
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(found[name], value, name);
  assert.equal(
    new Date(found.starts.replace(' ', 'T')).getTime(),
    await page.evaluate(() => new Date('2026-03-04T05:06:07').getTime()),
  );
  assert.deepEqual(await page.evaluate(() => window.saves), [found.id]);

  // The same record again, emptied. Nothing but what is changed is sent.
  await panel.getByLabel('title', { exact: true }).fill('');
  await button(field(panel, 'starts'), 'Clear starts').click();
  await chooses(panel, 'one', 'two words');
  await panel.getByLabel('maybe', { exact: true }).fill('3');
  await panel.getByLabel('done', { exact: true }).click();
  await button(field(panel, 'spot'), 'Clear spot').click();
  assert.equal(await panel.locator('.record-says').textContent(), 'Not saved: title, maybe, done, starts, one, spot');
  await page.keyboard.press('Control+s');
  await said('Saved.');
  const after = await stored('kinds', found.id);
  assert.deepEqual(
    [after.title, after.starts, after.one, after.maybe, after.done, after.spot],
    ['', '', '', 3, false, { lon: 0, lat: 0 }],
  );
  assert.equal(after.story, found.story);
  await button(panel, 'NULL in maybe').click();
  await save(panel);
  await isSaved(panel);
  assert.equal((await stored('kinds', found.id)).maybe, null);
  assert.deepEqual(page.trouble, []);
});

test('what is refused is told beside its field, and what belongs to none on top', async () => {
  const panel = await show('kinds');
  await panel.getByLabel('amount', { exact: true }).fill('101');
  await panel.getByLabel('title', { exact: true }).fill('x'.repeat(41));
  await panel.getByLabel('mail', { exact: true }).fill('nobody');
  await typeJson(panel, 'data', '{"a": ');
  await button(panel, 'Create').click();
  await field(panel, 'data').locator('.problem', { hasText: 'not valid JSON' }).waitFor();
  assert.equal((await api('GET', '/api/collections/kinds/records?filter=amount=101')).totalItems, 0);
  await typeJson(panel, 'data', '1');
  await button(panel, 'Create').click();
  await panel.locator('[data-banner="problem"]').waitFor();
  for (const name of ['amount', 'title', 'mail']) {
    const input = panel.getByLabel(name, { exact: true });
    assert.equal(await input.getAttribute('aria-invalid'), 'true', name);
    const problem = field(panel, name).locator('p.problem');
    assert.match(await problem.textContent(), /\w/, name);
    assert.ok(
      (await input.getAttribute('aria-describedby')).split(' ').includes(await problem.getAttribute('id')),
      name,
    );
  }
  assert.equal(await field(panel, 'site').locator('p.problem').isVisible(), false);
  assert.equal(
    await page.evaluate(() => document.activeElement.name),
    'title',
    'the first field with a problem has the focus',
  );
  assert.equal(await panel.getByLabel('amount', { exact: true }).inputValue(), '101', 'nothing typed is lost');
  await panel.getByLabel('amount', { exact: true }).fill('99');
  await panel.getByLabel('title', { exact: true }).fill('short');
  await panel.getByLabel('mail', { exact: true }).fill('');
  await button(panel, 'Create').click();
  await said('Created.');
  assert.equal((await newest('kinds')).amount, 99);
  assert.equal(await panel.locator('.problem:visible').count(), 0);
});

test('what the server says of something that has no place in the form stands on top', async () => {
  const panel = await show('kinds');
  await page.route('**/api/collections/kinds/records', (route) =>
    route.fulfill({
      status: 400,
      json: {
        message: 'No.',
        data: { ghost: { code: 'x', message: HOSTILE }, deep: { 0: { code: 'y', message: 'Inner' } } },
      },
    }),
  );
  await panel.getByLabel('title', { exact: true }).fill('x');
  await button(panel, 'Create').click();
  const banner = panel.locator('[data-banner="problem"]');
  await banner.waitFor();
  assert.equal(await banner.textContent(), `No.\nghost: ${HOSTILE}\ndeep.0: Inner`);
  await page.unroute('**/api/collections/kinds/records');
  await button(panel, 'Create').click();
  await said('Created.');
  assert.equal(await banner.count(), 0);
});

test('of two who change the same record, the second sees both and chooses', async () => {
  const { id } = await make('kinds', { title: 'first', amount: 1, inner: 'a', many: ['plain'] });
  const panel = await show('kinds', { id });
  await panel.getByLabel('title', { exact: true }).fill('mine');
  await panel.getByLabel('amount', { exact: true }).fill('2');
  await api('PATCH', `/api/collections/kinds/records/${id}`, { title: 'theirs', amount: 3, inner: HOSTILE });
  // It is announced at once.
  await panel.locator('[data-banner="remote"]', { hasText: 'title, amount, inner' }).waitFor();
  await save(panel);
  const dialog = page.locator('dialog[open]').last();
  await dialog.getByRole('heading', { name: 'Whose values count?' }).waitFor();
  assert.deepEqual(await dialog.locator('legend').allTextContents(), ['title', 'amount', 'inner']);
  assert.match(await dialog.locator('fieldset').nth(2).textContent(), /<img src=x/);
  assert.equal((await stored('kinds', id)).title, 'theirs', 'nothing is saved before that');
  await dialog.locator('fieldset').nth(1).getByLabel('Theirs').check();
  await button(dialog, 'Use these').click();
  await said('Saved.');
  const after = await stored('kinds', id);
  assert.deepEqual([after.title, after.amount, after.inner], ['mine', 3, HOSTILE]);
  assert.equal(await panel.getByLabel('amount', { exact: true }).inputValue(), '3');

  // Nothing changed of mine: theirs is shown at once.
  await api('PATCH', `/api/collections/kinds/records/${id}`, { title: 'newer' });
  await panel.locator('[data-banner="remote"]', { hasText: 'has just changed title' }).waitFor();
  assert.equal(await panel.getByLabel('title', { exact: true }).inputValue(), 'newer');

  // All of mine.
  await panel.getByLabel('title', { exact: true }).fill('over');
  await api('PATCH', `/api/collections/kinds/records/${id}`, { title: 'newest', amount: 50 });
  await panel.locator('[data-banner="remote"]', { hasText: 'Somebody else has changed title, amount' }).waitFor();
  await button(panel, 'Compare').click();
  await answers('Overwrite with all of mine');
  await answers('Use these');
  await save(panel);
  await isSaved(panel);
  const last = await stored('kinds', id);
  assert.deepEqual([last.title, last.amount], ['over', 3]);

  await panel.getByLabel('title', { exact: true }).fill('survivor');
  await api('DELETE', `/api/collections/kinds/records/${id}`);
  await button(panel, 'Make it anew').click();
  await button(panel, 'Create').click();
  await said('Created.');
  assert.equal((await newest('kinds')).title, 'survivor');
  assert.deepEqual(page.trouble, []);
});

test('the last change is undone from the notice', async () => {
  const { id } = await make('kinds', {
    title: 'before',
    amount: 5,
    data: { b: 1, a: 2 },
    many: ['plain', 'two words'],
  });
  const panel = await show('kinds', { id });
  await panel.getByLabel('title', { exact: true }).fill('after');
  await panel.getByLabel('amount', { exact: true }).fill('6');
  await chooses(panel, 'many', 'plain');
  await save(panel);
  await said('Saved.');
  assert.equal((await stored('kinds', id)).title, 'after');
  await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
  await said('The old values are back.');
  const after = await stored('kinds', id);
  assert.deepEqual([after.title, after.amount, after.many], ['before', 5, ['plain', 'two words']]);
  assert.equal(await panel.getByLabel('title', { exact: true }).inputValue(), 'before');
  // Also when the panel is closed; but not what somebody else has changed since.
  for (const [since, notice, title] of [
    [{}, 'The old values are back.', 'before'],
    [{ amount: 9 }, 'Nothing was undone', 'closed'],
  ]) {
    const again = await show('kinds', { id });
    await again.getByLabel('title', { exact: true }).fill('closed');
    await button(again, 'Save and close').click();
    await again.waitFor({ state: 'detached' });
    assert.equal((await stored('kinds', id)).title, 'closed');
    if (since.amount) await api('PATCH', `/api/collections/kinds/records/${id}`, since);
    await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
    await said(notice);
    assert.equal((await stored('kinds', id)).title, title);
  }
});

test('what was not saved is there after a reload, but for passwords', async () => {
  const { id } = await make('kinds', { title: 'old' });
  let panel = await show('kinds', { id });
  await panel.getByLabel('title', { exact: true }).fill('draft');
  await field(panel, 'secret').getByRole('switch').click();
  await field(panel, 'secret').locator('input[name="secret"]').fill('never kept here');
  await page.waitForFunction(() => Object.values(localStorage).some((text) => text.includes('"draft"')));
  assert.equal(
    await page.evaluate(() => Object.values(localStorage).some((text) => text.includes('never kept'))),
    false,
  );
  let asked = 0;
  page.once('dialog', (dialog) => {
    asked += 1;
    dialog.accept();
  });
  panel = await show('kinds', { id });
  assert.equal(asked, 1, 'leaving the page is asked about');
  assert.equal(await panel.getByLabel('title', { exact: true }).inputValue(), 'old');
  await panel.locator('[data-banner="draft"]', { hasText: 'title' }).waitFor();
  // Going on without an answer doesn't lose it.
  await panel.getByLabel('amount', { exact: true }).fill('7');
  await button(panel, 'Restore').click();
  assert.equal(await panel.getByLabel('title', { exact: true }).inputValue(), 'draft');
  await save(panel);
  await isSaved(panel);
  assert.deepEqual([(await stored('kinds', id)).title, (await stored('kinds', id)).amount], ['draft', 7]);
  panel = await show('kinds', { id });
  assert.equal(await panel.locator('[data-banner="draft"]').count(), 0);

  await panel.getByLabel('title', { exact: true }).fill('gone');
  await page.waitForFunction(() => Object.values(localStorage).some((text) => text.includes('"gone"')));
  page.once('dialog', (dialog) => dialog.accept());
  panel = await show('kinds', { id });
  await button(panel, 'Discard').click();
  assert.equal(await panel.getByLabel('title', { exact: true }).inputValue(), 'draft');
  await page.waitForFunction(() => !Object.values(localStorage).some((text) => text.includes('"gone"')));
});

test('closing asks about what is not saved, however often', async () => {
  const { id } = await make('kinds', { title: 'kept' });
  const panel = await show('kinds', { id });
  await panel.getByLabel('title', { exact: true }).fill('changed');
  for (let time = 0; time < 3; time += 1) {
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Close without saving?' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Close without saving?' }).waitFor({ state: 'detached' });
    assert.equal(await panel.isVisible(), true);
  }
  await button(panel, 'Reset').click();
  await answers('Reset');
  assert.equal(await panel.getByLabel('title', { exact: true }).inputValue(), 'kept');
  await panel.getByLabel('title', { exact: true }).fill('changed');
  await button(panel.locator('.panel-head'), 'Close').click();
  await answers('Discard changes');
  await panel.waitFor({ state: 'detached' });
  assert.equal((await stored('kinds', id)).title, 'kept');
  assert.equal(await page.evaluate(() => window.wasClosed), true);
  assert.equal(await page.locator('body > [data-toasts]').count(), 1, 'notices are back where they were');
});

test('save and close, duplicate, copy and delete', async () => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const { id } = await make('kinds', { title: HOSTILE.slice(0, 40), many: [HOSTILE], data: [1] });
  let panel = await show('kinds', { id });
  const menu = async (entry) => {
    await panel.locator('.panel-head summary').click();
    await button(panel.locator('.menu-list'), entry).click();
  };
  await menu('Copy JSON');
  await said('Copied.');
  assert.equal(JSON.parse(await page.evaluate(() => navigator.clipboard.readText())).id, id);
  const [download] = await Promise.all([page.waitForEvent('download'), menu('Download JSON')]);
  assert.equal(download.suggestedFilename(), `kinds-${id}.json`);
  await menu('Duplicate');
  panel = page.locator('dialog.panel').last();
  await panel.getByRole('heading', { name: 'Duplicate' }).waitFor();
  await panel.locator('.record-form').waitFor();
  await button(panel, 'Create and close').click();
  await panel.waitFor({ state: 'detached' });
  const copied = await newest('kinds');
  assert.notEqual(copied.id, id);
  assert.deepEqual([copied.title, copied.many, copied.data], [HOSTILE.slice(0, 40), [HOSTILE], [1]]);
  panel = await show('kinds', { id });
  await menu('Delete');
  await answers('Delete');
  await panel.waitFor({ state: 'detached' });
  assert.equal((await api('GET', `/api/collections/kinds/records?filter=id='${id}'`)).totalItems, 0);
  assert.equal(await page.evaluate(() => window.hacked), undefined);
});

test('files are checked, sent, shown, sorted and removed', async () => {
  const panel = await show('papers');
  const pictures = field(panel, 'pictures').locator('input[type="file"]');
  const hostileName = '<img src=x onerror=alert(1)>.png';
  await pictures.setInputFiles([
    { name: hostileName, mimeType: 'image/png', buffer: png() },
    { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('text') },
    { name: 'large.txt', mimeType: 'text/plain', buffer: Buffer.alloc(20_001) },
    { name: 'page.html', mimeType: 'text/html', buffer: Buffer.from('x') },
  ]);
  const refused = field(panel, 'pictures').locator('.record-refused li');
  await refused.first().waitFor();
  assert.deepEqual(
    (await refused.allTextContents()).map((text) => text.split(' ')[0]),
    ['large.txt', 'page.html'],
  );
  const rows = field(panel, 'pictures').locator('.record-items > li');
  assert.equal(await rows.count(), 2);
  assert.match(await rows.nth(0).textContent(), /<img src=x onerror/);
  // What is dropped is taken like what is chosen; here it is one too many of the size.
  await field(panel, 'pictures')
    .locator('.record-drop')
    .evaluate((zone) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['x'.repeat(30_000)], 'dropped.txt', { type: 'text/plain' }));
      zone.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    });
  assert.match(await refused.first().textContent(), /^dropped\.txt has 30 KB/);
  // The text comes before the picture, by the keyboard.
  await rows.nth(1).locator('.record-handle').press('ArrowUp');
  assert.match(await rows.nth(0).textContent(), /notes\.txt/);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Move notes.txt, 1 of 2');
  await field(panel, 'cover')
    .locator('input[type="file"]')
    .setInputFiles({ name: 'cover.png', mimeType: 'image/png', buffer: png() });
  await panel.getByLabel('title', { exact: true }).fill(HOSTILE);
  await button(panel, 'Create').click();
  await said('Created.');
  const made = await newest('papers');
  assert.equal(made.title, HOSTILE);
  assert.match(made.pictures[0], /^notes_/);
  assert.match(made.pictures[1], /\.png$/);
  // The previews are pictures of the server's; the protected one too.
  for (const name of ['pictures', 'cover']) {
    await page.waitForFunction(
      (of) =>
        [...document.querySelectorAll(`[data-field="${of}"] img`)].some(
          (image) => image.src.includes('thumb=100x100') && image.naturalWidth === 100,
        ),
      name,
    );
  }
  const [shown] = await Promise.all([
    page.waitForEvent('popup'),
    button(field(panel, 'cover'), `Open ${made.cover} in a new tab`).click(),
  ]);
  await shown.waitForURL(/token=/);
  assert.equal((await fetch(shown.url())).status, 200);
  await shown.close();

  await button(field(panel, 'pictures'), `Remove ${made.pictures[0]}`).click();
  await rows.nth(0).getByText('goes when you save').waitFor();
  await button(field(panel, 'pictures'), `Undo: keep ${made.pictures[0]}`).click();
  await isSaved(panel);
  await button(field(panel, 'pictures'), `Remove ${made.pictures[1]}`).click();
  await pictures.setInputFiles({ name: 'more.txt', mimeType: 'text/plain', buffer: Buffer.from('more') });
  // By the mouse, before the one that is there.
  const [from, to] = [
    await rows.nth(2).locator('.record-handle').boundingBox(),
    await rows.nth(0).locator('.record-handle').boundingBox(),
  ];
  await page.mouse.move(from.x + 5, from.y + 5);
  await page.mouse.down();
  await page.mouse.move(to.x + 5, to.y + to.height + 8, { steps: 4 });
  await page.mouse.move(to.x + 5, to.y + 5, { steps: 4 });
  await page.mouse.up();
  assert.match(await rows.nth(0).textContent(), /more\.txt/);
  await save(panel);
  await said("pictures can't be brought back");
  const after = await stored('papers', made.id);
  assert.equal(after.pictures.length, 2);
  assert.match(after.pictures[0], /^more_/);
  assert.equal(after.pictures[1], made.pictures[0]);
  assert.equal((await stored('papers', made.id)).cover, made.cover);
  await panel.evaluate((dialog) =>
    dialog.querySelector('[data-field="cover"] input[type=file]').dispatchEvent(new Event('cancel', { bubbles: true })),
  );
  assert.equal(await panel.isVisible(), true, 'a file picker that is cancelled closes nothing');
  assert.deepEqual(page.trouble, []);
});

test('an upload tells how far it is', async () => {
  const panel = await show('papers');
  const network = await page.context().newCDPSession(page);
  await network.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: 1_000_000,
  });
  const buffer = Buffer.alloc(3_000_000, 1);
  await field(panel, 'cover').locator('input[type="file"]').setInputFiles({ name: 'large.bin', mimeType: '', buffer });
  await button(panel, 'Create').click();
  await page.waitForFunction(() => {
    const bar = document.querySelector('dialog.panel progress');
    return !bar.hidden && bar.value > 0 && bar.value < 1;
  });
  // Neither is it sent twice, nor is the panel closed meanwhile.
  await page.keyboard.press('Control+s');
  await page.keyboard.press('Escape');
  await network.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: -1,
  });
  await said('Created.');
  assert.equal(await panel.locator('progress').isVisible(), false);
  const found = (await api('GET', '/api/collections/papers/records?sort=-@rowid')).items;
  assert.equal(found.filter((one) => one.cover.startsWith('large_')).length, 1);
  await network.detach();
});

test('related records are found, made, sorted and limited', async () => {
  for (let at = 0; at < 33; at += 1) await make('shelves', { label: `Row ${at}`, note: 'x' });
  await make('shelves', { label: HOSTILE });
  const panel = await show('kinds');
  await button(field(panel, 'shelves'), 'Choose').click();
  const picker = page.locator('dialog.record-picker');
  await picker.locator('.record-found li').first().waitFor();
  assert.equal(await picker.locator('.record-found li').count(), 30);
  await button(picker, 'Show more').click();
  await picker.locator('.record-found li').nth(37).waitFor();
  const search = picker.getByLabel('Search shelves');
  await search.fill('onerror="window.hacked');
  await picker.getByText('1 record', { exact: true }).waitFor();
  assert.equal(await picker.locator('.record-found img').count(), 0);
  for (const label of ['Beta', 'Alpha']) {
    await search.fill(label);
    await picker.getByLabel(label).check();
  }
  await button(picker, 'New record').click();
  const nested = page.locator('dialog.panel').last();
  await nested.getByLabel('label', { exact: true }).fill('Epsilon');
  await button(nested, 'Create and close').click();
  await picker.getByText('3 of 3 at most').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('dialog.panel').length === 1);
  assert.equal(await picker.getByLabel('Epsilon').isChecked(), true);
  await search.fill('Gamma');
  await picker.getByLabel('Gamma').waitFor();
  assert.equal(await picker.getByLabel('Gamma').isDisabled(), true);
  await button(picker, 'Take these').click();
  const names = field(panel, 'shelves').locator('.record-name');
  assert.deepEqual(await names.allTextContents(), ['Beta', 'Alpha', 'Epsilon']);
  await field(panel, 'shelves').locator('.record-handle').nth(2).press('ArrowUp');
  await button(field(panel, 'shelf'), 'Choose').click();
  await search.fill('Delta');
  await picker.getByLabel('Delta').check();
  await button(picker, 'Take this').click();
  await button(panel, 'Create').click();
  await panel.locator('.record-id').waitFor();
  const made = await newest('kinds');
  const epsilon = (await api('GET', '/api/collections/shelves/records?filter=label="Epsilon"')).items[0].id;
  assert.deepEqual(made.shelves, [shelf.Beta, epsilon, shelf.Alpha]);
  assert.equal(made.shelf, shelf.Delta);
  // One of them is changed in a panel of its own.
  await button(field(panel, 'shelf'), 'Open Delta').click();
  const other = page.locator('dialog.panel').last();
  await other.getByLabel('label', { exact: true }).fill('Delta two');
  await button(other, 'Save and close').click();
  await field(panel, 'shelf').getByText('Delta two').waitFor();
  assert.equal((await stored('shelves', shelf.Delta)).label, 'Delta two');
  assert.equal(await page.evaluate(() => window.hacked), undefined);
});

test('rich text comes out clean, and keeps what the editor does not know', async () => {
  const nasty =
    '<p onclick="window.hacked=1">a</p><script>window.hacked=1</script><table><tr><td>cell</td></tr></table>' +
    '<a href="javascript:window.hacked=1">x</a><img src=x onerror="window.hacked=1">';
  const { id } = await make('kinds', { title: 'nasty', story: nasty });
  let panel = await show('kinds', { id });
  const area = panel.getByLabel('story as HTML');
  assert.equal(await area.inputValue(), nasty);
  await field(panel, 'story').getByText('does not know').waitFor();
  await panel.getByLabel('title', { exact: true }).fill('still nasty');
  await save(panel);
  await isSaved(panel);
  assert.equal((await stored('kinds', id)).story, nasty, 'looking at it changes nothing');
  assert.deepEqual(page.trouble, []);
  await button(panel, 'HTML of story').click();
  await answers('Leave');
  const rich = field(panel, 'story').locator('.ProseMirror');
  await rich.click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('!');
  await save(panel);
  await isSaved(panel);
  const after = (await stored('kinds', id)).story;
  assert.match(after, /^<p>a<\/p>/);
  assert.doesNotMatch(after, /script|onclick|onerror|table/);
  assert.equal(await page.evaluate(() => window.hacked), undefined);

  const made = await make('kinds', { title: 'text', story: '<p>one</p>' });
  panel = await show('kinds', { id: made.id });
  // Below the text: at its end.
  await rich.click();
  await button(field(panel, 'story'), 'Heading').click();
  await rich.locator('h2').waitFor();
  await page.keyboard.press('Enter');
  await button(field(panel, 'story'), 'Bulleted list').click();
  await page.keyboard.type('first');
  await page.keyboard.press('Enter');
  await page.keyboard.type('second');
  await page.keyboard.press('Shift+Home');
  await button(field(panel, 'story'), 'Link').click();
  await page.getByLabel('Address; empty for no link').fill('https://a.example/?a=1&b="2"');
  await answers('Set');
  await field(panel, 'story').locator('button[aria-label="Link"][aria-pressed="true"]').waitFor();
  await save(panel);
  await isSaved(panel);
  assert.equal(
    (await stored('kinds', made.id)).story,
    '<h2>one</h2><ul><li><p>first</p></li>' +
      '<li><p><a href="https://a.example/?a=1&amp;b=&quot;2&quot;">second</a></p></li></ul>',
  );
  // The browser notes what it has refused of the HTML that somebody left for the text editor; nothing else.
  assert.deepEqual(
    page.trouble.splice(0).filter((one) => !/Executing inline event handler violates/.test(one)),
    [],
  );
});

test('accounts: made, verified when asked, another password, tokens, mails, links', async () => {
  let panel = await show('users');
  await panel.getByLabel('email', { exact: true }).fill('eve@example.com');
  await panel.getByLabel('Password', { exact: true }).fill('correct horse');
  await panel.getByLabel('Password again').fill('another horse');
  await button(panel, 'Create').click();
  await panel.locator('.record-password .field').nth(1).locator('.problem', { hasText: /\w/ }).waitFor();
  assert.equal(await panel.getByLabel('Password again').getAttribute('aria-invalid'), 'true');
  await panel.getByLabel('Password again').fill('correct horse');
  await panel.getByLabel('verified', { exact: true }).click();
  await answers('Cancel');
  assert.equal(await panel.getByLabel('verified', { exact: true }).isChecked(), false);
  await button(panel, 'Create').click();
  await said('Created.');
  const made = await newest('users');
  assert.deepEqual([made.email, made.verified, made.emailVisibility], ['eve@example.com', false, false]);
  const signIn = async (password) =>
    await fetch(`${origin}/api/collections/users/auth-with-password`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ identity: made.email, password }),
    });
  const before = (await (await signIn('correct horse')).json()).token;
  const isGood = async (given) =>
    (await fetch(`${origin}/api/collections/users/auth-refresh`, { method: 'POST', headers: { Authorization: given } }))
      .status === 200;
  assert.equal(await isGood(before), true);
  const menu = async (entry) => {
    await panel.locator('.panel-head summary').click();
    await button(panel.locator('.menu-list'), entry).click();
  };
  await menu('Send verification mail');
  await said('The mail is on its way');
  assert.ok(await mailTo(made.email, 'verification'));
  await menu('End all sign-ins');
  await answers('End all');
  await said('All sign-ins have ended.');
  assert.equal(await isGood(before), false);

  await menu('Impersonate');
  const dialog = page.locator('dialog.record-impersonate');
  await dialog.getByLabel('Good for, in seconds').fill('-5');
  await button(dialog, 'Make a token').click();
  await dialog.locator('.problem', { hasText: /\w/ }).waitFor();
  await dialog.getByLabel('Good for, in seconds').fill('600');
  await button(dialog, 'Make a token').click();
  const given = await dialog.getByRole('region', { name: 'Token' }).textContent();
  assert.equal(
    (
      await (
        await fetch(`${origin}/api/collections/users/records/${made.id}`, { headers: { Authorization: given } })
      ).json()
    ).id,
    made.id,
  );
  assert.match(await dialog.getByRole('region', { name: 'Dart' }).textContent(), /pb\.authStore\.save\("/);
  await button(dialog, 'Close').click();

  await panel.getByLabel('verified', { exact: true }).click();
  await answers('Verified');
  await panel.getByLabel('emailVisibility', { exact: true }).click();
  await panel.getByRole('switch', { name: 'Change the password' }).click();
  await button(panel, 'Generate password').click();
  const password = await panel.getByLabel('Password', { exact: true }).inputValue();
  assert.equal(password.length, 24);
  await save(panel);
  await isSaved(panel);
  const after = await stored('users', made.id);
  assert.deepEqual([after.verified, after.emailVisibility], [true, true]);
  assert.equal((await signIn(password)).status, 200);
  assert.equal((await signIn('correct horse')).status, 400);
  assert.equal(await panel.getByLabel('Password', { exact: true }).isVisible(), false);

  const users = (await api('GET', '/api/collections/users')).id;
  const linked = await make('_externalAuths', {
    collectionRef: users,
    recordRef: made.id,
    provider: 'github',
    providerId: HOSTILE,
  });
  panel = await show('users', { id: made.id });
  await panel.getByRole('tab', { name: 'Sign-ins' }).click();
  await panel.getByText(HOSTILE).waitFor();
  await button(panel, 'Unlink github').click();
  await answers('Unlink');
  await panel.getByText('None. Accounts of other services').waitFor();
  assert.equal((await api('GET', `/api/collections/_externalAuths/records?filter=id='${linked.id}'`)).totalItems, 0);
  const removeFactors = async () => {
    await button(panel, 'Remove all second factors').click();
    await answers('Remove');
  };
  await removeFactors();
  await said('This account has no second factors.');
  const as = (await (await signIn(password)).json()).token;
  const own = async (path, body) =>
    (
      await fetch(`${origin}/api/account/${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: as },
        body: JSON.stringify(body),
      })
    ).json();
  const { secret } = await own('totp', { password });
  assert.equal((await own('totp/confirm', { code: totp(secret) })).recoveryCodes.length, 10);
  assert.equal((await signIn(password)).status, 401, 'a second factor is asked for');
  await removeFactors();
  await said('The second factors are gone.');
  assert.equal((await signIn(password)).status, 200);
  assert.match(
    await panel.getByRole('link', { name: /People and keys/ }).getAttribute('href'),
    new RegExp(`/_/people\\?collection=users&record=${made.id}$`),
  );
  assert.deepEqual(page.trouble, []);
});

test('views are shown, not edited', async () => {
  const panel = await show('shelf_names', { id: shelf.Alpha });
  const rows = panel.locator('.record-preview tr');
  assert.deepEqual(await rows.locator('th').allTextContents(), ['id', 'label', 'note']);
  assert.deepEqual(await rows.locator('td').allTextContents(), [shelf.Alpha, 'Alpha', '(empty)']);
  assert.equal(await button(panel, 'Save').count(), 0);
  assert.equal(await panel.locator('.menu-list button', { hasText: 'Delete' }).count(), 0);
});

test('a place is picked on the world, by pointer and by keys', async () => {
  const panel = await show('kinds');
  await field(panel, 'spot').getByText('Pick on a rough map').click();
  const world = field(panel, 'spot').locator('.record-world');
  await world.press('ArrowRight');
  await world.press('Shift+ArrowUp');
  assert.equal(await field(panel, 'spot').getByLabel('Longitude').inputValue(), '1');
  assert.equal(await field(panel, 'spot').getByLabel('Latitude').inputValue(), '10');
  const box = await world.locator('svg').boundingBox();
  await world.click({ position: { x: box.width * 0.75, y: box.height * 0.75 } });
  const picked = await field(panel, 'spot').getByLabel('Longitude').inputValue();
  await page.context().grantPermissions(['geolocation']);
  await page.context().setGeolocation({ longitude: 13.404954, latitude: 52.520008 });
  await button(field(panel, 'spot'), 'Where I am').click();
  await page.waitForFunction(() => document.querySelector('[data-field="spot"] input').value === '13.404954');
  await world.click({ position: { x: box.width * 0.75, y: box.height * 0.75 } });
  assert.equal(await field(panel, 'spot').getByLabel('Longitude').inputValue(), picked);
  await panel.getByLabel('title', { exact: true }).fill('placed');
  await button(panel, 'Create').click();
  await said('Created.');
  const { spot } = await newest('kinds');
  assert.ok(Math.abs(spot.lon - 90) < 2 && Math.abs(spot.lat + 45) < 2, JSON.stringify(spot));
});

test('it can be used and looks right in every size and colour', async () => {
  const looker = await owner({ bypassCSP: true });
  const known = await account('users', { name: 'Ada Long Name' });
  const { id } = await make('kinds', {
    title: 'A title',
    amount: 5,
    many: ['plain', HOSTILE],
    one: 'plain',
    data: { a: [1, 2] },
    story: '<h2>Head</h2><p>Text <strong>bold</strong></p>',
    shelf: shelf.Alpha,
    shelves: [shelf.Beta, shelf.Gamma],
    spot: { lon: 13, lat: 52 },
    site: 'https://a.example',
    starts: '2026-01-02 03:04:05.678Z',
  });
  const screens = [
    ['kinds', { id }, 'record'],
    ['users', { id: known.id }, 'record-account'],
    ['papers', {}, 'record-new'],
    ['shelf_names', { id: shelf.Alpha }, 'record-view'],
  ];
  for (const [collection, options, name] of screens) {
    const panel = await show(collection, options, looker);
    if (collection === 'kinds') await panel.locator('.cm-content').waitFor();
    await shoot(looker, `dashboard-${name}`);
    await usable(looker, name);
    assert.equal(
      await panel.evaluate(
        (dialog) => dialog.querySelector('.panel-body').scrollWidth > dialog.querySelector('.panel-body').clientWidth,
      ),
      false,
      `${name} scrolls sideways`,
    );
  }
  // What opens from it.
  const panel = await show('users', { id: known.id }, looker);
  await panel.getByRole('tab', { name: 'Sign-ins' }).click();
  await panel.getByText('None. Accounts of other services').waitFor();
  await usable(looker, 'sign-ins');
  await panel.locator('.panel-head summary').click();
  await usable(looker, 'menu');
  await button(panel.locator('.menu-list'), 'Impersonate').click();
  await usable(looker, 'impersonate');
  const kinds = await show('kinds', { id }, looker);
  await button(field(kinds, 'shelves'), 'Choose').click();
  await looker.locator('.record-found li').first().waitFor();
  await shoot(looker, 'dashboard-record-picker');
  await usable(looker, 'picker');
  await button(looker.locator('dialog.record-picker'), 'Cancel').click();
  await kinds.getByLabel('title', { exact: true }).fill('Mine');
  await api('PATCH', `/api/collections/kinds/records/${id}`, { title: 'Theirs', amount: 6 });
  await button(kinds, 'Compare').click();
  await looker.getByRole('heading', { name: 'Whose values count?' }).waitFor();
  await shoot(looker, 'dashboard-record-conflict');
  await usable(looker, 'conflict');
  await answers('Cancel', looker);
  await kinds.getByLabel('amount', { exact: true }).fill('1000');
  await save(kinds);
  await answers('Use these', looker);
  await kinds.locator('[data-banner="problem"]').waitFor();
  await shoot(looker, 'dashboard-record-refused');
  await usable(looker, 'refused');
  assert.deepEqual(looker.trouble, []);
});

/** Nothing that axe finds keeps people from using what is open. */
async function usable(on, name) {
  await on.addScriptTag({ path: AXE });
  for (const colorScheme of ['light', 'dark']) {
    await on.emulateMedia({ colorScheme });
    const found = await on.evaluate(() => globalThis.axe.run([...document.querySelectorAll('dialog[open]')].at(-1)));
    assert.deepEqual(
      found.violations
        .filter((one) => ['serious', 'critical'].includes(one.impact))
        .map((one) => `${name} ${colorScheme} ${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`),
      [],
    );
  }
}
