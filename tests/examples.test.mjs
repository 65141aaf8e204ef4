// Runs the examples as their readers would, against a fresh server.
//
//   HOLDALL_BIN=target/debug/holdall node --test tests/examples.test.mjs

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = resolve(fileURLToPath(new URL('..', import.meta.url)));
const program = resolve(process.env.HOLDALL_BIN ?? join(repository, 'target/debug/holdall'));
const example = join(repository, 'examples/server-rendered');
const folder = mkdtempSync(join(tmpdir(), 'holdall-test-examples-'));
const password = 'correct horse';
const children = [];
let holdall;
let site;

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** Starts a program and waits until it answers. */
async function start(command, args, url, env) {
  const child = spawn(command, args, { env, stdio: 'ignore' });
  children.push(child);
  const deadline = Date.now() + 30_000;
  for (;;) {
    assert.equal(child.exitCode, null, `${command} ended while it started`);
    assert.ok(Date.now() < deadline, `${command} did not answer in time`);
    const answer = await fetch(url).catch(() => null);
    await answer?.text();
    if (answer) return;
    await new Promise((done) => setTimeout(done, 50));
  }
}

async function api(path, body, headers = {}) {
  const options = { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) };
  const answer = await fetch(holdall + path, options);
  assert.ok(answer.ok, `${path}: ${await answer.clone().text()}`);
  return answer;
}

before(async () => {
  const [first, second] = [await freePort(), await freePort()];
  [holdall, site] = [`http://127.0.0.1:${first}`, `http://127.0.0.1:${second}`];
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HOLDALL|ROCKET)_/.test(name)));
  const data = join(folder, 'data');
  execFileSync(program, ['superuser', 'create', 'root@example.com', password, '--data', data], { env: clean });
  await start(program, ['serve', '--http', `127.0.0.1:${first}`, '--data', data], `${holdall}/api/health`, clean);
  const signedIn = await api('/api/collections/_superusers/auth-with-password', { identity: 'root@example.com', password });
  const root = { Authorization: (await signedIn.json()).token };
  const readme = readFileSync(join(example, 'README.md'), 'utf8');
  const collection = JSON.parse(/^```json\n([\s\S]*?)^```$/m.exec(readme)[1]);
  await api('/api/collections', collection, root);
  for (const name of ['ada', 'bob']) {
    const person = { email: `${name}@example.com`, password, passwordConfirm: password };
    await api('/api/collections/users/records', person, root);
  }
  await start(process.execPath, [join(example, 'server.mjs')], site, { ...clean, HOLDALL: holdall, PORT: `${second}` });
});

after(async () => {
  for (const child of children.reverse()) {
    if (child.exitCode === null && child.kill('SIGTERM')) await new Promise((done) => child.once('exit', done));
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Signs in and returns the cookie as a browser would send it. */
async function signIn(name) {
  const form = { identity: `${name}@example.com`, password };
  const answer = await api('/api/collections/users/auth-with-password?session=cookie', form);
  return answer.headers.getSetCookie()[0].split(';')[0];
}

async function open(Cookie) {
  const answer = await fetch(site, { headers: { Cookie } });
  assert.equal(answer.status, 200);
  const text = await answer.text();
  return { text, csrf: /name="csrf" value="([^"]+)"/.exec(text)?.[1] };
}

/** Sends a form of the site. */
function send(path, Cookie, fields, headers = {}) {
  const body = new URLSearchParams(fields);
  return fetch(site + path, { method: 'POST', headers: { Cookie, Origin: site, ...headers }, body, redirect: 'manual' });
}

test('guests see a way to sign in and nothing else', async () => {
  const { text, csrf } = await open('');
  const address = `${holdall}/auth/users/sign-in?redirect=${encodeURIComponent(`${site}/`)}`;
  assert.ok(text.includes(`<a href="${address}">`), text);
  assert.equal(csrf, undefined);
  assert.equal((await send('/notes', '', { text: 'by nobody' })).status, 403);
});

test('people write notes, and everybody sees their own', async () => {
  const [ada, bob] = [await signIn('ada'), await signIn('bob')];
  const { csrf } = await open(ada);
  const sent = await send('/notes', ada, { csrf, text: '<b>first</b>' });
  assert.deepEqual([sent.status, sent.headers.get('location')], [303, '/']);
  const { text } = await open(ada);
  assert.ok(text.includes('Signed in as ada@example.com'), text);
  assert.ok(text.includes('<li>&#60;b&#62;first&#60;/b&#62;</li>'), text);
  assert.ok(!(await open(bob)).text.includes('first'));
  // What Holdall refuses is said, and nothing is written.
  assert.equal((await send('/notes', ada, { csrf, text: '' })).status, 400);
});

test('forms of other sites, and of other sessions, do nothing', async () => {
  const [ada, bob] = [await signIn('ada'), await signIn('bob')];
  const [own, foreign] = [(await open(ada)).csrf, (await open(bob)).csrf];
  for (const [csrf, origin] of [[own, 'https://evil.example'], [own, 'null'], [foreign, site], ['', site]]) {
    const sent = await send('/notes', ada, { csrf, text: 'forged' }, { Origin: origin });
    assert.equal(sent.status, 403, `${csrf} ${origin}`);
    await sent.text();
  }
  assert.ok(!(await open(ada)).text.includes('forged'));
});

test('signing out ends the session', async () => {
  const ada = await signIn('ada');
  const { csrf } = await open(ada);
  const sent = await send('/logout', ada, { csrf });
  assert.equal(sent.status, 303);
  assert.match(sent.headers.getSetCookie()[0], /^holdall_session=;.*Max-Age=0/);
  assert.equal((await open(ada)).csrf, undefined, 'the cookie that is left opens nothing');
});
