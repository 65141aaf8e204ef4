// Runs the tour of README.md as it stands there: every block marked `sh tour` in one shell, then every block marked
// `js tour` as one module, against a fresh server with the superuser that the README makes.
//
//   HOLDALL_BIN=target/debug/holdall node --test tests/readme_tour.test.mjs
//
// The blocks take the server's address from API; everything else is what a reader would paste.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = resolve(fileURLToPath(new URL('..', import.meta.url)));
const program = resolve(process.env.HOLDALL_BIN ?? join(repository, 'target/debug/holdall'));
const readme = readFileSync(join(repository, 'README.md'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'holdall-test-readme-'));
const data = join(folder, 'data');

/** The contents of all fenced blocks whose first line is exactly this. */
function blocks(mark) {
  const found = [...readme.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].filter(([, info]) => info === mark);
  assert.ok(found.length > 0, `README.md has no block marked "${mark}"`);
  return found.map(([, , text]) => text).join('\n');
}

let server;
let environment;

before(async () => {
  const port = await new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
  const inherited = Object.entries(process.env).filter(([name]) => !/^(HOLDALL|ROCKET)_/.test(name));
  environment = { ...Object.fromEntries(inherited), API: `http://127.0.0.1:${port}` };

  const created = /^holdall superuser create (\S+) '([^']+)'$/m.exec(readme);
  assert.ok(created, 'README.md makes a superuser');
  execFileSync(program, ['superuser', 'create', created[1], created[2], '--data', data], { env: environment });
  server = spawn(program, ['serve', '--http', `127.0.0.1:${port}`, '--data', data], { env: environment, stdio: 'ignore' });
  const deadline = Date.now() + 30_000;
  for (;;) {
    assert.equal(server.exitCode, null, 'the server ended while it started');
    assert.ok(Date.now() < deadline, 'the server did not answer in time');
    if (await fetch(`${environment.API}/api/health`).then((answer) => answer.ok, () => false)) return;
    await new Promise((done) => setTimeout(done, 20));
  }
});

after(async () => {
  if (server?.exitCode === null) {
    const ended = new Promise((done) => server.once('exit', done));
    server.kill();
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

test('the commands for the shell', () => {
  const script = `set -eu -o pipefail\n${blocks('sh tour')}`;
  const output = execFileSync('bash', ['-c', script], { env: environment, encoding: 'utf8' });
  assert.match(output, /"title":"Oil the hinges"/);
  assert.match(output, /"expand":\{"author":\{"name":"Ada"\}\}/);
  assert.match(output, /"totalItems":0/);
});

test('the module with the SDK', () => {
  const path = join(folder, 'tour.mjs');
  symlinkSync(join(repository, 'tests/sdk/node_modules'), join(folder, 'node_modules'));
  writeFileSync(path, blocks('js tour'));
  const output = execFileSync(process.execPath, [path], { env: environment, encoding: 'utf8' });
  assert.equal(output.trim(), "[ 'Oil the hinges' ]");
});
