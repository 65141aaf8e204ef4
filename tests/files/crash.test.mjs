// Kills in the middle of uploads, changes and deletes: afterwards storage and database agree, and what was acknowledged is
// there. HOLDALL_SOAK_SECONDS makes it a soak of that length.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { startWith, until } from './lib/places.mjs';

const ROUNDS = 4;
const WORKERS = 6;
const OPERATIONS_BEFORE_KILL = 40;
const SOAK_MS = Number(process.env.HOLDALL_SOAK_SECONDS ?? 0) * 1000;
const OPEN = { listRule: '', viewRule: '', createRule: '', updateRule: '', deleteRule: '' };
const DOCS = '/api/collections/docs/records';

for (const place of ['local', 's3']) {
  describe(`kills with files kept in ${place}`, async () => {
    const holdall = await startWith(place);
    after(() => holdall.stop());
    const { call } = holdall;
    await call('POST', '/api/collections', {
      name: 'docs', type: 'base', ...OPEN,
      fields: [{ name: 'f', type: 'file', maxSize: 50 << 20 }, { name: 'many', type: 'file', maxSelect: 5 }],
    });
    /** What was acknowledged: the names of files by record. */
    const kept = new Map();
    /** Records whose last change was not answered: they may be as before or after it. */
    const unsure = new Set();
    let done = 0;
    let dying = false;

    const upload = (fields) => {
      const form = new FormData();
      for (const [key, size] of fields) form.append(key, new Blob([Buffer.alloc(size, key)]), `${key}.bin`);
      return form;
    };
    const note = (record) => kept.set(record.id, [record.f, ...record.many].filter(Boolean));

    /** One change, chosen by its number; `own` are the records of this worker. */
    async function change(number, own) {
      const id = own[number % Math.max(own.length, 1)];
      if (id === undefined || number % 4 === 0) {
        const record = await (await call('POST', DOCS, upload([['f', 3 << 20], ['many', 5000], ['many', 10]]))).json();
        own.push(record.id);
        return note(record);
      }
      unsure.add(id);
      if (number % 4 === 3) {
        assert.equal((await call('DELETE', `${DOCS}/${id}`)).status, 204);
        own.splice(own.indexOf(id), 1);
        kept.delete(id);
      } else {
        const body = number % 4 === 1 ? upload([['f', 100_000]]) : upload([['many+', 100]]);
        const answer = await call('PATCH', `${DOCS}/${id}`, body);
        if (answer.status === 200) note(await answer.json());
      }
      unsure.delete(id);
    }

    async function work() {
      const own = [];
      for (let number = 0; !dying; number += 1) {
        try {
          await change(number, own);
          done += 1;
        } catch (error) {
          if (!dying) throw error;
        }
      }
    }

    async function checkAll() {
      const fits = await until(() => holdall.check(), ({ code }) => code === 0, 'storage and database agree');
      assert.match(fits.output, /files in records/);
      const arriving = await readdir(join(holdall.server.dataDir, 'uploads'));
      assert.deepEqual(arriving, [], 'nothing is left of what was arriving');
      for (const [id, names] of kept) {
        if (unsure.has(id)) continue;
        for (const name of names) {
          const answer = await fetch(`${holdall.server.url}/api/files/docs/${id}/${name}`);
          assert.equal(answer.status, 200, `${id}/${name} was acknowledged`);
          await answer.arrayBuffer();
        }
      }
      const total = [...(await (await call('GET', `${DOCS}?perPage=1000`)).json()).items]
        .reduce((sum, record) => sum + record.many.length + (record.f ? 1 : 0), 0);
      await until(holdall.objects, (keys) => keys.length === total, `${total} objects are expected`);
    }

    test('storage and database agree after each of them', async () => {
      const end = Date.now() + SOAK_MS;
      for (let round = 0; round < ROUNDS || Date.now() < end; round += 1) {
        [done, dying] = [0, false];
        const workers = Array.from({ length: WORKERS }, work);
        await until(async () => done, (count) => count >= OPERATIONS_BEFORE_KILL, 'work is done');
        dying = true;
        await holdall.killAndRestart();
        await Promise.all(workers);
        await checkAll();
      }
    });
  });
}
