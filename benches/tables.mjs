// A million records in and out: how long it takes, and how much memory.
//
//   cargo build --release
//   HOLDALL_BIN=target/release/holdall node benches/tables.mjs [ROWS]
//
// It prints seconds, and the most memory that each command ever had (VmHWM).

import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';

const rows = Number(process.argv[2] ?? 1_000_000);
const holdall = process.env.HOLDALL_BIN ?? 'target/release/holdall';
const dir = mkdtempSync(join(tmpdir(), 'holdall-bench-tables-'));
const inside = (name) => join(dir, name);
const data = ['--data', inside('data')];

/** Runs a command to its end, looking at its memory on the way. */
async function measure(name, args) {
  const begun = performance.now();
  const child = spawn(holdall, [...args, ...data], { stdio: ['ignore', 'ignore', 'inherit'] });
  let peakKib = 0;
  const look = setInterval(() => {
    try {
      peakKib = Math.max(peakKib, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0));
    } catch {
      // It has ended.
    }
  }, 20);
  const [code] = await once(child, 'exit');
  clearInterval(look);
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  console.log(`${name}: ${((performance.now() - begun) / 1000).toFixed(1)} s, ${(peakKib / 1024).toFixed(1)} MB`);
}

try {
  writeFileSync(inside('collections.json'), JSON.stringify([{
    name: 'people', type: 'base',
    fields: [
      { name: 'email', type: 'email' }, { name: 'name', type: 'text' }, { name: 'age', type: 'number' }, { name: 'tame', type: 'bool' },
      { name: 'born', type: 'date' }, { name: 'more', type: 'json' }, { name: 'created', type: 'autodate', onCreate: true },
    ],
    indexes: ['CREATE UNIQUE INDEX people_email ON people (email)'],
  }]));
  execFileSync(holdall, ['collections', 'import', inside('collections.json'), ...data]);
  const file = createWriteStream(inside('people.csv'));
  file.write('email,name,age,tame,born,more\n');
  for (let at = 0; at < rows; at += 1) {
    const line = `p${at}@example.com,"Person ${at}, of many",${at % 100},${at % 2 === 0},2020-01-02 03:04:05.000Z,"{""at"":${at}}"\n`;
    if (!file.write(line)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
  console.log(`${rows} rows, ${(statSync(inside('people.csv')).size / 2 ** 20).toFixed(0)} MB of CSV`);
  await measure('import csv', ['import', 'csv', inside('people.csv'), '--collection', 'people']);
  await measure('export csv', ['export', inside('out.csv'), '--collection', 'people']);
  await measure('export everything', ['export', inside('all')]);
  await measure('import csv --upsert', ['import', 'csv', inside('people.csv'), '--collection', 'people', '--upsert', 'email']);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
