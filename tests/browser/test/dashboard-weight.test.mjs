// What a first visit to each page of the dashboard weighs: everything that comes over the line, compressed as it is
// sent, with nothing in the browser's cache, on a server with the example's data.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, owner } from '../lib/dashboard.mjs';

/** What a first visit may weigh, altogether. */
const MAX_BYTES = 300_000;
/** What no page is without: if less is counted, the counting is wrong. */
const MIN_BYTES = 30_000;

const page = await owner();
await page.getByRole('button', { name: 'Load the demo' }).click();
await page.locator('.side').getByRole('link', { name: 'tools', exact: true }).waitFor();

const PAGES = {
  overview: '/_/',
  logs: '/_/logs',
  backups: '/_/backups',
  jobs: '/_/jobs',
  mail: '/_/mail',
  'people and keys': '/_/people',
  access: '/_/access',
  SQL: '/_/sql',
  settings: '/_/settings',
  collections: '/_/collections',
  'a new collection': '/_/new-collection',
  'import and export': '/_/transfer',
  records: '/_/collections/tools',
  'a record': '/_/collections/tools?record=tools0000000053',
  'an account': '/_/collections/members?record=members00000001',
  'a definition': '/_/collections/tools/edit',
  'the rules of a collection': '/_/collections/tools/edit#rules',
  'the definition of accounts': '/_/collections/members/edit',
  'the definition of a view': '/_/collections/tool_stats/edit',
  'API of a collection': '/_/collections/tools/api',
  'API of accounts': '/_/collections/members/api',
};

for (const [name, path] of Object.entries(PAGES)) {
  test(`a first visit to ${name} weighs little`, async () => {
    const visit = await page.context().newPage();
    const session = await visit.context().newCDPSession(visit);
    await session.send('Network.enable');
    await session.send('Network.setCacheDisabled', { cacheDisabled: true });
    const names = new Map();
    const sizes = [];
    session.on('Network.requestWillBeSent', ({ requestId, request }) => names.set(requestId, request.url));
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) =>
      sizes.push([encodedDataLength, names.get(requestId)]),
    );
    await open(visit, path);
    await visit.close();
    const bytes = sizes.reduce((sum, [size]) => sum + size, 0);
    const heaviest = sizes
      .sort(([a], [b]) => b - a)
      .slice(0, 4)
      .map(([size, url]) => `${size} ${url}`);
    assert.ok(bytes > MIN_BYTES && bytes < MAX_BYTES, `${bytes} bytes, of these ${heaviest.join(', ')}`);
  });
}
