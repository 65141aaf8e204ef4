// The stream of changes that pages of the dashboard listen to: it comes back from what breaks it, and tabs that nobody
// looks at leave it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api } from '../lib/browser.mjs';
import { open, owner } from '../lib/dashboard.mjs';

await api('POST', '/api/collections', { name: 'notes', type: 'base', fields: [{ name: 'title', type: 'text' }] });
const write = (title) => api('POST', '/api/collections/notes/records', { title });

const isStream = (request) => request.method() === 'GET' && new URL(request.url()).pathname === '/api/realtime';
const isSubscribed = (answer) =>
  answer.request().method() === 'POST' && new URL(answer.url()).pathname === '/api/realtime' && answer.ok();

/** Has the page believe that somebody looks at it, or not. */
const turn = (page, hidden) =>
  page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);

test('a stream that is refused, and a wish that is, are tried again', async () => {
  const page = await owner();
  await page.clock.install();
  const refused = new Set();
  await page.route('**/api/realtime', (route) => {
    const method = route.request().method();
    if (refused.has(method)) return route.continue();
    refused.add(method);
    return route.fulfill({ status: 502, body: 'restarting' });
  });
  const answers = [];
  page.on('response', (answer) => {
    if (new URL(answer.url()).pathname === '/api/realtime')
      answers.push(`${answer.request().method()} ${answer.status()}`);
  });
  const subscribed = page.waitForResponse(isSubscribed);
  await open(page, '/_/collections/notes');
  await page.clock.runFor(4000);
  while (!refused.has('POST')) await page.waitForResponse((answer) => answer.request().method() === 'POST');
  await page.clock.runFor(4000);
  await subscribed;
  assert.deepEqual(answers, ['GET 502', 'GET 200', 'POST 502', 'POST 204']);
  await write('after all');
  await page.getByText('1 new record').waitFor();
});

test('a tab that nobody looks at leaves the stream, and catches up later', async () => {
  const page = await owner();
  await page.clock.install();
  const ready = page.waitForResponse(isSubscribed);
  await open(page, '/_/collections/notes');
  await ready;
  const ended = page.waitForEvent('requestfailed', isStream);
  await turn(page, true);
  await page.clock.runFor(61_000);
  await ended;
  await turn(page, false);
  await page.getByText('Changes may have been missed').waitFor();
});

test('a stream that breaks while nobody looks is left alone until somebody does', async () => {
  const page = await owner();
  await page.clock.install();
  let streams = 0;
  page.on('request', (request) => {
    if (isStream(request)) streams += 1;
  });
  await page.route('**/api/realtime', (route) =>
    route.request().method() === 'GET' ? route.fulfill({ status: 502, body: 'restarting' }) : route.continue(),
  );
  const refused = page.waitForResponse((answer) => isStream(answer.request()));
  await open(page, '/_/collections/notes');
  await (await refused).finished();
  await turn(page, true);
  await page.clock.runFor(20_000);
  const before = streams;
  await page.clock.runFor(20_000);
  assert.equal(streams, before);
  await page.unroute('**/api/realtime');
  const ready = page.waitForResponse(isSubscribed);
  await turn(page, false);
  await ready;
});

test('a tab that opens behind others waits with the stream', async () => {
  const page = await owner();
  let streams = 0;
  page.on('request', (request) => {
    if (isStream(request)) streams += 1;
  });
  await page.addInitScript(() => Object.defineProperty(document, 'hidden', { value: true, configurable: true }));
  await open(page, '/_/collections/notes');
  assert.equal(streams, 0);
  const ready = page.waitForResponse(isSubscribed);
  await turn(page, false);
  await ready;
  await page.getByText('Changes may have been missed').waitFor();
});
