// What the tests of the record editor share: collections with every kind of field, and how the panel is opened and read.
// Loading this module starts a server of its own, signs its owner in and makes the collections.

import { createHmac } from 'node:crypto';
import { deflateSync, crc32 } from 'node:zlib';
import { api } from './browser.mjs';
import { open, owner } from './dashboard.mjs';

export const HOSTILE = '<img src=x onerror="window.hacked=1">"\'`${window.hacked=1}';
export const SELECTS = ['plain', HOSTILE, 'two words', 'javascript:window.hacked=1'];

export const page = await owner();
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

export const shelf = {};
for (const label of ['Alpha', 'Beta', 'Gamma', 'Delta'])
  shelf[label] = (await api('POST', '/api/collections/shelves/records', { label })).id;

export const make = (collection, body) => api('POST', `/api/collections/${collection}/records`, body);
export const stored = (collection, id) => api('GET', `/api/collections/${collection}/records/${id}`);
export const newest = async (collection) =>
  (await api('GET', `/api/collections/${collection}/records?sort=-@rowid&perPage=1`)).items[0];

/** Opens the editor on some page of the dashboard, and gives its panel. */
export async function show(collection, options = {}, on = page) {
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

export const button = (within, name) => within.getByRole('button', { name, exact: true });
export const save = (panel) => button(panel, 'Save').click();
export const said = (text, on = page) => on.locator('.toast', { hasText: text }).last().waitFor();
export const field = (panel, name) => panel.locator(`[data-field="${name}"]`);
export const chooses = (panel, name, value) => field(panel, name).locator('.record-chip', { hasText: value }).first().click();
/** Waits until the panel says that nothing is left to save. */
export const isSaved = (panel) => panel.locator('.record-says:empty').waitFor({ state: 'attached' });
/** Answers the question that is asked. What comes of it has begun: pages hear of an answer once its dialog has gone. */
export const answers = async (label, on = page) => {
  const dialog = on.locator('dialog[open]').last();
  const answer = button(dialog, label);
  await answer.waitFor();
  const asked = await dialog.elementHandle();
  await answer.click();
  // Hidden is too early: what was answered is heard of when it has closed, and then it goes.
  await on.waitForFunction((element) => !element.isConnected, asked);
};
/** Types into CodeMirror, which has a root of its own. */
export async function typeJson(panel, name, text) {
  await field(panel, name).locator('textarea, .cm-content').first().click();
  await field(panel, name).locator('.cm-content').waitFor();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
}

/** Clicks into a rich text, and waits until one can write there. */
export async function writeInto(panel, name) {
  await field(panel, name).locator('.ProseMirror').click();
  const editable = field(panel, name).locator('.ProseMirror[contenteditable="true"]:focus');
  await editable.waitFor();
  return editable;
}

/** What an authenticator app shows now. */
export function totp(secret) {
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

export function png(size = 120) {
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
