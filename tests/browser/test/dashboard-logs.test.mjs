// The page Logs: what was asked of the server, found, followed, looked at, taken away; whatever strangers have written
// into their requests stays text.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { api, origin } from '../lib/browser.mjs';
import { look, lookAtDialog, open, owner } from '../lib/dashboard.mjs';

const AGENT = '<img src=x onerror="document.title=\'hacked\'">';
const PATH = '/api/%3Cscript%3Edocument.title=%22hacked%22%3C/script%3E';

/** A request that fails, as somebody with a strange browser would send it. */
const stranger = (path, agent = AGENT) => fetch(origin + path, { headers: { 'User-Agent': agent } });
const rows = (page) => page.locator('[data-log]');
const row = (page, text) => rows(page).filter({ hasText: text });
const count = async (filter) => (await api('GET',
  `/api/logs?perPage=1&filter=${encodeURIComponent(filter)}`)).totalItems;

async function expression(page, text) {
  await page.getByRole('button', { name: 'Expression' }).click();
  const editor = page.getByRole('textbox', { name: 'Filter expression' });
  await editor.fill(text);
  await page.getByRole('button', { name: 'Find', exact: true }).click();
  return editor;
}

test('requests are listed, and one is shown with everything it has', async () => {
  await stranger(PATH);
  const page = await owner();
  await open(page, '/_/logs');
  const found = row(page, PATH);
  await found.getByText('Error', { exact: true }).waitFor();
  assert.match(await found.textContent(), /GET.*404/);
  assert.match(await page.getByRole('img', { name: /entries over/ }).getAttribute('aria-label'),
    /^\d+ entries over 12 hours/);
  await look(page, 'logs');
  await found.getByRole('button').click();
  const dialog = page.getByRole('dialog', { name: 'Entry of the log' });
  for (const text of ['data.userAgent', AGENT, 'GET /api/<script>document.title="hacked"</script>',
    'data.status']) await dialog.getByText(text).first().waitFor();
  await lookAtDialog(page, 'logs-entry');
  const id = new URL(page.url()).searchParams.get('log');
  const entry = await api('GET', `/api/logs/${id}`);
  assert.equal(entry.data.userAgent, AGENT);
  for (const key of Object.keys(entry.data)) await dialog.getByRole('rowheader',
    { name: `data.${key}`, exact: true }).waitFor();
  const fetched = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Download JSON' }).click();
  assert.deepEqual(JSON.parse(await readFile(await (await fetched).path(), 'utf8')), entry);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.waitForFunction(() => !location.search);
  // The address of an entry leads to it.
  await open(page, `/_/logs?log=${id}`);
  await page.getByRole('dialog', { name: 'Entry of the log' }).getByText(AGENT).waitFor();
  assert.notEqual(await page.title(), 'hacked');
  assert.equal(await page.locator('img[src="x"]').count(), 0);
  assert.deepEqual(page.trouble, []);
});

test('entries are found by words, level, and who asked', async () => {
  await stranger('/api/needle-in-the-log', 'plain');
  const page = await owner();
  await open(page, '/_/logs');
  await page.getByRole('searchbox', { name: 'Search the log' }).fill('needle-in');
  await page.waitForFunction(() => document.querySelectorAll('[data-log]').length === 1);
  await row(page, 'needle-in-the-log').waitFor();
  assert.equal(new URL(page.url()).searchParams.get('search'), 'needle-in');
  // Quotes are words like others.
  await page.getByRole('searchbox', { name: 'Search the log' }).fill('it\'s "nowhere" \\');
  await page.getByText('Nothing found').waitFor();
  await page.getByRole('searchbox', { name: 'Search the log' }).fill('');
  await page.getByLabel('Level').selectOption({ label: 'Errors only' });
  await page.waitForFunction(() => [...document.querySelectorAll('[data-log] > .badge')].every(({ textContent }) =>
    textContent === 'Error'));
  await page.getByLabel('Level').selectOption({ label: 'All levels' });
  await row(page, '_superusers').first().waitFor();
  await page.getByLabel('Include what superusers ask').uncheck();
  await page.waitForFunction(() => ![...document.querySelectorAll('[data-log] .log-chips')].some(({ textContent }) =>
    textContent.includes('_superusers')));
  await row(page, 'needle-in-the-log').waitFor();
});

test('an expression narrows the log, and one that is wrong says so', async () => {
  await stranger('/api/needle-two');
  const page = await owner();
  await open(page, '/_/logs');
  const editor = await expression(page, 'data.status = 404 && data.url ~ \'needle-two\'');
  await page.waitForFunction(() => document.querySelectorAll('[data-log]').length === 1);
  assert.equal(new URL(page.url()).searchParams.get('filter'), 'data.status = 404 && data.url ~ \'needle-two\'');
  await expression(page, 'bogus > 1');
  await page.getByRole('alert').filter({ hasText: 'there is no field' }).waitFor();
  assert.equal(await rows(page).count(), 1, 'what was found before stays');
  // Names of fields are offered; Enter finds.
  await editor.fill('');
  await editor.pressSequentially('data.sta');
  await page.getByRole('option', { name: 'data.status' }).click();
  await page.keyboard.type(' = 404');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('[data-filter-problem]').hidden);
  assert.equal(new URL(page.url()).searchParams.get('filter'), 'data.status = 404');
  assert.deepEqual(page.trouble, []);
});

test('an address that can\'t be found says so, and leads on', async () => {
  const page = await owner();
  await open(page, `/_/logs?${new URLSearchParams({ filter: '(((', level: 'x', from: 'never' })}`);
  await page.getByRole('alert').filter({ hasText: /./ }).waitFor();
  await page.getByText('What is looked for can\'t be found like this.').waitFor();
  assert.equal(await page.getByLabel('Level').inputValue(), '');
  await expression(page, 'data.status = 404');
  await page.getByText('What is looked for can\'t be found like this.').waitFor({ state: 'detached' });
  await open(page, '/_/logs?log=nowhere');
  await page.locator('.toast.problem').filter({ hasText: 'This entry is not in the log any more.' }).waitFor();
  await rows(page).first().waitFor();
});

test('dragging over the chart narrows the time, and it can be reset', async () => {
  const page = await owner();
  await open(page, '/_/logs');
  const box = await page.locator('.log-chart .u-over').boundingBox();
  const middle = box.y + box.height / 2;
  await page.mouse.move(box.x + 10, middle);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 3, middle, { steps: 4 });
  await page.mouse.up();
  // Hours before the server began have nothing.
  await page.getByText('Nothing found').waitFor();
  assert.ok(new URL(page.url()).searchParams.get('from') < new URL(page.url()).searchParams.get('to'));
  await page.getByRole('button', { name: 'All times' }).click();
  await rows(page).first().waitFor();
  // The same without a mouse.
  await page.getByLabel('Time', { exact: true }).selectOption({ label: 'Last hour' });
  await page.getByRole('button', { name: 'All times' }).waitFor();
  await rows(page).first().waitFor();
  // Other colours draw it anew.
  const before = await page.locator('.log-chart canvas').evaluate((canvas) => canvas.toDataURL());
  await page.locator('summary[aria-label="Account"]').click();
  await page.getByRole('button', { name: 'Dark' }).click();
  await page.waitForFunction((old) => document.querySelector('.log-chart canvas').toDataURL() !== old, before);
});

test('a time is chosen without a mouse, and the times beside it', async () => {
  await stranger('/api/timed');
  const page = await owner();
  await open(page, '/_/logs');
  const ask = async (from, to) => {
    await page.getByLabel('Time', { exact: true }).selectOption('between');
    const dialog = page.getByRole('dialog', { name: 'Entries of a time' });
    await dialog.getByLabel('From').fill(from);
    await dialog.getByLabel('To', { exact: true }).fill(to);
    await page.keyboard.press('Enter');
    return dialog;
  };
  const refused = await ask('2001-01-02T03:00', '2001-01-02T03:00');
  await refused.getByText('The end has to be after the beginning.').waitFor();
  await lookAtDialog(page, 'logs-time');
  await refused.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(new URL(page.url()).searchParams.get('from'), null);

  await ask('2001-01-02T03:00', '2001-01-02T05:00');
  await page.getByText('Nothing found').waitFor();
  const range = () => ['from', 'to'].map((key) => Date.parse(new URL(page.url()).searchParams.get(key)));
  const [from, to] = range();
  assert.equal(to - from, 2 * 3_600_000);
  await page.getByRole('button', { name: 'Later' }).click();
  assert.deepEqual(range(), [to, to + 2 * 3_600_000]);
  await page.getByRole('button', { name: 'Earlier' }).click();
  assert.deepEqual(range(), [from, to]);
  // It stays with a reload, and without an end it is until now.
  await page.reload();
  await page.getByText('Nothing found').waitFor();
  await ask('2001-01-02T03:00', '');
  await row(page, '/api/timed').waitFor();
  await page.getByRole('button', { name: 'All times' }).click();
  await page.waitForFunction(() => !location.search);
});

test('what was looked for before is there the next time', async () => {
  const page = await owner();
  await open(page, '/_/logs');
  await page.getByRole('searchbox', { name: 'Search the log' }).fill(AGENT);
  await page.keyboard.press('Enter');
  await page.getByRole('searchbox', { name: 'Search the log' }).fill('something else');
  await page.getByText('Nothing found').waitFor();
  await page.getByText('Searched before (1)').click();
  await page.getByRole('button', { name: AGENT, exact: true }).click();
  await page.waitForFunction((agent) => new URLSearchParams(location.search).get('search') === agent, AGENT);
  await expression(page, 'data.status = 404');
  await page.getByText('Expressions of before (1)').click();
  await lookAtDialog(page, 'logs-before');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => new URLSearchParams(location.search).get('filter') === 'data.status = 404');
  assert.notEqual(await page.title(), 'hacked');
});

test('live shows new entries as they come', async () => {
  const page = await owner();
  await open(page, '/_/logs?search=live-needle');
  await page.getByText('Nothing found').waitFor();
  await page.getByRole('button', { name: 'Live', exact: true }).click();
  await stranger('/api/live-needle-1');
  await row(page, 'live-needle-1').waitFor();
  await stranger('/api/live-needle-2');
  await row(page, 'live-needle-2').waitFor();
  assert.match(await rows(page).first().textContent(), /live-needle-2/, 'the newest is the first');
  assert.equal(await rows(page).count(), 2);
  await page.getByText('2 entries').waitFor();
  await page.getByRole('img', { name: /^2 entries over/ }).waitFor();
  // What has been paused goes on where it was.
  await page.getByRole('button', { name: 'Live', exact: true }).click();
  await stranger('/api/live-needle-3');
  await page.getByRole('button', { name: 'Live', exact: true }).click();
  await row(page, 'live-needle-3').waitFor();
  await page.getByText('3 entries').waitFor();
});

test('live has no end, and a time with an end is not live', async () => {
  await stranger('/api/endless-1');
  const page = await owner();
  await open(page, '/_/logs?search=endless&from=2001-01-02T03:00:00Z&to=2001-01-02T05:00:00Z');
  await page.getByText('Nothing found').waitFor();
  const live = page.getByRole('button', { name: 'Live', exact: true });
  await live.click();
  await row(page, 'endless-1').waitFor();
  assert.equal(new URL(page.url()).searchParams.has('to'), false);
  await page.getByText(/– now$/).waitFor();
  await stranger('/api/endless-2');
  await row(page, 'endless-2').waitFor();
  await page.getByRole('button', { name: 'Earlier' }).click();
  assert.equal(await live.getAttribute('aria-pressed'), 'false');
  await page.context().close();
});

test('chosen entries are downloaded', async () => {
  await Promise.all(['a', 'b', 'c'].map((name) => stranger(`/api/choose-${name}`)));
  const page = await owner();
  await open(page, '/_/logs?search=choose-');
  await page.waitForFunction(() => document.querySelectorAll('[data-log]').length === 3);
  await rows(page).first().getByRole('checkbox').click();
  await rows(page).last().getByRole('checkbox').click({ modifiers: ['Shift'] });
  await page.getByText('3 selected').waitFor();
  await rows(page).nth(1).getByRole('checkbox').click();
  await page.getByText('2 selected').waitFor();
  const fetched = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download JSON' }).click();
  const saved = JSON.parse(await readFile(await (await fetched).path(), 'utf8'));
  assert.equal(saved.length, 2);
  assert.ok(saved.every(({ message }) => message.includes('choose-')));
});

test('more than a page is loaded when asked for, without gaps', async () => {
  for (let n = 0; n < 60; n += 1) await stranger(`/api/many-${n}`);
  const page = await owner();
  await open(page, '/_/logs?search=/api/many-');
  assert.equal(await rows(page).count(), 50);
  // What comes meanwhile shifts nothing.
  await stranger('/api/many-late');
  await page.getByRole('button', { name: 'Load more' }).click();
  await page.waitForFunction(() => document.querySelectorAll('[data-log]').length === 60);
  await row(page, '/api/many-0').first().waitFor();
});

test('what is kept is set, and everything is deleted after a question', async () => {
  const page = await owner();
  await open(page, '/_/logs');
  await page.getByRole('button', { name: 'What is kept' }).click();
  const dialog = page.getByRole('dialog', { name: 'What is kept in the log' });
  await lookAtDialog(page, 'logs-kept');
  await dialog.getByLabel('Days to keep').fill('-3');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.locator('[name="logs.maxDays"][aria-invalid="true"]').waitFor();
  await dialog.getByLabel('Days to keep').fill('9');
  await dialog.getByLabel('Keep ids of accounts').check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  const { logs } = await api('GET', '/api/settings');
  assert.deepEqual([logs.maxDays, logs.logAuthId], [9, true]);

  await stranger('/api/to-be-deleted');
  assert.equal(await count('data.url ~ \'to-be-deleted\''), 1);
  await page.getByRole('button', { name: 'Delete all' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await count('data.url ~ \'to-be-deleted\''), 1);
  await page.getByRole('button', { name: 'Delete all' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete all entries' }).click();
  await page.getByText('The log is empty.', { exact: true }).first().waitFor();
  assert.equal(await count('data.url ~ \'to-be-deleted\''), 0);
});
