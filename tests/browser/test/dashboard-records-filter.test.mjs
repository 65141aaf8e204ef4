// The filter bar of the dashboard's table: words and expressions, what the server refuses and where, completion, the
// latest filters.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { api, signIn } from '../lib/browser.mjs';
import { lookAtDialog, open, owner } from '../lib/dashboard.mjs';
import { fillMany, search, tick, typed } from '../lib/records_table.mjs';

/** More offers than these are never gone through. */
const STEPS_MAX = 200;

await fillMany();

test('the filter bar finds words and expressions, says what the server refuses, and remembers', async () => {
  const page = await owner();
  await open(page, '/_/collections/many');
  await search(page, 'word 77');
  await page.getByText('11 matching records').waitFor();
  assert.equal(new URL(page.url()).searchParams.get('filter'), 'word 77');
  await page.locator('.filter-said').getByText('Search', { exact: true }).waitFor();
  // What the next filter may hide isn't selected any more.
  await tick(page, /word 777$/);
  await page.getByText('1 selected').waitFor();
  await search(page, 'n >= 990 && n < 995');
  await page.getByText('5 matching records').waitFor();
  await page.getByText('1 selected').waitFor({ state: 'hidden' });
  await page.locator('.filter-said').getByText('Filter expression').waitFor();
  await page.goBack();
  await page.getByText('11 matching records').waitFor();
  assert.equal(await typed(page), 'word 77');
  await search(page, 'wrod = "x"');
  await page.locator('.filter-said.problem').getByText('There is no field wrod').waitFor();
  await search(page, 'nothing like this');
  await page.getByRole('heading', { name: 'Nothing fits the filter' }).waitFor();
  await page.getByRole('button', { name: 'Clear the filter' }).last().click();
  await page.getByText('1,000 records').waitFor();
  await page.getByLabel('Latest filters').click();
  await page.getByRole('button', { name: 'n >= 990 && n < 995', exact: true }).click();
  await page.getByText('5 matching records').waitFor();
  // The address alone gives the same list to somebody else.
  const other = await owner();
  await open(other, new URL(page.url()).pathname + new URL(page.url()).search);
  await other.getByText('5 matching records').waitFor();
});

test('a refused filter shows where it is wrong: under the field, and while one types in it', async () => {
  const page = await owner();
  // Opened with the address, there is only the plain field.
  await open(page, `/_/collections/many?filter=${encodeURIComponent('n >= 1 && wrod = "x"')}`);
  const said = page.locator('.filter-said');
  await said.locator('mark').getByText('wrod', { exact: true }).waitFor();
  assert.equal(await said.locator('code').last().textContent(), 'n >= 1 && wrod = "x"');
  await said.getByText('There is no field wrod').waitFor();
  await lookAtDialog(page, 'records-filter-refused');
  // Typed, and not applied yet.
  await search(page, '');
  await page.getByText('1,000 records').waitFor();
  await page.keyboard.type('n > 1 && word ~');
  await said.locator('mark').waitFor();
  assert.equal(await said.locator('code').last().textContent(), 'n > 1 && word ~\u00a0');
  await page.keyboard.type(' "7');
  await page.locator('.filter-said:not(.problem)').getByText('to apply').waitFor();
  await page.keyboard.type('" && nope = 2');
  await page.locator('.filter-box .cm-lintRange-error').getByText('nope').waitFor();
  assert.equal(new URL(page.url()).searchParams.get('filter'), null);
});

test('fields, operators, values and macros are offered', async () => {
  const page = await owner();
  await open(page, '/_/collections/things');
  await page.getByLabel('Search or filter').click();
  await page.locator('.filter-box .editor').waitFor();
  const offered = page.locator('.cm-tooltip-autocomplete li');
  const chosen = (text) => offered.and(page.locator('[aria-selected="true"]')).filter({ hasText: text });
  const offer = async (typing, expected) => {
    await page.keyboard.type(typing);
    await offered.filter({ hasText: expected }).first().waitFor();
  };
  /** The list takes no arrows in its first moments. */
  const goTo = async (text) => {
    for (let steps = 0; (await chosen(text).count()) === 0; steps += 1) {
      assert.ok(steps < STEPS_MAX, `${text} is not among what is offered`);
      await page.keyboard.press('ArrowDown');
    }
  };
  await offer('shelf.lab', 'label');
  await page.keyboard.press('Tab');
  await offer(' ', "doesn't contain");
  await goTo('!=differs');
  await page.keyboard.press('Enter');
  await page.keyboard.type('"x" && ');
  await offer('kind = ', '"green"');
  await goTo('"green"');
  await page.keyboard.press('Enter');
  await page.keyboard.type(' && created > ');
  await offer('@todayS', '@todayStart');
  await lookAtDialog(page, 'records-completion');
  await page.keyboard.press('Enter');
  assert.equal(await typed(page), 'shelf.label != "x" && kind = "green" && created > @todayStart');
});

test('one of the latest filters is forgotten, and the others stay', async () => {
  const page = await owner();
  await open(page, '/_/collections/many');
  for (const text of ['n = 1', 'n = 2', 'n = 3']) {
    await search(page, text);
    await page.waitForURL(`**?filter=${encodeURIComponent(text).replaceAll('%20', '+')}`);
  }
  await page.getByLabel('Latest filters').click();
  await lookAtDialog(page, 'records-latest-filters');
  await page.getByRole('button', { name: 'Forget n = 2' }).click();
  await page.getByRole('button', { name: 'n = 3', exact: true }).waitFor();
  await page.reload();
  await page.getByLabel('Latest filters').click();
  const latest = page.locator('.latest > button:first-child');
  assert.deepEqual(await latest.allTextContents(), ['n = 3', 'n = 1']);
  // Whoever else signs in with this browser begins without them.
  const [email, password] = ['second@example.com', 'second-password-1'];
  await api('POST', '/api/collections/_superusers/records', { email, password, passwordConfirm: password });
  const cookies = await page.context().cookies();
  await page.context().clearCookies();
  await signIn(page, email, { collection: '_superusers', password });
  await open(page, '/_/collections/many');
  await page.getByRole('grid').waitFor();
  assert.equal(await page.getByLabel('Latest filters').isVisible(), false);
  await page.context().clearCookies();
  await page.context().addCookies(cookies);
  await open(page, '/_/collections/many');
  await page.getByLabel('Latest filters').click();
  await page.getByRole('button', { name: 'Forget all' }).click();
  await page.getByLabel('Latest filters').waitFor({ state: 'hidden' });
});
