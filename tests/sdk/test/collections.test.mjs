// Every method of the SDK's CollectionService.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientResponseError } from 'pocketbase';
import { OPEN, guest, login, newUser, superuser } from '../lib/server.mjs';

const pb = await superuser();

const failsWith = (status, field, code) => (error) => {
  assert.ok(error instanceof ClientResponseError);
  assert.equal(error.status, status);
  if (field) assert.equal(error.response.data[field]?.code, code);
  return true;
};

test('create base: defaults and system field', async () => {
  const made = await pb.collections.create({ name: 'posts', fields: [{ name: 'title', type: 'text', required: true }] });
  assert.equal(made.name, 'posts');
  assert.equal(made.type, 'base');
  assert.equal(made.system, false);
  assert.equal(made.listRule, null);
  assert.deepEqual(made.fields.map((field) => field.name), ['id', 'title']);
  assert.deepEqual(made.indexes, []);
  assert.match(made.id, /^pbc_\d+$/);
  assert.match(made.created, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('create auth: options without secrets', async () => {
  const made = await pb.collections.create({ name: 'members', type: 'auth' });
  assert.deepEqual(made.fields.map((field) => field.name), ['id', 'password', 'tokenKey', 'email', 'emailVisibility', 'verified']);
  assert.equal(made.indexes.length, 2);
  assert.deepEqual(made.passwordAuth, { enabled: true, identityFields: ['email'] });
  assert.deepEqual(made.authToken, { duration: 432000 });
  assert.equal(made.manageRule, null);
});

test('create view: fields come from the query', async () => {
  const made = await pb.collections.create({ name: 'titles', type: 'view', viewQuery: 'select id, title from posts' });
  assert.deepEqual(made.fields.map((field) => [field.name, field.type]), [['id', 'text'], ['title', 'text']]);
  assert.equal(made.viewQuery, 'select id, title from posts');
});

test('create: validation errors are a ClientResponseError with codes', async () => {
  await assert.rejects(pb.collections.create({ name: 'Posts' }), failsWith(400, 'name', 'validation_collection_name_exists'));
  await assert.rejects(pb.collections.create({}), failsWith(400, 'name', 'validation_required'));
  await assert.rejects(pb.collections.create({ name: 'x', listRule: 'nothing = 1' }), failsWith(400, 'listRule', 'validation_invalid_rule'));
});

test('only superusers may', async () => {
  await assert.rejects(guest().collections.getList(), failsWith(401));
  await pb.collection('users').create(newUser('ada'));
  const ada = await login('users', 'ada@example.com');
  await assert.rejects(ada.collections.getOne('posts'), failsWith(403));
});

test('getOne by name and id', async () => {
  const byName = await pb.collections.getOne('posts');
  assert.deepEqual(await pb.collections.getOne(byName.id), byName);
  await assert.rejects(pb.collections.getOne('missing'), failsWith(404));
  await assert.rejects(pb.collections.getOne(''), failsWith(404));
});

// Without those that come with the data where these tests run on what was imported.
const OURS = "name !~ 'zoo_'";

test('getList: paging, sort and filter', async () => {
  const page = await pb.collections.getList(1, 2, { sort: 'name', filter: `system = false && ${OURS}` });
  assert.deepEqual(page.items.map((one) => one.name), ['members', 'posts']);
  assert.deepEqual([page.page, page.perPage, page.totalItems, page.totalPages], [1, 2, 4, 2]);
  const second = await pb.collections.getList(2, 2, { sort: 'name', filter: `system = false && ${OURS}`, fields: 'name', skipTotal: true });
  assert.deepEqual(second.items, [{ name: 'titles' }, { name: 'users' }]);
  assert.equal(second.totalItems, -1);
  await assert.rejects(pb.collections.getList(1, 2, { filter: 'fields = 1' }), failsWith(400));
});

test('getFullList: in one and in several pages', async () => {
  const all = await pb.collections.getFullList({ sort: 'name', filter: OURS });
  const names = all.map((one) => one.name);
  assert.deepEqual(names, ['_authOrigins', '_externalAuths', '_mfas', '_otps', '_superusers', 'members', 'posts', 'titles', 'users']);
  const paged = await pb.collections.getFullList({ batch: 2, sort: 'name', filter: OURS });
  assert.deepEqual(paged.map((one) => one.name), names);
});

test('getFirstListItem', async () => {
  assert.equal((await pb.collections.getFirstListItem(`type = 'view' && ${OURS}`)).name, 'titles');
  await assert.rejects(pb.collections.getFirstListItem("name = 'missing'"), failsWith(404));
});

test('update: rename and add a field', async () => {
  const before = await pb.collections.getOne('posts');
  const after = await pb.collections.update('posts', { ...OPEN, fields: [...before.fields, { name: 'score', type: 'number' }] });
  assert.deepEqual(after.fields.map((field) => field.name), ['id', 'title', 'score']);
  assert.equal(after.fields[1].id, before.fields[1].id);
  const renamed = await pb.collections.update(after.id, { name: 'articles' });
  assert.equal(renamed.id, before.id);
  await assert.rejects(pb.collection('posts').getList(), failsWith(404));
  await pb.collections.update('articles', { name: 'posts' });
  await assert.rejects(pb.collections.update('posts', { type: 'auth' }), failsWith(400, 'type', 'validation_collection_type_change'));
});

test('truncate deletes the records and keeps the collection', async () => {
  await pb.collection('posts').create({ title: 'one' });
  await pb.collection('posts').create({ title: 'two' });
  assert.equal(await pb.collections.truncate('posts'), true);
  assert.equal((await pb.collection('posts').getList()).totalItems, 0);
  await assert.rejects(pb.collections.truncate('titles'), failsWith(400));
});

test('import creates, updates and deletes in one transaction', async () => {
  assert.equal(await pb.collections.import([
    { id: 'imported_one', name: 'one', fields: [{ name: 'two', type: 'relation', collectionId: 'imported_two' }] },
    { id: 'imported_two', name: 'two', fields: [{ name: 'name', type: 'text' }] },
  ]), true);
  assert.equal((await pb.collections.getOne('one')).fields.at(-1).collectionId, 'imported_two');

  const bad = [{ name: 'three' }, { name: 'four', fields: [{ name: 'a b', type: 'text' }] }];
  await assert.rejects(pb.collections.import(bad), failsWith(400, 'collections', 'validation_collections_import_failure'));
  await assert.rejects(pb.collections.getOne('three'), failsWith(404));

  const kept = (await pb.collections.getFullList()).filter((one) => !['one', 'two'].includes(one.name));
  await pb.collections.import(kept, true);
  await assert.rejects(pb.collections.getOne('one'), failsWith(404));
  assert.equal((await pb.collections.getOne('posts')).name, 'posts');
});

test('getScaffolds', async () => {
  const scaffolds = await pb.collections.getScaffolds();
  assert.deepEqual(Object.keys(scaffolds).sort(), ['auth', 'base', 'view']);
  for (const [type, model] of Object.entries(scaffolds)) {
    assert.equal(model.type, type);
    assert.equal(model.id, '');
    assert.equal(model.name, '');
  }
  const made = await pb.collections.create({ ...scaffolds.auth, name: 'scaffolded' });
  assert.equal(made.type, 'auth');
});

test('getAllOAuth2Providers', async () => {
  const providers = await pb.collections.getAllOAuth2Providers();
  const names = providers.map((one) => one.name);
  for (const name of ['google', 'github', 'oidc', 'oidc2', 'oidc3']) assert.ok(names.includes(name), name);
  assert.ok(providers.every((one) => one.displayName && one.logo.includes('<svg')));
});

test('dryRunViewQuery', async () => {
  await pb.collection('posts').create({ title: 'sample' });
  const result = await pb.collections.dryRunViewQuery('select id, title, score from posts');
  assert.deepEqual(result.fields.map((field) => [field.name, field.type]), [['id', 'text'], ['title', 'text'], ['score', 'number']]);
  assert.equal(result.sample[0].title, 'sample');
  await assert.rejects(pb.collections.dryRunViewQuery('select title from posts'), failsWith(400));
});

test('delete', async () => {
  await assert.rejects(pb.collections.delete('posts'), failsWith(400));
  assert.equal(await pb.collections.delete('titles'), true);
  assert.equal(await pb.collections.delete('posts'), true);
  await assert.rejects(pb.collections.getOne('posts'), failsWith(404));
  await assert.rejects(pb.collections.delete('_mfas'), failsWith(400));
});
