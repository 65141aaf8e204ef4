// Everything out of a running Holdall, and in again by other means: the SQL with Debian's sqlite3, the files as they are.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { holdall, startIn, startServer, SUPERUSER } from '../parity/lib/server.mjs';
import { client, comparable, observe, snapshot } from './lib/pocketbase.mjs';

const ODD = ['', `it's "quoted"`, 'a\nb', 'a\r\nb', '.quit', ';', '-- no', '=1+1', 'é\u{1f600}', '\n.read x\n/\ngo\n', "');DROP TABLE things;--"];

describe('an export', () => {
  let server, dir, api, token, seen;
  const tree = (name) => join(dir, name);

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'holdall-test-export-'));
    server = await startServer('holdall');
    api = client(server.url);
    ({ token } = await api.login('_superusers', SUPERUSER));
    await api.call('POST', '/api/collections', {
      name: 'things', type: 'base', listRule: '', viewRule: '', fields: [
        { name: 'text', type: 'text' }, { name: 'number', type: 'number' }, { name: 'json', type: 'json' }, { name: 'place', type: 'geoPoint' },
        { name: 'maybe', type: 'text', nullable: true }, { name: 'many', type: 'select', values: ['a', 'b'], maxSelect: 2 }, { name: 'file', type: 'file', maxSelect: 3 },
        { name: 'code', type: 'password', cost: 4 }, { name: 'created', type: 'autodate', onCreate: true },
      ],
      indexes: ['CREATE INDEX things_number ON things (number)'],
    });
    await api.call('POST', '/api/collections', { name: 'shown', type: 'view', listRule: '', viewQuery: 'SELECT id, text, number FROM things WHERE number > 0' });
    for (const [at, text] of ODD.entries()) {
      const form = new FormData();
      for (const [key, value] of Object.entries({ text, number: String(at / 7), json: JSON.stringify({ text, big: [1e300, 5e-324] }), place: '{"lon":1.5,"lat":-2}', code: 'a code' })) form.append(key, value);
      form.append('many', 'b');
      form.append('file', new Blob([`${at}`.repeat(1000 * at)]), `file ${at}.txt`);
      await api.call('POST', '/api/collections/things/records', form);
    }
    await api.call('POST', '/api/collections/users/records', { email: 'ada@example.com', password: 'ada-password-1', passwordConfirm: 'ada-password-1' });
    seen = await observe(server.url, token);
  });
  after(async () => {
    await server?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const run = (...args) => holdall(['export', ...args, '--data', server.dataDir]);

  test('has everything, and a server made of it is the same', async () => {
    const ended = await run(tree('all'));
    assert.equal(ended.code, 0, ended.output);
    assert.match(ended.stdout, /things +11\n/);
    assert.match(ended.stdout, /data\.sql is a full copy/);
    assert.deepEqual((await readdir(tree('all'))).sort(), ['collections.json', 'data.sql', 'files', 'records']);
    assert.deepEqual((await readdir(dir)).filter((name) => name.includes('.part')), [], 'nothing is left of the work');
    const copy = await mkdtemp(join(dir, 'copy-'));
    await mkdir(join(copy, 'data'));
    const database = join(copy, 'data', 'data.db');
    const version = execFileSync('sqlite3', ['--version'], { encoding: 'utf8' });
    execFileSync('sqlite3', [database], { stdio: [openSync(tree('all/data.sql'), 'r'), 'inherit', 'inherit'] });
    await cp(tree('all/files'), join(copy, 'data', 'storage'), { recursive: true });
    const quoted = (file, table) => execFileSync('sqlite3', [file, `SELECT * FROM "${table}"`, '-cmd', '.mode quote'], { encoding: 'utf8' });
    const original = join(copy, 'original.db');
    execFileSync('sqlite3', [server.dataDir + '/data.db', `.backup '${original}'`]);
    const tables = execFileSync('sqlite3', [original, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%'"], { encoding: 'utf8' }).trim().split('\n');
    assert.ok(tables.includes('things') && tables.includes('shown') && tables.includes('_files'), version);
    for (const table of tables) assert.equal(quoted(database, table), quoted(original, table), `${table} by sqlite3 ${version}`);
    const second = await startIn(copy, 'holdall');
    try {
      assert.deepEqual(comparable(await observe(second.url, token)), comparable(seen));
      await client(second.url).login('users', { email: 'ada@example.com', password: 'ada-password-1' });
      const { code, output } = await holdall(['files', 'check', '--data', join(copy, 'data')]);
      assert.equal(code, 0, output);
    } finally {
      await second.halt();
    }
  });

  test('has records as JSON and CSV, without secrets', async () => {
    const lines = (await readFile(tree('all/records/things.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line));
    const expect = seen.records.things.map(({ code, ...rest }) => rest);
    assert.deepEqual(lines.sort((a, b) => (a.id < b.id ? -1 : 1)), expect);
    for (const name of ['things.jsonl', 'things.csv', 'users.jsonl', 'users.csv', '_superusers.csv']) {
      assert.doesNotMatch(await readFile(tree(`all/records/${name}`), 'utf8'), /\$2a\$|tokenKey/, name);
    }
    assert.doesNotMatch(await readFile(tree('all/collections.json'), 'utf8'), /"secret"/);
    const definitions = JSON.parse(await readFile(tree('all/collections.json'), 'utf8'));
    assert.deepEqual(definitions.map(({ name }) => name), seen.collections.map(({ name }) => name));
    const files = Object.keys(await snapshot(tree('all/files'))).filter((name) => !name.endsWith('/'));
    assert.equal(files.length, ODD.length);
  });

  test('can be of one form, with secrets, without files', async () => {
    const ended = await run(tree('csv'), '--format', 'csv', '--without-files', '--with-secrets');
    assert.equal(ended.code, 0, ended.output);
    assert.deepEqual((await readdir(tree('csv'))).sort(), ['collections.json', 'records']);
    assert.match(await readFile(tree('csv/records/users.csv'), 'utf8'), /^id,password,tokenKey,.*\n.*\$2a\$/);
    assert.match(ended.stdout, /keep them as safe/);
    assert.equal((await run(tree('view.csv'), '--collection', 'shown')).code, 0);
    assert.equal((await readFile(tree('view.csv'), 'utf8')).split('\n')[0], 'id,text,number');
  });

  test('never goes over anything', async () => {
    await mkdir(tree('full'));
    await writeFile(tree('full/mine'), 'mine');
    const ended = await run(tree('full'));
    assert.notEqual(ended.code, 0);
    assert.match(ended.stderr, /isn't an empty folder/);
    assert.equal(await readFile(tree('full/mine'), 'utf8'), 'mine');
    await mkdir(tree('free'));
    assert.equal((await run(tree('free'), '--format', 'json', '--without-files')).code, 0);
    assert.ok(existsSync(tree('free/records/things.jsonl')));
  });

  test('says which files are missing', async () => {
    const { id, file, collectionId } = seen.records.things.find((thing) => thing.text === '.quit');
    await rm(join(server.dataDir, 'storage', collectionId, id, file[0]));
    const ended = await run(tree('missing'));
    assert.notEqual(ended.code, 0);
    assert.ok(ended.stderr.includes(`${collectionId}/${id}/${file[0]}`), ended.stderr);
    assert.ok(existsSync(tree('missing/data.sql')));
  });
});
