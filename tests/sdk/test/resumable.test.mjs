// Resumable uploads with tus-js-client, whose result a record takes by the SDK: through kills, broken and silent
// connections, and rights that end on the way. Holdall only.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import PocketBase, { BaseAuthStore } from 'pocketbase';
import { FileUrlStorage, Upload } from 'tus-js-client';
import { peakMemoryMb, until } from '../../files/lib/places.mjs';
import { SUPERUSER, startServer } from '../../parity/lib/server.mjs';

const MB = 2 ** 20;
const CONTENT = randomBytes(50 * MB);
/** What an upload may cost; as for files that come in one request (`tests/files`). */
const GROWTH_MAX_MB = 24;

let server = await startServer('holdall');
after(() => server.stop());
const client = () => new PocketBase(server.url, new BaseAuthStore()).autoCancellation(false);
const root = client();
await root.collection('_superusers').authWithPassword(SUPERUSER.email, SUPERUSER.password);
const RULES = { listRule: '', viewRule: '', createRule: '@request.auth.id != "" && title != ""' };
await root.collections.create({ ...RULES, name: 'videos', fields: [
  { name: 'title', type: 'text' },
  { name: 'video', type: 'file', maxSize: 400 * MB },
] });
const ada = { email: 'ada@example.com', password: 'password-1', passwordConfirm: 'password-1' };
const pb = client();
await root.collection('users').create(ada);
await pb.collection('users').authWithPassword(ada.email, ada.password);

const headers = () => ({ Authorization: pb.authStore.token });
const metadata = { collection: 'videos', field: 'video', filename: 'Holiday.mp4' };

/** Sends `content` as far as `options` let it come; yields the upload, and the error that ended it if one did. */
function send(content, options) {
  return new Promise((ended) => {
    const upload = new Upload(content, {
      endpoint: pb.buildURL('/api/uploads'), metadata, retryDelays: null,
      onBeforeRequest: (asking) => asking.setHeader('Authorization', pb.authStore.token),
      onError: (error) => ended({ upload, error }),
      onSuccess: () => ended({ upload }),
      ...options,
    });
    upload.start();
  });
}

const call = (method, url, more = {}) => fetch(url, { method, headers: { ...headers(), 'Tus-Resumable': '1.0.0', ...more } });

/** Begins an upload of so many bytes and yields its address. */
async function begin(sizeBytes) {
  const encoded = Object.entries(metadata).map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`);
  const answer = await call('POST', `${server.url}/api/uploads`, { 'Upload-Length': sizeBytes, 'Upload-Metadata': encoded.join(',') });
  assert.equal(answer.status, 201);
  return server.url + answer.headers.get('location');
}

/** How far an upload has come. */
const offset = async (url) => Number((await call('HEAD', url)).headers.get('upload-offset') ?? NaN);

/** A request that announces a part of `sizeBytes` at the beginning of an upload, with nothing sent yet. */
function open(url, sizeBytes) {
  const sending = request(url, { method: 'PATCH', headers: {
    ...headers(), 'Tus-Resumable': '1.0.0', 'Upload-Offset': 0,
    'Content-Type': 'application/offset+octet-stream', 'Content-Length': sizeBytes,
  } });
  sending.on('error', () => {});
  const answered = new Promise((answer) => { sending.on('response', answer); });
  return { sending, answered, write: (bytes) => new Promise((written) => { sending.write(bytes, written); }) };
}

async function use(url, title) {
  const record = await pb.collection('videos').create({ title, video: `upload:${url.split('/').pop()}` });
  assert.match(record.video, /^holiday_[a-z0-9]{10}\.mp4$/);
  return Buffer.from(await (await fetch(pb.files.getURL(record, record.video))).arrayBuffer());
}

/** Ends the server as a power cut would, and starts it on another port. */
async function killAndRestart() {
  server = await server.killAndRestart();
  [pb, root].forEach((one) => { one.baseURL = server.url; });
}

/** Goes on with an upload of CONTENT that the server was killed in, and has a record take it. */
async function resume(url, title, options) {
  const there = await offset(url);
  assert.ok(there > 0 && there < CONTENT.length, `${there} bytes`);
  await assert.rejects(use(url, 'too early'), ({ response }) => response.data.video.code === 'validation_incomplete_upload');
  const sent = [];
  const { error } = await send(CONTENT, { uploadUrl: url, onProgress: (bytes) => sent.push(bytes), ...options });
  assert.equal(error, undefined);
  assert.ok(sent[0] >= there, 'nothing was sent twice');
  assert.equal(await offset(url), CONTENT.length);
  await assert.rejects(use(url, ''), ({ status }) => status === 400);
  assert.ok((await use(url, title)).equals(CONTENT), 'what was refused once is as it was');
  assert.equal((await call('HEAD', url)).status, 404);
}

test('an upload in parts of 4 MB goes on after the server was killed', async () => {
  let acknowledged = 0;
  let killed;
  const chunkSize = 4 * MB;
  const onChunkComplete = (_, accepted) => {
    acknowledged = accepted;
    if (accepted > CONTENT.length / 2) killed ??= killAndRestart();
  };
  const { upload, error } = await send(CONTENT, { chunkSize, onChunkComplete });
  await killed;
  assert.ok(error, 'it broke off');
  const url = server.url + new URL(upload.url).pathname;
  assert.ok(await offset(url) >= acknowledged);
  await resume(url, 'parts', { chunkSize });
});

test('an upload in one part goes on after the server was killed', async () => {
  const before = await begin(CONTENT.length);
  const { write } = open(before, CONTENT.length);
  await write(CONTENT.subarray(0, CONTENT.length / 2));
  await until(() => offset(before), (there) => there > CONTENT.length / 3, 'some of it is there');
  await killAndRestart();
  await resume(server.url + new URL(before).pathname, 'one part');
});

test('a client finds its earlier try by the file', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'holdall-test-tus-'));
  t.after(() => rm(folder, { recursive: true }));
  const options = {
    endpoint: pb.buildURL('/api/uploads'), metadata, headers: headers(), chunkSize: 4 * MB,
    urlStorage: new FileUrlStorage(join(folder, 'urls.json')), fingerprint: async () => 'holiday',
  };
  const first = await new Promise((stopped, failed) => {
    const upload = new Upload(CONTENT, {
      ...options, onError: failed, onChunkComplete: () => upload.abort().then(() => stopped(upload)),
    });
    upload.start();
  });
  const second = await new Promise((ended, failed) => {
    const upload = new Upload(CONTENT, { ...options, onError: failed, onSuccess: () => ended(upload) });
    upload.findPreviousUploads().then(([earlier]) => {
      upload.resumeFromPreviousUpload(earlier);
      upload.start();
    });
  });
  assert.equal(second.url, first.url);
  assert.ok((await use(second.url, 'found')).equals(CONTENT));
});

test('what came before a connection broke is kept', async () => {
  const url = await begin(CONTENT.length);
  const { sending, write } = open(url, CONTENT.length);
  await write(CONTENT.subarray(0, 3 * MB + 17));
  await until(() => offset(url), (there) => there >= 3 * MB, 'most of it is there');
  sending.destroy();
  await until(() => offset(url), (there) => there === 3 * MB + 17, 'all of it is there');
  // The broken request may still be at work for a moment; clients of the protocol try again by themselves.
  assert.equal((await send(CONTENT, { uploadUrl: url, retryDelays: Array(100).fill(100) })).error, undefined);
  assert.ok((await use(url, 'broken')).equals(CONTENT));
});

test('a connection that has gone silent makes room for another', async () => {
  const url = await begin(CONTENT.length);
  const silent = open(url, CONTENT.length);
  await silent.write(CONTENT.subarray(0, MB));
  await until(() => offset(url), (there) => there > MB / 2, 'some of it is there');
  const refused = [];
  const { error } = await send(CONTENT, {
    uploadUrl: url,
    retryDelays: Array(100).fill(100),
    onAfterResponse: (_, answer) => { if (answer.getStatus() >= 400) refused.push(answer.getStatus()); },
  });
  assert.equal(error, undefined);
  assert.ok(refused.every((status) => status === 423), `${refused}`);
  assert.equal((await silent.answered).statusCode, 423);
  assert.ok((await use(url, 'silent')).equals(CONTENT));
});

test('ending an upload stops whoever writes to it', async () => {
  const url = await begin(CONTENT.length);
  const writing = open(url, CONTENT.length);
  await writing.write(CONTENT.subarray(0, MB));
  await until(() => offset(url), (there) => there > MB / 2, 'some of it is there');
  assert.equal((await call('DELETE', url)).status, 204);
  assert.equal((await writing.answered).statusCode, 423);
  assert.equal((await call('HEAD', url)).status, 404);
});

test('who loses the right on the way is stopped in the middle of a part', async () => {
  const url = await begin(CONTENT.length);
  const { answered, write } = open(url, CONTENT.length);
  await write(CONTENT.subarray(0, MB));
  await until(() => offset(url), (there) => there > MB / 2, 'some of it is there');
  await root.collections.update('videos', { createRule: null });
  // The answer comes while this is still being sent.
  write(CONTENT.subarray(MB));
  assert.equal((await answered).statusCode, 403);
  assert.equal((await call('HEAD', url)).status, 403);
  await root.collections.update('videos', { createRule: RULES.createRule });
  assert.ok(await offset(url) < 20 * MB);
  assert.equal((await call('DELETE', url)).status, 204);
});

test('a large upload takes little memory', async () => {
  const sizeBytes = 256 * MB;
  const url = await begin(sizeBytes);
  const before = await peakMemoryMb(server.pid);
  const { sending, answered, write } = open(url, sizeBytes);
  for (let at = 0; at < sizeBytes; at += MB) await write(CONTENT.subarray(0, MB));
  sending.end();
  assert.equal((await answered).statusCode, 204);
  assert.equal((await pb.collection('videos').create({ title: 'large', video: `upload:${url.split('/').pop()}` })).title, 'large');
  const peak = await peakMemoryMb(server.pid);
  assert.ok(peak - before < GROWTH_MAX_MB, `${before} MB before, ${peak} MB after`);
});
