// The page about access in a real browser: questions and their answers, what can't be asked, addresses that can be sent
// to somebody, and the exposure report.

import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { account, api } from '../lib/browser.mjs';
import { look, open, owner } from '../lib/dashboard.mjs';

/** Text that would be markup if it weren't kept as text. */
const HOSTILE = '<img src=x onerror=alert(1)> "\'&';

let page;
let ada;
let hers;
before(async () => {
  ada = await account('users', { name: HOSTILE });
  const { id: users } = await api('GET', '/api/collections/users');
  const mine = '@request.auth.id != "" && (author = @request.auth.id || title = "shared")';
  await api('POST', '/api/collections', {
    name: 'posts', type: 'base', listRule: mine, viewRule: mine, createRule: mine, updateRule: mine, deleteRule: '',
    fields: [{ name: 'title', type: 'text', required: true }, { name: 'author', type: 'relation', collectionId: users }],
  });
  hers = await api('POST', '/api/collections/posts/records', { title: HOSTILE, author: ada.id });
  page = await owner();
});

const ask = () => page.getByRole('button', { name: 'Simulate', exact: true }).click();
const choose = (label, value) => page.getByRole('main').getByLabel(label, { exact: true }).selectOption(value);
const answer = () => page.getByRole('region', { name: 'Answer', exact: true });

test('a question is answered, with the clauses that decide', async () => {
  await open(page, '/_/access');
  await choose('Who asks', 'guest');
  await choose('Collection', 'posts');
  await choose('Action', 'update');
  await choose('Record', hers.id);
  await ask();
  await answer().getByText('Not allowed', { exact: true }).waitFor();
  await answer().getByText('A guest, update: the API answers 404').waitFor();
  await answer().getByText('Clause @request.auth.id != "" is false for this record.').waitFor();
  assert.equal(await answer().locator('mark.fails').innerText(), '@request.auth.id != ""');
  // The rest isn't needed, and says so in words too.
  assert.equal(await answer().locator('mark.skipped').count(), 2);
  const clauses = answer().getByRole('region', { name: 'Clauses' });
  assert.match(await clauses.innerText(), /not needed \(false\)/);
  // The one that decides is marked.
  const decides = clauses.getByRole('listitem').filter({ has: page.getByText('decides', { exact: true }) }).last();
  assert.match(await decides.innerText(), /@request\.auth\.id != ""/);
  assert.equal(await clauses.getByText('decides', { exact: true }).count(), 1);
  await look(page, 'access-refused');
});

test('accounts are found by searching, and what they would see is shown', async () => {
  await open(page, '/_/access');
  await choose('Who asks', 'record');
  await choose('Accounts of', 'users');
  await page.getByLabel('Search: account').fill(ada.email);
  await page.getByRole('option', { name: ada.email }).waitFor({ state: 'attached' });
  await choose('Account', ada.id);
  await choose('Collection', 'posts');
  await choose('Action', 'view');
  await page.getByLabel('Search: record').fill('img');
  await choose('Record', hers.id);
  await ask();
  await answer().getByText('Allowed', { exact: true }).waitFor();
  // All of "and", of which one side of "or"; what their sides were is told by the rule's own names.
  const decides = answer().getByRole('listitem').filter({ hasNot: page.getByRole('listitem') })
    .filter({ has: page.getByText('decides', { exact: true }) });
  assert.equal(await decides.count(), 2);
  assert.match(await decides.last().innerText(), new RegExp(`@request\\.auth\\.id is "${ada.id}"`));
  await answer().getByText('What they would see').click();
  const shown = JSON.parse(await answer().getByRole('region', { name: 'What they would see' }).innerText());
  assert.equal(shown.title, HOSTILE);
  assert.equal(await page.locator('main img').count(), 0);
  await look(page, 'access-allowed');
});

test('whom a search finds is who asks, until somebody else is chosen', async () => {
  const ben = await account('users', { name: 'Ben' });
  await open(page, '/_/access');
  await choose('Who asks', 'record');
  await choose('Accounts of', 'users');
  const select = page.getByRole('main').getByLabel('Account', { exact: true });
  const search = page.getByLabel('Search: account');
  const offers = (one, state = 'attached') => select.getByRole('option', { name: one.email }).waitFor({ state });
  await offers(ada);
  await search.fill(ben.email);
  await offers(ada, 'detached');
  await choose('Collection', 'posts');
  await choose('Action', 'view');
  await ask();
  await answer().getByText(`${ben.email} of users, view`).waitFor();
  await search.fill('');
  await offers(ada);
  assert.equal(await select.inputValue(), ben.id, 'it is still who was found');

  await choose('Account', ada.id);
  await search.fill(ben.email);
  await page.waitForFunction(([element, id]) => element.value === id, [await select.elementHandle(), ben.id]);
  await offers(ada);
  await search.fill('nobody has this name');
  await offers(ben, 'detached');
  assert.equal(await select.inputValue(), ada.id);
  assert.match(await select.innerText(), new RegExp(`^${ada.email} · ${ada.id}$`));
});

test('an address is a question that can be sent to somebody', async () => {
  const query = new URLSearchParams({ who: 'record', whoCollection: 'users', whoId: ada.id, action: 'create', collection: 'posts', body: JSON.stringify({ title: 'shared', author: '' }) });
  await open(page, `/_/access?${query}`);
  await answer().getByText('Allowed', { exact: true }).waitFor();
  assert.match(await answer().innerText(), /author = @request\.auth\.id/);
  // Nothing was created, whatever was simulated.
  assert.equal((await api('GET', '/api/collections/posts/records')).totalItems, 1);
  // What is asked next stands in the address.
  await choose('Action', 'delete');
  await choose('Record', hers.id);
  await ask();
  await answer().getByText('The rule is empty, which lets everybody do this.').waitFor();
  const { searchParams } = new URL(page.url());
  assert.deepEqual([searchParams.get('action'), searchParams.get('record'), searchParams.get('whoId')], ['delete', hers.id, ada.id]);
});

test('an address about a collection that is gone asks nothing else', async () => {
  await open(page, '/_/access?who=guest&action=view&collection=gone%3Cb%3E&record=1');
  await page.locator('.toast.problem').filter({ hasText: 'There is no collection gone<b>.' }).waitFor();
  await answer().getByText('Would they be let in?').waitFor();
});

test('a body that would be refused is told, and one that is no JSON', async () => {
  await open(page, `/_/access?${new URLSearchParams({ who: 'record', whoCollection: 'users', whoId: ada.id, action: 'update', collection: 'posts', record: hers.id, body: '{"title":""}' })}`);
  await answer().getByText('Not allowed', { exact: true }).waitFor();
  await answer().getByText('Answer of the API').click();
  assert.match(await answer().getByRole('region', { name: 'Answer of the API' }).innerText(), /validation_required/);
  await page.getByRole('textbox', { name: 'Body' }).fill('{');
  await ask();
  await page.getByText('This is no JSON.').waitFor();
});

test('what can\'t be asked is told beside its field', async () => {
  await open(page, '/_/access');
  await choose('Who asks', 'key');
  await page.getByLabel('Key', { exact: true }).fill('missing');
  await choose('Collection', 'posts');
  await choose('Action', 'list');
  await ask();
  await page.getByText('There is no API key with this id or name.').waitFor();
  assert.equal(await page.getByLabel('Who asks').getAttribute('aria-invalid'), 'true');
});

test('a key is bound by its scope', async () => {
  await api('POST', '/api/keys', { name: 'reader', scope: { posts: ['list'] } });
  await open(page, `/_/access?${new URLSearchParams({ who: 'key', key: 'reader', action: 'delete', collection: 'posts', record: hers.id })}`);
  await answer().getByText('The key\'s scope does not allow delete in posts.').waitFor();
});

test('lists without a record are counted by clause', async () => {
  await open(page, `/_/access?${new URLSearchParams({ who: 'record', whoCollection: 'users', whoId: ada.id, action: 'list', collection: 'posts' })}`);
  await answer().getByText('The rule lets through 1 of 1 records of posts.').waitFor();
  assert.match(await answer().getByRole('region', { name: 'Clauses' }).innerText(), /1 records?/);
});

test('the exposure report tells what stands open, and leads to the simulator', async () => {
  await open(page, '/_/access?tab=exposure');
  await page.getByText('Everybody can delete records of posts, without signing in.').waitFor();
  const row = page.getByRole('row', { name: /^posts/ });
  assert.match(await row.innerText(), /Closed[\s\S]*Open/);
  // Details have a row of their own, so that the table stays as broad as it is.
  const scroll = page.getByRole('region', { name: 'Who may do what' });
  const width = await scroll.evaluate((element) => element.scrollWidth);
  await row.getByRole('button', { name: 'Details of posts' }).click();
  await page.getByRole('cell').filter({ hasText: 'deleteRule' }).or(page.getByText('Fields that others see')).first().waitFor();
  assert.equal(await scroll.evaluate((element) => element.scrollWidth), width);
  await look(page, 'access-exposure');
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download JSON' }).click();
  assert.equal((await download).suggestedFilename(), 'access-report.json');
  await page.getByLabel('As', { exact: true }).selectOption('users');
  await row.getByText('Conditional').first().waitFor();
  await page.getByRole('button', { name: /delete posts, simulate/ }).click();
  assert.equal(await page.getByLabel('Collection', { exact: true }).inputValue(), 'posts');
  assert.equal(await page.getByLabel('Action', { exact: true }).inputValue(), 'delete');
  assert.equal(await page.getByLabel('Who asks').inputValue(), 'record');
  assert.deepEqual(page.trouble, []);
});
