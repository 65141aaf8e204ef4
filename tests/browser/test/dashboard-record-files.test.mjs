// The record editor: files on their way, and what brings them back: stopping and going on, undo of a save and of a
// deletion, copies.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { account, api, origin } from '../lib/browser.mjs';
import { lookAtDialog } from '../lib/dashboard.mjs';
import {
  answers, button, field, isSaved, make, newest, page, png, said, save, show, stored,
} from '../lib/record_panel.mjs';

const text = (name, content) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) });
const choose = (panel, name, files) => field(panel, name).locator('input[type="file"]').setInputFiles(files);
const content = async (record, name) =>
  (await fetch(`${origin}/api/files/${record.collectionId}/${record.id}/${name}`)).text();
const undo = () => page.locator('.toast').getByRole('button', { name: 'Undo' }).last().click();
const menu = async (panel, entry) => {
  await panel.locator('.panel-head summary').click();
  await button(panel.locator('.menu-list'), entry).click();
};

/** Slows what is sent down to so many bytes a second; resolves to what ends that. */
async function slowly(uploadThroughput) {
  const network = await page.context().newCDPSession(page);
  const set = (bytes) =>
    network.send('Network.emulateNetworkConditions', {
      offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes,
    });
  await set(uploadThroughput);
  return async () => {
    await set(-1);
    await network.detach();
  };
}

/** A record of `papers` with two texts and a cover. */
async function paper() {
  const panel = await show('papers');
  await panel.getByLabel('title', { exact: true }).fill('with files');
  await choose(panel, 'pictures', [text('one.txt', 'first'), text('two.txt', 'second')]);
  await choose(panel, 'cover', { name: 'cover.png', mimeType: 'image/png', buffer: png() });
  await button(panel, 'Create').click();
  await said('Created.');
  return { panel, record: await newest('papers') };
}

test('undo brings back files that a save has taken away', async () => {
  const { panel, record } = await paper();
  await button(field(panel, 'pictures'), `Remove ${record.pictures[0]}`).click();
  await choose(panel, 'pictures', text('three.txt', 'third'));
  await panel.getByLabel('title', { exact: true }).fill('changed');
  await save(panel);
  await said('Saved.');
  const between = await stored('papers', record.id);
  assert.deepEqual([between.pictures.length, between.pictures[0]], [2, record.pictures[1]]);
  await undo();
  await said('The old values are back; files under new names.');
  const after = await stored('papers', record.id);
  assert.equal(after.title, 'with files');
  assert.equal(after.pictures[1], record.pictures[1]);
  assert.match(after.pictures[0], /^one_[a-z0-9]{10}\.txt$/);
  assert.equal(await content(after, after.pictures[0]), 'first');
  await isSaved(panel);
  assert.equal(await field(panel, 'pictures').locator('.record-items > li').count(), 2);
});

test('what is too large for an undo is named', async () => {
  const { panel, record } = await paper();
  // Whoever says so is the server, so it says so here.
  await page.route(`**/${record.pictures[0]}`, async (route) =>
    route.fulfill({ status: 200, headers: { 'Content-Length': '25000001' }, body: 'x'.repeat(25_000_001) }));
  await button(field(panel, 'pictures'), `Remove ${record.pictures[0]}`).click();
  await panel.getByLabel('title', { exact: true }).fill('changed');
  await save(panel);
  await said(`Undo can't bring back ${record.pictures[0]} (of files, up to 25 MB are kept)`);
  await undo();
  await said('The old values are back.');
  await page.unroute(`**/${record.pictures[0]}`);
  const after = await stored('papers', record.id);
  assert.deepEqual([after.title, after.pictures], ['with files', [record.pictures[1]]]);
});

test('an upload is stopped, and goes on where it was', async () => {
  const begun = [];
  const listener = (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/api/uploads')) begun.push(request);
  };
  page.on('request', listener);
  const panel = await show('papers');
  await panel.getByLabel('title', { exact: true }).fill('stopped');
  const fast = await slowly(400_000);
  const buffer = Buffer.alloc(3_000_000, 1);
  await choose(panel, 'cover', { name: 'stopped.bin', mimeType: '', buffer });
  await button(panel, 'Create').click();
  await panel.locator('.record-upload', { hasText: 'of 3 MB' }).waitFor();
  await page.waitForFunction(() => document.querySelector('dialog.panel progress').value > 0.1);
  await lookAtDialog(page, 'record-upload');
  await button(panel, 'Stop upload').click();
  await said('Stopped: nothing was saved, and everything is still here.');
  await fast();
  assert.equal(await panel.locator('.record-upload').isVisible(), false);
  assert.equal((await api('GET', "/api/collections/papers/records?filter=title='stopped'")).totalItems, 0);
  assert.equal(await panel.getByLabel('title', { exact: true }).inputValue(), 'stopped');
  await button(panel, 'Create').click();
  await said('Created.');
  page.off('request', listener);
  assert.equal(begun.length, 1, 'it went on, and did not begin again');
  const made = await newest('papers');
  assert.match(made.cover, /^stopped_/);
  assert.deepEqual(page.trouble, []);
});

test('a broken line loses nothing, and one tries again', async () => {
  const panel = await show('papers');
  await panel.getByLabel('title', { exact: true }).fill('broken');
  await choose(panel, 'pictures', [text('a.txt', 'a'), text('b.txt', 'b')]);
  await page.route('**/api/uploads/*', (route) => route.abort());
  await button(panel, 'Create').click();
  const banner = panel.locator('[data-banner="problem"]', { hasText: "can't be reached" });
  await banner.waitFor();
  await page.unroute('**/api/uploads/*');
  await button(banner, 'Try again').click();
  await said('Created.');
  const made = await newest('papers');
  assert.equal(made.title, 'broken');
  assert.deepEqual(await Promise.all(made.pictures.map((name) => content(made, name))), ['a', 'b']);
});

test('what the server refuses of a file stands beside its field', async () => {
  const panel = await show('papers');
  await choose(panel, 'pictures', text('a.txt', 'a'));
  await page.route('**/api/uploads', (route) =>
    route.fulfill({ status: 413, json: { status: 413, message: 'Too much of yours is unfinished.', data: {} } }));
  await button(panel, 'Create').click();
  await field(panel, 'pictures').locator('.problem', { hasText: 'a.txt: Too much of yours' }).waitFor();
  await page.unroute('**/api/uploads');
});

test('where uploads are switched off, files come with the record, in their order', async () => {
  const { panel, record } = await paper();
  await page.route('**/api/uploads', (route) => route.fulfill({ status: 403, json: { message: 'Off.', data: {} } }));
  await choose(panel, 'pictures', text('zero.txt', 'zero'));
  const rows = field(panel, 'pictures').locator('.record-items > li');
  for (const at of [2, 1]) await rows.nth(at).locator('.record-handle').press('ArrowUp');
  await save(panel);
  await said('Saved.');
  await page.unroute('**/api/uploads');
  const after = await stored('papers', record.id);
  assert.match(after.pictures[0], /^zero_/);
  assert.deepEqual(after.pictures.slice(1), record.pictures);
});

test('a duplicate has copies of the files, and says what it has not', async () => {
  const { panel, record } = await paper();
  await menu(panel, 'Duplicate');
  const copy = page.locator('dialog.panel').last();
  await copy.locator('[data-banner="files"]', { hasText: '3 files copied.' }).waitFor();
  await button(copy, 'Create and close').click();
  await copy.waitFor({ state: 'detached' });
  const made = await newest('papers');
  assert.notEqual(made.id, record.id);
  assert.deepEqual(made.pictures.map((name) => name.replace(/_.*/, '')), ['one', 'two']);
  assert.equal(await content(made, made.pictures[1]), 'second');
  assert.match(made.cover, /^cover_/);
  assert.notEqual(made.cover, record.cover);

  const user = await account('users', { name: 'Twin' });
  const panelOfUser = await show('users', { id: user.id });
  await menu(panelOfUser, 'Duplicate');
  await page.locator('[data-banner="files"]', { hasText: 'Not copied: password, email, verified.' }).waitFor();
});

// --- deletions ---

const relation = (name, to, more) => ({ name, type: 'relation', collectionId: to.id, maxSelect: 1, ...more });
before(async () => {
  const albums = await api('POST', '/api/collections', {
    name: 'albums', type: 'base',
    fields: [{ name: 'title', type: 'text', presentable: true }, { name: 'sleeve', type: 'file', maxSelect: 1 },
      { name: 'facts', type: 'json' }, { name: 'created', type: 'autodate', onCreate: true }],
  });
  const songs = await api('POST', '/api/collections', {
    name: 'songs', type: 'base',
    fields: [{ name: 'name', type: 'text', presentable: true }, { name: 'score', type: 'json' },
      relation('album', albums, { cascadeDelete: true, required: true })],
  });
  await api('POST', '/api/collections', {
    name: 'plays', type: 'base',
    fields: [{ name: 'at', type: 'text' }, relation('song', songs, { cascadeDelete: true })],
  });
  await api('POST', '/api/collections', {
    name: 'lists', type: 'base',
    fields: [{ name: 'name', type: 'text' }, relation('albums', albums, { maxSelect: 5 }), relation('best', albums)],
  });
  await api('POST', '/api/collections', {
    name: 'fans', type: 'auth', fields: [relation('idol', albums, { cascadeDelete: true })],
  });
  await api('POST', '/api/collections', {
    name: 'awards', type: 'base',
    fields: [{ name: 'name', type: 'text' }, relation('album', albums, { required: true })],
  });
});

test('a deletion says what goes with it, and is undone with all of it', async () => {
  const panel = await show('albums');
  await panel.getByLabel('title', { exact: true }).fill('Blue');
  await choose(panel, 'sleeve', text('sleeve.txt', 'the sleeve'));
  await button(panel, 'Create').click();
  await said('Created.');
  const album = await newest('albums');
  const other = await make('albums', { title: 'Other' });
  const songs = [];
  // Texts of JSON are kept digit for digit.
  songs.push(await make('songs', { name: 'a', album: album.id, score: '[12345678901234567890]' }));
  songs.push(await make('songs', { name: 'b', album: album.id }));
  const play = await make('plays', { at: 'noon', song: songs[0].id });
  const list = await make('lists', { name: 'mine', albums: [other.id, album.id], best: album.id });
  const award = await make('awards', { name: 'gold', album: album.id });

  await menu(panel, 'Delete');
  await said("This can't be deleted: 1 record of awards must have it.");
  assert.equal((await stored('albums', album.id)).title, 'Blue');
  await api('DELETE', `/api/collections/awards/records/${award.id}`);

  await menu(panel, 'Delete');
  const dialog = page.locator('dialog[open]').last();
  await dialog.getByText('With it go: 2 records of songs, 1 record of plays.').waitFor();
  await dialog.getByText('It is taken out of: 1 record of lists.').waitFor();
  await dialog.getByText('1 file goes.').waitFor();
  await lookAtDialog(page, 'record-delete');
  await answers('Delete');
  await said('Deleted.');
  assert.equal((await api('GET', '/api/collections/plays/records')).totalItems, 0);
  assert.deepEqual((await stored('lists', list.id)).albums, [other.id]);

  await undo();
  await said('It is back, with what went with it. Its dates are new ones.');
  const back = await stored('albums', album.id);
  assert.equal(back.title, 'Blue');
  assert.equal(await content(back, back.sleeve), 'the sleeve');
  for (const { id, name } of songs) assert.deepEqual((await stored('songs', id)).name, name);
  const read = async (id) => (await fetch(`/api/collections/songs/records/${id}`)).text();
  const score = await page.evaluate(read, songs[0].id);
  assert.match(score, /"score":\[12345678901234567890\]/);
  assert.equal((await stored('plays', play.id)).song, songs[0].id);
  const lists = await stored('lists', list.id);
  assert.deepEqual([lists.albums, lists.best], [[other.id, album.id], album.id]);
  assert.deepEqual(page.trouble, []);
});

test('what cannot be undone is said before and after', async () => {
  const user = await account('users', { name: 'Gone' });
  const ofUser = await show('users', { id: user.id });
  await menu(ofUser, 'Delete');
  const dialog = page.locator('dialog[open]').last();
  await dialog.getByText("It can't be undone: its password is nowhere else.").waitFor();
  await answers('Delete');
  await said('Deleted.');
  assert.equal(await page.locator('.toast').getByRole('button', { name: 'Undo' }).count(), 0);

  // What goes along and can't come back, neither.
  const idol = await make('albums', { title: 'idol' });
  const fan = await account('fans', { idol: idol.id });
  const ofIdol = await show('albums', { id: idol.id });
  await menu(ofIdol, 'Delete');
  await page.getByText('But 1 record of fans would stay gone').waitFor();
  await answers('Delete');
  await said("Deleted. Undo can't bring back 1 record of fans.");
  await undo();
  await said('It is back');
  assert.equal((await stored('albums', idol.id)).title, 'idol');
  assert.equal((await api('GET', `/api/collections/fans/records?filter=id='${fan.id}'`)).totalItems, 0);

  // Somebody else has changed it: whoever deletes has not seen that.
  const { id } = await make('albums', { title: 'seen' });
  const panel = await show('albums', { id });
  await page.route('**/api/realtime', (route) => route.abort());
  await menu(panel, 'Delete');
  await page.locator('dialog[open]').last().getByText('Right afterwards this can be undone').waitFor();
  await api('PATCH', `/api/collections/albums/records/${id}`, { title: 'unseen' });
  await answers('Delete');
  await said('Not deleted: the record has been changed meanwhile.');
  await page.unroute('**/api/realtime');
  assert.equal((await stored('albums', id)).title, 'unseen');
});
