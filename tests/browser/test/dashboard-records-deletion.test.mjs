// Deleting many records in the dashboard's table: what goes along and what can't come back is said before, and the undo
// brings back all the rest.

import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { account, api, origin } from '../lib/browser.mjs';
import { lookAtDialog, open, owner } from '../lib/dashboard.mjs';
import { createMany, fillMany, row, tick } from '../lib/records_table.mjs';

const relation = (name, to, more) => ({ name, type: 'relation', collectionId: to.id, maxSelect: 1, ...more });
const text = (name, more) => ({ name, type: 'text', ...more });
const make = (collection, body) => api('POST', `/api/collections/${collection}/records`, body);
const stored = (collection, id) => api('GET', `/api/collections/${collection}/records/${id}`);
const total = async (collection) => (await api('GET', `/api/collections/${collection}/records?perPage=1`)).totalItems;
const content = async (record, name) =>
  (await fetch(`${origin}/api/files/${record.collectionId}/${record.id}/${name}`)).text();

before(async () => {
  const albums = await api('POST', '/api/collections', {
    name: 'albums', type: 'base',
    fields: [text('title', { presentable: true }), { name: 'sleeve', type: 'file', maxSelect: 1, maxSize: 30_000_000 },
      { name: 'facts', type: 'json' }, { name: 'created', type: 'autodate', onCreate: true }],
  });
  await api('PATCH', '/api/collections/albums', { fields: [...albums.fields, relation('after', albums)] });
  await api('POST', '/api/collections', {
    name: 'songs', type: 'base',
    fields: [text('name'), { name: 'score', type: 'json' }, { name: 'sheet', type: 'file', maxSelect: 1 },
      relation('album', albums, { cascadeDelete: true, required: true })],
  });
  await api('POST', '/api/collections', {
    name: 'lists', type: 'base', fields: [text('name'), relation('albums', albums, { maxSelect: 5 })],
  });
  await api('POST', '/api/collections', {
    name: 'awards', type: 'base', fields: [text('name'), relation('album', albums, { required: true })],
  });
  const fans = await api('POST', '/api/collections', {
    name: 'fans', type: 'auth', fields: [relation('idol', albums, { cascadeDelete: true })],
  });
  await api('POST', '/api/collections', {
    name: 'letters', type: 'base',
    fields: [text('words'), relation('fan', fans, { cascadeDelete: true, required: true })],
  });
});

/** Sends a file of a record from the page, whose session may do so. */
const give = (page, collection, id, field, size, letter) =>
  page.evaluate(
    async ([path, name, bytes, fill]) => {
      const form = new FormData();
      form.append(name, new File([fill.repeat(bytes)], `${name}.txt`, { type: 'text/plain' }));
      const answer = await fetch(path, { method: 'PATCH', body: form });
      if (!answer.ok) throw new Error(await answer.text());
    },
    [`/api/collections/${collection}/records/${id}`, field, size, letter],
  );

async function select(page, collection, records) {
  await open(page, `/_/collections/${collection}`);
  for (const { id } of records) await page.getByRole('checkbox', { name: `Select ${id}` }).click();
  await page.getByText(`${records.length} selected`).waitFor();
}

async function ask(page) {
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  const question = page.getByRole('dialog', { name: /^Delete / });
  await question.waitFor();
  return question;
}

const answer = (question, label = 'Delete') => question.getByRole('button', { name: label, exact: true }).click();
const undo = (page) => page.locator('.toast').getByRole('button', { name: 'Undo' }).last().click();
const hasUndo = async (page) => (await page.locator('.toast').getByRole('button', { name: 'Undo' }).count()) > 0;

test('it is said what goes along, and the undo brings it back, files too', async () => {
  const page = await owner();
  const red = await make('albums', { title: 'Red', facts: '[12345678901234567890]' });
  // Refers to one that goes as well, in either order.
  const blue = await make('albums', { title: 'Blue', after: red.id });
  await api('PATCH', `/api/collections/albums/records/${red.id}`, { after: blue.id });
  const other = await make('albums', { title: 'Other' });
  const song = await make('songs', { name: 'a', album: red.id });
  const list = await make('lists', { name: 'mine', albums: [blue.id, other.id, red.id] });
  await give(page, 'albums', red.id, 'sleeve', 3, 'r');
  await give(page, 'songs', song.id, 'sheet', 4, 's');
  await select(page, 'albums', [red, blue]);

  const question = await ask(page);
  await question.getByText('With them goes: 1 record of songs.').waitFor();
  await question.getByText('They are taken out of: 1 record of lists.').waitFor();
  await question.getByText('2 files go.').waitFor();
  await question.getByText('Right afterwards this can be undone; of files, up to 25 MB altogether.').waitFor();
  await lookAtDialog(page, 'records-delete');
  await answer(question);
  await page.getByText('2 records deleted.').waitFor();
  assert.equal(await total('songs'), 0);
  assert.deepEqual((await stored('lists', list.id)).albums, [other.id]);

  await undo(page);
  await page.getByText('2 records are back, with what went with them. Their dates are new ones.').waitFor();
  await row(page, 'Blue').first().waitFor();
  const [redBack, blueBack, songBack] = [
    await stored('albums', red.id), await stored('albums', blue.id), await stored('songs', song.id)];
  assert.deepEqual([redBack.after, blueBack.after, songBack.album], [blue.id, red.id, red.id]);
  assert.deepEqual([await content(redBack, redBack.sleeve), await content(songBack, songBack.sheet)], ['rrr', 'ssss']);
  assert.deepEqual((await stored('lists', list.id)).albums, [blue.id, other.id, red.id]);
  const read = async (id) => (await fetch(`/api/collections/albums/records/${id}`)).text();
  assert.match(await page.evaluate(read, red.id), /"facts":\[12345678901234567890\]/);
  assert.deepEqual(page.trouble, []);
});

test('accounts and what needs them stay gone, which is said before and after', async () => {
  const page = await owner();
  const idol = await make('albums', { title: 'Idol' });
  const plain = await make('albums', { title: 'Plain' });
  const fan = await account('fans', { idol: idol.id });
  await make('letters', { words: 'dear', fan: fan.id });
  await select(page, 'albums', [idol, plain]);
  const question = await ask(page);
  await question.getByText('But 1 record of fans, 1 record of letters would stay gone').waitFor();
  await answer(question);
  await page.getByText("2 records deleted. Undo can't bring back 1 record of fans, 1 record of letters.").waitFor();
  await undo(page);
  await page.getByText('2 records are back, with what could be brought back.').waitFor();
  assert.equal((await stored('albums', idol.id)).title, 'Idol');
  assert.equal((await stored('albums', plain.id)).title, 'Plain');
  assert.deepEqual([await total('fans'), await total('letters')], [0, 0]);

  // Accounts themselves.
  const lone = await account('fans');
  await make('letters', { words: 'bye', fan: lone.id });
  await select(page, 'fans', [lone]);
  const ofFans = await ask(page);
  await ofFans.getByText('With it goes: 1 record of letters.').waitFor();
  await ofFans.getByText("It can't be undone: its password is nowhere else.").waitFor();
  await answer(ofFans);
  await page.getByText("1 record deleted. This can't be undone.").waitFor();
  assert.equal(await hasUndo(page), false);
  assert.deepEqual(page.trouble, []);
});

test('what is refused stays, and the undo leaves it alone', async () => {
  const page = await owner();
  const free = await make('albums', { title: 'Free' });
  const bound = await make('albums', { title: 'Bound' });
  const songs = [
    await make('songs', { name: 'of free', album: free.id }),
    await make('songs', { name: 'of bound', album: bound.id }),
  ];
  const list = await make('lists', { name: 'both', albums: [free.id, bound.id] });
  const award = await make('awards', { name: 'gold', album: bound.id });
  await select(page, 'albums', [free, bound]);
  const question = await ask(page);
  await question.getByText('1 record of awards must have some of them, which will be refused.').waitFor();
  await answer(question);
  const refused = page.getByRole('dialog', { name: 'Not all were deleted' });
  await refused.getByText(bound.id).waitFor();
  await answer(refused, 'Close');
  await page.getByText('1 record deleted.').waitFor();
  assert.deepEqual((await stored('lists', list.id)).albums, [bound.id]);
  await undo(page);
  await page.getByText('1 record is back, with what went with it.').waitFor();
  assert.deepEqual((await stored('lists', list.id)).albums, [free.id, bound.id]);
  for (const song of songs) assert.equal((await stored('songs', song.id)).name, song.name);
  await api('DELETE', `/api/collections/awards/records/${award.id}`);
  assert.deepEqual(page.trouble, []);
});

test('files beyond what is kept are named', async () => {
  const page = await owner();
  const large = [await make('albums', { title: 'Large one' }), await make('albums', { title: 'Large two' })];
  for (const { id } of large) await give(page, 'albums', id, 'sleeve', 13_000_000, 'x');
  await select(page, 'albums', large);
  await answer(await ask(page));
  await page.getByText(/2 records deleted\. Undo can't bring back files beyond 25 MB \(sleeve_\w+\.txt\)\./).waitFor();
  await undo(page);
  await page.getByText('2 records are back, without some files.').waitFor();
  const found = await api('GET', `/api/collections/albums/records?filter=${encodeURIComponent('title ~ "Large"')}`);
  assert.equal(found.items.filter((one) => one.sleeve).length, 1);
  assert.deepEqual(page.trouble, []);
});

test('where more goes along than is looked at, no undo is offered, and that is said before', async () => {
  const page = await owner();
  const album = await make('albums', { title: 'Vast' });
  for (const start of [0, 300])
    await api('POST', '/api/batch', {
      requests: Array.from({ length: 300 }, (_, at) => ({
        method: 'POST', url: '/api/collections/songs/records', body: { name: `vast ${start + at}`, album: album.id },
      })),
    });
  await select(page, 'albums', [album]);
  const question = await ask(page);
  await question.getByText("This can't be undone: more than 500 records hang on it.").waitFor();
  await answer(question, 'Cancel');
  // The panel says the same.
  await open(page, `/_/collections/albums?record=${album.id}`);
  await page.locator('.panel-head summary').click();
  await page.locator('.panel-head .menu-list').getByRole('button', { name: 'Delete' }).click();
  const ofPanel = page.getByRole('dialog', { name: 'Delete Vast?' });
  await ofPanel.getByText("This can't be undone: more than 500 records hang on it.").waitFor();
  await answer(ofPanel);
  await page.getByText('Deleted.').waitFor();
  assert.equal(await hasUndo(page), false);
  assert.deepEqual(page.trouble, []);
});

test('a deletion that breaks off is undone as far as it went', async () => {
  const page = await owner();
  const made = await api('POST', '/api/batch', {
    requests: Array.from({ length: 101 }, (_, at) => ({
      method: 'POST', url: '/api/collections/albums/records', body: { title: `Broken ${at}` },
    })),
  });
  const [oldest, newest] = [made[0].body, made[100].body];
  const [kept, gone] = [
    await make('songs', { name: 'kept', album: oldest.id }),
    await make('songs', { name: 'gone', album: newest.id }),
  ];
  await open(page, `/_/collections/albums?filter=${encodeURIComponent('title ~ "Broken"')}`);
  await tick(page, 'Broken 100');
  await page.getByRole('button', { name: 'Select all 101' }).click();
  await page.getByText('101 selected').waitFor();
  const question = await ask(page);
  // From the second portion on, nothing gets through.
  let batches = 0;
  await page.route('**/api/**', (route) => {
    if (route.request().url().endsWith('/api/batch')) batches += 1;
    return batches > 1 ? route.abort() : route.continue();
  });
  await answer(question);
  await page.getByText('100 records deleted.').waitFor();
  await undo(page);
  await page.getByText('Nothing is back.').waitFor();
  await page.unroute('**/api/**');
  await page.locator('.toast').getByRole('button', { name: 'Go on' }).click();
  await page.getByText('100 records are back, with what went with them.').waitFor();
  assert.equal((await stored('songs', gone.id)).album, newest.id);
  assert.equal((await stored('songs', kept.id)).album, oldest.id);
  assert.deepEqual(page.trouble, []);
});

test('a lost connection in the middle of an undo loses nothing: one goes on', async () => {
  await fillMany();
  const page = await owner();
  await open(page, `/_/collections/many?filter=${encodeURIComponent('n < 200')}`);
  await page.getByText('200 matching records').waitFor();
  await tick(page, /word 199$/);
  await page.getByRole('button', { name: 'Select all 200' }).click();
  await page.getByText('200 selected').waitFor();
  await answer(await ask(page));
  await page.getByText('200 records deleted.').waitFor();
  let batches = 0;
  await page.route('**/api/batch', (route) => ((batches += 1) === 2 ? route.abort() : route.continue()));
  await undo(page);
  await page.getByText('Not all is back: 100 records are missing.').waitFor();
  await page.locator('.toast').getByRole('button', { name: 'Go on' }).click();
  await page.getByText('200 records are back.').waitFor();
  assert.equal(await total('many'), 1000);

  // More than are kept.
  for (const from of [1000, 1400, 1800]) await createMany(from, Math.min(from + 400, 2001));
  await open(page, '/_/collections/many');
  await tick(page, /word 2000$/);
  await page.getByRole('button', { name: 'Select all 2,001' }).click();
  await page.getByText('2,001 selected').waitFor();
  const question = await ask(page);
  await question.getByText("This can't be undone: only up to 2,000 records are kept for that.").waitFor();
  await answer(question);
  await page.getByText("2,001 records deleted. This can't be undone.").waitFor();
  assert.equal(await hasUndo(page), false);
  assert.deepEqual(page.trouble, []);
});
