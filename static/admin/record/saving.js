// Saving what is in the record editor: one save at a time, files first, told how far it is and stopped by a button;
// what is refused beside its field; and taking the last save back. The editor is `editor.js`.

import { Refused } from '../lib/api.js';
import { fill } from '../lib/dom.js';
import { tell, toast } from '../lib/feedback.js';
import { bytes } from '../lib/format.js';
import { statesOf } from './form.js';
import { filesOf, keep, keptMost } from './keep.js';
import { news, reconcile } from './news.js';
import { isUnsure, makeOnce, mayDouble } from './once.js';
import { addressesOf, withAddresses } from './pictures.js';
import { store } from './requests.js';
import { forget } from './uploads.js';
import { isSecret, same } from './values.js';

/** Saves what has been changed. */
export async function save(editor, { andClose = false } = {}) {
  const { form } = editor;
  if (editor.isSaving || !form) return;
  editor.banner('problem');
  if (!form.check()) return;
  const names = form.changed();
  if (editor.id && names.length === 0) {
    if (andClose) editor.dialog.close();
    else toast('There is nothing to save.');
    return;
  }
  const sent = form.states();
  begin(editor);
  try {
    const kept = await keepReplaced(editor, names, sent);
    const saved = await send(editor, names, sent);
    end(editor);
    await shown(editor, saved, { names, sent, kept, andClose });
  } catch (error) {
    end(editor);
    await refused(editor, error, andClose);
  }
}

/** The contents of files that this save takes away. */
function keepReplaced({ collection, record, saving, says }, names, sent) {
  if (!record) return undefined;
  const stays = (field, name) => !names.includes(field.name) || sent[field.name].includes(name);
  const going = filesOf(collection, record, stays);
  if (going.length > 0) fill(says, 'Keeping what goes, for an undo …');
  return keep(collection, record.id, going, { signal: saving.signal });
}

/** Pictures that were put into texts get their addresses once the record has their files, so these texts follow. */
async function send(editor, names, sent) {
  const { collection, form, id, etag, saving } = editor;
  const waiting = names.filter((name) => form.controls.get(name).waitsForFiles?.());
  const first = id ? names.filter((name) => !waiting.includes(name)) : needed(editor, names);
  const bare = waiting.map((name) => [name, form.controls.get(name).kept()]);
  const { body, files } = form.wire(first, { ...sent, ...Object.fromEntries(bare) });
  const onprogress = (done, all) => tellProgress(editor, done, all);
  const content = { body, files, etag, signal: saving.signal, onprogress };
  const saved = id ? await store(collection, id, content) : await makeOnce(editor, content, sent);
  if (waiting.length === 0) return saved;
  const addresses = addressesOf(collection, saved.record, files);
  for (const name of waiting) {
    sent[name] = withAddresses(sent[name], addresses);
    form.put({ [name]: withAddresses(form.get(name), addresses) });
  }
  try {
    return await store(collection, saved.record.id, { body: form.wire(waiting, sent).body, etag: saved.etag });
  } catch (error) {
    return { ...saved, unsaved: Object.fromEntries(waiting.map((name) => [name, sent[name]])), error };
  }
}

/** A new account needs its password even if nobody has typed one: so that the server says so. */
const needed = ({ collection }, names) =>
  collection.type === 'auth' && !names.includes('password') ? [...names, 'password'] : names;

// --- what is seen of it ---

function begin(editor) {
  editor.saving = new AbortController();
  editor.isSaving = true;
  drawBusy(editor, true);
}

/** Not really disabled: that would take the focus away. */
function drawBusy(editor, on) {
  for (const button of [editor.saveButton, editor.closeButton])
    for (const name of ['aria-busy', 'aria-disabled'])
      on ? button.setAttribute(name, 'true') : button.removeAttribute(name);
}

function end(editor) {
  editor.isSaving = false;
  drawBusy(editor, false);
  editor.changed();
  const hadFocus = editor.upload.contains(document.activeElement);
  editor.upload.hidden = true;
  if (hadFocus) editor.saveButton.focus();
  if (editor.hasNews) news(editor);
}

function tellProgress(editor, done, all) {
  const { upload, progress, progressText } = editor;
  // Once everything is there, the record is being written, and nothing can be stopped any more.
  upload.hidden = all === 0 || done >= all;
  progress.value = all === 0 ? 0 : done / all;
  fill(progressText, `${bytes(done)} of ${bytes(all)}`);
}

/** Stops the upload. */
export function stop(editor) {
  editor.saving?.abort();
}

async function shown(editor, saved, { names, sent, kept, andClose }) {
  const { collection } = editor;
  const before = editor.id && editor.form.base;
  editor.take(saved);
  editor.undecided = undefined;
  editor.banner('draft');
  editor.banner('remote');
  const states = statesOf(collection, editor.record);
  if (before) {
    editor.form.rebase(states, sent);
    editor.form.problems({});
    editor.form.dates(editor.record);
    editor.drawHead();
    offerUndo(editor, names, before, kept);
  } else {
    // What was typed while it was being made is kept.
    const typed = editor.form
      .names()
      .filter((name) => !same(editor.form.controls.get(name).field, editor.form.get(name), sent[name]));
    const mine = Object.fromEntries(typed.map((name) => [name, editor.form.get(name)]));
    editor.lost = undefined;
    editor.draft.drop();
    editor.banner('files');
    editor.showForm();
    editor.form.put(mine);
    editor.listen();
    toast('Created.');
  }
  if (saved.unsaved) editor.form.put(saved.unsaved);
  editor.draft.write(editor.form);
  editor.changed();
  editor.onsaved?.(editor.record);
  if (saved.error) await refused(editor, saved.error, false);
  else if (andClose && !editor.dirty) editor.dialog.close();
}

async function refused(editor, error, andClose) {
  if (error.name === 'AbortError') {
    toast('Stopped: nothing was saved, and everything is still here.');
    return;
  }
  if (error.status === 412) {
    if (await reconcile(editor)) await save(editor, { andClose });
    return;
  }
  if (error.status === 404 && editor.id) {
    editor.deleted();
    return;
  }
  if (!(error instanceof Refused)) {
    tell(error);
    return;
  }
  const left = editor.form.problems(error.data);
  const isLost = isUnsure(error);
  const warning = isLost && mayDouble(editor) && 'The record may be there already: look before you try again.';
  const text = [error.message, warning, ...left].filter(Boolean).join('\n');
  const again = { label: 'Try again', run: () => save(editor, { andClose }) };
  editor.banner('problem', 'problem', text, isLost ? [again] : []);
  if (left.length > 0 || Object.keys(error.data ?? {}).length === 0)
    editor.banners.scrollIntoView({ block: 'nearest' });
}

// --- taking it back ---

/** The old values can be brought back, but for those that nobody has any more. */
function offerUndo(editor, names, states, kept) {
  const fieldOf = (name) => editor.form.controls.get(name).field;
  const secret = names.filter((name) => isSecret(fieldOf(name)));
  const left = [
    ...secret,
    kept.lost.length > 0 && `${kept.lost.join(', ')} (of files, up to ${keptMost()} are kept)`,
  ].filter(Boolean);
  const text = left.length === 0 ? 'Saved.' : `Saved. Undo can't bring back ${left.join(', ')}.`;
  const back = names.filter((name) => !secret.includes(name));
  const old = Object.fromEntries(back.map((name) => [name, withContents(editor, fieldOf(name), states[name], kept)]));
  const etag = editor.etag;
  const run = () => undo(editor, back, { ...states, ...old }, etag, kept.size > 0);
  toast(text, 'good', back.length > 0 ? { action: { label: 'Undo', run } } : {});
}

/** The files of a field as they were, with the contents in the place of those that are gone. */
function withContents(editor, field, state, kept) {
  if (field.type !== 'file') return state;
  const there = editor.form.base[field.name];
  return state.map((name) => (there.includes(name) ? name : kept.of(field.name, name))).filter(Boolean);
}

async function undo(editor, names, states, etag, hasFiles) {
  if (!editor.form) {
    toast('Nothing was undone: the record has been deleted since.', 'problem');
    return;
  }
  try {
    const { body, files } = editor.form.wire(names, states);
    const saved = await store(editor.collection, editor.id, { body, files, etag });
    if (editor.dialog.open) {
      const shown = editor.form.base;
      editor.take(saved);
      editor.form.rebase(statesOf(editor.collection, saved.record), shown);
      editor.form.dates(saved.record);
      editor.drawHead();
      editor.changed();
    }
    toast(hasFiles ? 'The old values are back; files under new names.' : 'The old values are back.');
    editor.onsaved?.(saved.record);
  } catch (error) {
    if (error.status === 412) toast('Nothing was undone: the record has been changed again since.', 'problem');
    else tell(error);
  }
}

/** Lets go of what was sent for a record that nobody will save any more. */
export function letGo(editor) {
  if (!editor.form) return;
  const files = Object.values(editor.form.states()).flat().filter((one) => one instanceof File);
  forget(files, { isUsed: false });
}
