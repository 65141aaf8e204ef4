// Files in the local folder and in a bucket of a real S3-compatible server: the same cases on both.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { breakOff, peakMemoryMb, sendLarge, startWith, until } from './lib/places.mjs';

const OPEN = { listRule: '', viewRule: '', createRule: '', updateRule: '', deleteRule: '' };
const LARGE_BYTES = 256 << 20;
/** What a large file may cost, on its way in and out; the whole program is measured by benches/upload_memory.mjs. */
const GROWTH_MAX_MB = 24;

for (const place of ['local', 's3']) {
  describe(`files kept in ${place}`, async () => {
    const holdall = await startWith(place);
    after(() => holdall.stop());
    const { server, objects, check, call } = holdall;
    await call('POST', '/api/collections', {
      name: 'docs', type: 'base', ...OPEN,
      fields: [
        { name: 'title', type: 'text' },
        { name: 'f', type: 'file', maxSize: 4 * 2 ** 30 },
        { name: 'many', type: 'file', maxSelect: 5, maxSize: 50 << 20 },
      ],
      indexes: ["CREATE UNIQUE INDEX docs_title ON docs (title) WHERE title != ''"],
    });

    const create = async (values) => {
      const form = new FormData();
      for (const [key, value] of values) typeof value === 'string' ? form.append(key, value) : form.append(key, ...value);
      const answer = await call('POST', '/api/collections/docs/records', form);
      return { status: answer.status, ...await answer.json() };
    };
    const blob = (bytes) => new Blob([bytes]);
    const get = (record, name, headers = {}) => fetch(`${server.url}/api/files/docs/${record.id}/${name}`, { headers });
    const settled = (count) => until(objects, (keys) => keys.length === count, `${count} objects are expected`);
    const fits = async () => assert.equal((await check()).code, 0, (await check()).output);

    test('what goes in comes out, whatever its size', async () => {
      for (const size of [0, 1, 100_000, (8 << 20) - 1, 8 << 20, (20 << 20) + 7]) {
        const bytes = randomBytes(size);
        const record = await create([['f', [blob(bytes), 'a file.bin']]]);
        assert.equal(record.status, 200, JSON.stringify(record));
        assert.match(record.f, /^a_file_[a-z0-9]{10}\.bin$/);
        const answer = await get(record, record.f);
        assert.equal(answer.headers.get('content-length'), String(size));
        assert.ok(bytes.equals(Buffer.from(await answer.arrayBuffer())), `${size} bytes`);
        assert.equal(answer.headers.get('etag'), `"${createHash('sha256').update(bytes).digest('hex')}"`);
        if (size > 10) {
          const part = await get(record, record.f, { Range: `bytes=5-${size - 2}` });
          assert.equal(part.status, 206);
          assert.ok(bytes.subarray(5, size - 1).equals(Buffer.from(await part.arrayBuffer())));
          assert.equal(await (await get(record, record.f, { Range: 'bytes=0-0,-1' })).text().then((t) => t.includes('bytes 0-0/')), true);
        }
        const head = await fetch(`${server.url}/api/files/docs/${record.id}/${record.f}`, { method: 'HEAD' });
        assert.equal(head.headers.get('content-length'), String(size));
        assert.equal((await call('DELETE', `/api/collections/docs/records/${record.id}`)).status, 204);
        assert.equal((await get(record, record.f)).status, 404);
      }
      await settled(0);
      await fits();
    });

    test('files follow their record, and lie under its keys', async () => {
      const record = await create([['many', [blob('one'), 'one.txt']], ['many', [blob('two'), 'two.txt']]]);
      const keys = await settled(2);
      for (const name of record.many) {
        assert.ok(keys.includes(`${record.collectionId}/${record.id}/${name}`), `${name} in ${keys}`);
      }
      const path = `/api/collections/docs/records/${record.id}`;
      await call('PATCH', path, { 'many-': [record.many[0]] });
      await settled(1);
      const form = new FormData();
      form.append('many+', blob('three'), 'three.txt');
      const changed = await (await call('PATCH', path, form)).json();
      assert.equal(changed.many.length, 2);
      await settled(2);
      await fits();
      await call('DELETE', '/api/collections/docs/truncate');
      await settled(0);
    });

    test('a write that fails at the end leaves nothing', async () => {
      const first = await create([['title', 'same'], ['f', [blob('x'), 'x.txt']]]);
      const second = await create([['title', 'same'], ['f', [blob('y'), 'y.txt']]]);
      assert.deepEqual([first.status, second.status], [200, 400]);
      assert.equal(second.data.title.code, 'validation_not_unique');
      await settled(1);
      await fits();
    });

    test('a check finds what does not belong, says so by its status, and mends it', async () => {
      const record = await create([['f', [blob('kept'), 'kept.txt']]]);
      const stray = `${record.collectionId}/${record.id}/stray.txt`;
      await holdall.put(stray, 'stray');
      const found = await check();
      assert.equal(found.code, 1);
      assert.match(found.output, new RegExp(`orphan\t${stray}`));
      assert.equal((await check('--repair')).code, 0);
      assert.ok(!(await objects()).includes(stray));
      assert.equal(await (await get(record, record.f)).text(), 'kept');
      await fits();
    });

    test('an upload that breaks off leaves nothing', async () => {
      const before = (await objects()).length;
      await breakOff(`${server.url}/api/collections/docs/records`, 5 << 20);
      const arriving = () => readdir(join(server.dataDir, 'uploads'));
      await until(arriving, (names) => names.length === 0, 'nothing is left in the spool');
      assert.equal((await objects()).length, before);
      await fits();
    });

    test('a large file takes little memory', async () => {
      const before = await peakMemoryMb(server.pid);
      const { status, body } = await sendLarge(`${server.url}/api/collections/docs/records`, LARGE_BYTES);
      assert.equal(status, 200, JSON.stringify(body));
      const answer = await get(body, body.f);
      let received = 0;
      for await (const piece of answer.body) received += piece.length;
      assert.equal(received, LARGE_BYTES);
      const peak = await peakMemoryMb(server.pid);
      assert.ok(peak - before < GROWTH_MAX_MB, `${before} MB before, ${peak} MB after`);
    });
  });
}
