// Runs real proxies, with the configuration of docs/forward-auth.md, in front of a service that shows what it was sent.
//
//   HOLDALL_BIN=target/debug/holdall node --test tests/forward_auth.test.mjs
//
// Needs caddy, nginx and traefik (TRAEFIK_BIN). Changed in the blocks of the page are the addresses, and for nginx the
// lines about certificates; everything else is as readers paste it.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Child, environment, folder, freePort, password, send, serve, signIn, until } from './front/lib.mjs';
import { blocksOf, changed, startCaddy, startNginx, traefikProgram } from './front/proxies.mjs';

const block = blocksOf('docs/forward-auth.md');
const ports = {};
let service;

/** A block with the addresses of the server and of the service. */
function toBoth(info) {
  const text = changed(block(info), '127.0.0.1:8090', `127.0.0.1:${ports.holdall}`);
  return changed(text, '127.0.0.1:3000', `127.0.0.1:${ports.service}`);
}

/** Asks for a page of the service, by way of whatever listens on this port. */
const visit = (port, options) => send(port, { host: 'wiki.example.com', path: '/page?a=1&b=2', ...options });

async function api(method, path, body, headers = {}) {
  const json = { 'Content-Type': 'application/json', ...headers };
  const answer = await visit(ports.holdall, { method, path, headers: json, body: JSON.stringify(body) });
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
}

/** Signs in and returns both cookies by name. */
async function cookiesOf(collection, identity) {
  const path = `/api/collections/${collection}/auth-with-password?session=cookie`;
  const { headers } = await api('POST', path, { identity, password });
  return Object.fromEntries(headers['set-cookie'].map((text) => text.split(';')[0].split('=')));
}

function startTraefik() {
  writeFileSync(join(folder, 'dynamic.yaml'), toBoth('yaml'));
  return new Child(traefikProgram, [
    `--entryPoints.web.address=127.0.0.1:${ports.traefik}`,
    `--providers.file.filename=${join(folder, 'dynamic.yaml')}`,
    '--global.checkNewVersion=false',
    '--global.sendAnonymousUsage=false',
  ], environment()).listens(ports.traefik);
}

before(async () => {
  for (const name of ['holdall', 'service', 'caddy', 'nginx', 'traefik']) ports[name] = await freePort();
  await serve({
    HOLDALL_HTTP: `127.0.0.1:${ports.holdall}`,
    HOLDALL_PUBLIC_URL: 'http://auth.example.com',
    HOLDALL_FORWARD_AUTH_DOMAIN: 'example.com',
  });
  const root = await signIn(ports.holdall);
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

  let caddy = toBoth('caddyfile');
  for (const host of ['wiki', 'auth']) {
    caddy = changed(caddy, `${host}.example.com {`, `http://${host}.example.com:${ports.caddy} {`);
  }
  await startCaddy(caddy, ports.caddy);
  await startNginx(changed(toBoth('nginx'), 'listen 443 ssl;', `listen 127.0.0.1:${ports.nginx};`), ports.nginx);
  await startTraefik();
  // It listens before it has read its file.
  await until(() => 'traefik to have read its file', async () => (await visit(ports.traefik)).status !== 404);
});

after(() => {
  service?.close();
  service?.closeAllConnections();
});

const forged = { 'X-Auth-Id': 'forged', 'X-Auth-Collection': 'forged', 'X-Auth-Email': 'forged@example.com' };
const window = { Accept: 'text/html' };

for (const proxy of ['caddy', 'nginx', 'traefik']) {
  describe(proxy, () => {
    const ask = (options) => visit(ports[proxy], options);

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
      const cookies = await cookiesOf('people', 'people@example.com');
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
      const guest = await visit(ports.holdall, { path: '/api/session', headers: { Cookie } });
      assert.equal(JSON.parse(guest.text).credential, 'none');

      const own = { Cookie: `holdall_session=${cookies.holdall_session}`, 'Sec-Fetch-Site': 'same-origin' };
      await api('POST', '/api/session/logout', {}, own);
      assert.equal((await ask({ headers: { ...window, Cookie } })).status, 302);
    });

    test('accounts of other collections do not pass', async () => {
      const cookies = await cookiesOf('others', 'others@example.com');
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
