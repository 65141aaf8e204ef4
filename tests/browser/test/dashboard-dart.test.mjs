// The calls in Dart that the page of a collection's API shows: Dart's own parser takes each of them, and what they call
// is what the official SDK has. (In curl and JavaScript they are run, in dashboard-api.)

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { api } from '../lib/browser.mjs';
import { argumentsOf, callsOf, dartParser, wholeProgram } from '../lib/dart.mjs';
import { open, owner } from '../lib/dashboard.mjs';

const HOSTILE = '${print(1)} $name \'"\\ <b>';

/** What the official SDK (pocketbase 0.23 for Dart) has of what snippets may use, by its class reference. */
const SDK = {
  client: [
    'PocketBase',
    'pb.collection',
    'pb.createBatch',
    'pb.send',
    'pb.authStore.save',
    'pb.files.getURL',
    'pb.files.getToken',
  ],
  records: [
    'getList',
    'getFullList',
    'getFirstListItem',
    'getOne',
    'create',
    'update',
    'delete',
    'subscribe',
    'unsubscribe',
    'listAuthMethods',
    'authWithPassword',
    'authWithOAuth2',
    'authWithOTP',
    'authRefresh',
    'requestOTP',
    'requestPasswordReset',
    'confirmPasswordReset',
    'requestVerification',
    'confirmVerification',
    'requestEmailChange',
    'confirmEmailChange',
    'impersonate',
  ],
  others: [
    'batch.collection',
    'batch.send',
    'record.getStringValue',
    'record.getListValue',
    'RecordModel.fromJson',
    'http.MultipartFile.fromPath',
    'launchUrl',
    'print',
    'main',
    'catch',
  ],
};
const KNOWN = new Set(Object.values(SDK).flat());
/** Named arguments of these. */
const ARGUMENTS = new Set(['page', 'perPage', 'sort', 'filter', 'expand', 'body', 'files', 'method', 'thumb', 'token']);
let page;
let parse;
before(async () => {
  const text = (name, more = {}) => ({ name, type: 'text', ...more });
  const shelf = await api('POST', '/api/collections', { name: 'shelves', type: 'base', fields: [text('name')] });
  await api('POST', '/api/collections/shelves/records', { name: HOSTILE });
  await api('POST', '/api/collections', {
    name: 'picky',
    type: 'base',
    listRule: '',
    viewRule: '@request.auth.id != ""',
    fields: [
      text('class', { required: true, min: 3 }),
      { name: 'kind', type: 'select', required: true, maxSelect: 1, values: [HOSTILE] },
      { name: 'tags', type: 'select', required: true, maxSelect: 2, values: ["it's", '$two'] },
      { name: 'amount', type: 'number', min: -0.75, max: -0.25, required: true },
      { name: 'agreed', type: 'bool' },
      { name: 'meta', type: 'json', required: true },
      { name: 'place', type: 'geoPoint' },
      { name: 'shelf', type: 'relation', required: true, maxSelect: 1, collectionId: shelf.id },
      { name: 'picture', type: 'file', required: true, maxSelect: 1, protected: true },
      { name: 'more', type: 'file', required: true, maxSelect: 3 },
    ],
  });
  await api('POST', '/api/collections', {
    name: 'scans',
    type: 'base',
    fields: [{ name: 'pages', type: 'file', maxSelect: 9 }],
  });
  await api('POST', '/api/collections', {
    name: 'folk',
    type: 'auth',
    fields: [text('nick')],
    otp: { enabled: true, duration: 300, length: 6 },
    mfa: { enabled: true, duration: 300, rule: '' },
    oauth2: { enabled: true, providers: [{ name: 'github', clientId: 'a', clientSecret: 'b' }] },
  });
  await api('POST', '/api/collections/folk/records', {
    email: "dollar$sign's@example.com",
    password: 'correct horse',
    passwordConfirm: 'correct horse',
  });
  await api('POST', '/api/collections', { name: 'names', type: 'view', viewQuery: 'SELECT id, name FROM shelves' });
  parse = await dartParser();
  page = await owner();
});

/** All programs of a collection: `[call, text]`. */
async function programs(collection) {
  await open(page, 'about:blank');
  await open(page, `/_/collections/${collection}/api`);
  await page.locator('[data-call][aria-current]').waitFor();
  const calls = await page.locator('[data-call]').evaluateAll((all) => all.map((one) => one.dataset.call));
  const found = [];
  for (const call of calls) {
    await page.locator(`[data-call="${call}"]`).click();
    await page.locator(`[data-call="${call}"][aria-current]`).waitFor();
    found.push([call, await page.locator('[data-snippet="dart"]').textContent()]);
  }
  return found;
}

test('the parser finds what is wrong', async () => {
  assert.match((await parse('void main() { f( }')).problem, /Expected to find '\)'/);
  assert.match((await parse("void main() { print('$(x)'); }")).problem, /Expected an identifier/);
  const { code } = await parse(wholeProgram("import 'a.dart';\nfinal a = await pb.collection('$x(').getOne(1);"));
  assert.deepEqual(callsOf(code), ['main', 'pb.collection', 'getOne']);
});

for (const [collection, least] of [
  ['picky', 8],
  ['scans', 8],
  ['folk', 22],
  ['names', 2],
  ['_superusers', 10],
]) {
  test(`what Dart is given for ${collection} is Dart, and calls what the SDK has`, async () => {
    const all = await programs(collection);
    assert.ok(all.length >= least, `${collection}: ${all.map(([call]) => call)}`);
    for (const [call, text] of all) {
      const { code, problem } = await parse(wholeProgram(text));
      assert.equal(problem, undefined, `${call}:\n${text}\n${problem}`);
      assert.match(text, /^import 'package:/, call);
      assert.deepEqual(
        callsOf(code).filter((name) => !KNOWN.has(name)),
        [],
        `${call}:\n${text}`,
      );
      assert.deepEqual(
        argumentsOf(code).filter((name) => !ARGUMENTS.has(name)),
        [],
        `${call}:\n${text}`,
      );
      // What comes from another package is imported.
      assert.equal(
        callsOf(code).some((name) => name.startsWith('http.')),
        text.includes("' as http;"),
        call,
      );
    }
  });
}
