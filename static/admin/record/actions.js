// The menu of the record editor.

import { del, records } from '../lib/api.js';
import { download } from '../lib/download.js';
import { ask, copy, tell, toast } from '../lib/feedback.js';
import { accountActions } from './account.js';
import { openRecord } from './editor.js';
import { nameOf } from './values.js';

const asText = (record) => JSON.stringify(record, null, 2);

const keep = (record) =>
  download(`${record.collectionName ?? 'record'}-${record.id}.json`, [asText(record)], 'application/json');

/** @param {object} editor the open editor: `collection`, `record`, `close`, what it calls when something happened */
export function actions(editor) {
  const { collection } = editor;
  const record = () => editor.record;
  return [
    { label: 'Copy JSON', run: () => copy(asText(record())) },
    { label: 'Download JSON', run: () => keep(record()) },
    { label: 'Copy id', run: () => copy(record().id) },
    ...(editor.isReadOnly
      ? []
      : [
          ...(collection.type === 'auth' ? accountActions(collection, record) : []),
          { label: 'Duplicate', run: () => duplicate(editor) },
          { label: 'Delete', danger: true, run: () => remove(editor) },
        ]),
  ].filter(Boolean);
}

async function duplicate(editor) {
  await editor.close();
  if (editor.dialog.open) return;
  openRecord({
    collection: editor.collection,
    duplicateOf: editor.record.id,
    onsaved: editor.onsaved,
    ondeleted: editor.ondeleted,
    onclosed: editor.onclosed,
  });
}

async function remove(editor) {
  const { collection, record } = editor;
  const text = "It can't be brought back. Its files go with it, and records that must have it too.";
  if (!(await ask({ title: `Delete ${nameOf(collection, record)}?`, text, action: 'Delete', danger: true }))) return;
  try {
    await del(records(collection.name, record.id));
  } catch (error) {
    tell(error);
    return;
  }
  editor.draft?.drop();
  editor.form = undefined;
  editor.dialog.close();
  toast('Deleted.');
  (editor.ondeleted ?? editor.onsaved)?.(record);
}
