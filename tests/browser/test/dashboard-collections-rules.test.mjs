// Rules and the queries of views in the editor of collections: completion, checking while typing, and the preview.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api } from '../lib/browser.mjs';
import { look, open } from '../lib/dashboard.mjs';
import {
  button, define, definition, dialog, edit, editorOf, HOSTILE, lookAtTab, page, record, saved, text, write,
} from '../lib/collection_editor.mjs';

test('rules are locked, opened and written, and say in plain words whom they let in', async () => {
  await define('notes', [
    text('body'),
    { name: 'owner', type: 'relation', collectionId: (await definition('users')).id, maxSelect: 1 },
  ]);
  await edit('notes', '#rules');
  const list = page.getByRole('group', { name: 'List', exact: true });
  await list.getByText('Nobody but superusers').waitFor();
  await button('List: set a rule').click();
  await list.getByText('Everybody', { exact: true }).waitFor();
  await button('List: superusers only').click();
  await list.getByText('Nobody but superusers').waitFor();
  await button('List: set a rule').click();
  await write('List rule', '@request.auth.id != ""');
  await list.getByText('Signed-in people').waitFor();
  await button('View: set a rule').click();
  await write('View rule', 'owner = @request.auth.id');
  const view = page.getByRole('group', { name: 'View', exact: true });
  await view.getByText('As the rule says').waitFor();
  await view.getByText('For guests @request.auth.id is empty').waitFor();
  await write('View rule', 'owner = @request.auth.id && nothing = 1');
  await page.getByRole('status').getByText('there is no field `nothing`').waitFor();
  await page.locator('.cm-lintRange-error', { hasText: 'nothing' }).waitFor();
  await write('View rule', 'owner = @request.auth.id');
  await page.getByRole('status').getByText('there is no field').waitFor({ state: 'hidden' });
  await button('Save').click();
  await dialog().getByText('List rule: nobody but superusers → signed-in people.').waitFor();
  await saved(() => button('Save', dialog()).click());
  const { listRule, viewRule, createRule } = await definition('notes');
  assert.deepEqual([listRule, viewRule, createRule], ['@request.auth.id != ""', 'owner = @request.auth.id', null]);
  await write('List rule', '   ');
  await list.getByText('Everybody', { exact: true }).waitFor();
  await button('Save').click();
  await saved(() => button('Save', dialog()).click());
  assert.equal((await definition('notes')).listRule, '');
  await lookAtTab('collection-rules', '#rules');
});

test('rules complete fields, related ones and what is known of the request', async () => {
  await define('letters', [
    text('subject'),
    { name: 'writer', type: 'relation', collectionId: (await definition('users')).id, maxSelect: 1 },
    { name: 'marks', type: 'select', values: ['a', 'b'], maxSelect: 2 },
  ]);
  await edit('letters', '#rules');
  await button('List: set a rule').click();
  const offers = async (typed, labels) => {
    await write('List rule', '');
    await editorOf('List rule').pressSequentially(typed);
    // The list of what has been typed before may still be there.
    const list = page.locator('.cm-tooltip-autocomplete').filter({ hasText: labels });
    await list.waitFor();
    await page.keyboard.press('Escape');
    await list.waitFor({ state: 'hidden' });
  };
  await offers('su', /subject/);
  await offers('writer.', /email.*letters_via_writer|letters_via_writer.*email/);
  await offers('writer.letters_via_writer.', /marks.*subject/);
  await offers('@request.', /auth.*body/);
  await offers('@request.auth.', /collectionName.*verified/);
  await offers('@request.body.', /marks.*subject/);
  await offers('@request.body.marks:', /changed.*each.*isset.*length.*lower/);
  await offers('@collection.', /letters.*users/);
  await offers('@collection.users.', /email/);
  await offers('@to', /@todayEnd.*@tomorrow/);
});

test('within quotes values are offered, and in comments nothing is', async () => {
  await define('tickets', [
    { name: 'state', type: 'select', values: ['open', 'it"s done', 'closed'], maxSelect: 1 },
    { name: 'spot', type: 'geoPoint' },
  ]);
  await edit('tickets', '#rules');
  await button('List: set a rule').click();
  const offered = page.locator('.cm-tooltip-autocomplete');
  const type = async (typed) => {
    await write('List rule', '');
    await editorOf('List rule').pressSequentially(typed);
  };
  await type('state = "op');
  await offered.filter({ hasText: /^open$/ }).waitFor();
  await type('state = "it');
  await offered.getByText('it"s done').click();
  await editorOf('List rule').filter({ hasText: 'state = "it\\"s done"' }).waitFor();
  await type('@request.context != "re');
  await offered.filter({ hasText: 'realtime' }).waitFor();
  await type('spot.l');
  await offered.filter({ hasText: /lat.*lon/ }).waitFor();
  await type('// state of spo');
  await page.getByRole('status').getByText(/expected/i).waitFor();
  assert.equal(await offered.count(), 0, 'a comment is no place for names');
});

test('a mistake is told with its line, and marked where it is, after signs of any width', async () => {
  await define('lines', [text('title')]);
  await edit('lines', '#rules');
  await button('List: set a rule').click();
  await write('List rule', 'title != "😀 // no comment" && // a comment\n  (title:lower ~ \'a"b\' || nothing = 1)');
  await page.getByRole('status').getByText('Line 2: There is no field `nothing`.').waitFor();
  await page.locator('.cm-lintRange-error', { hasText: /^nothing$/ }).waitFor();
  await write('List rule', 'title = ');
  await page.getByRole('status').getByText('Expected a field').waitFor();
  // At the end there is nothing to underline: it is a mark between signs, which has no width.
  await page.locator('.cm-lintPoint-error').waitFor({ state: 'attached' });
});

test('rules over a relation of a collection to itself follow its new name, and that of its copy', async () => {
  const self = { name: 'up', type: 'relation', collectionId: 'tree_collection', maxSelect: 1 };
  const rule = 'tree_via_up.t = "tree_via_up" // tree_via_up\n|| up.tree_via_up.t = @collection.tree.tree_via_up.t';
  await define('tree', [text('t'), self], { id: 'tree_collection' });
  await api('PATCH', '/api/collections/tree', { listRule: rule });
  await edit('tree');
  await page.getByLabel('Name', { exact: true }).fill('trees');
  const checked = page.waitForResponse((one) => one.url().includes('/_/check-rule'));
  await page.getByRole('tab', { name: 'Rules' }).click();
  assert.deepEqual((await (await checked).json()).problems, []);
  await button('Save').click();
  await saved(() => button('Save', dialog()).click());
  await page.waitForURL('**/_/collections/trees/edit#rules');
  await open(page, '/_/new-collection?from=trees');
  await saved(() => button('Create').click());
  await page.waitForURL('**/_/collections/trees_copy');
  const { listRule } = await definition('trees_copy');
  assert.equal(
    listRule,
    'trees_copy_via_up.t = "tree_via_up" // tree_via_up\n|| up.trees_copy_via_up.t = @collection.trees.trees_via_up.t',
  );
});

test('the query of a view is tried before it is saved', async () => {
  await define('sales', [text('region'), { name: 'amount', type: 'number' }]);
  await record('sales', { region: HOSTILE, amount: 3 });
  await open(page, '/_/new-collection');
  await page.getByRole('radio', { name: /^View/ }).check();
  await page.getByLabel('Name', { exact: true }).fill('sales_by_region');
  await write('Query of the view', 'SELECT region FROM sales');
  await button('Preview').click();
  await page.locator('.query .banner').getByText(/id/).waitFor();
  await write('Query of the view', 'SELECT id, region, count(*) AS n FROM sales GROUP BY region');
  await page.keyboard.press('Control+Enter');
  const preview = page.getByRole('region', { name: 'First records of the view' });
  await preview.getByRole('cell', { name: HOSTILE, exact: true }).waitFor();
  assert.equal(await page.locator('.query .banner').isVisible(), false);
  await page.getByRole('tab', { name: 'Rules' }).click();
  await button('List: set a rule').click();
  await write('List rule', 'region = "x" && amount = 1');
  await page.getByRole('status').getByText('there is no field `amount`').waitFor();
  await write('List rule', 'region = "x"');
  await saved(() => button('Create').click());
  await page.waitForURL('**/_/collections/sales_by_region');
  assert.deepEqual(
    (await definition('sales_by_region')).fields.map((field) => [field.name, field.type]),
    [
      ['id', 'text'],
      ['region', 'text'],
      ['n', 'number'],
    ],
  );
  await edit('sales_by_region');
  await look(page, 'view-query');
  await page.setViewportSize({ width: 1280, height: 900 });
  await write('Query of the view', 'SELECT id FROM nowhere');
  await button('Save').click();
  await button('Save', dialog()).click();
  await page.locator('[data-path="viewQuery"] [data-problem]').waitFor();
});

test('what is wrong with a query is marked where it is', async () => {
  await define('stockroom', [text('label'), { name: 'n', type: 'number' }]);
  await open(page, '/_/new-collection');
  await page.getByRole('radio', { name: /^View/ }).check();
  const marked = page.locator('.cm-lintRange-error');
  for (const [query, said, place] of [
    ["SELECT id, 'nope' AS a, nope FROM stockroom -- nope", 'No such column: nope.', 'nope'],
    ['SELECT id, s.labels\nFROM stockroom AS s', 'No such column: s.labels.', 'labels'],
    ['SELECT id, label FRM stockroom', 'near "stockroom"', 'stockroom'],
    ['SELECT * FROM stockroom', 'Name the columns instead of *.', '*'],
    ['SELECT id FROM nowhere', 'nowhere', 'nowhere'],
  ]) {
    await write('Query of the view', query);
    // What the editor offers would lie over it.
    await page.keyboard.press('Escape');
    await page.locator('.query .banner').getByText(said).waitFor();
    await marked.filter({ hasText: new RegExp(`^${place.replace('*', '\\*')}$`) }).waitFor();
    assert.equal(await marked.count(), 1, query);
  }
  await write('Query of the view', 'SELECT id, label FROM stockroom');
  await page.locator('.query .banner').waitFor({ state: 'hidden' });
  await marked.waitFor({ state: 'detached' });
});

test('nothing of all this made a page complain', () => {
  assert.deepEqual(page.trouble, []);
});
