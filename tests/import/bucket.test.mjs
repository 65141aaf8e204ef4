// A PocketBase that keeps its files in a bucket of a real S3-compatible server.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startS3 } from '../files/lib/s3.mjs';
import { holdall, startIn } from '../parity/lib/server.mjs';
import { comparable, makeFolder, observe, VERSIONS } from './lib/pocketbase.mjs';

describe('files in a bucket', () => {
  let s3, made, dir, objects;

  before(async () => {
    s3 = await startS3();
    const { HOLDALL_S3_BUCKET: bucket, HOLDALL_S3_ENDPOINT: endpoint, HOLDALL_S3_ACCESS_KEY: accessKey, HOLDALL_S3_SECRET_KEY: secret } = s3.environment;
    const settings = { s3: { enabled: true, bucket, endpoint, accessKey, secret, region: 'us-east-1', forcePathStyle: true } };
    made = await makeFolder(VERSIONS.at(-1), { settings });
    dir = await mkdtemp(join(tmpdir(), 'holdall-test-bucket-'));
    objects = await s3.objects();
    assert.ok(objects.length >= 4, `they are in the bucket: ${objects}`);
  });
  after(async () => {
    await made?.remove();
    await s3?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const run = async (name, environment, ...flags) => {
    const report = join(dir, `${name}.json`);
    const ended = await holdall(['import', 'pocketbase', made.folder, '--data', join(dir, name, 'data'), '--report', report, ...flags], environment);
    return { ...ended, report: JSON.parse(await readFile(report, 'utf8')) };
  };
  const compare = async (name, environment) => {
    const server = await startIn(join(dir, name), 'holdall', environment);
    try {
      const seen = await observe(server.url, made.memory.superuserToken);
      assert.deepEqual(comparable(seen).files, comparable(made.seen).files);
      const checked = await holdall(['files', 'check', '--data', join(dir, name, 'data')], environment);
      assert.equal(checked.code, 0, checked.output);
    } finally {
      await server.halt();
    }
  };

  test('nobody is talked to unless somebody says so', async () => {
    const { code, report, stdout } = await run('left', {});
    assert.equal(code, 1);
    assert.deepEqual([report.files.taken, report.files.missing], [0, 4]);
    assert.match(stdout, /weren't fetched.*--fetch-files/);
    assert.doesNotMatch(stdout + JSON.stringify(report), /holdall-test-secret/);
  });

  test('they are fetched into the data folder', async () => {
    const { code, report, output } = await run('local', {}, '--fetch-files');
    assert.equal(code, 0, output);
    assert.equal(report.files.taken, 4);
    await compare('local', {});
  });

  test('in the bucket that is ours they stay where they are', async () => {
    const { code, report, output } = await run('same', s3.environment, '--fetch-files');
    assert.equal(code, 0, output);
    assert.equal(report.files.taken, 4);
    assert.deepEqual(await s3.objects(), objects);
    await compare('same', s3.environment);
  });
});
