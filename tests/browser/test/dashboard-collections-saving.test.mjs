// What happens when a collection's definition is saved from the dashboard: the review before, and two people at once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api } from '../lib/browser.mjs';
import { lookAtDialog } from '../lib/dashboard.mjs';
import {
  addField, button, define, definition, dialog, edit, fieldNames, HOSTILE, nameOf, page, record, row,
  saved, text, write,
} from '../lib/collection_editor.mjs';

const patch = (name, change) => api('PATCH', `/api/collections/${name}`, change);
const removeField = async (name) => {
  await row(name).locator('summary').click();
  await button('Remove', row(name)).click();
};
const save = async () => {
  await button('Save').click();
  const review = dialog().getByRole('heading', { name: 'What will change' });
  if (await review.isVisible()) await button('Save', dialog()).click();
};
const conflict = () => page.getByRole('dialog', { name: 'Somebody else has changed this collection' });

test('what two people change is put together, and what both changed is shown', async () => {
  const indexes = ['CREATE INDEX idx_both_a ON both (a)'];
  await define('both', [text('a'), text('b'), text('c')], { listRule: '', indexes });
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

test('what somebody else saves at the same moment is not overwritten', async () => {
  await define('close', [text('a')]);
  await edit('close');
  await addField('Text', 'mine');
  // Ours is on its way when theirs arrives.
  await page.route('**/api/collections/*', async (route) => {
    if (route.request().method() === 'PATCH') await patch('close', { listRule: 'a = "theirs"' });
    await route.continue();
  }, { times: 1 });
  await save();
  await conflict().getByText('List rule: nobody but superusers → a = "theirs".').waitFor();
  assert.deepEqual(await fieldNames('close'), ['id', 'a']);
  await button('Put both together', conflict()).click();
  await nameOf('a').waitFor();
  await saved(save);
  const { listRule, fields } = await definition('close');
  assert.deepEqual([listRule, fields.map((field) => field.name)], ['a = "theirs"', ['id', 'a', 'mine']]);
});

test('a collection that somebody else has deleted can be made anew', async () => {
  const self = { name: 'self', type: 'relation', collectionId: 'gone_collection_1', maxSelect: 1 };
  await define('gone', [text('a'), self], { id: 'gone_collection_1' });
  await edit('gone');
  await addField('Text', 'mine');
  await api('DELETE', '/api/collections/gone');
  await button('Save').click();
  await dialog().getByText('Somebody else has deleted this collection').waitFor();
  await button('Make it anew', dialog()).click();
  await saved(() => button('Create').click());
  await page.waitForURL('**/_/collections/gone');
  const { id, fields } = await definition('gone');
  assert.deepEqual(fields.map((field) => field.name), ['id', 'a', 'self', 'mine']);
  assert.equal(fields[2].collectionId, id);
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
  await addField('Relation', 'to');
  await define('new_target', [text('x')]);
  await comeBack();
  await page.getByText('Somebody else has saved this collection while you worked on it.').waitFor();
  assert.equal(await nameOf('a').inputValue(), 'b');
  await row('to').getByLabel('Collection', { exact: true }).selectOption({ label: 'new_target' });
  await button('What now?').click();
  await button('Put both together', conflict()).click();
  await button('Save').click();
  await saved(() => button('Save', dialog()).click());
  const { viewRule, fields } = await definition('tabbed');
  assert.deepEqual([viewRule, fields.map((field) => field.name)], ['', ['id', 'b', 'to']]);
});

test('indexes go with the field that they are over, and come back with it', async () => {
  await define('indexed', [text('a'), text('b'), text('c')], {
    indexes: [
      'CREATE UNIQUE INDEX idx_ab ON indexed (a, b)', 'CREATE INDEX idx_c ON indexed (c)',
      "CREATE INDEX idx_w ON indexed (c) WHERE a != ''",
    ],
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

test('what goes is counted for every kind of field, and altogether', async () => {
  const to = (await define('counted_target', [text('n')])).id;
  const kinds = [
    text('word'), { name: 'rich', type: 'editor' }, { name: 'size', type: 'number' }, { name: 'yes', type: 'bool' },
    { name: 'mail', type: 'email' }, { name: 'link', type: 'url' }, { name: 'day', type: 'date' },
    { name: 'one', type: 'select', values: ['a', 'b'], maxSelect: 1 },
    { name: 'some', type: 'select', values: ['a', 'b'], maxSelect: 2 },
    { name: 'single', type: 'relation', collectionId: to, maxSelect: 1 },
    { name: 'many', type: 'relation', collectionId: to, maxSelect: 9 },
    { name: 'tree', type: 'json' }, { name: 'spot', type: 'geoPoint' },
    { name: 'maybe', type: 'number', nullable: true },
  ];
  await define('counted', [...kinds, { name: 'several', type: 'select', values: ['a', 'b'], maxSelect: 2 }]);
  const target = (await record('counted_target', { n: 'x' })).id;
  const full = {
    word: 'x', rich: '<p>x</p>', size: -1, yes: true, mail: 'a@example.com', link: 'https://example.com',
    day: '2026-01-01 00:00:00.000Z', one: 'a', some: ['a', 'b'], single: target, many: [target], tree: { a: 1 },
    spot: { lon: 0, lat: 5 }, maybe: 0, several: ['a', 'b'],
  };
  const empty = await record('counted', {});
  await record('counted', full);
  const filled = Object.fromEntries(kinds.map(({ name }) => [name, 1]));
  // Each field has one value more than the one before it.
  let more = 0;
  for (const { name } of kinds) {
    more += 1;
    for (let n = 0; n < more % 4; n += 1) await record('counted', { [name]: full[name] });
    filled[name] += more % 4;
  }
  await record('counted', { several: ['a', 'b'] });
  await record('counted', { several: ['a'] });
  await edit('counted');
  for (const { name } of kinds) await removeField(name);
  await button('Options of several').click();
  await row('several').getByLabel('How many').selectOption('one');
  await button('Save').click();
  for (const [name, count] of Object.entries(filled))
    await dialog()
      .getByText(`Removes ${name} and its values in ${count} record${count === 1 ? '' : 's'}.`, { exact: true })
      .waitFor();
  await dialog().getByText('only the last of each record stays (2 records with more than one).').waitFor();
  const { items } = await api('GET', '/api/collections/counted/records?perPage=500');
  const touched = items.filter((item) => item.several.length > 1
    || Object.keys(filled).some((name) => JSON.stringify(item[name]) !== JSON.stringify(empty[name]))).length;
  await dialog().getByText(`15 columns lose values, in ${touched} records.`).waitFor();
  await lookAtDialog(page, 'collection-review');
  await saved(() => button('Save and lose data', dialog()).click());
  assert.deepEqual(await fieldNames('counted'), ['id', 'several']);
});

test('bounds that records are outside of are told before saving', async () => {
  const tags = { name: 'tags', type: 'select', values: ['a', 'b', 'c'], maxSelect: 3 };
  await define('bounded', [{ name: 'n', type: 'number' }, tags], {
    indexes: ['CREATE UNIQUE INDEX idx_bounded_n ON bounded (n)'],
  });
  for (const n of [0, 5, 20, 30]) await record('bounded', { n, tags: ['a', 'b', 'c'].slice(0, n / 10) });
  await edit('bounded');
  await button('Options of n').click();
  await row('n').getByLabel('Greatest').fill('10');
  await button('Options of tags').click();
  await row('tags').getByLabel('At most').fill('2');
  await button('Remove the index idx_bounded_n').click();
  await button('Save').click();
  await dialog().getByText('Lets n be 10 at most (2 records are outside, not to be saved with it).').waitFor();
  await dialog().getByText('Lets tags hold 2 values at most (1 record is outside, not to be saved with it).').waitFor();
  await dialog().getByText('Removes the unique index over n: values may then be there twice.').waitFor();
  await button('Cancel', dialog()).click();
});

test('a field that becomes required says how many records have no value for it', async () => {
  await define('fullness', [text('full'), text('gappy')]);
  await record('fullness', { full: 'a', gappy: 'b' });
  await record('fullness', { full: 'a' });
  await edit('fullness');
  for (const name of ['full', 'gappy']) {
    await button(`Options of ${name}`).click();
    await row(name).getByLabel(/^Required/).check();
  }
  await button('Save').click();
  const change = (name) => dialog().getByRole('listitem').filter({ hasText: `Makes ${name} required` });
  await change('full').getByText('(every record has a value)').waitFor();
  await change('gappy').getByText('(1 record has no value, not to be saved again without one)').waitFor();
  await change('gappy').getByText('Look twice').waitFor();
  await button('Cancel', dialog()).click();
});

test('what a field that becomes required refuses is counted as the server does, for every kind', async () => {
  const kinds = {
    word: { type: 'text' }, size: { type: 'number' }, yes: { type: 'bool' }, day: { type: 'date' },
    one: { type: 'select', values: ['a', 'b'], maxSelect: 1 },
    some: { type: 'select', values: ['a', 'b'], maxSelect: 2 },
    tree: { type: 'json' }, spot: { type: 'geoPoint' },
  };
  const fields = Object.entries(kinds).flatMap(([name, kind]) => [
    { name, ...kind }, { name: `${name}_null`, ...kind, nullable: true },
    { name: `${name}_never`, ...kind, nullable: true },
  ]);
  await define('demanding', fields);
  const ofAll = (values) => Object.fromEntries(fields.map(({ name }) => [name, values[name.replace(/_.*/, '')]]));
  const empty = {
    word: '', size: 0, yes: false, day: '', one: '', some: [], tree: [], spot: { lon: 0, lat: 0 },
  };
  const full = {
    word: 'x', size: 5, yes: true, day: '2026-01-01 00:00:00.000Z', one: 'a', some: ['a'], tree: 0,
    spot: { lon: 0, lat: 5 },
  };
  for (const values of [{}, ofAll(empty), ofAll(empty), ofAll(full), ofAll({ tree: {} }), ofAll({ tree: '' })])
    await record('demanding', values);
  await edit('demanding');
  for (const { name } of fields) {
    await button(`Options of ${name}`).click();
    await row(name).getByLabel(/^(Required|Must be true)/).check();
    if (name.endsWith('_never')) await row(name).getByLabel(/^May be NULL/).uncheck();
    await button(`Options of ${name}`).click();
  }
  await button('Save').click();
  const lines = dialog().getByRole('listitem').filter({ hasText: /Makes \w+ required/ });
  await lines.nth(fields.length - 1).waitFor();
  await lines.filter({ hasText: '…' }).first().waitFor({ state: 'detached' });
  const said = Object.fromEntries((await lines.allTextContents()).map((line) => {
    const [, name, count] = /Makes (\w+) required \((\d+|every)/.exec(line);
    return [name, Number(count)];
  }));
  await saved(() => button('Save', dialog()).click());
  const refused = Object.fromEntries(fields.map(({ name }) => [name, 0]));
  for (const { id } of (await api('GET', '/api/collections/demanding/records')).items) {
    const answer = await api('PATCH', `/api/collections/demanding/records/${id}`, {}).then(() => '{}', String);
    for (const name of Object.keys(JSON.parse(answer.slice(answer.indexOf('{'))).data ?? {})) refused[name] += 1;
  }
  assert.deepEqual(said, refused);
});

test('every bound that becomes narrower is looked at twice, one that becomes wider is not', async () => {
  const people = (await definition('users')).id;
  await define('narrow', [
    text('label', { max: 20 }), text('code'), { name: 'n', type: 'number', min: 1, max: 9 },
    { name: 'mail', type: 'email' }, { name: 'rich', type: 'editor' },
    { name: 'to', type: 'relation', collectionId: people, maxSelect: 5 },
  ]);
  for (const label of ['ab', 'äöü😀x', '123456']) await record('narrow', { label, code: label, n: 3 });
  await edit('narrow');
  const open = async (field) => {
    if (!(await row(field).getByLabel('Help text').isVisible())) await button(`Options of ${field}`).click();
  };
  const set = async (field, values) => {
    await open(field);
    for (const [label, value] of Object.entries(values)) {
      const input = row(field).getByLabel(label, { exact: true });
      await input.fill(value);
      await input.press('Enter');
    }
  };
  await set('n', { Least: '0', Greatest: '10' });
  await set('label', { 'Most characters': '30' });
  await saved(() => button('Save').click());
  await page.getByText('Saved.', { exact: true }).waitFor();
  await set('label', { 'Most characters': '5' });
  await set('code', { 'Fewest characters': '5', Pattern: '^[a-z]+$' });
  await set('mail', { 'Only these domains': 'example.com' });
  await set('rich', { 'Most bytes': '100' });
  await set('to', { 'At least': '2' });
  await open('n');
  await row('n').getByLabel('Whole numbers only').check();
  await button('Save').click();
  for (const line of [
    'Lets label have 5 characters at most (1 record is outside, not to be saved with it).',
    'Lets code have 5 characters at least (1 record is outside, not to be saved with it).',
    'Lets code be only what matches ^[a-z]+$: what is outside stays, but can’t be saved again.',
    'Lets n be whole numbers only: what is outside stays',
    'Lets mail be only at example.com: what is outside stays',
    'Lets rich have 100 bytes at most: what is outside stays',
    'Lets to hold 2 values at least (0 records are outside',
  ]) {
    const item = dialog().getByRole('listitem').filter({ hasText: line });
    await item.getByText('Look twice').waitFor();
  }
  await button('Cancel', dialog()).click();
});

test('what goes with a query is told, though it is saved before the preview has come', async () => {
  await define('behind', [text('a'), text('b')]);
  await define('ahead', [], { type: 'view', viewQuery: 'SELECT id, a, b FROM behind' });
  await edit('ahead');
  await write('Query of the view', 'SELECT id, a FROM behind');
  await page.keyboard.press('Control+s');
  await dialog().getByText('Its records no longer have b.').waitFor();
  await button('Cancel', dialog()).click();
});

test('a service that another server answers for is told before saving', async () => {
  const at = (host) => ({
    name: 'oidc', clientId: 'x', clientSecret: 'y', displayName: 'Club',
    authURL: `https://${host}/auth`, tokenURL: `https://${host}/token`, userInfoURL: `https://${host}/me`,
  });
  await define('linked', [], { type: 'auth', oauth2: { enabled: true, providers: [at('one.example.com')] } });
  await edit('linked', '#sign-in');
  await button('Set up Club').click();
  await dialog().getByLabel('Address of tokens').fill('https://two.example.com/token');
  await button('Use', dialog()).click();
  await button('Save').click();
  await dialog().getByText('Lets another server sign people in by Club').waitFor();
  await dialog().getByText('gets their account (0 accounts are linked with it).').waitFor();
  await button('Cancel', dialog()).click();
});

test('where the settings hide controls, a definition is locked until somebody unlocks it', async () => {
  await define('careful', [text('a')]);
  await api('PATCH', '/api/settings', { meta: { hideControls: true } });
  try {
    await edit('careful');
    await nameOf('a').fill('b');
    await button('Unlock to save').waitFor();
    assert.equal(await button('Save').isVisible(), false);
    await page.keyboard.press('Control+s');
    await page.getByText('Press "Unlock to save" first.').waitFor();
    await page.locator('summary[aria-label="More for this collection"]').click();
    await button('Copy as JSON').waitFor();
    assert.equal(await button('Delete the collection …').count(), 0);
    await button('Unlock to save').click();
    await button('Save').click();
    await saved(() => button('Save', dialog()).click());
    assert.deepEqual(await fieldNames('careful'), ['id', 'b']);
  } finally {
    await api('PATCH', '/api/settings', { meta: { hideControls: false } });
  }
});

test('a long rule stays within its frame, and is shown line by line but not whole', async () => {
  await define('long_rule', [text('a')]);
  await edit('long_rule', '#rules');
  await button('List: set a rule').click();
  await write('List rule', Array.from({ length: 150 }, (_, n) => `a != "value ${n}"`).join(' ||\n'));
  const frame = await page.locator('.rule-editor .editor').first().boundingBox();
  assert.ok(frame.height < 420, `the editor is ${frame.height} px high`);
  await button('Save').click();
  const rule = dialog().locator('.changes code', { hasText: 'a != "value 0" ||\na != "value 1"' });
  assert.ok((await rule.textContent()).length <= 400);
  await button('Cancel', dialog()).click();
});

test('without a network nothing is lost, and what says so is not in the way of saving', async () => {
  await define('offline', [text('a')]);
  await edit('offline');
  await addField('Text', 'kept');
  await page.context().setOffline(true);
  await page.keyboard.press('Control+s');
  await page.getByText("The server can't be reached.").waitFor();
  await page.context().setOffline(false);
  await saved(() => button('Save').click());
  assert.deepEqual(await fieldNames('offline'), ['id', 'a', 'kept']);
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
