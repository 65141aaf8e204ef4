// Where files are kept is a setting: it can be tried out, and changed while the server runs.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startWith } from './lib/places.mjs';
import { startS3 } from './lib/s3.mjs';

const OPEN = { listRule: '', viewRule: '', createRule: '', updateRule: '', deleteRule: '' };
const DOCS = '/api/collections/docs/records';

/** A bucket as settings name it. */
const settingsOf = ({ environment: env }) => ({
  enabled: true, bucket: env.HOLDALL_S3_BUCKET, endpoint: env.HOLDALL_S3_ENDPOINT, region: 'us-east-1',
  accessKey: env.HOLDALL_S3_ACCESS_KEY, secret: env.HOLDALL_S3_SECRET_KEY, forcePathStyle: true,
});

test('files go to the bucket of the settings from then on', async () => {
  const s3 = await startS3();
  after(() => s3.stop());
  const holdall = await startWith('local');
  after(() => holdall.stop());
  const { call } = holdall;
  await call('POST', '/api/collections', { name: 'docs', type: 'base', ...OPEN, fields: [{ name: 'f', type: 'file' }] });
  const file = async (text) => {
    const form = new FormData();
    form.append('f', new Blob([text]), 'a.txt');
    const record = await (await call('POST', DOCS, form)).json();
    return { ...record, key: `${record.collectionId}/${record.id}/${record.f}` };
  };
  const content = async ({ id, f }) => (await call('GET', `/api/files/docs/${id}/${f}`)).text();
  const set = async (settings) => assert.equal((await call('PATCH', '/api/settings', { s3: settings })).status, 200);
  const tried = async () => (await call('POST', '/api/settings/test/s3', { filesystem: 'storage' })).status;

  assert.equal(await tried(), 400, 'there is no bucket yet');
  const settings = settingsOf(s3);
  await set({ ...settings, secret: 'not the secret' });
  const refused = await call('POST', '/api/settings/test/s3', { filesystem: 'storage' });
  assert.equal(refused.status, 400);
  assert.match((await refused.json()).message, /can't be used/);

  await set(settings);
  assert.equal(await tried(), 204);
  assert.deepEqual(await s3.objects(), [], 'nothing is left of the trial');
  const far = await file('in the bucket');
  assert.deepEqual(await s3.objects(), [far.key]);
  assert.equal(await content(far), 'in the bucket');

  await set({ enabled: false });
  const near = await file('in the folder');
  assert.ok(existsSync(join(holdall.server.dataDir, 'storage', near.key)));
  assert.equal(await content(near), 'in the folder');
  assert.deepEqual(await s3.objects(), [far.key]);
});

test('backups go to the bucket of the settings from then on, and come back from it', async () => {
  const s3 = await startS3();
  after(() => s3.stop());
  const holdall = await startWith('local');
  after(() => holdall.stop());
  const { call } = holdall;
  const settings = settingsOf(s3);
  const keys = async () => (await (await call('GET', '/api/backups')).json()).map(({ key }) => key);
  assert.equal((await call('POST', '/api/backups', { name: 'near.zip' })).status, 204);
  assert.equal((await call('POST', '/api/settings/test/s3', { filesystem: 'backups' })).status, 400);
  assert.equal((await call('PATCH', '/api/settings', { backups: { s3: settings } })).status, 200);
  assert.equal((await call('POST', '/api/settings/test/s3', { filesystem: 'backups' })).status, 204);
  assert.deepEqual(await keys(), []);
  assert.equal((await call('POST', '/api/backups', { name: 'far.zip' })).status, 204);
  assert.deepEqual(await keys(), ['far.zip']);
  assert.ok((await s3.objects()).includes('far.zip'), JSON.stringify(await s3.objects()));
  assert.equal((await call('PATCH', '/api/settings', { backups: { s3: { enabled: false } } })).status, 200);
  assert.deepEqual(await keys(), ['near.zip']);
});
