// The editor of a collection in the dashboard. What is done on a page is looked up through the API afterwards.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api } from '../lib/browser.mjs';
import { look, open } from '../lib/dashboard.mjs';
import {
  addField, button, define, definition, dialog, edit, editorOf, fieldNames, HOSTILE, nameOf, page, record, row, saved,
  saveRefused, text, write,
} from '../lib/collection_editor.mjs';

test('a collection is made with fields, a choice of hostile values and an index', async () => {
  await open(page, '/_/new-collection');
  await page.getByLabel('Name', { exact: true }).fill('press articles');
  const title = await addField('Text', 'title');
  await title.getByLabel('Fewest characters').fill('3');
  await title.getByLabel(/^Required/).check();
  await title.getByLabel('Help text').fill(HOSTILE);
  const state = await addField('Choice', 'state');
  assert.equal(await button('Options of title').getAttribute('aria-expanded'), 'false', 'the one before is folded');
  for (const value of ['draft', HOSTILE, 'a,b']) {
    await state.getByLabel('Values', { exact: true }).fill(value);
    await page.keyboard.press('Enter');
  }
  assert.deepEqual(await state.locator('.chip-text').allTextContents(), ['draft', HOSTILE, 'a,b']);
  await state.getByRole('button', { name: /^a,b\./ }).press('ArrowLeft');
  await button('Add an index').click();
  await dialog()
    .getByLabel(/^Unique/)
    .check();
  await button('title', dialog()).click();
  await button('Add', dialog()).click();
  await look(page, 'new-collection');
  await page.setViewportSize({ width: 1280, height: 900 });
  await saved(() => button('Create').click());
  await page.waitForURL('**/_/collections/press_articles');
  const { fields, indexes } = await definition('press_articles');
  assert.deepEqual(
    fields.map((field) => field.name),
    ['id', 'title', 'state', 'created', 'updated'],
  );
  assert.deepEqual(fields[2].values, ['draft', 'a,b', HOSTILE]);
  assert.deepEqual([fields[1].min, fields[1].required, fields[1].help], [3, true, HOSTILE]);
  assert.match(indexes[0], /^CREATE UNIQUE INDEX `idx_\w+` ON `press_articles` \(`title`\)$/);
  await edit('press_articles');
  await button('Options of state').click();
  assert.deepEqual(await row('state').locator('.chip-text').allTextContents(), ['draft', 'a,b', HOSTILE]);
  assert.equal(await page.evaluate(() => globalThis.wasHit), undefined);
});

test('fields of all kinds can be added, with their options', async () => {
  await define('targets', [text('name')]);
  await open(page, '/_/new-collection');
  await page.getByLabel('Name', { exact: true }).fill('everything');
  const set = {
    'Rich text': (one) => one.getByLabel('Most bytes').fill('1000'),
    Number: async (one) => {
      await one.getByLabel('Least').fill('-2.5');
      await one.getByLabel(/^Default value/).check();
      await one.getByLabel('Value of new records').fill('7');
      await one.getByLabel(/^May be NULL/).check();
    },
    'Yes or no': (one) => one.getByLabel(/^Must be true/).check(),
    'E-mail': async (one) => {
      await one.getByLabel('Only these domains').fill('example.com, example.org');
      await page.keyboard.press('Enter');
    },
    URL: async (one) => {
      await one.getByLabel('Not these domains').fill('example.net');
      await page.keyboard.press('Enter');
    },
    Date: async (one) => {
      await one.getByLabel('Earliest').fill('2026-01-01T00:00:00');
      await one.getByText('Stored as 2026-01-01 00:00:00.000Z').waitFor();
    },
    'Automatic date': (one) => one.getByLabel(/^Set with every change/).check(),
    Choice: async (one) => {
      await one.getByLabel('Values', { exact: true }).fill('x');
      await page.keyboard.press('Enter');
      await one.getByLabel('Values', { exact: true }).fill('y');
      await page.keyboard.press('Enter');
      await one.getByLabel('How many').selectOption('several');
    },
    File: async (one) => {
      await button('Images', one).click();
      await one.getByLabel('Sizes of previews').fill('100x50t');
      await page.keyboard.press('Enter');
      await one.getByLabel(/^Protected/).check();
    },
    Relation: async (one) => {
      await one.getByLabel('Collection', { exact: true }).selectOption({ label: 'targets' });
      await one.getByLabel('How many').selectOption('several');
      await one.getByLabel('At most').fill('4');
      await one.getByLabel(/^Delete along/).check();
    },
    JSON: async (one) => {
      await one.getByLabel(/^Default value/).check();
      await one.getByLabel('Value of new records').fill('{"a": 1}');
    },
    Place: () => {},
  };
  for (const [kind, options] of Object.entries(set))
    await options(await addField(kind, kind.toLowerCase().replaceAll(/\W/g, '_')));
  await saved(() => button('Create').click());
  await page.waitForURL('**/_/collections/everything');
  const fields = Object.fromEntries((await definition('everything')).fields.map((field) => [field.name, field]));
  assert.equal(fields.rich_text.maxSize, 1000);
  assert.deepEqual([fields.number.min, fields.number.default, fields.number.nullable], [-2.5, 7, true]);
  assert.equal(fields.yes_or_no.required, true);
  assert.deepEqual(fields.e_mail.onlyDomains, ['example.com', 'example.org']);
  assert.deepEqual(fields.url.exceptDomains, ['example.net']);
  assert.equal(fields.date.min, '2026-01-01 00:00:00.000Z');
  assert.deepEqual([fields.automatic_date.onCreate, fields.automatic_date.onUpdate], [true, true]);
  assert.deepEqual([fields.choice.values, fields.choice.maxSelect], [['x', 'y'], 2]);
  assert.ok(fields.file.mimeTypes.includes('image/png') && fields.file.protected);
  assert.deepEqual(fields.file.thumbs, ['100x50t']);
  assert.deepEqual(
    [fields.relation.collectionId, fields.relation.maxSelect, fields.relation.cascadeDelete],
    [(await definition('targets')).id, 4, true],
  );
  assert.deepEqual(fields.json.default, { a: 1 });
  assert.equal(fields.place.type, 'geoPoint');
});

test('a field and the collection get new names, values and rules stay', async () => {
  await define('boats', [text('title')], { listRule: 'title != ""' });
  const { id } = await record('boats', { title: 'Ada' });
  await edit('boats');
  await nameOf('title').fill('label');
  await page.getByLabel('Name', { exact: true }).fill('ships');
  await button('Save').click();
  const changes = await dialog().locator('.changes').innerText();
  assert.match(changes, /Renames the collection boats to ships/);
  assert.match(changes, /Renames title to label/);
  await saved(() => button('Save', dialog()).click());
  await page.waitForURL('**/_/collections/ships/edit');
  assert.equal((await api('GET', `/api/collections/ships/records/${id}`)).label, 'Ada');
  assert.equal((await definition('ships')).listRule, 'label != ""');
});

test('fields change places by keys and by mouse', async () => {
  await define('ordered', [text('a'), text('b'), text('c')]);
  await edit('ordered');
  await button('Move c').press('ArrowUp');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Move c');
  await page.keyboard.press('ArrowUp');
  const from = await button('Move b').boundingBox();
  const to = await row('id').boundingBox();
  await page.mouse.move(from.x + 5, from.y + 5);
  await page.mouse.down();
  await page.mouse.move(from.x + 5, from.y - 40, { steps: 4 });
  await page.mouse.move(from.x + 5, to.y + 2, { steps: 12 });
  await page.mouse.up();
  await page.getByText('1 change', { exact: true }).waitFor();
  await saved(() => page.keyboard.press('Control+s'));
  assert.deepEqual(await fieldNames('ordered'), ['b', 'id', 'c', 'a']);
});

test('removing a field says how many values go, can be undone, and is asked about', async () => {
  await define('stock', [text('name'), { name: 'price', type: 'number' }]);
  for (const price of [0, 5, 7]) await record('stock', { name: 'x', price });
  await edit('stock');
  const remove = async () => {
    await row('price').locator('summary').click();
    await button('Remove', row('price')).click();
  };
  await remove();
  await button('Undo').click();
  await page.getByText('No changes', { exact: true }).waitFor();
  await remove();
  await button('Save').click();
  await dialog().getByText('Removes price and its values in 2 records.').waitFor();
  await button('Cancel', dialog()).click();
  assert.ok((await fieldNames('stock')).includes('price'));
  await button('Save').click();
  await saved(() => button('Save and lose data', dialog()).click());
  await page.getByText('Saved.').waitFor();
  assert.ok(!(await fieldNames('stock')).includes('price'));
  assert.equal(await row('price').count(), 0);
});

test('several values that become one are counted; harmless changes are only shown when asked for', async () => {
  await define('shirts', [{ name: 'sizes', type: 'select', values: ['s', 'm', 'l'], maxSelect: 3 }]);
  for (const sizes of [['s'], ['s', 'm'], ['m', 'l']]) await record('shirts', { sizes });
  await edit('shirts');
  await button('Options of sizes').click();
  await row('sizes')
    .getByLabel(/^Presentable/)
    .check();
  await button('Show changes').click();
  await dialog().getByText('Makes sizes presentable.').waitFor();
  await button('Cancel', dialog()).click();
  await row('sizes').getByLabel('How many').selectOption('one');
  await button('Save').click();
  await dialog().getByText('only the last of each record stays (2 records with more than one).').waitFor();
  await saved(() => button('Save and lose data', dialog()).click());
  const { items } = await api('GET', '/api/collections/shirts/records?sort=sizes');
  assert.deepEqual(
    items.map((item) => item.sizes),
    ['l', 'm', 's'],
  );
});

test('what the server refuses stands beside its input, in a tab that is marked', async () => {
  await define('picky_form', [text('code')]);
  await edit('picky_form');
  await button('Options of code').click();
  await row('code').getByLabel('Pattern').fill('[a-');
  const mail = await addField('E-mail', 'contact');
  await mail.getByLabel('Only these domains').fill('nodot');
  await page.keyboard.press('Enter');
  await page.getByRole('tab', { name: 'Rules' }).click();
  await button('List: set a rule').click();
  await write('List rule', 'missing = 1');
  await button('Save').click();
  await button('Save', dialog()).click();
  await page.getByRole('alert').getByText("The collection couldn't be saved.").waitFor();
  for (const name of ['Fields', 'Rules'])
    await page
      .getByRole('tab', { name: new RegExp(name) })
      .getByRole('img', { name: 'has problems' })
      .waitFor();
  await page.getByRole('tab', { name: /Fields/ }).click();
  const pattern = row('code').getByLabel('Pattern');
  assert.equal(await pattern.getAttribute('aria-invalid'), 'true');
  assert.ok(await row('code').locator('.problem').isVisible());
  await row('contact').getByText("This isn't a domain name.").waitFor();
  await page.getByRole('tab', { name: /Rules/ }).click();
  await page.locator('[data-problem]', { hasText: 'there is no field `missing`' }).waitFor();
  await page.getByRole('tab', { name: /Fields/ }).click();
  await nameOf('code').fill('id');
  await page.getByRole('tab', { name: /Rules/ }).click();
  await write('List rule', '');
  await page.getByRole('tab', { name: /Fields/ }).click();
  await button('Remove nodot').click();
  await row('code').getByLabel('Pattern').fill('');
  await button('Save').click();
  await button('Save', dialog()).click();
  await row('code').getByText('Another field has this name.').waitFor();
});

test('indexes are edited as SQL too, removed, and refused where they are', async () => {
  await define('cities', [text('name'), text('land')], { indexes: ['CREATE INDEX idx_cities_land ON cities (land)'] });
  await edit('cities');
  await button('Edit the index idx_cities_land').click();
  await write('Statement', 'CREATE INDEX idx_cities_land ON cities (land, nowhere)');
  await button('Use', dialog()).click();
  await saveRefused();
  const list = page.getByRole('list', { name: 'Indexes' });
  await list.locator('[data-problem]', { hasText: 'nowhere' }).waitFor();
  await button('Edit the index idx_cities_land').click();
  await write('Statement', "CREATE UNIQUE INDEX idx_cities ON cities (name COLLATE NOCASE) WHERE name != ''");
  await dialog()
    .getByLabel(/^Unique/)
    .and(page.locator(':checked'))
    .waitFor();
  await button('Use', dialog()).click();
  await row('name').getByText('Unique', { exact: true }).waitFor();
  await saved(() => button('Save').click());
  assert.match(
    (await definition('cities')).indexes.join(),
    /UNIQUE INDEX `?idx_cities`? .*NOCASE.* WHERE name != ''/is,
  );
  await button('Remove the index idx_cities').click();
  await button('Save').click();
  await saved(() => button('Save', dialog()).click());
  assert.deepEqual((await definition('cities')).indexes, []);
});

test('an index is edited while its fields get new names, in one dialog that loses nothing by Escape', async () => {
  await define('renamed', [text('a'), text('b')], {
    indexes: ['CREATE INDEX idx_a ON renamed (a)', "CREATE INDEX idx_ab ON renamed (lower(a), `b`) WHERE a != 'a'"],
  });
  await edit('renamed');
  await nameOf('a').fill('b2');
  await button('Add an index').dblclick();
  await dialog().getByText('New index').waitFor();
  assert.equal(await dialog().count(), 1);
  await write('Statement', 'CREATE INDEX idx_b ON renamed (b)');
  // In the editor, Escape closes what that offers first.
  await dialog().getByRole('heading').click();
  await page.keyboard.press('Escape');
  const question = page.getByRole('dialog', { name: 'Discard this index?' });
  await button('Cancel', question).click();
  await question.waitFor({ state: 'detached' });
  await button('Add', dialog()).click();
  await dialog().waitFor({ state: 'detached' });
  await button('Edit the index idx_a').click();
  await editorOf('Statement').filter({ hasText: 'renamed (`b2`)' }).waitFor();
  await button('b', dialog()).click();
  await button('Use', dialog()).click();
  await dialog().waitFor({ state: 'detached' });
  await button('Save').click();
  await saved(() => button('Save', dialog()).click());
  const indexes = (await definition('renamed')).indexes.map((sql) => sql.replaceAll(/[\s`]/g, ''));
  assert.deepEqual(indexes, [
    'CREATEINDEXidx_aONrenamed(b2,b)', "CREATEINDEXidx_abONrenamed(lower(b2),b)WHEREb2!='a'",
    'CREATEINDEXidx_bONrenamed(b)',
  ]);
});

test('a new collection keeps what was entered when it gets another type', async () => {
  await open(page, '/_/new-collection');
  await addField('Text', 'motto');
  for (const type of ['View', 'Auth']) await page.getByRole('radio', { name: new RegExp(`^${type}`) }).check();
  assert.equal(await row('motto').count(), 1);
  await page.getByRole('radio', { name: /^View/ }).check();
  await write('Query of the view', 'SELECT 1 AS id');
  for (const type of ['Base', 'View']) await page.getByRole('radio', { name: new RegExp(`^${type}`) }).check();
  await editorOf('Query of the view').filter({ hasText: 'SELECT 1 AS id' }).waitFor();
  await page.getByRole('radio', { name: /^Auth/ }).check();
  await page.getByLabel('Name', { exact: true }).fill('teams');
  await saved(() => button('Create').click());
  await page.waitForURL('**/_/collections/teams');
  const { type, fields } = await definition('teams');
  assert.equal(type, 'auth');
  assert.ok(['email', 'motto', 'created'].every((name) => fields.some((field) => field.name === name)));
});

test('collections of the system keep their names and rules', async () => {
  await edit('_authOrigins');
  assert.equal(await page.getByLabel('Name', { exact: true }).getAttribute('readonly'), '');
  await button('More for this collection').or(page.locator('summary[aria-label="More for this collection"]')).click();
  assert.equal(await button('Delete the collection …').count(), 0);
  await page.getByRole('tab', { name: 'Rules' }).click();
  await page.getByText('its rules stay as they are').waitFor();
  assert.equal(await button('Create: set a rule').isDisabled(), true);
  await edit('_superusers', '#sign-in');
  assert.equal(await page.getByLabel('Sign in with an account elsewhere').count(), 0);
});

test('a collection is copied, emptied and deleted; both ask for its name', async () => {
  await define(
    'temp',
    [text('a'), { name: 'self', type: 'relation', collectionId: 'temp_collection_1', maxSelect: 1 }],
    { id: 'temp_collection_1', indexes: ['CREATE INDEX idx_temp_a ON temp (a)'] },
  );
  await record('temp', { a: 'x' });
  const menu = () => page.locator('summary[aria-label="More for this collection"]').click();
  await edit('temp');
  await menu();
  await button('Copy as JSON').click();
  await page.getByText('Copied.').waitFor();
  assert.equal(JSON.parse(await page.evaluate(() => navigator.clipboard.readText())).name, 'temp');
  await menu();
  await button('Duplicate').first().click();
  await page.waitForURL('**/_/new-collection?from=temp');
  await saved(() => button('Create').click());
  await page.waitForURL('**/_/collections/temp_copy');
  const copied = await definition('temp_copy');
  assert.equal(copied.fields.find((field) => field.name === 'self').collectionId, copied.id);
  assert.match(copied.indexes[0], /ON `temp_copy` \(`a`\)/);
  await edit('temp');
  await menu();
  await button('Delete all records …').click();
  assert.equal(await button('Delete all records', dialog()).isDisabled(), true);
  await dialog().getByLabel(/^Type/).fill('temp');
  await saved(() => button('Delete all records', dialog()).click());
  assert.equal((await api('GET', '/api/collections/temp/records')).totalItems, 0);
  await menu();
  await button('Delete the collection …').click();
  await dialog().getByLabel(/^Type/).fill('temp');
  await saved(() => button('Delete', dialog()).click());
  await page.waitForURL('**/_/collections');
  const { items } = await api('GET', '/api/collections?perPage=200');
  assert.ok(!items.some((one) => one.name === 'temp'));
});

test('nothing of all this made a page complain', () => {
  assert.deepEqual(page.trouble, []);
});
