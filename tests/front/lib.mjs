// A server with a front of its own for a test file, certificates for it, and short ways to talk to it.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';

export const repository = resolve(fileURLToPath(new URL('../..', import.meta.url)));
export const program = resolve(process.env.HOLDALL_BIN ?? join(repository, 'target/debug/holdall'));
export const password = 'correct horse';
/** Nothing takes this long; a test that waits for longer fails instead of hanging. */
const PATIENCE_MS = 60_000;

/** A folder for this file, which goes with it. */
export const folder = mkdtempSync(join(tmpdir(), 'holdall-test-front-'));
const children = [];
after(async () => {
  for (const child of children.reverse()) await child.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Looks again until `look` gives something; `what` is waited for. */
export async function until(what, look) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < deadline, `in vain waited for: ${what()}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

export function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** The variables of the person who runs the tests, without theirs for the program, and with these. */
export function environment(more) {
  const own = Object.entries(process.env).filter(([name]) => !/^(HOLDALL|ROCKET)_/.test(name));
  return { ...Object.fromEntries(own), NO_COLOR: '1', ...more };
}

/** A program that runs until the file ends, and what it says. */
export class Child {
  said = '';

  constructor(command, args, env) {
    this.process = spawn(command, args, { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const pipe of [this.process.stdout, this.process.stderr]) pipe.on('data', (text) => (this.said += text));
    this.process.on('error', (error) => (this.said += `${command}: ${error}`));
    children.push(this);
  }

  /** Waits until it has said this so many times. */
  says(pattern, times = 1) {
    return until(() => `${pattern} in:\n${this.said}`, () => {
      assert.equal(this.process.exitCode, null, `it ended: ${this.said}`);
      return (this.said.match(new RegExp(pattern, 'g')) ?? []).length >= times;
    });
  }

  /** Waits until its port takes connections. */
  listens(port) {
    return until(() => `port ${port}: ${this.said}`, () => {
      assert.equal(this.process.exitCode, null, `it ended: ${this.said}`);
      return new Promise((done) => {
        const socket = connect(port, '127.0.0.1', () => done(socket.destroy() && true));
        socket.on('error', () => done(false));
      });
    });
  }

  async stop(signal = 'SIGTERM') {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = new Promise((done) => this.process.once('exit', done));
    this.process.kill(signal);
    await ended;
  }
}

/** Starts the program; the data folder has a superuser. */
export async function serve(env, { data = join(folder, 'data'), args = [] } = {}) {
  const all = environment({ HOLDALL_SUPERUSER_EMAIL: 'root@example.com', HOLDALL_SUPERUSER_PASSWORD: password, ...env });
  const server = new Child(program, ['serve', '--data', data, ...args], all);
  await server.says('Data   ');
  server.data = data;
  return server;
}

/** An authority of one's own; `issue` gives certificates for names, as files. */
export function authority(name = 'authority') {
  const at = (file) => join(folder, file);
  mkdirSync(at(name));
  const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const [key, certificate] = [at(`${name}/ca.key`), at(`${name}/ca.pem`)];
  openssl('req', '-x509', ...newKey, '-keyout', key, '-out', certificate, '-subj', `/CN=${name}`, '-days', '2');
  let count = 0;
  return {
    file: certificate,
    issue(names, days = 1) {
      const file = at(`${name}/${(count += 1)}`);
      writeFileSync(`${file}.ext`, `subjectAltName=${names.map((name) => (/^[\d.]+$/.test(name) ? 'IP:' : 'DNS:') + name).join(',')}\n`);
      openssl('req', ...newKey, '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', '/CN=own');
      openssl('x509', '-req', '-in', `${file}.csr`, '-CA', certificate, '-CAkey', key, '-CAcreateserial', '-days', `${days}`, '-extfile', `${file}.ext`, '-out', `${file}.pem`);
      return { certificate: `${file}.pem`, key: `${file}.key` };
    },
  };
}

/** The certificate that is shown to whoever trusts only `ca`; undefined if there is none. */
export function shown(port, servername, ca) {
  return new Promise((done) => {
    const socket = connectTls({ port, host: '127.0.0.1', servername, ca }, () => {
      const certificate = socket.getPeerCertificate();
      socket.destroy();
      done(certificate);
    });
    socket.on('error', () => done(undefined));
  });
}

/** Sends a request by HTTP/1.1, or HTTPS if there is a `ca`; gives the whole answer. */
export function send(port, { ca, host = 'example.org', method = 'GET', path = '/api/health', headers = {}, body, from } = {}) {
  return new Promise((done, failed) => {
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const options = { port, method, path, host: '127.0.0.1', localAddress: from, headers: { Host: host, ...length, ...headers } };
    const sent = ca ? requestHttps({ ...options, ca, servername: host }) : requestHttp(options);
    sent.on('error', failed);
    sent.on('response', (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('error', failed);
      answer.on('end', () => done(read(answer.statusCode, answer.headers, Buffer.concat(parts).toString())));
    });
    sent.end(body);
  });
}

function read(status, headers, text) {
  const isJson = (headers['content-type'] ?? '').startsWith('application/json');
  return { status, headers, text, json: isJson && text ? JSON.parse(text) : undefined };
}

/** A connection of HTTP/2, whose `ask` gives whole answers and whose `open` gives streams. */
export async function http2(port, { ca, host = 'example.org', from } = {}) {
  // Node's client takes a socket that is connected already.
  const socket = connectTls({ port, host: '127.0.0.1', localAddress: from, servername: host, ca, ALPNProtocols: ['h2'] });
  await new Promise((done, failed) => socket.once('secureConnect', done).once('error', failed));
  assert.equal(socket.alpnProtocol, 'h2');
  const session = connectHttp2(`https://${host}`, { createConnection: () => socket });
  session.on('error', () => {});
  const open = (headers) => session.request({ ':path': '/api/health', ...headers });
  const ask = (headers = {}, body) => new Promise((done, failed) => {
    const stream = open({ ...(body !== undefined && { ':method': 'POST' }), ...headers });
    let [heads, text] = [undefined, ''];
    stream.on('response', (found) => (heads = found));
    stream.on('data', (part) => (text += part));
    stream.on('error', failed);
    stream.on('end', () => done(read(heads[':status'], heads, text)));
    stream.end(body);
  });
  return { session, open, ask, close: () => session.destroy() };
}

/** The headers of the superuser. */
export async function signIn(port, options = {}) {
  const body = JSON.stringify({ identity: 'root@example.com', password });
  const path = '/api/collections/_superusers/auth-with-password';
  const headers = { 'Content-Type': 'application/json' };
  const { json, text } = await send(port, { ...options, method: 'POST', path, headers, body });
  assert.ok(json?.token, text);
  return { Authorization: json.token };
}

/** Opens a WebSocket of realtime; gives its socket and what arrives on it. */
export async function webSocket(socket, host = 'example.org') {
  socket.write(`GET /api/realtime/ws HTTP/1.1\r\nHost: ${host}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
  let text = '';
  socket.on('data', (part) => (text += part.toString('latin1')));
  await until(() => `a WebSocket in ${text}`, () => text.includes('PB_CONNECT'));
  assert.match(text, /^HTTP\/1\.1 101 /);
  return { socket, text: () => text };
}
