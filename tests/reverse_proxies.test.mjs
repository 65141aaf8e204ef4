// Runs real proxies, with the configuration of docs/reverse-proxies.md, in front of the program.
//
//   HOLDALL_BIN=target/debug/holdall node --test tests/reverse_proxies.test.mjs
//
// Needs caddy, nginx and traefik (TRAEFIK_BIN). Changed in the blocks of the page are the addresses, and for nginx the
// lines about certificates; everything else is as readers paste it.

import assert from 'node:assert/strict';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { Child, environment, folder, freePort, send, serve, signIn, until, webSocket } from './front/lib.mjs';
import { blocksOf, changed, startCaddy, startNginx, traefikProgram } from './front/proxies.mjs';

const block = blocksOf('docs/reverse-proxies.md');
const host = 'api.example.com';
const ports = {};
let superuser;

/** How much of unfinished uploads the server has. */
function spooled() {
  const uploads = join(folder, 'data/uploads');
  return readdirSync(uploads).reduce((sum, name) => sum + statSync(join(uploads, name)).size, 0);
}

/** A block with the server's address. */
const toServer = (info) => changed(block(info), '127.0.0.1:8090', `127.0.0.1:${ports.holdall}`);

async function startTraefik() {
  writeFileSync(join(folder, 'dynamic.yaml'), toServer('yaml'));
  const more = `providers:\n  file:\n    filename: ${join(folder, 'dynamic.yaml')}\nglobal:\n  checkNewVersion: false\n  sendAnonymousUsage: false\n`;
  writeFileSync(join(folder, 'static.yaml'), changed(block('yaml static'), ':80', `127.0.0.1:${ports.traefik}`) + more);
  await new Child(traefikProgram, [`--configFile=${join(folder, 'static.yaml')}`], environment()).listens(ports.traefik);
  // It listens before it has read its file.
  await until(() => 'traefik to have read its file', async () => (await send(ports.traefik, { host })).status !== 404);
}

before(async () => {
  for (const name of ['holdall', 'caddy', 'nginx', 'traefik']) ports[name] = await freePort();
  writeFileSync(join(folder, 'Rocket.toml'), block('toml'));
  await serve({ HOLDALL_HTTP: `127.0.0.1:${ports.holdall}`, ROCKET_CONFIG: join(folder, 'Rocket.toml') });
  superuser = await signIn(ports.holdall);
  const headers = { 'Content-Type': 'application/json', ...superuser };
  const fields = [{ name: 'text', type: 'text' }, { name: 'file', type: 'file', maxSize: 100 << 20 }];
  const rules = Object.fromEntries(['list', 'view', 'create'].map((rule) => [`${rule}Rule`, '']));
  const body = JSON.stringify({ name: 'notes', type: 'base', fields, ...rules });
  const made = await send(ports.holdall, { method: 'POST', path: '/api/collections', headers, body });
  assert.equal(made.status, 200, made.text);
  const caddy = changed(toServer('caddyfile'), `${host} {`, `http://${host}:${ports.caddy} {`);
  const nginx = changed(toServer('nginx'), 'listen 443 ssl;', `listen 127.0.0.1:${ports.nginx};`);
  await Promise.all([startCaddy(caddy, ports.caddy), startNginx(nginx, ports.nginx), startTraefik()]);
});

for (const proxy of ['caddy', 'nginx', 'traefik']) {
  describe(proxy, () => {
    const ask = (options = {}) => send(ports[proxy], { host, ...options });
    const post = (path, value) => ask({ method: 'POST', path, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) });

    test('requests are answered, and the host is passed on', async () => {
      assert.equal((await ask()).status, 200);
      // Only a page of the same host may use a cookie to change something.
      const own = { Origin: `https://${host}`, Cookie: '__Host-holdall_session=x', 'Content-Type': 'application/json' };
      assert.equal((await ask({ method: 'POST', path: '/api/collections/notes/records', headers: own, body: '{}' })).status, 200);
    });

    test('the server learns where requests come from, and no client can say otherwise', async () => {
      const headers = { ...superuser, 'X-Forwarded-For': '203.0.113.9', 'X-Real-IP': '203.0.113.9', Forwarded: 'for=203.0.113.9' };
      assert.equal((await ask({ headers, from: '127.0.0.7' })).json.data.realIP, '127.0.0.7');
      const straight = await send(ports.holdall, { headers, from: '127.0.0.8' });
      assert.equal(straight.json.data.realIP, '127.0.0.8', 'who is no proxy is not believed');
    });

    test('events arrive while the stream is open', async () => {
      let text = '';
      const stream = request({ port: ports[proxy], host: '127.0.0.1', path: '/api/realtime', headers: { Host: host } });
      stream.on('response', (answer) => answer.on('data', (part) => (text += part)).on('error', () => {}));
      stream.on('error', () => {});
      stream.end();
      await until(() => `the first event in ${text}`, () => text.includes('PB_CONNECT'));
      const { clientId } = JSON.parse(text.match(/data:(.*)/)[1]);
      const subscribed = await post('/api/realtime', { clientId, subscriptions: ['notes'] });
      assert.equal(subscribed.status, 204, subscribed.text);
      for (const word of ['one', 'two', 'three']) {
        await post('/api/collections/notes/records', { text: `${proxy} ${word}` });
        await until(() => `${word} in ${text}`, () => text.includes(`${proxy} ${word}`));
      }
      stream.destroy();
    });

    test('WebSockets are passed on, both ways', async () => {
      const socket = connect(ports[proxy], '127.0.0.1');
      socket.on('error', () => {});
      const ws = await webSocket(socket, host);
      // A ping, masked with zeros, is answered by a pong.
      socket.write(Buffer.from([0x89, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
      await until(() => 'a pong', () => ws.text().includes('\x8a\x02hi'));
      socket.destroy();
    });

    test('large uploads are passed on while they arrive', async () => {
      const content = Buffer.alloc(20 << 20, 'abcdefghijklmnopqrstuvwxyz');
      const tus = { 'Tus-Resumable': '1.0.0' };
      const metadata = Object.entries({ collection: 'notes', field: 'file', filename: 'a.txt' });
      const created = await ask({
        method: 'POST', path: '/api/uploads',
        headers: { ...tus, 'Upload-Length': content.length, 'Upload-Metadata': metadata.map(([name, text]) => `${name} ${Buffer.from(text).toString('base64')}`).join() },
      });
      assert.equal(created.status, 201, created.text);
      const path = new URL(created.headers.location, `https://${host}`).pathname;
      const sent = request({
        port: ports[proxy], host: '127.0.0.1', method: 'PATCH', path,
        headers: { Host: host, ...tus, 'Upload-Offset': 0, 'Content-Type': 'application/offset+octet-stream', 'Content-Length': content.length },
      });
      const answered = new Promise((done, failed) => sent.on('response', done).on('error', failed));
      sent.write(content.subarray(0, 10 << 20));
      // The server has some of it before the rest was sent.
      await until(() => 'the beginning', () => spooled() > 1 << 20);
      sent.end(content.subarray(10 << 20));
      const answer = await answered;
      assert.equal(answer.statusCode, 204);
      assert.equal(answer.headers['upload-offset'], `${content.length}`);
      answer.resume();
      const id = path.split('/').at(-1);
      const record = await post('/api/collections/notes/records', { file: `upload:${id}` });
      assert.equal(record.status, 200, record.text);
      const file = await ask({ path: `/api/files/notes/${record.json.id}/${record.json.file}` });
      assert.equal(file.text.length, content.length);
    });
  });
}
