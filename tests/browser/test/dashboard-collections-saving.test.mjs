// What happens when a collection's definition is saved from the dashboard: the review before it, and two people at once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api } from '../lib/browser.mjs';
import { lookAtDialog } from '../lib/dashboard.mjs';
import {
  addField, button, define, definition, dialog, edit, fieldNames, HOSTILE, nameOf, page, row, saved, text,
} from '../lib/collection_editor.mjs';

const patch = (name, change) => api('PATCH', `/api/collections/${name}`, change);
const removeField = async (name) => {
  await row(name).locator('summary').click();
  await button('Remove', row(name)).click();
};
const save = async () => {
  await button('Save').click();
  if (await dialog().getByRole('heading', { name: 'What will change' }).isVisible()) await button('Save', dialog()).click();
};
const conflict = () => page.getByRole('dialog', { name: 'Somebody else has changed this collection' });

test('what two people change is put together, and what both changed is shown', async () => {
  await define('both', [text('a'), text('b'), text('c')], { listRule: '', indexes: ['CREATE INDEX idx_both_a ON both (a)'] });
  await edit('both');
  await nameOf('a').fill('alpha');
  await addField('Text', 'mine');
  await button('Options of b').click();
  await row('b').getByLabel('Most characters').fill('10');
  const here = await definition('both');
  const theirs = here.fields.filter((field) => field.name !== 'c')
    .map((field) => (field.name === 'b' ? { ...field, max: 20, help: HOSTILE } : field));
  await patch('both', { fields: [...theirs, text('theirs')], viewRule: 'b = "x"' });
  await save();
  await conflict().getByText('Removes c.').waitFor();
  await conflict().getByText('Adds theirs (Text).').waitFor();
  await conflict().getByText('View rule: nobody but superusers → b = "x".').waitFor();
  await conflict().getByRole('row', { name: 'Field b max 20 10' }).waitFor();
  assert.equal(await conflict().getByRole('row').count(), 2, 'only the maximum is told as changed by both');
  await lookAtDialog(page, 'collection-conflict');
  await button('Put both together', conflict()).click();
  await nameOf('a').waitFor();
  assert.equal((await definition('both')).fields.some((field) => field.name === 'mine'), false, 'nothing is saved yet');
  await button('Save').click();
  await saved(() => button('Save', dialog()).click());
  const after = await definition('both');
  assert.deepEqual(after.fields.map((field) => field.name), ['id', 'alpha', 'b', 'mine', 'theirs']);
  assert.deepEqual([after.fields[2].max, after.fields[2].help, after.viewRule], [10, HOSTILE, 'b = "x"']);
  assert.match(after.indexes.join(), /alpha/);
  assert.equal(await page.evaluate(() => globalThis.wasHit), undefined);
});

test('whoever keeps only their own sees what of the other goes, and can still bring it back', async () => {
  await define('only', [text('a')]);
  await edit('only');
  await nameOf('a').fill('mine');
  await patch('only', { fields: [...(await definition('only')).fields, text('theirs')], listRule: 'theirs = ""' });
  await save();
  await button('Cancel', conflict()).click();
  assert.equal(await nameOf('a').inputValue(), 'mine', 'who decides nothing loses nothing');
  await save();
  await button('Keep only mine', conflict()).click();
  await row('theirs').getByText('Removed when saved').waitFor();
  await button('Undo', row('theirs')).click();
  await button('Save').click();
  await dialog().getByText('List rule: theirs = "" → nobody but superusers.').waitFor();
  await saved(() => button('Save', dialog()).click());
  const { listRule, fields } = await definition('only');
  assert.deepEqual([listRule, fields.map((field) => field.name)], [null, ['id', 'mine', 'theirs']]);
});

test('a collection that somebody else has deleted can be made anew', async () => {
  await define('gone', [text('a')]);
  await edit('gone');
  await addField('Text', 'mine');
  await api('DELETE', '/api/collections/gone');
  await button('Save').click();
  await dialog().getByText('Somebody else has deleted this collection').waitFor();
  await button('Make it anew', dialog()).click();
  await saved(() => button('Create').click());
  await page.waitForURL('**/_/collections/gone');
  assert.deepEqual(await fieldNames('gone'), ['id', 'a', 'mine']);
});

test('who comes back to the tab learns what has been saved meanwhile', async () => {
  await define('tabbed', [text('a')]);
  const comeBack = () => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await edit('tabbed');
  await patch('tabbed', { listRule: '' });
  await comeBack();
  await page.getByText('Somebody else has saved this collection. This is what it is now.').waitFor();
  await nameOf('a').fill('b');
  await patch('tabbed', { viewRule: '' });
  await define('new_target', [text('x')]);
  await comeBack();
  await page.getByText('Somebody else has saved this collection while you worked on it.').waitFor();
  assert.equal(await nameOf('a').inputValue(), 'b');
  const relation = await addField('Relation', 'to');
  await relation.getByLabel('Collection', { exact: true }).selectOption({ label: 'new_target' });
  await button('What now?').click();
  await button('Put both together', conflict()).click();
  await button('Save').click();
  await saved(() => button('Save', dialog()).click());
  const { viewRule, fields } = await definition('tabbed');
  assert.deepEqual([viewRule, fields.map((field) => field.name)], ['', ['id', 'b', 'to']]);
});

test('indexes go with the field that they are over, and come back with it', async () => {
  await define('indexed', [text('a'), text('b'), text('c')], {
    indexes: ['CREATE UNIQUE INDEX idx_ab ON indexed (a, b)', 'CREATE INDEX idx_c ON indexed (c)', "CREATE INDEX idx_w ON indexed (c) WHERE a != ''"],
  });
  await edit('indexed');
  await removeField('a');
  const list = page.getByRole('list', { name: 'Indexes' });
  assert.equal(await list.getByRole('listitem').count(), 1);
  await button('Undo').click();
  await page.getByText('No changes', { exact: true }).waitFor();
  await removeField('a');
  await button('Save').click();
  await dialog().getByText('Removes the unique index over a, b').waitFor();
  await saved(() => button('Save and lose data', dialog()).click());
  assert.deepEqual((await definition('indexed')).indexes.length, 1);
});

test('nobody leaves unsaved changes by mistake', async () => {
  await define('shared', [text('a')]);
  await edit('shared');
  await nameOf('a').fill('b');
  page.once('dialog', (asked) => asked.dismiss());
  const asked = page.waitForEvent('dialog');
  await page.getByRole('link', { name: 'Logs' }).click();
  assert.equal((await asked).type(), 'beforeunload');
  assert.equal(await nameOf('a').inputValue(), 'b');
  await button('Discard').click();
  await button('Discard', dialog()).click();
  await page.getByText('No changes', { exact: true }).waitFor();
  assert.equal(await nameOf('a').inputValue(), 'a');
});

test('nothing of all this made a page complain', () => {
  assert.deepEqual(page.trouble, []);
});
