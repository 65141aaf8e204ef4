// Backups in a bucket of a real S3-compatible server, and continuous backup to one.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { SUPERUSER, runBeside, startServer } from '../parity/lib/server.mjs';
import { until } from './lib/places.mjs';
import { startS3 } from './lib/s3.mjs';

const OPEN = { listRule: '', viewRule: '', createRule: '', updateRule: '', deleteRule: '' };
const NOTES = '/api/collections/notes/records';

/** The variables that name the bucket, for another purpose. */
const forPurpose = (environment, purpose) => Object.fromEntries(
  Object.entries(environment).map(([name, value]) => [name.replace('HOLDALL_', `HOLDALL_${purpose}_`), value]),
);

async function startHoldall(environment) {
  const server = await startServer('holdall', environment);
  const login = await fetch(`${server.url}/api/collections/_superusers/auth-with-password`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ identity: SUPERUSER.email, password: SUPERUSER.password }),
  });
  const { token } = await login.json();
  const call = (method, path, body) => {
    const isForm = body instanceof FormData;
    const headers = { Authorization: token, ...(isForm || !body ? {} : { 'Content-Type': 'application/json' }) };
    return fetch(server.url + path, { method, headers, body: isForm || !body ? body : JSON.stringify(body) });
  };
  await call('POST', '/api/collections', {
    name: 'notes', type: 'base', ...OPEN, fields: [{ name: 'text', type: 'text' }, { name: 'f', type: 'file' }],
  });
  return { server, call };
}

const texts = async (url) => {
  const answer = await fetch(`${url}${NOTES}?perPage=1000&sort=text`);
  return (await answer.json()).items.map((item) => item.text);
};

describe('backups in a bucket', async () => {
  const s3 = await startS3();
  const environment = { ...forPurpose(s3.environment, 'BACKUP'), HOLDALL_BACKUP_CRON: '0 0 1 1 *', HOLDALL_BACKUP_KEEP: '2' };
  const { server, call } = await startHoldall(environment);
  after(async () => {
    await server.stop();
    await s3.stop();
  });
  const list = async () => (await call('GET', '/api/backups')).json();
  const tested = (name) => until(list, (items) => items.some((item) => item.key === name && item.verified), `${name} is good`);
  const archives = async () => (await s3.objects()).filter((key) => key.endsWith('.zip'));

  test('one is made, listed, tested, fetched in parts, sent back, and deleted', async () => {
    assert.equal((await call('POST', NOTES, { text: 'before' })).status, 200);
    assert.equal((await call('POST', '/api/backups', { name: 'a.zip' })).status, 204);
    assert.equal((await call('POST', '/api/backups', { name: 'a.zip' })).status, 400, 'the name is taken');
    const [item] = await tested('a.zip');
    assert.deepEqual(await archives(), ['a.zip']);
    const left = (await readdir(join(server.dataDir, 'backups'))).filter((name) => !name.startsWith('.'));
    assert.deepEqual(left, [], 'nothing of it is kept here');

    const { token } = await (await call('POST', '/api/files/token')).json();
    const url = `${server.url}/api/backups/a.zip?token=${token}`;
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
    assert.equal(whole.length, item.size);
    const part = await fetch(url, { headers: { Range: 'bytes=10-99' } });
    assert.equal(part.status, 206);
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(10, 100)));
    assert.equal((await fetch(`${server.url}/api/backups/a.zip`)).status, 403);
    assert.equal((await fetch(`${server.url}/api/backups/none.zip?token=${token}`)).status, 404);

    const form = new FormData();
    form.append('file', new Blob([whole], { type: 'application/zip' }), 'sent.zip');
    assert.equal((await call('POST', '/api/backups/upload', form)).status, 204);
    await tested('sent.zip');
    assert.equal((await call('DELETE', '/api/backups/sent.zip')).status, 204);
    assert.equal((await call('DELETE', '/api/backups/sent.zip')).status, 400);
    assert.deepEqual(await s3.objects(), ['.checks/a.zip.json', 'a.zip']);
  });

  test('one that is damaged there is known to be', async () => {
    const { token } = await (await call('POST', '/api/files/token')).json();
    const whole = Buffer.from(await (await fetch(`${server.url}/api/backups/a.zip?token=${token}`)).arrayBuffer());
    whole[Math.floor(whole.length / 2)] ^= 1;
    await s3.put('b.zip', whole);
    const verify = await runBeside('holdall', server, ['backup', 'verify', 'b.zip'], environment);
    assert.equal(verify.code, 1, verify.output);
    assert.match(verify.output, /can't be restored/);
    assert.equal((await call('DELETE', '/api/backups/b.zip')).status, 204);
  });

  test('those that are made by themselves make room for newer ones', async () => {
    for (let round = 1; round <= 3; round += 1) {
      assert.equal((await call('POST', '/api/crons/__pbAutoBackup__')).status, 204);
      const auto = (items) => items.filter((item) => item.key.startsWith('@auto_') && item.verified).length;
      await until(list, (items) => auto(items) === Math.min(round, 2), `${round} were made`);
      // Names have the second in them.
      const last = Math.floor(Date.now() / 1000);
      await until(async () => Math.floor(Date.now() / 1000), (now) => now > last, 'another second');
    }
    await until(archives, (keys) => keys.length === 3, 'a.zip and two others');
  });

  test('one is restored, by the server and on another machine', async () => {
    assert.equal((await call('POST', NOTES, { text: 'later' })).status, 200);
    assert.deepEqual(await texts(server.url), ['before', 'later']);
    assert.equal((await call('POST', '/api/backups/a.zip/restore')).status, 204);
    const shown = () => texts(server.url).catch(() => []);
    await until(shown, (found) => found.length === 1 && found[0] === 'before', 'it is restored');

    const elsewhere = { dataDir: join(await mkdtemp(join(tmpdir(), 'holdall-test-')), 'data') };
    const restored = await runBeside('holdall', elsewhere, ['backup', 'restore', 'a.zip'], environment);
    assert.equal(restored.code, 0, restored.output);
    const missing = await runBeside('holdall', elsewhere, ['backup', 'restore', 'none.zip', '--yes'], environment);
    assert.match(missing.output, /There is no backup and no file/);
    await rm(elsewhere.dataDir, { recursive: true });
  });
});

describe('continuous backup to a bucket', async () => {
  const s3 = await startS3();
  const environment = {
    ...forPurpose(s3.environment, 'SHIP'), HOLDALL_SHIP_TO: 's3://holdall/some/where', HOLDALL_SHIP_INTERVAL_MS: '100',
  };
  // The bucket is named by the place.
  delete environment.HOLDALL_SHIP_S3_BUCKET;
  const { server, call } = await startHoldall(environment);
  after(async () => {
    await server.stop();
    await s3.stop();
  });

  test('any moment comes back on another machine, which knows only where from', async () => {
    await until(s3.objects, (keys) => keys.some((key) => key.endsWith('.good')), 'there is a copy');
    const times = [];
    for (const text of ['a', 'b', 'c']) {
      const form = new FormData();
      form.append('text', text);
      form.append('f', new Blob([`file ${text}`]), 'f.txt');
      assert.equal((await call('POST', NOTES, form)).status, 200);
      times.push(new Date());
      const now = Date.now();
      await until(async () => Date.now(), (later) => later > now + 1, 'another millisecond');
    }
    const newest = (keys) => Math.max(0, ...keys.map((key) => Number(/-(\d+)\.seg$/.exec(key)?.[1] ?? 0)));
    const files = (keys) => keys.filter((key) => key.startsWith('some/where/files/')).length;
    await until(s3.objects, (keys) => newest(keys) > Number(times[1]) && files(keys) === 3, 'it is shipped');
    const keys = await s3.objects();
    assert.ok(keys.every((key) => key.startsWith('some/where/')), keys.join('\n'));

    for (const [at, count] of [[times[0].toISOString(), 1], [times[1].toISOString(), 2], ['latest', 3]]) {
      const elsewhere = { dataDir: join(await mkdtemp(join(tmpdir(), 'holdall-test-')), 'data') };
      const restored = await runBeside('holdall', elsewhere, ['restore', '--at', at], environment);
      assert.equal(restored.code, 0, restored.output);
      const fits = await runBeside('holdall', elsewhere, ['files', 'check']);
      assert.equal(fits.code, 0, fits.output);
      assert.match(fits.output, new RegExp(`\\b${count} files in records`));
      await rm(elsewhere.dataDir, { recursive: true });
    }
  });
});
