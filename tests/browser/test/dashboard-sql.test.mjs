// The SQL page: questions, plans, changes that have to be allowed, and what went wrong.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { api } from '../lib/browser.mjs';
import { look, lookAtDialog, open, owner } from '../lib/dashboard.mjs';
import { statementsOf } from '../../../static/admin/ops/sql-text.js';

const HOSTILE = '<img src=x onerror="document.title=\'taken\'">';

await api('POST', '/api/collections', {
  name: 'notes',
  type: 'base',
  fields: [
    { name: 'title', type: 'text' },
    { name: 'n', type: 'number' },
  ],
});
for (const [title, n] of [
  ['first', 10],
  ['second', 9],
  [HOSTILE, 1],
])
  await api('POST', '/api/collections/notes/records', { title, n });

async function type(page, text) {
  const box = page.getByRole('textbox', { name: 'SQL statement' });
  await box.click();
  await page.keyboard.press('Control+a');
  // A browser would give what takes the place of other text styles of its own.
  await page.keyboard.press('Backspace');
  // As pasted: brackets and quotes are not closed by the editor.
  await page.keyboard.insertText(text);
}

/** What stands in a column; the first one has the rows' numbers. */
const cells = (page, at) => page.locator(`[data-result] tbody td:nth-child(${at + 1})`).allInnerTexts();
const editor = (page) => page.getByRole('textbox', { name: 'SQL statement' });
const numbers = 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 2500) SELECT x FROM c';

/** Runs a change that was allowed, and agrees to it. */
async function change(page, text) {
  await page.getByLabel('Allow changes of rows').check();
  await type(page, text);
  await page.keyboard.press('Control+Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}

test('a question is answered, sorted, and kept', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  await type(page, 'SELECT title, n, NULL AS none FROM notes ORDER BY title DESC');
  await page.keyboard.press('Control+Enter');
  await page.getByText('3 rows, in').waitFor();
  await page.getByText(/^At most 1,000 rows at a time, and \d+ seconds\.$/).waitFor();
  assert.deepEqual(await cells(page, 1), ['second', 'first', HOSTILE]);
  assert.deepEqual(await cells(page, 3), ['NULL', 'NULL', 'NULL']);
  await page.getByRole('button', { name: 'n', exact: true }).click();
  assert.deepEqual(await cells(page, 2), ['1', '9', '10'], 'numbers by their size');
  assert.notEqual(await page.title(), 'taken');
  await page.getByRole('button', { name: 'n', exact: true }).click();
  assert.deepEqual(await cells(page, 2), ['10', '9', '1']);
  await page.getByRole('button', { name: 'n', exact: true }).click();
  assert.deepEqual(await cells(page, 1), ['second', 'first', HOSTILE], 'as it came');
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
  await page.getByText("The console doesn't do that").waitFor();
  assert.equal((await api('GET', '/api/collections/notes/records?filter=n=2')).totalItems, 0);
  await page.getByLabel('Allow changes of rows').check();
  await page.getByRole('button', { name: /^Run/ }).click();
  await lookAtDialog(page, 'sql-change');
  await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('1 row changed').waitFor();
  assert.equal((await api('GET', '/api/collections/notes/records?filter=n=2')).totalItems, 1);
});

test('only the server itself is believed that nothing has changed', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  const answers = [
    ['The upstream server is too slow.', (route, body) => route.fulfill({ status: 504, body })],
    ["The server can't be reached.", (route) => route.abort()],
  ];
  for (const [at, [said, answer]] of answers.entries()) {
    await page.route('**/api/sql', async (route) => {
      await route.fetch();
      await answer(route, said);
    });
    await change(page, `UPDATE notes SET n = ${70 + at} WHERE title = 'second'`);
    await page.getByRole('alert').filter({ hasText: `${said} It may have been done all the same: look.` }).waitFor();
    await page.unroute('**/api/sql');
    assert.equal((await api('GET', `/api/collections/notes/records?filter=n=${70 + at}`)).totalItems, 1);
  }
  await change(page, 'UPDATE notes SET m = 1');
  await page.getByRole('alert').filter({ hasText: 'no such column: m. Nothing has changed.' }).waitFor();
});

test('a comment in front of a change is none of it, and what makes a change is told', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  await change(page, "-- the first one\n/* really */ UPDATE notes SET n = 80 WHERE title = 'first' -- done");
  await page.getByText('1 row changed').waitFor();
  await type(page, 'WITH one AS (SELECT 1) UPDATE notes SET n = 81');
  await page.keyboard.press('Control+Enter');
  await page.getByText('only if the first word is INSERT, UPDATE, DELETE or REPLACE.').waitFor();
  assert.equal((await api('GET', '/api/collections/notes/records?filter=n=81')).totalItems, 0);
});

test('what the database refuses is told', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  await type(page, 'SELEC 1');
  await page.keyboard.press('Control+Enter');
  await page.getByText('near "SELEC": syntax error').waitFor();
  assert.equal(await page.getByRole('alert').count(), 1, 'told in one place');
  await editor(page).press('Control+a');
  await editor(page).pressSequentially('SELECT count(*) FROM note');
  await page.locator('.cm-tooltip-autocomplete').waitFor();
  await page.keyboard.press('Control+Enter');
  await page.locator('.cm-tooltip-autocomplete').waitFor({ state: 'detached' });
  assert.deepEqual(page.trouble, []);
});

test('what is marked is run alone', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  await type(page, 'SELECT 111 AS a;\nSELECT 222 AS b');
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('Shift+End');
  await page.getByRole('button', { name: /^Run selection/ }).click();
  await page.getByText('1 row, in').waitFor();
  assert.deepEqual(await cells(page, 1), ['111']);
});

test('tables, columns of those that are named, and columns of an alias are completed', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  const offered = page.locator('.cm-tooltip-autocomplete li');
  await type(page, '');
  await page.keyboard.type('SELECT * FROM not');
  await offered.filter({ hasText: 'notes' }).waitFor();
  assert.match(await offered.first().textContent(), /^notes/);
  await page.keyboard.press('Escape');
  await page.keyboard.type('es x WHERE x.');
  await offered.filter({ hasText: 'title' }).waitFor();
  assert.deepEqual(await offered.allTextContents(), ['id', 'n', 'title']);
  await page.keyboard.type('ti');
  await offered.filter({ hasText: 'title' }).waitFor();
  // The popup takes no keys in its first moments.
  await page.waitForFunction(() =>
    document.querySelector('.editor').shadowRoot.querySelector('[aria-selected="true"]'),
  );
  await offered.filter({ hasText: 'title' }).click();
  assert.match(await editor(page).innerText(), /WHERE x\.title/);
});

test('a long value is shortened, and shown as a whole when somebody wants it', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  await type(page, "SELECT json_object('<b>', printf('%.*c', 10000, 'x')) AS big, '=1+1' AS formula, -2 AS number");
  await page.keyboard.press('Control+Enter');
  await page.getByText('1 row, in').waitFor();
  assert.ok((await cells(page, 1))[0].length < 300);
  await page.getByRole('button', { name: /^All 10,0\d\d characters of big/ }).click();
  const value = page.getByRole('dialog').getByRole('region', { name: 'The value of big' });
  assert.match(await value.textContent(), /^\{\n {2}"<b>": "x{10000}"\n\}$/);
  await lookAtDialog(page, 'sql-value');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });

  const take = async (label) => {
    await page.getByLabel('Download the result').click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: label, exact: true }).click(),
    ]);
    return readFile(await download.path(), 'utf8');
  };
  assert.match(await take('CSV'), /^big,formula,number\r\n"\{""<b>"":""x{10000}""\}",=1\+1,-2\r\n$/);
  assert.match(await take('CSV for a spreadsheet (no formulas)'), /,'=1\+1,-2\r\n$/);
  assert.equal(JSON.parse(await take('JSON'))[0].formula, '=1+1');
});

test('more rows than an answer has come after each other', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  await type(page, `${numbers} ORDER BY x DESC;`);
  await page.keyboard.press('Control+Enter');
  await page.getByText('1,000 rows, and there are more').waitFor();
  await page.getByRole('button', { name: 'Load more' }).click();
  await page.getByText('2,000 rows, and there are more').waitFor();
  await page.locator('[data-more]:focus').press('Enter');
  await page.getByText('2,500 rows, in').waitFor();
  await page.getByRole('region', { name: 'Result' }).and(page.locator(':focus')).waitFor();
  const all = await cells(page, 1);
  assert.deepEqual([all.length, all[0], all[1000], all.at(-1)], [2500, '2500', '1500', '1']);
  assert.equal(await page.getByRole('button', { name: 'Load more' }).count(), 0);
});

test('rows stay when no more can be loaded, and a comment at the end is no hindrance', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  await type(page, `-- numbers\n${numbers}; -- all of them`);
  await page.keyboard.press('Control+Enter');
  await page.getByText('1,000 rows, and there are more').waitFor();
  await page.context().setOffline(true);
  await page.getByRole('button', { name: 'Load more' }).click();
  await page.getByRole('alert').filter({ hasText: "The server can't be reached." }).waitFor();
  assert.equal((await cells(page, 1)).length, 1000);
  await page.context().setOffline(false);
  await page.getByRole('button', { name: 'Load more' }).click();
  await page.getByText('2,000 rows, and there are more').waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);

  await type(page, `SELECT 1; ${numbers}`);
  await page.keyboard.press('Control+Enter');
  await page.getByText('1,000 rows, and there are more').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Load more' }).count(), 0, 'several can not be gone on with');
});

test('where a statement ends', () => {
  assert.deepEqual(statementsOf("-- a;\n SELECT ';--', [;] /* ; */, \"--\" ;; /* b */\n -- c"), [
    "SELECT ';--', [;] /* ; */, \"--\"",
  ]);
  assert.deepEqual(statementsOf("SELECT 'it''s;'; VALUES (1 - -1); -- end"), ["SELECT 'it''s;'", 'VALUES (1 - -1)']);
  assert.deepEqual(statementsOf(' ; -- nothing'), []);
  assert.deepEqual(statementsOf("SELECT 'open;"), ["SELECT 'open;"]);
});

test('while something runs, nothing more is loaded of what was there before', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  await type(page, numbers);
  await page.keyboard.press('Control+Enter');
  await page.getByText('1,000 rows, and there are more').waitFor();
  let sent = 0;
  let goOn;
  const held = new Promise((resolve) => { goOn = resolve; });
  await page.route('**/api/sql', async (route) => {
    sent += 1;
    await held;
    await route.continue();
  });
  await type(page, 'SELECT 7 AS seven');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('button', { name: 'Cancel' }).waitFor();
  await page.getByRole('button', { name: 'Load more' }).click();
  goOn();
  await page.getByText('1 row, in').waitFor();
  assert.deepEqual([sent, await cells(page, 1)], [1, ['7']]);
});

test('what takes long is cancelled in the server, and changes nothing', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  const endless = '(WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c)';
  const cancelled = async (said) => {
    const runs = page.waitForRequest('**/api/sql');
    await page.keyboard.press('Control+Enter');
    if (said.includes('Nothing')) await page.getByRole('dialog').getByRole('button', { name: 'Run' }).click();
    await runs;
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText(said, { exact: true }).waitFor();
    await page.locator('.cm-content:focus').waitFor();
  };
  const before = await api('GET', '/api/collections/notes/records?sort=id');
  await type(page, `SELECT ${endless}`);
  await cancelled('The statement was cancelled.');
  await page.getByLabel(/Allow changes/).check();
  await type(page, `UPDATE notes SET title = ${endless}`);
  await cancelled('The statement was cancelled. Nothing has changed.');
  assert.deepEqual(await api('GET', '/api/collections/notes/records?sort=id'), before);
});

test('what is not answered is not waited for, and runs once however often somebody clicks', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  let sent = 0;
  await page.route('**/api/sql', () => {
    sent += 1;
  });
  await type(page, 'SELECT 1');
  await page.keyboard.press('Control+Enter');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Stop waiting' }).click();
  await page.getByText('Nobody waits for it any more. The server may go on').waitFor();
  assert.equal(sent, 1);
  await page.unroute('**/api/sql');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: /^Run/ }).click();
  await page.getByText('1 row, in').waitFor();
  await page.locator('[data-run]:focus').waitFor();
});

test('what was typed before is found again, and forgotten', async () => {
  const page = await owner();
  await open(page, '/_/sql');
  for (const query of ['SELECT 1 AS one', `SELECT '${HOSTILE.replaceAll("'", '')}' AS two`]) {
    await type(page, query);
    await page.keyboard.press('Control+Enter');
    await page
      .locator('[data-result] th')
      .filter({ hasText: query.slice(-3) })
      .waitFor();
  }
  await page.getByText('History (2)').click();
  await lookAtDialog(page, 'sql-history');
  await page.getByRole('searchbox', { name: 'Search: History' }).fill('as ONE');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await editor(page).getByText('SELECT 1 AS one').waitFor();
  await page.getByText('History (2)').click();
  await page.getByRole('button', { name: 'Forget this one' }).first().click();
  await page.getByText('History (1)').waitFor();
  await page.getByRole('button', { name: 'Forget all' }).click();
  await page.getByText('Nothing yet.').waitFor();
  assert.notEqual(await page.title(), 'taken');
});
