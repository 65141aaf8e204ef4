// Certificates by ACME, from a real issuer for tests (pebble) that believes only what it finds over HTTP.
//
//   HOLDALL_BIN=target/debug/holdall node --test tests/front/acme.test.mjs

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { Child, authority, environment, folder, freePort, http2, program, send, serve, shown, until } from './lib.mjs';

const issuers = authority('issuers');
const ca = readFileSync(issuers.file);
const ports = {};

before(async () => {
  for (const name of ['http', 'https', 'dns', 'names', 'unused']) ports[name] = await freePort();
  // All names lead here.
  new Child('pebble-challtestsrv', [
    '-dns01', `127.0.0.1:${ports.dns}`, '-management', `127.0.0.1:${ports.names}`,
    '-defaultIPv6', '', '-http01', '', '-https01', '', '-tlsalpn01', '',
  ], environment());
});

/** An issuer whose certificates are good for so long; it looks for proofs at the program's port for HTTP. */
async function issuer(seconds = 90 * 86_400) {
  const [directory, management] = [await freePort(), await freePort()];
  const own = issuers.issue(['localhost']);
  const file = join(folder, `pebble-${directory}.json`);
  writeFileSync(file, JSON.stringify({ pebble: {
    listenAddress: `127.0.0.1:${directory}`, managementListenAddress: `127.0.0.1:${management}`,
    certificate: own.certificate, privateKey: own.key, httpPort: ports.http, tlsPort: ports.unused,
    ocspResponderURL: '', externalAccountBindingRequired: false, certificateValidityPeriod: seconds,
  } }));
  // One nonce in fifty is refused, as a client must be prepared for; more, and now and then a whole order would be.
  const env = environment({ PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '2', PEBBLE_AUTHZREUSE: '0' });
  const child = new Child('pebble', ['-config', file, '-dnsserver', `127.0.0.1:${ports.dns}`, '-strict'], env);
  await Promise.all([child.listens(directory), child.listens(management)]);
  const root = (await send(management, { ca, host: 'localhost', path: '/roots/0' })).text;
  const orders = () => (child.said.match(/There are now \d+ orders in the db/g) ?? []).length;
  return { child, root, orders, url: `https://localhost:${directory}/dir` };
}

const names = (path, body) => send(ports.names, { method: 'POST', path, body: JSON.stringify(body) });

let running;

/** Starts the program for these names; what runs of an earlier test that failed is stopped. */
async function start(from, data, more = {}, domains = ['example.org', 'www.example.org']) {
  await running?.stop();
  const env = {
    HOLDALL_HTTP: `127.0.0.1:${ports.http}`, HOLDALL_HTTPS: `127.0.0.1:${ports.https}`,
    HOLDALL_ACME_DIRECTORY_URL: from.url, HOLDALL_ACME_EMAIL: 'ada@example.org', HOLDALL_ACME_CA_FILE: issuers.file, ...more,
  };
  running = await serve(env, { data: join(folder, data), args: domains.flatMap((domain) => ['--domain', domain]) });
  return running;
}

const certificate = (from, name = 'example.org') => shown(ports.https, name, from.root);
/** Waits for a certificate that is trusted, and isn't this one. */
const another = (server, from, than) => until(() => `a certificate: ${server.said}`, async () => {
  const found = await certificate(from);
  return found && found.serialNumber !== than ? found : undefined;
});
const stored = (data, name) => join(folder, data, 'certificates', name);

describe('an issuer that can be reached', () => {
  let from;
  let first;
  before(async () => {
    from = await issuer();
  });

  test('a certificate for all names is got, kept and served', async () => {
    const server = await start(from, 'got');
    first = await another(server, from);
    assert.equal(first.subjectaltname.split(', ').sort().join(), 'DNS:example.org,DNS:www.example.org');
    assert.equal((await send(ports.https, { ca: from.root })).status, 200);
    const two = await http2(ports.https, { ca: from.root, host: 'www.example.org' });
    assert.equal((await two.ask()).status, 200);
    two.close();
    const { status, headers } = await send(ports.http, { host: 'www.example.org', path: '/a?b=c' });
    assert.deepEqual([status, headers.location], [308, `https://www.example.org:${ports.https}/a?b=c`]);
    assert.equal((await send(ports.http, { path: '/.well-known/acme-challenge/unknown' })).status, 404);
    assert.match(server.said, new RegExp(`API +https://example\\.org:${ports.https}/api/`));

    const kept = join(folder, 'got/certificates');
    assert.equal(statSync(kept).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(kept).sort(), ['account.json', 'certificate.pem', 'issuer.txt']);
    for (const name of readdirSync(kept)) assert.equal(statSync(join(kept, name)).mode & 0o777, 0o600, name);
    const key = readFileSync(stored('got', 'certificate.pem'), 'utf8').split('\n')[1];
    assert.ok(!server.said.includes(key) && !server.said.includes('PRIVATE'));
    await server.stop();
    assert.equal(from.orders(), 1);
  });

  test('after a restart it is served at once, and nothing is ordered', async () => {
    const server = await start(from, 'got');
    const found = await certificate(from);
    assert.equal(found?.serialNumber, first.serialNumber, server.said);
    assert.equal(from.orders(), 1);
    await server.stop();
  });

  test('another name needs another certificate, from the same account', async () => {
    const account = readFileSync(stored('got', 'account.json'), 'utf8');
    const server = await start(from, 'got', {}, ['example.org', 'api.example.org']);
    const found = await another(server, from, first.serialNumber);
    assert.equal(found.subjectaltname.split(', ').sort().join(), 'DNS:api.example.org,DNS:example.org');
    assert.equal(readFileSync(stored('got', 'account.json'), 'utf8'), account);
    await server.stop();
  });

  test('so does another issuer, whose account is another, too', async () => {
    const elsewhere = await issuer();
    const account = readFileSync(stored('got', 'account.json'), 'utf8');
    const server = await start(elsewhere, 'got', {}, ['example.org', 'api.example.org']);
    await another(server, elsewhere);
    assert.notEqual(readFileSync(stored('got', 'account.json'), 'utf8'), account);
    await server.stop();
    await elsewhere.child.stop();
  });

  test('a backup holds no key', async () => {
    const server = await start(from, 'got', {}, ['example.org', 'api.example.org']);
    await server.stop();
    const data = join(folder, 'got');
    execFileSync(program, ['--data', data, 'backup', 'create', 'kept.zip'], { env: environment(), cwd: folder });
    const archive = readFileSync(join(data, 'backups/kept.zip'), 'latin1');
    assert.ok(archive.includes('manifest.json') && !archive.includes('certificates') && !archive.includes('certificate.pem'));
    // And what a restoration replaces isn't the certificate.
    const before = readFileSync(stored('got', 'certificate.pem'), 'utf8');
    execFileSync(program, ['--data', data, 'backup', 'restore', 'kept.zip', '--yes'], { env: environment(), cwd: folder });
    assert.equal(readFileSync(stored('got', 'certificate.pem'), 'utf8'), before);
  });
});

test('a certificate is replaced while the program runs when a third of its life is left', async () => {
  const from = await issuer(20);
  const server = await start(from, 'renewed');
  const first = await another(server, from);
  const second = await another(server, from, first.serialNumber);
  assert.ok(new Date(second.valid_to) > new Date(first.valid_to));
  assert.equal((await send(ports.https, { ca: from.root })).status, 200);
  await server.stop();
  await from.child.stop();
});

test('a failure is explained, and the next attempt waits, also after a restart', async () => {
  const from = await issuer();
  // Nobody listens there.
  await names('/add-a', { host: 'lost.example.org', addresses: ['127.0.0.9'] });
  const domains = ['example.org', 'lost.example.org'];
  let server = await start(from, 'failed', {}, domains);
  await server.says('no certificate for example\\.org, lost\\.example\\.org: .*lost\\.example\\.org: .*port 80 be open.*The next attempt is at');
  const { failures, again, reason } = JSON.parse(readFileSync(stored('failed', 'attempts.json'), 'utf8'));
  assert.equal(failures, 1);
  assert.ok(Date.parse(again) > Date.now());
  assert.match(reason, /lost\.example\.org/);
  // Meanwhile, whoever comes by HTTP is told to wait, and HTTPS isn't there.
  const { status, headers } = await send(ports.http);
  assert.equal(status, 503);
  assert.ok(Number(headers['retry-after']) > 0);
  assert.equal(await certificate(from), undefined);
  await server.stop();
  const orders = from.orders();
  assert.equal(orders, 1);

  server = await start(from, 'failed', {}, domains);
  await server.says('no certificate is ordered before .* because the last attempt failed: .*lost\\.example\\.org');
  assert.equal(from.orders(), orders);
  await server.stop();

  // Whoever has mended it needn't wait.
  await names('/clear-a', { host: 'lost.example.org' });
  rmSync(stored('failed', 'attempts.json'));
  server = await start(from, 'failed', {}, domains);
  await another(server, from);
  assert.ok(!existsSync(stored('failed', 'attempts.json')));
  await server.stop();
  await from.child.stop();
});

test('an issuer that can\'t be reached is a failure like any other', async () => {
  const from = { url: `https://localhost:${ports.unused}/dir` };
  for (const [more, part] of [
    [{}, 'there is no account at the issuer'],
    [{ HOLDALL_ACME_CA_FILE: join(folder, 'missing.pem') }, 'acme_ca_file: .*missing\\.pem can\'t be used'],
  ]) {
    const server = await start(from, `unreached-${part.length}`, more);
    await server.says(`no certificate for .*${part}.*The next attempt is at`);
    assert.equal((await send(ports.http)).status, 503);
    await server.stop();
  }
});

test('what is stored and of no use is replaced', async () => {
  const from = await issuer();
  mkdirSync(join(folder, 'broken/certificates'), { recursive: true });
  for (const name of ['account.json', 'certificate.pem', 'issuer.txt', 'attempts.json']) writeFileSync(stored('broken', name), 'nonsense');
  const server = await start(from, 'broken');
  await another(server, from);
  assert.match(server.said, /the stored certificate is of no use/);
  await server.stop();
});
