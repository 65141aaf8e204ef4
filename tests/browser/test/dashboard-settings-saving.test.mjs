// Saving settings: what would be saved as something else than somebody means is said or asked about before.

import assert from 'node:assert/strict';
import test from 'node:test';
import { api } from '../lib/browser.mjs';
import { lookAtDialog, open, owner } from '../lib/dashboard.mjs';

const save = (page) => page.getByRole('button', { name: 'Save changes' }).click();
const saved = (page) => page.getByText('Saved.', { exact: true }).waitFor();
const settings = () => api('GET', '/api/settings');

/** Answers a question, and waits until it has gone. */
async function answer(page, question, button) {
  const dialog = page.getByRole('dialog', { name: question });
  await dialog.getByRole('button', { name: button, exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}

/** What stands beside a field once it is marked as wrong. */
async function problemOf(page, name) {
  const input = page.locator(`[name="${name}"][aria-invalid="true"]`);
  await input.waitFor();
  return page.locator(`#${await input.getAttribute('aria-describedby')}`).textContent();
}

test('a number that is none is not sent, and not taken for 0', async () => {
  const { logs, rateLimits } = await settings();
  const page = await owner();
  const sent = [];
  page.on('request', (request) => { if (request.method() === 'PATCH') sent.push(request.url()); });
  await open(page, '/_/settings');
  const days = page.getByLabel('Days to keep');
  const tries = [['', 'This can\'t be empty.'], ['-', 'This isn\'t a number.'], ['1e', 'This isn\'t a number.'],
    [`${logs.maxDays}.5`, 'This must be a whole number.']];
  for (const [typed, problem] of tries) {
    await days.fill('');
    await days.pressSequentially(typed);
    await page.getByText('1 change is not saved').waitFor();
    await page.keyboard.press('Control+s');
    assert.equal(await problemOf(page, 'logs.maxDays'), problem, typed);
    assert.ok(await days.evaluate((input) => input === document.activeElement));
  }
  await days.fill(String(logs.maxDays));
  await page.locator('[name="rateLimits.rules.0.duration"]').fill('');
  await save(page);
  assert.equal(await problemOf(page, 'rateLimits.rules.0.duration'), 'This can\'t be empty.');
  assert.deepEqual(sent, []);
  assert.deepEqual(await settings().then((now) => [now.logs, now.rateLimits]), [logs, rateLimits]);
  await page.context().close();
});

test('nobody deletes the log by a number without being asked', async () => {
  const page = await owner();
  await open(page, '/_/settings');
  const days = page.getByLabel('Days to keep');
  await days.fill('0');
  await save(page);
  await answer(page, 'Delete the whole log?', 'Cancel');
  assert.equal(await days.inputValue(), '0');
  assert.notEqual((await settings()).logs.maxDays, 0);
  await save(page);
  await answer(page, 'Delete the whole log?', 'Delete and log nothing');
  await saved(page);
  assert.equal((await settings()).logs.maxDays, 0);
  await api('PATCH', '/api/settings', { logs: { maxDays: 5 } });
  await page.context().close();
});

test('a list that somebody else has changed meanwhile is not replaced unasked', async () => {
  const page = await owner();
  await open(page, '/_/settings');
  const { rules } = (await settings()).rateLimits;
  const limit = (label) => ({ label, audience: '', maxRequests: 300, duration: 10 });
  const labels = async () => (await settings()).rateLimits.rules.slice(rules.length).map(({ label }) => label);
  await api('PATCH', '/api/settings', { rateLimits: { rules: [...rules, limit('/api/<b>theirs')] },
    meta: { appName: 'Theirs' } });
  await page.getByRole('button', { name: 'Add a limit' }).click();
  await page.getByLabel('What is counted').last().fill('/api/own');
  await save(page);
  const dialog = page.getByRole('dialog', { name: 'Replace what was saved meanwhile?' });
  const cells = dialog.getByRole('row', { name: 'Limits' }).getByRole('cell');
  await cells.first().getByText('/api/<b>theirs: 300 in 10 s').waitFor();
  assert.match(await cells.last().textContent(), /\/api\/own: 300 in 10 s$/);
  // What isn't about to be stored needs no question.
  assert.equal(await dialog.getByRole('row').count(), 2);
  await lookAtDialog(page, 'settings-conflict');
  await answer(page, 'Replace what was saved meanwhile?', 'Cancel');
  assert.deepEqual(await labels(), ['/api/<b>theirs']);
  assert.equal(await page.getByLabel('What is counted').last().inputValue(), '/api/own');
  await save(page);
  await answer(page, 'Replace what was saved meanwhile?', 'Save mine');
  await saved(page);
  assert.deepEqual(await labels(), ['/api/own']);
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Theirs');
  await page.context().close();
});

test('on a phone, a notice leaves the buttons that save in reach', async () => {
  const page = await owner({ viewport: { width: 390, height: 780 } });
  await open(page, '/_/settings');
  await page.getByLabel('Sender\'s name').fill('Post');
  await page.route('**/api/settings', (route) => route.abort(), { times: 1 });
  await save(page);
  const notice = page.locator('.toast').getByText('The server can\'t be reached.');
  await notice.waitFor();
  const [{ y, height }, bar] = await Promise.all([page.locator('.toast').boundingBox(),
    page.locator('.save-bar').boundingBox()]);
  assert.ok(y + height <= bar.y, `${y + height} is above ${bar.y}`);
  await save(page);
  await saved(page);
  // What went wrong before has been mended.
  assert.equal(await notice.count(), 0);
  assert.equal((await settings()).meta.senderName, 'Post');
  await page.context().close();
});
