// Backups with the SDK: made, listed, fetched, sent, deleted and restored.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientResponseError } from 'pocketbase';
import { OPEN, guest, superuser } from '../lib/server.mjs';

const root = await superuser();
const names = async () => (await root.backups.getFullList()).map(({ key }) => key);
const refused = (status, code) => (error) => {
  assert.ok(error instanceof ClientResponseError);
  assert.equal(error.status, status);
  if (code) assert.equal(Object.values(error.response.data)[0].code, code);
  return true;
};

/** Asks until the answer is one; a server that starts anew doesn't answer for a moment. */
async function until(what, ask) {
  const end = Date.now() + 60_000;
  while (Date.now() < end) {
    const answer = await ask().catch(() => undefined);
    if (answer) return answer;
  }
  throw new Error(`never: ${what}`);
}

test('a backup is made, tested, listed and fetched', async () => {
  assert.deepEqual(await root.backups.getFullList(), []);
  await root.backups.create('first.zip');
  await root.backups.create('');
  const listed = await root.backups.getFullList();
  assert.equal(listed.length, 2);
  const first = listed.find(({ key }) => key === 'first.zip');
  assert.ok(first.size > 0 && first.modified.endsWith('Z'));
  const tested = await until('it is tested', async () =>
    (await root.backups.getFullList()).find(({ key, verified }) => key === 'first.zip' && verified !== null));
  assert.equal(tested.verified, true);
  const answer = await fetch(root.backups.getDownloadURL(await root.files.getToken(), 'first.zip'));
  assert.equal(answer.headers.get('content-type'), 'application/zip');
  assert.equal((await answer.arrayBuffer()).byteLength, first.size);
  await assert.rejects(root.backups.create('first.zip'), refused(400, 'validation_backup_name_exists'));
  await assert.rejects(root.backups.create('First.zip'), refused(400, 'validation_match_invalid'));
  await assert.rejects(guest().backups.getFullList(), refused(401));
});

test('one that was fetched is sent, and deleted', async () => {
  const answer = await fetch(root.backups.getDownloadURL(await root.files.getToken(), 'first.zip'));
  const archive = new File([await answer.arrayBuffer()], '@sent copy.zip', { type: 'application/zip' });
  await root.backups.upload({ file: archive });
  assert.ok((await names()).includes('@sent copy.zip'));
  await assert.rejects(root.backups.upload({ file: new File(['x'], 'x.zip') }), refused(400, 'validation_invalid_mime_type'));
  await root.backups.delete('@sent copy.zip');
  assert.ok(!(await names()).includes('@sent copy.zip'));
  await assert.rejects(root.backups.delete('@sent copy.zip'), refused(400));
});

test('what is restored is what was there', async () => {
  await root.collections.create({ ...OPEN, name: 'notes', fields: [{ name: 'text', type: 'text' }, { name: 'file', type: 'file' }] });
  const notes = guest().collection('notes');
  const kept = await notes.create({ text: 'kept', file: new File(['content'], 'a.txt') });
  await root.backups.create('notes.zip');
  await notes.delete(kept.id);
  await notes.create({ text: 'later' });
  await assert.rejects(root.backups.restore('missing.zip'), refused(400));
  assert.equal(await root.backups.restore('notes.zip'), true);
  const found = await until('it is restored', async () => {
    const [first] = await notes.getFullList();
    return first?.text === 'kept' && first;
  });
  assert.equal(found.id, kept.id);
  assert.equal(await (await fetch(root.files.getURL(found, found.file))).text(), 'content');
  assert.ok((await names()).includes('notes.zip'));
});
