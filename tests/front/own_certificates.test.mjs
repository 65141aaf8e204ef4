// HTTPS with certificate files of one's own: both versions of HTTP, what is new and what is broken, who the peer is.
//
//   HOLDALL_BIN=target/debug/holdall node --test tests/front/own_certificates.test.mjs

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { authority, environment, folder, freePort, http2, program, send, serve, shown, signIn, until, webSocket } from './lib.mjs';

const own = authority();
const ca = readFileSync(own.file);
const [certificate, key] = [join(folder, 'tls.pem'), join(folder, 'tls.key')];
const ports = {};
let server;
let root;

/** Puts the files of a new certificate in place of those in use. */
function replace(made = own.issue(['example.org', 'other.example.org'])) {
  copyFileSync(made.key, key);
  copyFileSync(made.certificate, certificate);
}

const serial = async () => (await shown(ports.https, 'example.org', ca))?.serialNumber;
/** Waits until another certificate than this is shown. */
const other = (than) => until(() => `another certificate than ${than}`, async () => ![undefined, than].includes(await serial()));

before(async () => {
  for (const name of ['https', 'http']) ports[name] = await freePort();
  replace();
  server = await serve({
    HOLDALL_TLS_CERT_FILE: certificate,
    HOLDALL_TLS_KEY_FILE: key,
    HOLDALL_HTTPS: `127.0.0.1:${ports.https}`,
    HOLDALL_HTTP: `127.0.0.1:${ports.http}`,
    HOLDALL_PUBLIC_URL: `https://example.org:${ports.https}`,
    HOLDALL_HSTS_SECONDS: '3600',
  });
  root = await signIn(ports.https, { ca });
  const fields = [{ name: 'file', type: 'file', maxSize: 100 << 20 }, { name: 'text', type: 'text' }];
  const rules = Object.fromEntries(['list', 'view', 'create'].map((rule) => [`${rule}Rule`, '']));
  const body = JSON.stringify({ name: 'notes', type: 'base', fields, ...rules });
  const headers = { 'Content-Type': 'application/json', ...root };
  const made = await send(ports.https, { ca, method: 'POST', path: '/api/collections', headers, body });
  assert.equal(made.status, 200, made.text);
});

test('the welcome shows the public address', () => {
  assert.match(server.said, new RegExp(`API +https://example\\.org:${ports.https}/api/`));
});

test('both versions of HTTP are answered over TLS, and both versions of TLS are spoken', async () => {
  const one = await send(ports.https, { ca });
  assert.equal(one.status, 200);
  assert.equal(one.headers['strict-transport-security'], 'max-age=3600');
  const two = await http2(ports.https, { ca });
  const answers = await Promise.all(Array.from({ length: 50 }, () => two.ask()));
  assert.ok(answers.every(({ status, json }) => status === 200 && json.code === 200));
  assert.equal((await two.ask({ ':path': '/api/missing' })).status, 404);
  two.close();
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const socket = connectTls({ port: ports.https, host: '127.0.0.1', servername: 'example.org', ca, minVersion: version, maxVersion: version });
    await new Promise((done, failed) => socket.once('secureConnect', done).once('error', failed));
    assert.equal(socket.getProtocol(), version);
    socket.destroy();
  }
});

test('plain HTTP leads to HTTPS, and to no host that the request names', async () => {
  for (const [host, method] of [['example.org', 'GET'], ['evil.example', 'GET'], ['evil.example', 'POST']]) {
    const { status, headers } = await send(ports.http, { host, method, path: '/api/health?a=1&b=%20' });
    assert.equal(status, 308);
    assert.equal(headers.location, `https://example.org:${ports.https}/api/health?a=1&b=%20`);
    assert.equal(headers['strict-transport-security'], undefined);
  }
});

test('cookies of sessions are for HTTPS only', async () => {
  const path = '/api/collections/_superusers/auth-with-password?session=cookie';
  const body = JSON.stringify({ identity: 'root@example.com', password: 'correct horse' });
  const { headers } = await send(ports.https, { ca, method: 'POST', path, headers: { 'Content-Type': 'application/json' }, body });
  const [cookie] = headers['set-cookie'];
  assert.match(cookie, /^__Host-holdall_session=.*; Secure/);
  // HTTP/2 clients may send cookies one by one.
  const two = await http2(ports.https, { ca });
  const me = await two.ask({ ':path': '/api/collections/_superusers/records', cookie: ['a=1', cookie.split(';')[0]] });
  assert.equal(me.status, 200, me.text);
  two.close();
});

test('each client is known by its own address, whoever shares the connections behind the front', async () => {
  const [one, two] = [await http2(ports.https, { ca, from: '127.0.0.2' }), await http2(ports.https, { ca, from: '127.0.0.3' })];
  const addressOf = async (asking) => (await asking).json.data.realIP;
  for (let round = 0; round < 20; round += 1) {
    const found = await Promise.all([
      addressOf(one.ask(root)),
      addressOf(two.ask(root)),
      addressOf(send(ports.https, { ca, headers: root, from: '127.0.0.4' })),
      addressOf(one.ask(root)),
    ]);
    assert.deepEqual(found, ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.2']);
  }
  one.close();
  two.close();
});

test('nobody comes in past the front', async () => {
  const inner = innerPort(server.process.pid, [ports.https, ports.http]);
  for (const [method, path] of [['GET', '/api/health'], ['POST', '/api/collections/notes/records'], ['OPTIONS', '/'], ['DELETE', '/_/strangers']]) {
    const { status, text } = await send(inner, { method, path, headers: root });
    assert.equal(status, 403, `${method} ${text}`);
  }
  const { json } = await send(ports.https, { ca, path: '/api/collections/notes/records' });
  assert.equal(json.totalItems, 0);
});

/** The port that the program listens on besides these. */
function innerPort(pid, known) {
  const inodes = spawnSync('sh', ['-c', `ls -l /proc/${pid}/fd`]).stdout.toString().match(/socket:\[\d+\]/g).map((text) => text.slice(8, -1));
  const lines = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1).map((line) => line.trim().split(/\s+/));
  const listening = lines.filter((line) => line[3] === '0A' && inodes.includes(line[9]));
  const found = listening.map((line) => parseInt(line[1].split(':')[1], 16)).filter((port) => !known.includes(port));
  assert.equal(found.length, 1);
  return found[0];
}

test('a body has one end, whatever is said of it', async () => {
  const body = '{"text":"whole"}';
  const hidden = 'POST /api/collections/notes/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{"text":"hidden"}';
  for (const lengths of [['Content-Length: 4', 'Transfer-Encoding: chunked'], ['Transfer-Encoding: chunked', 'Content-Length: 200']]) {
    const socket = connectTls({ port: ports.https, host: '127.0.0.1', servername: 'example.org', ca });
    let text = '';
    socket.on('data', (part) => (text += part));
    const closed = new Promise((done) => socket.on('close', done).on('error', done));
    const head = ['POST /api/collections/notes/records HTTP/1.1', 'Host: example.org', 'Connection: close', 'Content-Type: application/json', ...lengths];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n${hidden}`);
    await closed;
    assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1, text);
    assert.match(text, /^HTTP\/1\.1 (200 [^]*"text":"whole"|400 )/);
  }
  const { json } = await send(ports.https, { ca, path: `/api/collections/notes/records?filter=${encodeURIComponent('text = "hidden"')}` });
  assert.equal(json.totalItems, 0);
});

test('events and WebSockets come through at once', async () => {
  const two = await http2(ports.https, { ca });
  const stream = two.open({ ':path': '/api/realtime' });
  let text = '';
  stream.on('data', (part) => (text += part));
  await until(() => `an event in ${text}`, () => text.includes('PB_CONNECT'));
  const { clientId } = JSON.parse(text.match(/data:(.*)/)[1]);
  const subscribed = await two.ask({ ':path': '/api/realtime', 'content-type': 'application/json' }, JSON.stringify({ clientId, subscriptions: ['notes'] }));
  assert.equal(subscribed.status, 204, subscribed.text);
  const socket = connectTls({ port: ports.https, host: '127.0.0.1', servername: 'example.org', ca });
  const ws = await webSocket(socket);
  await two.ask({ ':path': '/api/collections/notes/records', 'content-type': 'application/json' }, '{"text":"heard"}');
  await until(() => `the change in ${text}`, () => text.includes('"heard"'));
  ws.socket.destroy();
  two.close();
});

test('large bodies stream both ways, over both versions of HTTP', async () => {
  const content = Buffer.alloc(20 << 20, 'abcdefghijklmnopqrstuvwxyz');
  const form = Buffer.concat([
    Buffer.from('--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'),
    content, Buffer.from('\r\n--x--\r\n'),
  ]);
  const two = await http2(ports.https, { ca });
  const path = '/api/collections/notes/records';
  const headers = { 'content-type': 'multipart/form-data; boundary=x' };
  const [a, b] = [
    await send(ports.https, { ca, method: 'POST', path, headers: { ...headers, Expect: '100-continue' }, body: form }),
    await two.ask({ ':path': path, ...headers }, form),
  ];
  for (const { status, json, text } of [a, b]) {
    assert.equal(status, 200, text);
    const file = `/api/files/notes/${json.id}/${json.file}`;
    for (const answer of [await send(ports.https, { ca, path: file }), await two.ask({ ':path': file })]) {
      assert.ok(Buffer.from(answer.text).equals(content));
    }
    const part = await two.ask({ ':path': file, range: 'bytes=0-9' });
    assert.deepEqual([part.status, part.text], [206, 'abcdefghij']);
    const head = await send(ports.https, { ca, method: 'HEAD', path: file });
    assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, `${content.length}`, '']);
    const known = await two.ask({ ':path': file, 'if-none-match': head.headers.etag });
    assert.deepEqual([known.status, known.text], [304, '']);
  }
  two.close();
});

test('new certificates are shown without a restart, broken ones never', async () => {
  const first = await serial();
  replace();
  server.process.kill('SIGHUP');
  await other(first);
  const second = await serial();
  writeFileSync(certificate, 'nonsense');
  server.process.kill('SIGHUP');
  await server.says('can\'t be used: .*The certificate from before stays\\.');
  assert.equal(await serial(), second);
  // Without a signal, too.
  replace();
  await other(second);
  // Another key than the certificate's.
  const third = await serial();
  copyFileSync(own.issue(['example.org']).key, key);
  server.process.kill('SIGHUP');
  await server.says('The certificate from before stays\\.', 2);
  assert.equal(await serial(), third);
  assert.equal((await send(ports.https, { ca })).status, 200);
});

test('a program that can\'t use its certificate says so and doesn\'t start', () => {
  for (const [cert, part] of [['missing.pem', 'can\'t be read'], [key, 'can\'t be used']]) {
    const env = environment({ HOLDALL_TLS_CERT_FILE: cert, HOLDALL_TLS_KEY_FILE: key, HOLDALL_HTTPS: '127.0.0.1:0', HOLDALL_PUBLIC_URL: 'https://example.org' });
    const { status, stderr } = spawnSync(program, ['serve', '--data', join(folder, 'other')], { env, cwd: folder, encoding: 'utf8' });
    assert.equal(status, 1);
    assert.ok(stderr.includes(part), stderr);
    const checked = spawnSync(program, ['config', 'check'], { env, cwd: folder, encoding: 'utf8' });
    assert.ok(checked.status === 1 && checked.stderr.includes(part), checked.stderr);
  }
});

test('the program ends when it is told to, whatever is open', async () => {
  const two = await http2(ports.https, { ca });
  const stream = two.open({ ':path': '/api/realtime' });
  stream.on('error', () => {});
  await new Promise((done) => stream.once('data', done));
  const half = connectTls({ port: ports.https, host: '127.0.0.1', servername: 'example.org', ca });
  half.on('error', () => {});
  await new Promise((done) => half.once('secureConnect', done));
  half.write('GET / HTTP/1.1\r\n');
  await server.stop();
  assert.equal(server.process.exitCode, 0, server.said);
  assert.doesNotMatch(server.said, /panicked/);
});
