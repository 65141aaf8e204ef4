// The record editor's rich text: pictures from records' files, pictures that are pasted, and what loads when.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { api, origin } from '../lib/browser.mjs';
import { lookAtDialog } from '../lib/dashboard.mjs';
import {
  answers, button, field, HOSTILE, isSaved, make, newest, page, png, said, save, show, stored, writeInto,
} from '../lib/record_panel.mjs';

before(async () => {
  await api('POST', '/api/collections', {
    name: 'articles', type: 'base',
    fields: [{ name: 'title', type: 'text', presentable: true }, { name: 'story', type: 'editor', required: true },
      { name: 'pictures', type: 'file', maxSelect: 2, mimeTypes: ['image/png'], thumbs: ['60x60'] }],
  });
});

const rich = (panel) => field(panel, 'story').locator('.ProseMirror');
/** Pictures, but for what the editor puts beside them. */
const images = (panel, more = '') => rich(panel).locator(`img:not(.ProseMirror-separator)${more}`);
const dialog = () => page.locator('dialog.record-pictures');
const picture = (name, size) => ({ name, mimeType: 'image/png', buffer: png(size) });

/** Pastes a picture into the text that has the focus. */
const paste = (panel, bytes, { name = 'shot.png', type = 'image/png' } = {}) =>
  rich(panel).evaluate((element, [data, called, kind]) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([Uint8Array.from(data)], called, { type: kind }));
    element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, [[...bytes], name, type]);

test('a picture is chosen from the files of any record, in a size', async () => {
  const maker = await show('articles');
  await maker.getByLabel('title', { exact: true }).fill(HOSTILE);
  await writeInto(maker, 'story');
  await page.keyboard.type('x');
  const files = [picture('red.png', 200), picture('blue.png', 80)];
  await field(maker, 'pictures').locator('input[type="file"]').setInputFiles(files);
  await button(maker, 'Create').click();
  await said('Created.');
  const source = await newest('articles');

  const panel = await show('kinds');
  await writeInto(panel, 'story');
  await button(field(panel, 'story'), 'Picture').click();
  await dialog().getByRole('group', { name: 'Pictures' }).getByRole('button').nth(1).waitFor();
  assert.equal(await dialog().getByRole('button', { name: 'Put in' }).isDisabled(), true);
  const collections = await dialog().getByLabel('Collection').locator('option').allTextContents();
  assert.deepEqual(collections, ['articles', 'papers', 'users']);
  await dialog().getByLabel('Search records').fill('nothing like it');
  await dialog().getByText('There is no picture.').waitFor();
  await dialog().getByLabel('Search records').fill(HOSTILE.slice(0, 12));
  await dialog().getByRole('button', { name: /red_/ }).click();
  assert.equal(await dialog().locator('img').count(), 2, 'no picture but those of the files');
  await dialog().getByLabel('Size').selectOption('60x60');
  await dialog().getByLabel('What it shows').fill('A "red" square');
  await lookAtDialog(page, 'record-pictures');
  await button(dialog(), 'Put in').click();
  await images(panel).waitFor();
  // What it shows is written otherwise.
  await images(panel).click();
  await button(field(panel, 'story'), 'Picture').click();
  assert.match(await dialog().getByLabel('Address of the picture').inputValue(), /thumb=60x60$/);
  await dialog().getByLabel('What it shows').fill('A "blue" square');
  await button(dialog(), 'Replace').click();
  await rich(panel).getByAltText('A "blue" square').waitFor();
  await button(panel, 'Create').click();
  await said('Created.');
  const url = `${origin}/api/files/${source.collectionId}/${source.id}/${source.pictures[0]}?thumb=60x60`;
  assert.equal((await newest('kinds')).story, `<p><img src="${url}" alt="A &quot;blue&quot; square"></p>`);
  assert.equal((await fetch(url)).headers.get('content-type'), 'image/png');

  await writeInto(panel, 'story');
  await button(field(panel, 'story'), 'Picture').click();
  await dialog().getByRole('tab', { name: 'An address' }).click();
  await dialog().getByLabel('Address of the picture').fill('javascript:window.hacked=1');
  assert.equal(await dialog().getByRole('button', { name: 'Put in' }).isDisabled(), true);
  await dialog().getByLabel('Address of the picture').fill('https://elsewhere.example/a.png');
  await button(dialog(), 'Put in').click();
  await rich(panel).getByText('Picture: https://elsewhere.example/a.png').waitFor();
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.deepEqual(page.trouble, []);
});

test('a pasted picture becomes a file of the record when it is saved', async () => {
  for (const isNew of [true, false]) {
    const id = isNew ? undefined : (await make('articles', { title: 'old', story: '<p>before</p>' })).id;
    const panel = await show('articles', { id });
    await writeInto(panel, 'story');
    await page.keyboard.type('See ');
    await paste(panel, png(90));
    await rich(panel).locator('img[src^="blob:"]').waitFor();
    await field(panel, 'pictures').getByText('sent when you save').waitFor();
    // What a draft could not bring back is not in it.
    await page.waitForFunction(() => Object.values(localStorage).some((text) => text.includes('See ')));
    assert.equal(await page.evaluate(() => Object.values(localStorage).some((text) => text.includes('blob:'))), false);
    await button(panel, isNew ? 'Create' : 'Save').click();
    await said(isNew ? 'Created.' : 'Saved.');
    await isSaved(panel);
    const { id: made } = isNew ? await newest('articles') : { id };
    const record = await stored('articles', made);
    assert.equal(record.pictures.length, 1);
    assert.match(record.pictures[0], /^shot_/);
    const url = `${origin}/api/files/${record.collectionId}/${made}/${record.pictures[0]}`;
    assert.equal(record.story, `<p>${isNew ? '' : 'before'}See <img src="${url}" alt=""></p>`);
    await rich(panel).locator(`img[src="${url}"]`).waitFor();
  }
  assert.deepEqual(page.trouble, []);
});

test('a pasted picture that no field takes is refused, and one whose file was taken out is told', async () => {
  const panel = await show('articles');
  await writeInto(panel, 'story');
  await paste(panel, [1, 2, 3], { name: 'a.gif', type: 'image/gif' });
  await said('The picture was not taken. a.gif is image/gif');
  await paste(panel, png(50));
  await images(panel).waitFor();
  await button(field(panel, 'pictures'), 'Remove shot.png').click();
  await button(panel, 'Create').click();
  await field(panel, 'story').locator('.problem', { hasText: 'not among the files of the record any more' }).waitFor();
  assert.equal(await images(panel).count(), 1);

  // Leaving the page asks about what is not saved.
  page.once('dialog', (asked) => asked.accept());
  const bare = await show('kinds');
  await writeInto(bare, 'story');
  await paste(bare, png(50));
  await said('the collection has no field for files');
  assert.equal(await images(bare).count(), 0);
});

test('should the text not follow its pictures, nothing is lost', async () => {
  const { id } = await make('articles', { title: 'half', story: '<p>t</p>' });
  const panel = await show('articles', { id });
  await writeInto(panel, 'story');
  await paste(panel, png(70));
  await images(panel).waitFor();
  let patches = 0;
  await page.route(`**/records/${id}`, (route) => {
    if (route.request().method() !== 'PATCH') return route.continue();
    patches += 1;
    return patches === 2 ? route.abort() : route.continue();
  });
  await save(panel);
  const banner = panel.locator('[data-banner="problem"]', { hasText: "can't be reached" });
  await banner.waitFor();
  assert.equal(await panel.locator('.record-says').textContent(), 'Not saved: story');
  await button(banner, 'Try again').click();
  await isSaved(panel);
  await page.unroute(`**/records/${id}`);
  const record = await stored('articles', id);
  assert.equal(record.pictures.length, 1);
  assert.match(record.story, new RegExp(`<img src="${origin}/api/files/[^"]*${record.pictures[0]}" alt="">`));
});

test('the editors come when somebody writes, and a text is read without them', async () => {
  const { id } = await make('kinds', {
    title: 'light',
    data: { a: 1 },
    story: '<p>Read <a href="https://a.example">me</a> <img src="https://elsewhere.example/x.png"></p>',
  });
  const loaded = [];
  const listener = (request) => {
    if (/vendor\/(prosemirror|codemirror)/.test(request.url())) loaded.push(request.url());
  };
  page.on('request', listener);
  const panel = await show('kinds', { id });
  await rich(panel).getByText('Picture: https://elsewhere.example/x.png').waitFor();
  assert.equal(await panel.getByRole('textbox', { name: 'data', exact: true }).inputValue(), '{\n  "a": 1\n}');
  assert.deepEqual(loaded, []);
  // Typing goes on while the editor comes.
  await panel.getByRole('textbox', { name: 'data', exact: true }).focus();
  await field(panel, 'data').locator('.cm-content').waitFor();
  await writeInto(panel, 'story');
  await page.keyboard.type('!');
  page.off('request', listener);
  assert.equal(loaded.length, 2);
  await button(field(panel, 'data'), 'Format data').click();
  assert.match(await panel.locator('.record-says').textContent(), /^Not saved: story$/);
  await button(panel, 'Reset').click();
  await answers('Reset');
  assert.deepEqual(page.trouble, []);
});

/** Holds the editor up: `isAsked` once the page wants it, until `letIn()`. */
async function holdEditor() {
  let letIn;
  let asked;
  const isLet = new Promise((done) => (letIn = done));
  const isAsked = new Promise((done) => (asked = done));
  await page.route(
    '**/vendor/prosemirror*',
    async (route) => {
      asked();
      await isLet;
      await route.continue();
    },
    { times: 1 },
  );
  return { isAsked, letIn };
}

test('the editor leaves those alone who have gone on before it has come', async () => {
  const { id } = await make('kinds', { title: 'on', story: '<p>Read</p>' });
  const { isAsked, letIn } = await holdEditor();
  const panel = await show('kinds', { id });
  await rich(panel).focus();
  await page.keyboard.type(' me');
  await isAsked;
  const longitude = field(panel, 'spot').getByLabel('Longitude');
  await longitude.selectText();
  letIn();
  // It has come, with what was typed into it.
  await rich(panel).and(panel.locator('[contenteditable="true"]')).getByText('Read me').waitFor();
  await page.keyboard.type('12');
  assert.equal(await longitude.inputValue(), '12');
  await panel.getByText('Not saved: story, spot', { exact: true }).waitFor();
  await save(panel);
  await isSaved(panel);
  const { story, spot } = await stored('kinds', id);
  assert.deepEqual([story, spot.lon], ['<p>Read me</p>', 12]);
});

test('what is typed before the editor has come is not lost', async () => {
  const { id } = await make('articles', { title: 'early', story: '<p>Read</p>' });
  const { isAsked, letIn } = await holdEditor();
  const panel = await show('articles', { id });
  await rich(panel).focus();
  await page.keyboard.type(' me');
  await isAsked;
  await page.keyboard.type(' soon');
  // What is none of the text stays with the page.
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog', { name: 'Go to', exact: true }).waitFor();
  await page.keyboard.press('Escape');
  letIn();
  await rich(panel).getByText('Read me soon').waitFor();
  await field(panel, 'story').locator('.ProseMirror:focus').waitFor();
  await page.keyboard.type(', please');
  await save(panel);
  await isSaved(panel);
  assert.equal((await stored('articles', id)).story, '<p>Read me soon, please</p>');
});

test('a text with a picture whose address is none can be read and written', async () => {
  const { id } = await make('articles', { title: 'broken', story: '<p>See <img src="http://" alt="nothing"></p>' });
  const panel = await show('articles', { id });
  await rich(panel).getByText('Picture: nothing').waitFor();
  await writeInto(panel, 'story');
  await page.keyboard.type('more');
  await save(panel);
  await isSaved(panel);
  assert.match((await stored('articles', id)).story, /more.*src="http:\/\/"|src="http:\/\/".*more/);
});
