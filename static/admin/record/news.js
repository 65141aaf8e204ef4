// What others do with a record while it is open in the editor: told at once, and whose values count is asked. Used by
// `editor.js` and `saving.js`; the question itself is in `conflict.js`.

import { debounce } from '../lib/dom.js';
import { tell } from '../lib/feedback.js';
import { watch } from '../lib/live.js';
import { changedBetween, decide } from './conflict.js';
import { statesOf } from './form.js';
import { load } from './requests.js';

const LISTEN_MS = 150;

/** Hears of changes; returns what ends that. */
export function listen(editor) {
  const hear = debounce(() => news(editor), LISTEN_MS);
  return watch(`${editor.collection.name}/${editor.id}`, hear);
}

/** Looks at what is stored now. */
export async function news(editor) {
  editor.hasNews = editor.isSaving;
  if (editor.isSaving || !editor.dialog.open) return;
  let now;
  try {
    now = await load(editor.collection, editor.id);
  } catch (error) {
    if (error.status === 404) editor.deleted();
    return;
  }
  if (editor.isSaving || !editor.dialog.open || now.etag === editor.etag) return;
  if (editor.isReadOnly) {
    editor.take(now);
    editor.showPreview();
    return;
  }
  const theirs = statesOf(editor.collection, now.record);
  const names = changedBetween(editor.form, editor.form.base, theirs);
  if (editor.dirty) {
    const text =
      names.length > 0 ? `Somebody else has changed ${names.join(', ')}.` : 'Somebody else has saved this record.';
    editor.banner('remote', 'warn', text, [{ label: 'Compare', run: () => reconcile(editor).catch(tell) }]);
    return;
  }
  const shown = editor.form.base;
  editor.take(now);
  editor.form.rebase(theirs, shown);
  editor.form.dates(now.record);
  editor.drawHead();
  if (names.length > 0)
    editor.banner('remote', 'info', `Somebody else has just changed ${names.join(', ')}. You see the new values.`);
}

/** Lets people choose between what is stored and what they have; resolves to whether they did. */
export async function reconcile(editor) {
  const now = await load(editor.collection, editor.id);
  const theirs = statesOf(editor.collection, now.record);
  const mine = await decide(editor.form, theirs);
  if (!mine) return false;
  editor.take(now);
  editor.form.rebase(theirs, editor.form.states(), mine);
  editor.form.dates(now.record);
  editor.drawHead();
  editor.banner('remote');
  editor.changed();
  return true;
}
