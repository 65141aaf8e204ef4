// What somebody is just typing into the definition of a collection: it is saved, or it is said why it isn't, and who
// saves keeps their place.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  button, define, definition, dialog, edit, editorOf, nameOf, page, record, row, saved, text, write,
} from '../lib/collection_editor.mjs';

const saveByKey = () => page.keyboard.press('Control+s');
const refused = () => page.getByRole('alert').getByText('something that is typed isn’t a value').waitFor();

test('what is typed but not taken as a value of a list yet is saved as well', async () => {
  await define('chips', [{ name: 'kind', type: 'select', values: ['a'], maxSelect: 1 }, text('other')]);
  await edit('chips');
  await button('Options of kind').click();
  await row('kind').getByLabel(/^Presentable/).check();
  await row('kind').getByLabel('Values', { exact: true }).fill('brandnew');
  await saved(saveByKey);
  assert.deepEqual((await definition('chips')).fields[1].values, ['a', 'brandnew']);
});

test('what a browser or JSON can\'t read is refused beside its input, in a field that is opened', async () => {
  await define('unread', [
    { name: 'tree', type: 'json' }, { name: 'day', type: 'date' }, { name: 'size', type: 'number', max: 3 },
  ]);
  await edit('unread');
  const open = (name) => button(`Options of ${name}`).click();
  await open('tree');
  await row('tree').getByLabel(/^Default value/).check();
  const json = row('tree').getByLabel('Value of new records');
  assert.equal(await json.inputValue(), 'null');
  await json.fill('{"a": 1, b: 2}');
  await open('tree');
  await saveByKey();
  await refused();
  await row('tree').getByText('This isn’t JSON.').waitFor();
  await json.and(page.locator(':focus')).waitFor();
  await json.fill('{"a": 1}');

  await open('size');
  const most = row('size').getByLabel('Greatest');
  await most.click();
  await page.keyboard.press('Control+a');
  await most.pressSequentially('1-2');
  await saveByKey();
  await refused();
  await row('size').getByText('This isn’t a number.').waitFor();
  await most.fill('4');

  await open('day');
  await row('day').getByLabel('Earliest').click();
  await page.keyboard.type('01022026');
  await saveByKey();
  await refused();
  await row('day').getByText('This needs a day and a time.').waitFor();
  await row('day').getByLabel('Earliest').fill('2026-02-01T10:00:00');
  await button('Save').click();
  await saved(() => button('Save', dialog()).click());
  const [, tree, day, size] = (await definition('unread')).fields;
  assert.deepEqual([tree.default, day.min !== '', size.max], [{ a: 1 }, true, 4]);
});

test('who saves a field stays where they are, with what is open', async () => {
  await define('staying', [text('a'), text('b'), text('c')]);
  await edit('staying');
  for (const name of ['a', 'b']) await button(`Options of ${name}`).click();
  const help = row('b').getByLabel('Help text');
  await help.fill('a help');
  await page.keyboard.press('ArrowLeft');
  await saved(saveByKey);
  await page.getByText('Saved.', { exact: true }).waitFor();
  await help.and(page.locator(':focus')).waitFor();
  assert.equal(await help.evaluate((input) => input.selectionStart), 5);
  assert.ok(await row('a').getByLabel('Help text').isVisible());
  assert.equal(await row('c').getByLabel('Help text').count(), 0);
  await nameOf('a').fill('alpha');
  await saveByKey();
  await saved(() => button('Save', dialog()).click());
  await nameOf('alpha').and(page.locator(':focus')).waitFor();
  await row('alpha').getByLabel('Help text').fill('x');
  await saved(() => button('Save').click());
  await page.getByRole('tab', { name: 'Fields' }).and(page.locator(':focus')).waitFor();
});

test('who saves a rule can go on writing it, and is led to the text of one that is refused', async () => {
  await define('ruled', [text('a')], { listRule: 'a = "x"' });
  await edit('ruled', '#rules');
  const rule = editorOf('List rule');
  await rule.click();
  await page.keyboard.press('End');
  await page.keyboard.insertText(' || a = "y"');
  await saveByKey();
  await saved(() => button('Save', dialog()).click());
  await page.getByText('Saved.', { exact: true }).waitFor();
  await rule.and(page.locator(':focus')).waitFor();
  await page.keyboard.insertText(' || nosuch = 1');
  await rule.filter({ hasText: 'a = "x" || a = "y" || nosuch = 1' }).waitFor();
  await button('List: superusers only').focus();
  await saveByKey();
  await button('Save', dialog()).click();
  const problem = page.locator('[data-problem]', { hasText: 'there is no field `nosuch`' });
  await problem.waitFor();
  assert.equal((await problem.textContent()).includes('^'), false, 'the editor marks the place');
  await rule.and(page.locator(':focus')).waitFor();
});

test('who saves a query that is refused can go on writing it', async () => {
  await define('queried', [text('a')]);
  await define('asked', [], { type: 'view', viewQuery: 'SELECT id, a FROM queried' });
  await edit('asked');
  await write('Query of the view', 'SELECT id, b FROM queried');
  await saveByKey();
  await button('Save', dialog()).click();
  await page.locator('[data-path="viewQuery"] [data-problem]').waitFor();
  await editorOf('Query of the view').and(page.locator(':focus')).waitFor();
});

test('nothing of all this made a page complain', () => {
  assert.deepEqual(page.trouble, []);
});
