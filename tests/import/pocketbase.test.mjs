// Data folders of real PocketBases of several versions, taken over by Holdall: everything that the API says is the same
// afterwards, whoever was signed in still is, and the source is as it was.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { holdall, startIn, startServer, SUPERUSER } from '../parity/lib/server.mjs';
import { binaryOf, client, comparable, KEEPER, makeFolder, observe, snapshot, VERSIONS } from './lib/pocketbase.mjs';

const NEWEST = VERSIONS.at(-1);

const temporary = () => mkdtemp(join(tmpdir(), 'holdall-test-import-'));
const importTo = (folder, data, ...more) => holdall(['import', 'pocketbase', folder, '--data', data, ...more]);
const login = (url, collection, identity, password) => client(url).call('POST', `/api/collections/${collection}/auth-with-password`, { identity, password });

for (const [number, version] of VERSIONS.entries()) {
  // Every other one is killed, so that part of its data is in its write-ahead log only.
  const kill = number % 2 === 0;
  describe(`PocketBase ${version}${kill ? ', killed' : ''}`, () => {
    let made, server, report, dir;

    before(async () => {
      made = await makeFolder(version, { kill });
      dir = await temporary();
      const old = await snapshot(made.folder);
      assert.equal(Object.keys(old).some((name) => name === 'data.db-wal'), kill, 'there is a log beside the database after a kill only');
      const ended = await importTo(made.folder, join(dir, 'data'), '--report', join(dir, 'report.json'));
      assert.equal(ended.code, 0, ended.output);
      assert.deepEqual(await snapshot(made.folder), old, 'the source is as it was');
      report = JSON.parse(await readFile(join(dir, 'report.json'), 'utf8'));
      assert.match(ended.stdout, /zoo_animals +base +43 +43 +0 /);
      server = await startIn(dir, 'holdall');
    });
    after(async () => {
      await server?.stop();
      await made?.remove();
    });

    test('everything is as it was', async () => {
      const [expect, actual] = [made.seen, await observe(server.url, made.memory.superuserToken)].map(comparable);
      assert.deepEqual(actual.collections, expect.collections);
      assert.deepEqual(actual.records, expect.records);
      assert.deepEqual(actual.files, expect.files);
      assert.ok(Object.values(actual.files).every((sum) => typeof sum === 'string') && Object.keys(actual.files).length === 5, JSON.stringify(actual.files));
      assert.deepEqual(actual.records.zoo_first.length, 42, 'the view that builds on one made after it');
    });

    test('the report says so', async () => {
      assert.equal(report.losses, 0, JSON.stringify(report.notes));
      assert.deepEqual({ ...report.files, bytes: 0 }, { taken: 4, bytes: 0, missing: 0, refused: 0, orphaned: 0 });
      assert.ok(report.settings.some(([path, value]) => path === 'meta.appName' && value === '"The Zoo"'));
      for (const { name, found, taken, lost } of report.collections) {
        if (!['_mfas', '_otps'].includes(name)) assert.deepEqual([taken, lost], [found, 0], name);
      }
    });

    test('whoever was signed in still is', async () => {
      for (const [collection, token, id] of [
        ['_superusers', made.memory.superuserToken, made.memory.superuserId], ['zoo_keepers', made.memory.keeperToken, made.memory.keeperId],
      ]) {
        const guest = client(server.url);
        guest.as.token = token;
        const fresh = await guest.call('POST', `/api/collections/${collection}/auth-refresh`);
        assert.equal(fresh.record.id, id);
      }
    });

    test('passwords, links to other services and settings of accounts go on to work', async () => {
      await login(server.url, '_superusers', SUPERUSER.email, SUPERUSER.password);
      await login(server.url, 'zoo_keepers', KEEPER.email, KEEPER.password);
      await login(server.url, 'zoo_keepers', 'Ada', KEEPER.password);
      await assert.rejects(login(server.url, 'zoo_keepers', KEEPER.email, 'wrong'), { status: 400 });
      const methods = await client(server.url).call('GET', '/api/collections/zoo_keepers/auth-methods');
      assert.deepEqual([methods.oauth2.enabled, methods.oauth2.providers[0].name, methods.otp.duration], [true, 'github', 200]);
      const keeper = client(server.url);
      keeper.as.token = made.memory.keeperToken;
      const { items } = await keeper.call('GET', '/api/collections/_externalAuths/records');
      assert.deepEqual(items.map(({ provider, providerId }) => [provider, providerId]), [['github', 'gh-1']]);
    });

    test('settings are in force', async () => {
      const root = client(server.url);
      root.as.token = made.memory.superuserToken;
      const { meta, batch, logs } = await root.call('GET', '/api/settings');
      const { appName, senderName, senderAddress } = meta;
      assert.deepEqual({ appName, senderName, senderAddress }, { appName: 'The Zoo', senderName: 'Keeper', senderAddress: 'zoo@example.com' });
      assert.deepEqual([batch.enabled, logs.maxDays], [true, 5]);
      const { length } = await root.call('POST', '/api/batch', { requests: [{ method: 'POST', url: '/api/collections/zoo_animals/records', body: { name: 'batched' } }] });
      assert.equal(length, 1);
    });

    test('rules hold for those whom they are about', async () => {
      const { rex, ant } = made.memory.records;
      const [keeper, guest] = [client(server.url), client(server.url)];
      keeper.as.token = made.memory.keeperToken;
      await keeper.call('PATCH', `/api/collections/zoo_animals/records/${rex.id}`, { legs: 3 });
      await assert.rejects(keeper.call('PATCH', `/api/collections/zoo_animals/records/${ant.id}`, { legs: 3 }), { status: 404 });
      await assert.rejects(guest.call('PATCH', `/api/collections/zoo_keepers/records/${made.memory.keeperId}`, { role: 'helper' }), { status: 404 });
      await assert.rejects(guest.call('POST', '/api/collections/zoo_animals/records', { name: 'x' }), { status: 400 });
      await assert.rejects(keeper.call('POST', '/api/collections/zoo_animals/records', { name: 'ANT' }), { status: 400 });
    });

    test('files are known to the database and can be removed', async () => {
      const { code, output } = await holdall(['files', 'check', '--data', join(dir, 'data')]);
      assert.equal(code, 0, output);
      const { call, as } = client(server.url);
      as.token = made.memory.superuserToken;
      const { rex } = made.memory.records;
      const changed = await call('PATCH', `/api/collections/zoo_animals/records/${rex.id}`, { 'papers-': rex.papers[1], photo: '' });
      assert.deepEqual(changed.papers, [rex.papers[0]]);
    });
  });
}

describe('what is refused', () => {
  let made, dir;
  before(async () => {
    made = await makeFolder(NEWEST, { flags: ['--encryptionEnv', 'ZOO_KEY'], environment: { ZOO_KEY: 'k'.repeat(32) } });
    dir = await temporary();
  });
  after(async () => {
    await made?.remove();
    await rm(dir, { recursive: true, force: true });
  });
  const refused = async (folder, data, expect, ...more) => {
    const ended = await importTo(folder, data, ...more);
    assert.notEqual(ended.code, 0);
    assert.match(ended.stderr, expect);
  };

  test('a data folder with something in it', async () => {
    const data = join(dir, 'full');
    await mkdir(data);
    await writeFile(join(data, 'mine.txt'), 'mine');
    await refused(made.folder, data, /isn't empty: mine\.txt/, '--without-settings');
    assert.deepEqual(await readdir(data), ['mine.txt']);
  });

  test('settings without the key that opens them; with it they are read', async () => {
    const data = join(dir, 'keys');
    await refused(made.folder, data, /encrypted/);
    assert.ok(!existsSync(join(data, 'data.db')), 'nothing is there that a server would take');
    const env = (key) => ({ ZOO_KEY: key });
    const run = (key) => holdall(['import', 'pocketbase', made.folder, '--data', data, '--encryption-env', 'ZOO_KEY', '--report', join(dir, 'keys.json')], env(key));
    assert.match((await run('k')).stderr, /32 characters/);
    assert.match((await run('x'.repeat(32))).stderr, /can't be decrypted/);
    const right = await run('k'.repeat(32));
    assert.equal(right.code, 0, right.output);
    const report = JSON.parse(await readFile(join(dir, 'keys.json'), 'utf8'));
    assert.ok(report.settings.some(([path, value]) => path === 'meta.appName' && value === '"The Zoo"'));
    await refused(made.folder, data, /isn't empty/);
  });

  test('folders that are none of PocketBase', async () => {
    const [empty, other, old] = [join(dir, 'empty'), join(dir, 'other'), join(dir, 'old')];
    for (const folder of [empty, other, old]) await mkdir(folder);
    execFileSync('sqlite3', [join(other, 'data.db'), 'CREATE TABLE t (a)']);
    execFileSync('sqlite3', [join(old, 'data.db'), 'CREATE TABLE _collections (id, name, schema)']);
    const data = join(dir, 'none');
    await refused(empty, data, /data\.db can't be read/);
    await refused(other, data, /has no collections/);
    await refused(old, data, /before 0\.23/);
    await writeFile(join(empty, 'data.db'), 'no database at all, but longer than a header would be'.repeat(100));
    await refused(empty, data, /can't be read/);
  });

  test('a damaged database', async () => {
    const damaged = join(dir, 'damaged');
    await cp(made.folder, damaged, { recursive: true });
    const file = join(damaged, 'data.db');
    const bytes = await readFile(file);
    bytes.fill(0xff, 5 * 4096, bytes.length - 4096);
    await writeFile(file, bytes);
    const ended = await importTo(damaged, join(dir, 'of-damaged'), '--without-settings');
    assert.notEqual(ended.code, 0);
    assert.ok(!existsSync(join(dir, 'of-damaged', 'data.db')));
  });
});

test('a PocketBase that is running is recognised', async () => {
  const server = await startServer('pocketbase', {}, { binary: binaryOf(NEWEST) });
  const dir = await temporary();
  try {
    const ended = await importTo(server.dataDir, join(dir, 'data'));
    assert.notEqual(ended.code, 0);
    assert.match(ended.stderr, /uses .*Stop it first/);
    assert.ok(!existsSync(join(dir, 'data', 'data.db')));
  } finally {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  }
});

test('a source that means harm does none, and what can be taken is', async () => {
  const made = await makeFolder(NEWEST);
  const dir = await temporary();
  try {
    const sql = (text) => execFileSync('sqlite3', [join(made.folder, 'data.db')], { input: text });
    const { rex, ant, empty } = made.memory.records;
    const storage = join(made.folder, 'storage');
    const { collectionId } = rex;
    await writeFile(join(dir, 'outside.txt'), 'outside');
    await symlink(join(dir, 'outside.txt'), join(storage, collectionId, rex.id, 'link.txt'));
    await link(join(dir, 'outside.txt'), join(storage, collectionId, rex.id, 'orphan.txt'));
    await symlink(dir, join(storage, 'linked'));
    await rm(join(storage, collectionId, rex.id, rex.papers[0]));
    sql(`
      INSERT INTO _collections (id, name, type, fields) SELECT 'evil1', 'x"; DROP TABLE zoo_animals; --', type, fields FROM _collections WHERE name = 'zoo_animals';
      INSERT INTO _collections (id, name, type, fields) SELECT '../../evil', 'evil2', type, fields FROM _collections WHERE name = 'zoo_animals';
      INSERT INTO _collections (id, name, type, fields) VALUES ('evil3', 'evil3', 'base', '[{"name":"id","type":"text","primaryKey":true},{"name":"a\\" TEXT); DROP TABLE zoo_animals;--","type":"text"},{"name":"ok","type":"text"},{"name":"odd","type":"nonsense"}]');
      CREATE TABLE evil3 (id TEXT PRIMARY KEY, ok TEXT);
      INSERT INTO evil3 VALUES ('a', 'kept'), ('', 'no id'), ('a/../../b', 'path');
      INSERT INTO _collections (id, name, type, fields, options) SELECT 'evil4', 'evil4', 'auth', fields, options FROM _collections WHERE name = 'users';
      CREATE VIEW evil4 AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id FROM n;
      INSERT INTO _collections (id, name, type, fields, options) VALUES ('evil5', 'evil5', 'view', '[]', '{"viewQuery":"SELECT id FROM _files"}');
      INSERT INTO _collections (id, name, type, fields, options) VALUES ('evil6', 'evil6', 'view', '[]', '{"viewQuery":"SELECT 1 AS id; DROP TABLE zoo_animals"}');
      UPDATE _collections SET listRule = 'nope = ', indexes = json_insert(indexes, '$[#]', 'CREATE INDEX evil ON zoo_animals (legs); DROP TABLE zoo_animals', '$[#]', 'DROP TABLE zoo_animals') WHERE name = 'zoo_animals';
      UPDATE _collections SET createRule = '', listRule = '', deleteRule = '' WHERE name = '_superusers';
      UPDATE _collections SET options = json_set(options, '$.oauth2.providers[0].name', 'unheard-of', '$.authToken.duration', 5) WHERE name = 'zoo_keepers';
      UPDATE zoo_animals SET photo = 'link.txt', legs = 'many', born = 'soon', story = CAST(X'61ff62' AS TEXT) WHERE id = '${rex.id}';
      UPDATE zoo_animals SET photo = '../../../../../../etc/passwd' WHERE id = '${ant.id}';
      UPDATE zoo_animals SET papers = '["linked"]', diet = 'plants', tame = 'TRUE' WHERE id = '${empty.id}';
    `);
    const data = join(dir, 'data');
    const old = await snapshot(made.folder);
    const ended = await importTo(made.folder, data, '--report', join(dir, 'report.json'));
    assert.deepEqual(await snapshot(made.folder), old, 'the source is as it was');
    const report = JSON.parse(await readFile(join(dir, 'report.json'), 'utf8'));
    assert.equal(ended.code, 1, ended.output);
    const lost = (collection, part = '') => report.notes.filter((note) => note.kind === 'lost' && note.collection === collection && (part === '' || note.part === part));
    for (const [collection, part] of [
      ['x"; DROP TABLE zoo_animals; --', ''], ['evil2', ''], ['evil3', 'odd'], ['evil3', 'a" TEXT); DROP TABLE zoo_animals;--'], ['evil4', ''], ['evil5', 'viewQuery'], ['evil6', 'viewQuery'],
      ['zoo_animals', 'listRule'], ['zoo_animals', 'photo'], ['zoo_animals', 'papers'], ['zoo_keepers', 'oauth2.providers.0.name'],
    ]) {
      assert.ok(lost(collection, part).length > 0, `${collection} ${part}: ${JSON.stringify(report.notes, null, 1)}`);
    }
    assert.equal(report.files.orphaned, 2, JSON.stringify(report.notes));
    const server = await startIn(dir, 'holdall');
    try {
      const { call, as } = client(server.url);
      as.token = made.memory.superuserToken;
      const collections = (await call('GET', '/api/collections?perPage=500')).items;
      const find = (name) => collections.find((one) => one.name === name);
      assert.deepEqual([find('zoo_animals').listRule, find('_superusers').createRule, find('_superusers').listRule], [null, null, null]);
      assert.ok(!find('evil2') && !find('evil5') && !find('evil6'));
      const animals = (await call('GET', '/api/collections/zoo_animals/records?perPage=500')).items;
      assert.equal(animals.length, 43);
      const found = (id) => animals.find((animal) => animal.id === id);
      assert.deepEqual([found(rex.id).legs, found(rex.id).born, found(rex.id).story], [0, '', 'a\ufffdb']);
      assert.deepEqual([found(empty.id).diet, found(empty.id).tame], [['plants'], true]);
      const { items } = await call('GET', '/api/collections/evil3/records');
      assert.deepEqual(items.map(({ id, ok }) => [id, ok]), [['a', 'kept'], ['a/../../b', 'path']]);
      assert.equal((await call('GET', '/api/collections/zoo_keepers')).authToken.duration, 432_000);
      await call('POST', '/api/collections/zoo_keepers/auth-with-password', { identity: KEEPER.email, password: KEEPER.password });
    } finally {
      await server.halt();
    }
    const kept = Object.keys(await snapshot(join(data, 'storage'))).filter((name) => !name.endsWith('/'));
    const names = kept.map((path) => path.split('/').at(-1)).sort();
    assert.deepEqual(names, [rex.papers[1], ...made.seen.records.zoo_keepers.map((keeper) => keeper.portrait).filter(Boolean)].sort());
  } finally {
    await made.remove();
    await rm(dir, { recursive: true, force: true });
  }
});

test('an import that is killed leaves an empty data folder, and another one goes through', async () => {
  const made = await makeFolder(NEWEST);
  const dir = await temporary();
  try {
    const data = join(dir, 'data');
    await mkdir(join(data, '.restore', 'new'), { recursive: true });
    await writeFile(join(data, '.restore', 'new', 'data.db'), 'half of one');
    await writeFile(join(data, '.lock'), '');
    const ended = await importTo(made.folder, data);
    assert.equal(ended.code, 0, ended.output);
    assert.deepEqual((await readdir(data)).filter((name) => name.startsWith('.restore')), []);
    const server = await startIn(dir, 'holdall');
    await login(server.url, 'zoo_keepers', KEEPER.email, KEEPER.password);
    await server.halt();
  } finally {
    await made.remove();
    await rm(dir, { recursive: true, force: true });
  }
});
