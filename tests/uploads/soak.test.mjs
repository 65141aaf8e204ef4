// Uploads, changes, deletes, cascades and thumbs by many clients, while the server is killed again and again.
//
//   HOLDALL_BIN=target/debug/holdall SOAK_SECONDS=600 node --test tests/uploads/soak.test.mjs
//
// In the end nothing that was acknowledged is missing or other than it was, and nothing is left over in the storage.
// SOAK_SEED repeats a run's choices; which of them are cut short by a kill is a matter of time, though.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SUPERUSER, runBeside, startServer } from '../parity/lib/server.mjs';
import { Client, Dice, Unanswered } from './model.mjs';

const SECONDS = Number(process.env.SOAK_SECONDS ?? 30);
const SEED = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000);
const CLIENTS = 8;
/** A server is killed after between one and this many changes. */
const CHANGES_PER_LIFE = 120;
const SETTLE_MS = 60_000;
const POLL_MS = 50;

let server = await startServer('holdall');
after(() => server.stop());
const collectionIds = await createCollections();

let killAfter = 0;
let lives = 1;
const clients = Array.from({ length: CLIENTS }, (_, number) => new Client(number, SEED, {
  address: () => server.url,
  done: () => {
    killAfter -= 1;
    if (killAfter === 0) wake();
  },
}));
let wake = () => {};

test(`nothing is lost and nothing is left over, with seed ${SEED}`, async () => {
  const dice = new Dice(SEED);
  const end = Date.now() + SECONDS * 1000;
  let failure;
  while (Date.now() < end && !failure) {
    killAfter = 1 + dice.roll(CHANGES_PER_LIFE);
    const enough = new Promise((done) => { wake = done; });
    let dying = false;
    const working = clients.map(async (client) => {
      try {
        await client.settle();
        while (!dying) await client.step();
      } catch (error) {
        // What isn't answered is to be expected as soon as the server dies, and only then.
        if (!(error instanceof Unanswered && dying)) failure ??= error;
        wake();
      }
    });
    await enough;
    dying = true;
    server = await server.killAndRestart();
    lives += 1;
    await Promise.all(working);
  }
  if (failure) throw failure;
  for (const client of clients) await client.verifyAll();
  await nothingIsLeftOver();
  databaseIsSound();
  report();
});

async function createCollections() {
  const login = await post('/api/collections/_superusers/auth-with-password', { identity: SUPERUSER.email, password: SUPERUSER.password });
  const open = { type: 'base', listRule: '', viewRule: '', createRule: '', updateRule: '', deleteRule: '' };
  const albums = await post('/api/collections', { ...open, name: 'albums', fields: [{ name: 'title', type: 'text' }] }, login.token);
  const docs = await post('/api/collections', { ...open, name: 'docs', fields: [
    { name: 'version', type: 'number' },
    { name: 'album', type: 'relation', collectionId: albums.id, cascadeDelete: true },
    { name: 'one', type: 'file', thumbs: ['60x40'] },
    { name: 'many', type: 'file', maxSelect: 6 },
  ] }, login.token);
  return { docs: docs.id };
}

async function post(path, body, token) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: token }) };
  const answer = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

/** Waits until the storage has what the clients know of, thumbs of these, and nothing else; then asks the program, too. */
async function nothingIsLeftOver() {
  const wanted = new Set(clients.flatMap((client) => client.storedKeys()));
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const keys = filesIn(join(server.dataDir, 'storage', collectionIds.docs));
    const missing = [...wanted].filter((key) => !keys.includes(key));
    assert.deepEqual(missing, [], 'files that are listed and not in the storage');
    const left = keys.filter((key) => !wanted.has(key) && !wanted.has(ofThumb(key)))
      .concat(filesIn(join(server.dataDir, 'uploads')).map((name) => `uploads/${name}`));
    if (left.length === 0) break;
    assert.ok(Date.now() < deadline, `left over: ${left.slice(0, 10).join(', ')} and so on, ${left.length} together`);
    await new Promise((next) => setTimeout(next, POLL_MS));
  }
  const { code, output } = await runBeside('holdall', server, ['files', 'check']);
  assert.equal(code, 0, output);
}

/** The key of the file that a thumb is of: `record/thumbs_name/size_name`. */
function ofThumb(key) {
  const [, record, name, thumb] = /^([^/]+)\/thumbs_([^/]+)\/[^/_]+_(.+)$/.exec(key) ?? [];
  return name !== undefined && name === thumb ? `${record}/${name}` : undefined;
}

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1));
  } catch (error) {
    // A folder inside went while it was read.
    if (error.code === 'ENOENT') return filesIn(folder);
    throw error;
  }
}

function databaseIsSound() {
  const ask = (pragma) => execFileSync('sqlite3', [join(server.dataDir, 'data.db'), `PRAGMA ${pragma}`], { encoding: 'utf8' }).trim();
  assert.equal(ask('integrity_check'), 'ok');
  assert.equal(ask('foreign_key_check'), '');
}

function report() {
  const total = {};
  for (const { counts } of clients) {
    for (const [what, count] of Object.entries(counts)) total[what] = (total[what] ?? 0) + count;
  }
  console.log(`seed ${SEED}, ${lives} lives of the server:`, total);
  const documents = clients.reduce((sum, client) => sum + client.docs.size, 0);
  console.log(`${documents} documents with ${clients.flatMap((client) => client.storedKeys()).length} files in the end`);
  assert.ok(lives > 1 && total['documents made'] > 0, 'nothing was done');
}
