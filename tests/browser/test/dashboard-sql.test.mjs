// The SQL page: questions, plans, changes that have to be allowed, and what went wrong.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api } from '../lib/browser.mjs';
import { look, open, owner } from '../lib/dashboard.mjs';

const HOSTILE = '<img src=x onerror="document.title=\'taken\'">';

await api('POST', '/api/collections', { name: 'notes', type: 'base', fields: [{ name: 'title', type: 'text' }, { name: 'n', type: 'number' }] });
for (const [title, n] of [['first', 10], ['second', 9], [HOSTILE, 1]]) await api('POST', '/api/collections/notes/records', { title, n });

async function type(page, text) {
  const box = page.getByRole('textbox', { name: 'SQL statement' });
  await box.click();
  await page.keyboard.press('Control+a');
  // As pasted: brackets and quotes are not closed by the editor.
  await page.keyboard.insertText(text);
}

const cells = (page, at) => page.locator(`[data-result] tbody td:nth-child(${at})`).allInnerTexts();

test('a question is answered, sorted, and kept', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  await type(page, 'SELECT title, n, NULL AS none FROM notes ORDER BY title DESC');
  await page.keyboard.press('Control+Enter');
  await page.getByText('3 rows, in').waitFor();
  assert.deepEqual(await cells(page, 1), ['second', 'first', HOSTILE]);
  assert.deepEqual(await cells(page, 3), ['NULL', 'NULL', 'NULL']);
  await page.getByRole('button', { name: 'n', exact: true }).click();
  assert.deepEqual(await cells(page, 2), ['1', '9', '10'], 'numbers by their size');
  assert.notEqual(await page.title(), 'taken');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
  assert.equal(download.suggestedFilename(), 'result.csv');
  await look(page, 'sql');
  await page.reload();
  await page.getByRole('textbox', { name: 'SQL statement' }).getByText('FROM notes').waitFor();
});

test('how a question would be answered is shown', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  await type(page, 'SELECT * FROM notes WHERE n = 1');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByText('SCAN notes').waitFor();
  assert.equal(await page.getByText('reads every row').count(), 1);
});

test('changes have to be allowed and are asked about', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  await type(page, 'UPDATE notes SET n = 2 WHERE n = 1');
  await page.getByRole('button', { name: /^Run/ }).click();
  await page.getByText('The console doesn\'t do that').waitFor();
  assert.equal((await api('GET', '/api/collections/notes/records?filter=n=2')).totalItems, 0);
  await page.getByLabel('Allow changes of rows').check();
  await page.getByRole('button', { name: /^Run/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('1 row changed').waitFor();
  assert.equal((await api('GET', '/api/collections/notes/records?filter=n=2')).totalItems, 1);
});

test('what the database refuses is told', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  await type(page, 'SELEC 1');
  await page.keyboard.press('Control+Enter');
  await page.getByText('near "SELEC": syntax error').waitFor();
  assert.deepEqual(page.trouble, []);
});
