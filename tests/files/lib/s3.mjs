// A real S3-compatible server, SeaweedFS, with a folder and ports of its own.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../parity/lib/server.mjs';

const REPOSITORY = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
const START_DEADLINE_MS = 60_000;
const BUCKET = 'holdall';
const KEYS = { accessKey: 'holdall-test', secretKey: 'holdall-test-secret' };

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Starts the server with an empty bucket; `environment` is what makes Holdall use it. */
export async function startS3() {
  const binary = process.env.WEED_BIN ?? join(REPOSITORY, '.venv-test/bin/weed');
  if (!existsSync(binary)) throw new Error(`There is no SeaweedFS at ${binary}; set WEED_BIN to its path.`);
  const dir = await mkdtemp(join(tmpdir(), 'holdall-test-s3-'));
  const config = { identities: [{ name: 'test', credentials: [KEYS], actions: ['Admin', 'Read', 'Write', 'List'] }] };
  await writeFile(join(dir, 's3.json'), JSON.stringify(config));
  const free = await freePorts(8);
  const parts = ['master', 'volume', 'filer', 's3'];
  const ports = Object.fromEntries(parts.map((part, at) => [part, { http: free[2 * at], grpc: free[2 * at + 1] }]));
  const portFlags = Object.entries(ports).flatMap(([part, { http, grpc }]) =>
    [`-${part}.port=${http}`, `-${part}.port.grpc=${grpc}`]);
  const child = spawn(binary, ['server', `-dir=${dir}`, '-ip=127.0.0.1', '-filer', '-s3', `-s3.config=${join(dir, 's3.json')}`,
    '-master.volumeSizeLimitMB=64', '-volume.max=50', '-s3.iam=false', '-master.telemetry=false',
    '-s3.port.iceberg=0', '-s3.port.lance=0', ...portFlags],
    { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output = (output + chunk).slice(-20_000); });
  const ended = new Promise((end) => child.on('close', () => { running.delete(child); end(); }));
  const buckets = `http://127.0.0.1:${ports.filer.http}/buckets/${BUCKET}`;
  const endpoint = `http://127.0.0.1:${ports.s3.http}`;
  const server = {
    environment: {
      HOLDALL_S3_BUCKET: BUCKET, HOLDALL_S3_ENDPOINT: endpoint, HOLDALL_S3_ACCESS_KEY: KEYS.accessKey,
      HOLDALL_S3_SECRET_KEY: KEYS.secretKey,
    },
    objects: () => list(buckets),
    put: async (key, body) => {
      const answer = await fetch(`${buckets}/${key}`, { method: 'PUT', body });
      if (!answer.ok) throw new Error(`${key} can't be put: ${answer.status}`);
    },
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!(await isReady(buckets, endpoint))) {
    if (Date.now() > deadline || child.exitCode !== null) {
      await server.stop();
      throw new Error(`SeaweedFS did not start:\n${output}`);
    }
    await new Promise((next) => setTimeout(next, 50));
  }
  return server;
}

/** Ports that were free a moment ago, no two the same. */
async function freePorts(count) {
  const found = new Set();
  while (found.size < count) found.add(await freePort());
  return [...found];
}

/** Whether it can store something: the bucket is a folder of its file server. */
async function isReady(buckets, endpoint) {
  try {
    const probe = `${buckets}/probe`;
    if (!(await fetch(probe, { method: 'PUT', body: 'x' })).ok) return false;
    if (!(await fetch(probe, { method: 'DELETE' })).ok) return false;
    return (await fetch(endpoint)).status < 500;
  } catch {
    return false;
  }
}

/** The keys of all objects, as the file server behind the bucket has them. */
async function list(folder, below = '') {
  const answer = await fetch(`${folder}/${below}?limit=10000`, { headers: { Accept: 'application/json' } });
  if (answer.status === 404) return [];
  const found = [];
  for (const entry of (await answer.json()).Entries ?? []) {
    const name = entry.FullPath.split('/').pop();
    // The highest bit of Go's file mode marks folders; uploads in parts are kept below one of the server's own.
    if (entry.Mode >= 2 ** 31) {
      if (name !== '.uploads') found.push(...await list(folder, `${below}${name}/`));
    } else {
      found.push(`${below}${name}`);
    }
  }
  return found.sort();
}
