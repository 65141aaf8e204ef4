// Sends the same requests to Holdall and to PocketBase and compares the answers: one test per case.
//
//   HOLDALL_BIN=target/debug/holdall POCKETBASE_BIN=… node tests/parity/run.mjs [file of cases …]
//
// ORACLE_ONLY=1 compares PocketBase with another PocketBase, which proves that normalisation hides all that is random.
// SHOW=1 prints each answer of the right side. How cases are written, and the rules for differences, are in README.md.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loginAsSuperuser } from './lib/cases.mjs';
import { IdPairs, differences, explain } from './lib/compare.mjs';
import { readKnownDifferences } from './lib/differences.mjs';
import { World, sendUntil } from './lib/request.mjs';
import { requireProgram, startServer } from './lib/server.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const oracleOnly = process.env.ORACLE_ONLY === '1';
const programs = oracleOnly ? ['pocketbase', 'pocketbase'] : ['holdall', 'pocketbase'];
const sides = oracleOnly ? ['pocketbase A', 'pocketbase B'] : programs;
programs.forEach(requireProgram);
const known = oracleOnly ? new Set() : readKnownDifferences(here('differences.md'));

const wanted = process.argv.slice(2);
const files = readdirSync(here('cases/')).filter((name) => name.endsWith('.mjs')).sort()
  .filter((name) => wanted.length === 0 || wanted.includes(name.replace('.mjs', '')));
assert.ok(files.length > 0, `there are no cases called ${wanted.join(', ')}`);

// All files are loaded before the first test is registered, so that a file that can't be loaded fails the whole run.
const loaded = await Promise.all(files.map((file) => import(here(`cases/${file}`))));
// Those of realtime are checked by realtime.mjs.
const unlisted = new Set([...known].filter((name) => !name.startsWith('realtime › ')));
loaded.forEach(({ default: cases, environment }, i) => {
  describeFile(files[i].replace('.mjs', ''), [loginAsSuperuser, ...cases], environment);
});

test('differences.md lists only cases that exist', () => {
  if (wanted.length === 0) assert.deepEqual([...unlisted], [], 'no case has this name');
});

/** One file of cases: a fresh pair of servers, the cases in their order. */
function describeFile(file, cases, environment) {
  const names = cases.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  assert.equal(twice, undefined, `${file} has two cases with the name "${twice}"`);
  const pairs = new IdPairs();
  pairs.fix(JSON.stringify(cases));

  describe(file, () => {
    const worlds = [];
    before(async () => {
      // Whichever server did start is kept, so that `after` stops it even when the other one fails.
      const started = await Promise.allSettled(programs.map((program) => startServer(program, environment)));
      for (const { value } of started) if (value) worlds.push(new World(value));
      for (const { reason } of started) if (reason) throw reason;
    });
    after(async () => {
      worlds.forEach((world) => world.close());
      await Promise.all(worlds.map((world) => world.server.stop()));
    });
    for (const testCase of cases) {
      const id = `${file} › ${testCase.name}`;
      unlisted.delete(id);
      test(testCase.name, () => runCase(id, testCase, worlds, pairs));
    }
  });
}

async function runCase(id, testCase, worlds, pairs) {
  const asked = worlds.filter(({ server }) => testCase.only === undefined || server.name === testCase.only);
  const answers = await Promise.all(asked.map((world) => sendUntil(world, testCase)));
  if (asked.length < worlds.length) return assert.deepEqual(answers.map(({ status }) => status), asked.map(() => testCase.status));
  answers.forEach((answer, i) => testCase.save && worlds[i].save(testCase.save, answer.json));
  if (process.env.SHOW === '1') console.log(`${id}\n    → ${shown(answers[1])}`);
  if (answers[1].status !== testCase.status) {
    assert.fail(`PocketBase does not answer ${testCase.status}, as this case expects\n${explain(testCase, [], sides, answers)}`);
  }
  const found = differences(testCase, answers[0], answers[1], pairs);
  if (known.has(id) && found.length === 0) assert.fail(`"${id}" no longer differs: take it out of differences.md`);
  if (!known.has(id) && found.length > 0) assert.fail(`the answers differ\n${explain(testCase, found, sides, answers)}`);
}

/** An answer for people: a file by its headers. */
function shown({ status, headers, text, bytes }) {
  const isFile = headers['content-disposition'] !== undefined;
  return `${status} ${isFile ? `${bytes.length} bytes ${JSON.stringify(headers)}` : text.slice(0, 1200)}`;
}
