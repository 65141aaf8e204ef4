// Deleting the record of the panel: what goes with it is told before, and what can be brought back is kept for an undo.

import { del, records } from '../lib/api.js';
import { ask, tell, toast } from '../lib/feedback.js';
import { follow } from './follow.js';
import { afterDeletion, canUndo, counted, linesBefore, paragraphs, whatIsBack, whatIsMissing } from './losses.js';
import { keepFiles, Undo } from './undo.js';
import { nameOf } from './values.js';

/** Deletes a record after asking; resolves to whether it is gone. `onback(record)`: it was brought back. */
export async function deleteRecord(collection, record, { etag, onback }) {
  let effects;
  try {
    effects = await follow(collection, [record]);
  } catch (error) {
    tell(error);
    return false;
  }
  if (effects.needing.length > 0) {
    toast(`This can't be deleted: ${counted(effects.needing)} must have it. Change these first.`, 'problem');
    return false;
  }
  const title = `Delete ${nameOf(collection, record)}?`;
  const content = paragraphs(linesBefore(collection, effects));
  if (!(await ask({ title, content, action: 'Delete', danger: true }))) return false;
  const undo = canUndo(effects) ? new Undo(effects, await kept(effects)) : undefined;
  try {
    await del(records(collection.name, record.id), { headers: etag ? { 'If-Match': etag } : {} });
  } catch (error) {
    if (error.status === 412) toast('Not deleted: the record has been changed meanwhile. Look at it again.', 'problem');
    else tell(error);
    return false;
  }
  const action = undo && { label: 'Undo', run: () => bringBack(effects, undo, onback).catch(tell) };
  toast(`Deleted.${afterDeletion(effects, undo)}`, 'good', { action });
  return true;
}

async function kept(effects) {
  const close = toast('Keeping what goes, for an undo …');
  try {
    return await keepFiles(effects);
  } finally {
    close();
  }
}

async function bringBack(effects, undo, onback) {
  const [own] = effects.gone;
  await undo.run();
  const back = undo.back.get(`${own.collection.id}/${own.record.id}`);
  if (back) onback?.(back);
  if (undo.isDone) return toast(whatIsBack('It is back', effects, undo));
  const action = { label: 'Go on', run: () => bringBack(effects, undo, onback).catch(tell) };
  toast(whatIsMissing(undo), 'problem', { action });
}
