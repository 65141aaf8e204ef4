// Opens streams on Holdall and on PocketBase, takes the same steps, and compares what arrives on them: one test per step.
//
//   HOLDALL_BIN=target/debug/holdall POCKETBASE_BIN=… node tests/parity/realtime.mjs
//
// ORACLE_ONLY=1 and SHOW=1 are as with run.mjs, and so is the table of differences; there the file is called `realtime`.
// Steps are cases as in README.md, with `hears`: how many messages arrive on PocketBase by stream (none on others).
// Messages of one step may come in any order.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loginAsSuperuser } from './lib/cases.mjs';
import { IdPairs, differences, explain } from './lib/compare.mjs';
import { readKnownDifferences } from './lib/differences.mjs';
import { World, sendCase } from './lib/request.mjs';
import { requireProgram, startServer } from './lib/server.mjs';
import { MARKERS, Streams } from './lib/streams.mjs';
import { scenarios } from './realtime_cases.mjs';

const oracleOnly = process.env.ORACLE_ONLY === '1';
const programs = oracleOnly ? ['pocketbase', 'pocketbase'] : ['holdall', 'pocketbase'];
programs.forEach(requireProgram);
const listed = readKnownDifferences(fileURLToPath(new URL('differences.md', import.meta.url)));
const known = new Set(oracleOnly ? [] : [...listed].filter((name) => name.startsWith('realtime › ')));
const unlisted = new Set(known);

for (const [title, steps] of Object.entries(scenarios)) describeScenario(title, steps);

test('differences.md lists only steps that exist', () => assert.deepEqual([...unlisted], [], 'no step has this name'));

/** One scenario: a fresh pair of servers, the steps in their order. */
function describeScenario(title, steps) {
  const pairs = new IdPairs();
  pairs.fix(JSON.stringify(steps));
  const sides = [];
  describe(title, () => {
    before(async () => {
      const started = await Promise.allSettled(programs.map((program) => startServer(program)));
      for (const { value } of started) {
        if (!value) continue;
        const world = new World(value);
        sides.push({ world, streams: new Streams(world) });
      }
      for (const { reason } of started) if (reason) throw reason;
      await Promise.all(sides.map(({ world }) => prepare(world)));
    });
    after(async () => {
      for (const { world, streams } of sides) {
        streams.close();
        world.close();
      }
      await Promise.all(sides.map(({ world }) => world.server.stop()));
    });
    for (const step of steps) {
      const id = `realtime › ${title}: ${step.name}`;
      unlisted.delete(id);
      test(step.name, () => runStep(id, step, sides, pairs));
    }
  });
}

/** The superuser logs in and makes the collection for markers. */
async function prepare(world) {
  const login = await sendCase(world, loginAsSuperuser);
  world.save(loginAsSuperuser.save, login.json);
  const body = { name: MARKERS, listRule: '', createRule: '', fields: [{ name: 'n', type: 'number' }] };
  const answer = await sendCase(world, { method: 'POST', path: '/api/collections', as: 'super', body });
  assert.equal(answer.status, 200, answer.text);
}

async function makeMarker(world) {
  const answer = await sendCase(world, { method: 'POST', path: `/api/collections/${MARKERS}/records`, body: {} });
  assert.equal(answer.status, 200, answer.text);
  return answer.json.id;
}

async function runStep(id, step, sides, pairs) {
  const answers = await Promise.all(sides.map((side) => takeStep(side, step)));
  if (process.env.SHOW === '1') console.log(`${id}\n    → ${answers[1].status} ${answers[1].text}`);
  const shownStep = step.method ? step : { ...step, method: 'GET', path: '/api/realtime' };
  const names = oracleOnly ? ['pocketbase A', 'pocketbase B'] : programs;
  const fail = (why, found) => assert.fail(`${why}\n${explain(shownStep, found, names, answers)}`);
  if (step.status !== undefined && answers[1].status !== step.status) fail(`PocketBase does not answer ${step.status}`, []);
  const counts = Object.fromEntries(Object.entries(answers[1].json.heard ?? {}).map(([name, { length }]) => [name, length]));
  const expected = Object.fromEntries(Object.keys(counts).map((name) => [name, step.hears?.[name] ?? 0]));
  if (JSON.stringify(counts) !== JSON.stringify(expected)) fail(`on PocketBase arrive ${JSON.stringify(counts)}`, []);
  const found = differences({ ...shownStep, path: '' }, ...answers, pairs);
  if (known.has(id) && found.length === 0) fail(`"${id}" no longer differs: take it out of differences.md`, []);
  if (!known.has(id) && found.length > 0) fail('what happens differs', found);
}

/** Takes one step on one side, and gives the answer with what has arrived. */
async function takeStep({ world, streams }, step) {
  if (step.connect) {
    const json = await streams.connect(step.connect);
    json.data = Object.keys(json.data);
    const headers = Object.fromEntries(Object.entries(json.headers).filter(([name]) => name !== 'date'));
    return { status: 200, headers, text: JSON.stringify(json), json: { ...json, headers: undefined } };
  }
  if (step.disconnect) {
    streams.open.get(step.disconnect).close();
    streams.open.delete(step.disconnect);
    return { status: 200, headers: {}, text: '', json: {} };
  }
  const answer = await sendCase(world, step);
  if (step.save) world.save(step.save, answer.json);
  const stream = streams.open.get(step.subscribes);
  if (stream && answer.status === 204) stream.hearsMarkers = step.body.subscriptions?.includes(`${MARKERS}/*`) ?? false;
  const heard = await streams.collect(step.hears ?? {}, () => makeMarker(world));
  const json = { answer: answer.json, heard };
  return { ...answer, json, text: `${answer.text} ${JSON.stringify(heard)}` };
}
