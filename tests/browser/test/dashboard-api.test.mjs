// The page of a collection's calls: what it shows is run, by curl and by the official SDK, and the runner sends for
// real.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { SUPERUSER, api, origin } from '../lib/browser.mjs';
import { look, open, owner } from '../lib/dashboard.mjs';
import { sample } from '../../../static/admin/snippets/pattern.js';

const run = promisify(execFile);
const SDK = resolve(import.meta.dirname, '../../sdk');
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const HOSTILE = '<img src=x onerror="globalThis.wasHit=1">\'"$(touch hit)`touch hit`';

const text = (name, options = {}) => ({ name, type: 'text', ...options });
/** A field of every type, with options that not any value fits. */
const PICKY = [
  text('title', { required: true, min: 30, max: 40 }),
  text('serial', { required: true, pattern: '^[A-Z]{2}-\\d{3,5}(?:-(?:x|y))?$' }),
  { name: 'amount', type: 'number', required: true, onlyInt: true, min: 3, max: 9 },
  { name: 'ratio', type: 'number', min: -0.75, max: -0.25 },
  { name: 'agreed', type: 'bool', required: true },
  { name: 'contact', type: 'email', required: true, onlyDomains: ['example.museum'] },
  { name: 'link', type: 'url', required: true, exceptDomains: ['example.com'] },
  { name: 'at', type: 'date', required: true, min: '2024-01-01 00:00:00.000Z', max: '2024-01-02 00:00:00.000Z' },
  { name: 'kind', type: 'select', required: true, maxSelect: 1, values: [HOSTILE, 'plain'] },
  { name: 'tags', type: 'select', required: true, maxSelect: 3, values: ['it\'s', 'two', 'three'] },
  { name: 'parent', type: 'relation', required: true, maxSelect: 1, collectionId: '' },
  { name: 'others', type: 'relation', minSelect: 2, maxSelect: 3, collectionId: '' },
  { name: 'meta', type: 'json', required: true },
  { name: 'place', type: 'geoPoint', required: true },
  { name: 'story', type: 'editor', required: true },
  { name: 'created', type: 'autodate', onCreate: true },
];

let token;
let folder;
let page;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdall-snippets-'));
  await writeFile(join(folder, 'picture.png'), PNG);
  const answer = await fetch(`${origin}/api/collections/_superusers/auth-with-password`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ identity: SUPERUSER.email,
        password: SUPERUSER.password }),
  });
  token = (await answer.json()).token;
  const groups = await api('POST', '/api/collections', { name: 'groups', type: 'base', listRule: '', viewRule: '',
      fields: [text('name')] });
  for (const name of ['one', 'two', 'three']) await api('POST', '/api/collections/groups/records', { name });
  const fields = PICKY.map((field) => field.type === 'relation' ? { ...field, collectionId: groups.id } : field);
  await api('POST', '/api/collections', {
    name: 'picky', type: 'base', listRule: '@request.auth.id != "" && contact = @request.auth.id', viewRule: null,
      createRule: 'kind = "plain" || @request.auth.verified = true', fields,
    indexes: ['CREATE UNIQUE INDEX idx_serial ON picky (serial)',
      'CREATE UNIQUE INDEX idx_pair ON picky (amount, parent)'],
  });
  await api('POST', '/api/collections', { name: 'albums', type: 'base', fields: [text('name', { help: HOSTILE }),
        { name: 'cover', type: 'file', required: true, maxSelect: 1, mimeTypes: ['image/png'] }] });
  await api('POST', '/api/collections', { name: 'tiny', type: 'base', fields: [
    text('id', { primaryKey: true, required: true, system: true, pattern: '^[a-z]{3}-[0-9]{2}$',
      autogeneratePattern: '' }),
    { name: 'story', type: 'editor', required: true, maxSize: 10 },
    { name: 'data', type: 'json', required: true, maxSize: 8 },
  ] });
  await api('POST', '/api/collections', {
    name: 'folk', type: 'auth', listRule: 'id = @request.auth.id',
      fields: [text('nick', { required: true, pattern: '^[a-z]{4,8}$' })],
    indexes: ['CREATE UNIQUE INDEX idx_nick ON folk (nick)'], passwordAuth: { enabled: true, identityFields: ['email',
        'nick'] },
  });
  await api('POST', '/api/collections', { name: 'group_names', type: 'view', listRule: '',
      viewQuery: 'SELECT id, name FROM groups' });
  page = await owner();
});
after(() => rm(folder, { recursive: true }));

/** The snippets of calls, as the page shows them when it is opened anew: `{ create: { curl, js, dart } }`. */
async function snippets(collection, ...calls) {
  const found = {};
  await open(page, 'about:blank');
  for (const call of calls) {
    // Only the first of these loads the page.
    await page.goto(`/_/collections/${collection}/api#${call}`);
    await page.locator(`[data-call="${call}"][aria-current]`).waitFor();
    found[call] = await page.locator('[data-snippet]').evaluateAll((all) => Object.fromEntries(all
        .map((one) => [one.dataset.snippet, one.textContent])));
  }
  return found;
}

/** Runs it as somebody would who has copied it; resolves to the answer. */
async function shell(text) {
  const command = text.replaceAll('curl ', 'curl -sS --fail-with-body ');
  try {
    const { stdout } = await run('bash', ['-euc', command], { cwd: folder, env: { ...process.env, TOKEN: token } });
    return stdout === '' ? null : JSON.parse(stdout);
  } catch (error) {
    throw new Error(`${text}\n${error.stdout}${error.stderr}`, { cause: error });
  }
}

async function program(text) {
  const { stdout } = await run('node', ['--input-type=module', '-e', text.replace('\'TOKEN\'', JSON.stringify(token))],
    { cwd: SDK });
  return stdout;
}

const count = async (collection) => (await api('GET', `/api/collections/${collection}/records?perPage=1`)).totalItems;

for (const collection of ['picky', 'albums', 'tiny', 'folk']) {
  test(`what curl is given for ${collection} works`, async () => {
    const first = await snippets(collection, 'create');
    const made = await shell(first.create.curl);
    assert.equal(await count(collection), 1);
    // Unique values are others the next time.
    const { create, list, view, update, delete: remove } = await snippets(collection, 'create', 'list', 'view',
      'update', 'delete');
    assert.equal((await shell(list.curl)).totalItems, 1);
    assert.equal((await shell(view.curl)).id, made.id);
    assert.equal((await shell(update.curl)).id, made.id);
    assert.notEqual((await shell(create.curl)).id, made.id);
    assert.equal(await count(collection), 2);
    assert.equal(await shell(remove.curl), null);
    assert.equal(await count(collection), 1);
  });
}

test('what JavaScript is given works with the official SDK', async () => {
  for (const collection of ['picky', 'folk']) {
    const start = await count(collection);
    const { create, list, view, update, delete: remove } = await snippets(collection, 'create', 'list', 'view',
      'update', 'delete');
    const id = (await program(create.js)).trim();
    assert.equal((await api('GET', `/api/collections/${collection}/records/${id}`)).id, id);
    assert.equal(await count(collection), start + 1);
    assert.match(await program(list.js), new RegExp(`^${start + 1} `));
    assert.ok((await program(view.js)).includes('collectionName'));
    assert.notEqual((await program(update.js)).trim(), '');
    await program(remove.js);
    assert.equal(await count(collection), start);
  }
});

test('batches are off until they are on, and then work', async () => {
  const warning = page.locator('.call-head .banner');
  await open(page, '/_/collections/picky/api#batch');
  assert.match(await warning.textContent(), /^Batches are switched off on this server/);
  assert.match(await page.locator('[data-call="batch"]').textContent(), /off/);
  await api('PATCH', '/api/settings', { batch: { enabled: true, maxRequests: 50, timeout: 3 } });
  const start = await count('picky');
  const { batch } = await snippets('picky', 'batch');
  assert.deepEqual((await shell(batch.curl)).map((one) => one.status), [200, 200]);
  const again = await snippets('picky', 'batch');
  assert.equal((await program(again.batch.js)).trim(), '[ 200, 200 ]');
  assert.equal(await count('picky'), start + 2);
  assert.equal(await warning.count(), 0);

  // A file that a record must have goes with its request.
  const { batch: files } = await snippets('albums', 'batch');
  const [{ body: album }] = await shell(files.curl);
  assert.match(album.cover, /^picture_\w+\.png$/);
});

test('calls about accounts work, and those that are switched off say so', async () => {
  const all = await snippets('folk', 'auth-methods', 'request-verification', 'request-password-reset', 'impersonate',
    'keys', 'auth-with-password', 'sessions');
  assert.deepEqual((await shell(all['auth-methods'].curl)).password.identityFields, ['email', 'nick']);
  assert.match(await program(all['auth-methods'].js), /identityFields/);
  for (const call of ['request-verification', 'request-password-reset']) assert.equal(await shell(all[call].curl), null,
    call);
  const { token: theirs } = await shell(all.impersonate.curl);
  assert.equal(theirs.split('.').length, 3);
  const { key, scope } = await shell(all.keys.curl);
  assert.deepEqual(scope, { folk: ['list', 'view'] });
  assert.match(key, /^holdall_/);
  assert.match(await program(all.keys.js), /^holdall_/);

  const { items: [person] } = await api('GET', '/api/collections/folk/records?perPage=1');
  await api('PATCH', `/api/collections/folk/records/${person.id}`, { password: 'a new password',
      passwordConfirm: 'a new password' });
  const withPassword = (text) => text.replace('YOUR_PASSWORD', 'a new password');
  assert.equal((await shell(withPassword(all['auth-with-password'].curl))).record.id, person.id);
  assert.equal((await program(withPassword(all['auth-with-password'].js))).trim(), `${person.id} true`);
  const [signIn, list] = withPassword(all.sessions.curl).split('\n\n');
  assert.equal((await shell(signIn)).record.id, person.id);
  assert.equal((await shell(list)).items.length, 1);

  await open(page, '/_/collections/folk/api#auth-with-otp');
  await page.getByText('One-time codes by mail are switched off for this collection.').waitFor();
  assert.match(await page.locator('[data-call="auth-with-oauth2"]').textContent(), /off/);
  assert.doesNotMatch(await page.locator('[data-call="auth-with-password"]').textContent(), /off/);
});

test('views have two calls, and rules are told in words', async () => {
  await open(page, '/_/collections/group_names/api');
  assert.deepEqual(await page.locator('[data-call]').evaluateAll((links) => links.map((link) => link.dataset.call)),
    ['list', 'view']);
  assert.equal((await shell((await snippets('group_names', 'list')).list.curl)).totalItems, 3);
  assert.equal(await page.locator('.who').textContent(), 'Everybody, also without signing in.');
  await open(page, '/_/collections/picky/api#view');
  assert.equal(await page.locator('.who').textContent(), 'Superusers only.');
  const whoIs = (words) => page.locator('.who').filter({ hasText: words }).waitFor();
  await page.getByRole('link', { name: 'List and search' }).click();
  await whoIs('Whoever is the record’s contact.');
  await page.getByRole('link', { name: 'Create' }).click();
  await whoIs('Everybody for records with kind = "plain", or accounts with verified = true.');
  const row = page.getByRole('row', { name: /^title/ });
  assert.match(await row.textContent(), /needed.*at least 30 characters; at most 40 characters/);
});

test('two slashes in a text are no comment', async () => {
  const rule = '@request.auth.id != "" // whoever came by\n&& @request.headers.origin = "https://x.com" '
    + '&& name = \'it\\\'s // "me"\' // said "he';
  await api('POST', '/api/collections', { name: 'owned', type: 'base', listRule: rule, fields: [text('name')] });
  await open(page, '/_/collections/owned/api#list');
  assert.equal(await page.locator('.who').textContent(), 'Whoever is signed in if @request.headers.origin = '
    + '"https://x.com" for records with name = \'it\\\'s // "me"\'.');
});

test('what comes from data stays text, in the page and in shells', async () => {
  await open(page, '/_/collections/picky/api#create');
  await page.locator('[data-snippet="curl"]').waitFor();
  assert.ok((await page.locator('main').textContent()).includes(HOSTILE));
  await open(page, '/_/collections/albums/api#create');
  assert.ok((await page.locator('main').textContent()).includes(HOSTILE));
  assert.equal(await page.locator('main img').count(), 0);
  assert.equal(await page.evaluate(() => globalThis.wasHit), undefined);
  await assert.rejects(run('ls', [join(folder, 'hit')]), 'a shell has run a value');
});

const as = (name) => page.getByRole('radio', { name }).check();
const status = () => page.locator('.run-result [data-status]');
async function sendAndWait(expected) {
  await page.locator('.runner').getByRole('button', { name: /^Send/ }).click();
  await status().filter({ hasText: String(expected) }).waitFor();
}

test('the runner sends as a superuser, as a guest and with a token', async () => {
  await open(page, 'about:blank');
  await open(page, '/_/collections/picky/api#view');
  await sendAndWait(200);
  assert.match(await page.locator('.run-result').getByRole('region', { name: 'Body of the answer' }).textContent(),
    /"serial"/);
  await page.getByText('Headers', { exact: true }).click();
  assert.match(await page.locator('.run-result details').textContent(), /content-type: application\/json/);
  await as('A guest, without signing in');
  await sendAndWait(403);
  await as('A token or an API key');
  await page.getByLabel('Token or API key', { exact: true }).fill(token);
  await sendAndWait(200);
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  assert.match(kept, /picky/);
  assert.ok(!kept.includes(token), 'the token was kept');
});

test('the runner says that there was no answer', async () => {
  await open(page, 'about:blank');
  await open(page, '/_/collections/groups/api#list');
  await page.context().setOffline(true);
  await page.locator('.runner').getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'its answer didn’t arrive' }).waitFor();
  assert.equal(await page.locator('.toast').count(), 0);
  await page.context().setOffline(false);
  await sendAndWait(200);
});

test('the runner shows a stream as it comes, until it is stopped', async () => {
  await open(page, 'about:blank');
  await open(page, '/_/collections/groups/api#realtime');
  const body = page.locator('.run-result').getByRole('region', { name: 'Body of the answer' });
  await page.locator('.runner').getByRole('button', { name: 'Send', exact: true }).click();
  await body.filter({ hasText: 'PB_CONNECT' }).waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByText('Stopped.').waitFor();
  assert.match(await body.textContent(), /PB_CONNECT/);
});

test('the runner writes for real, and keeps no passwords', async () => {
  await open(page, 'about:blank');
  await open(page, '/_/collections/folk/api#create');
  await page.getByText('This request is real').waitFor();
  const start = await count('folk');
  await sendAndWait(200);
  assert.equal(await count('folk'), start + 1);
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  assert.ok(kept.includes('nick') && !kept.includes('correct horse'), kept);

  // The list of what was sent fills the runner in again.
  await page.getByText(/^Sent before/).click();
  await page.locator('.run-past button').first().click();
  assert.equal(await page.getByLabel('Path', { exact: true }).inputValue(), '/api/collections/folk/records');
  const paths = Array.from({ length: 21 }, (_, at) => `/api/health?${at}`);
  await as('A guest, without signing in');
  await page.getByLabel('Method', { exact: true }).selectOption('GET');
  for (const path of paths) {
    await page.getByLabel('Path', { exact: true }).fill(path);
    await sendAndWait(200);
  }
  assert.equal(await page.locator('.run-past li').count(), 20);
  await page.getByRole('button', { name: 'Forget these' }).click();
  await page.getByText(/^Sent before/).waitFor({ state: 'detached' });
});

test('the runner refuses what it can’t send, beside the field', async () => {
  await open(page, 'about:blank');
  await open(page, '/_/collections/groups/api#create');
  await page.getByLabel('Body', { exact: true }).fill('{"name": ');
  await page.getByRole('button', { name: 'Send for real' }).click();
  await page.getByText(/This isn’t JSON/).waitFor();
  assert.equal(await page.getByLabel('Body', { exact: true }).getAttribute('aria-invalid'), 'true');
  await page.getByLabel('Body', { exact: true }).fill('{"name": "by hand"}');
  for (const path of ['https://example.com/', '//example.com/api', 'api/health', '/\\/example.com']) {
    await page.getByLabel('Path', { exact: true }).fill(path);
    await page.getByRole('button', { name: 'Send for real' }).click();
    await page.getByText('A path of this server, such as /api/health.').waitFor();
  }
  // What is typed stays when somebody looks at another call.
  await page.getByRole('link', { name: 'Delete' }).click();
  assert.equal(await page.getByLabel('Body', { exact: true }).inputValue(), '{"name": "by hand"}');
  await page.getByLabel('Path', { exact: true }).fill('/api/collections/groups/records');
  await sendAndWait(200);
  assert.equal((await api('GET', '/api/collections/groups/records?filter=name="by hand"')).totalItems, 1);
});

test('a text that matches is made of a pattern', () => {
  for (const [pattern, options] of [['^T-[0-9]{4}$'], ['^[a-z]+(-[a-z]+)*$', { min: 20, max: 40 }], ['^\\d{5}$'],
      ['^(foo|bar)-\\w+$'], ['^[^a-z]+$'], ['^#[0-9a-fA-F]{6}$'], ['^\\+?[1-9]\\d{1,14}$']]) {
    const [one, other] = [0, 1].map((variant) => sample(pattern, { ...options, variant }));
    assert.match(one, new RegExp(pattern));
    assert.match(other, new RegExp(pattern));
    assert.notEqual(one, other, pattern);
  }
  for (const unknown of ['^\\p{L}$', '(', '^(?=a)b$']) assert.equal(sample(unknown), null);
});

test('the pages look right', async () => {
  await open(page, '/_/collections/picky/api#create');
  await page.locator('[data-snippet="curl"]').waitFor();
  await look(page, 'api');
  await open(page, '/_/collections/folk/api#auth-with-otp');
  await page.locator('[data-snippet="curl"]').waitFor();
  await look(page, 'api-accounts');
});
