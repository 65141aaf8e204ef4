// The menu of the record editor.

import { download } from '../lib/download.js';
import { copy, tell } from '../lib/feedback.js';
import { accountActions } from './account.js';
import { openRecord } from './editor.js';

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
          { label: 'Delete', danger: true, run: () => remove(editor).catch(tell) },
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
  const { collection, record, etag, onsaved, ondeleted } = editor;
  const { deleteRecord } = await import('./deletion.js');
  if (!(await deleteRecord(collection, record, { etag, onback: onsaved }))) return;
  editor.draft?.drop();
  editor.form = undefined;
  editor.dialog.close();
  (ondeleted ?? onsaved)?.(record);
}
