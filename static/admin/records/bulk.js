// What can be done with all selected records: delete, change a field, download; and taking the first two back.
// Loaded by bulk-bar.js when somebody does one of these.

import { records as pathOf } from '../lib/api.js';
import { mayChange } from '../lib/controls.js';
import { fill, h, uniqueId } from '../lib/dom.js';
import { download } from '../lib/download.js';
import { ask, tell, toast } from '../lib/feedback.js';
import { count, plural } from '../lib/format.js';
import { fetchWhole, sendMany, showFailures, withProgress } from './changes.js';
import { chooser } from './choose.js';
import { editableAtOnce, valueInput } from './inputs.js';

/** What the server sets by itself, or what can't be sent as it was read. */
const NOT_SENT = new Set(['autodate', 'file', 'password']);
const SECRET = new Set(['tokenKey']);

/** More than this isn't kept for an undo: fetching it would take longer than the change itself. */
const KEPT_MAX = 2000;

/** Every id of a list, with a dialog that shows how far that is. */
export const everyId = (source) =>
  withProgress('Selecting', source.total, async ({ onprogress, signal }) => {
    const all = [];
    for await (const ids of source.ids({ signal })) {
      all.push(...ids);
      onprogress(all.length);
    }
    return all;
  });

/** Says what has become of many changes, and of those that were not tried. */
function report({ done, failed, left, broken }, verb, undo) {
  if (failed.length > 0) showFailures(`Not all were ${verb}`, failed);
  if (left > 0) {
    if (broken) tell(broken);
    toast(`${plural(left, 'record')} of ${count(done.length + failed.length + left)} were not ${verb}.`, 'problem');
  }
  if (done.length > 0)
    toast(
      `${plural(done.length, 'record')} ${verb}.`,
      'good',
      undo && { action: { label: 'Undo', run: () => undo().catch(tell) } },
    );
}

/** What records were before, if they are few enough to keep. */
const keep = async (collection, ids, title, fields) =>
  ids.length > KEPT_MAX
    ? null
    : withProgress(title, ids.length, (progress) => fetchWhole(collection, ids, { ...progress, fields }));

/** Deletes records after asking; `onchange(gone)` is called after changes, with the ids of what is gone. */
export async function deleteRecords(collection, ids, onchange) {
  const undoable = collection.type !== 'auth' && ids.length <= KEPT_MAX;
  const text = whatIsLost(collection, undoable);
  if (!(await ask({ title: `Delete ${plural(ids.length, 'record')}?`, text, action: 'Delete', danger: true }))) return;
  const before = undoable && (await keep(collection, ids, 'Keeping the records for an undo'));
  const requests = ids.map((id) => ({ id, method: 'DELETE', url: pathOf(collection.name, id) }));
  const outcome = await withProgress('Deleting', ids.length, (progress) => sendMany(requests, progress));
  const gone = new Set(outcome.done.map((one) => one.id));
  const undo = () =>
    bringBack(
      collection,
      before.filter((record) => gone.has(record.id)),
      onchange,
    );
  report(outcome, 'deleted', undoable && undo);
  onchange([...gone]);
}

function whatIsLost(collection, undoable) {
  if (collection.type === 'auth') return "Accounts can't be brought back, because their passwords are nowhere else.";
  if (!undoable) return `This can't be undone: only up to ${count(KEPT_MAX)} records are kept for that.`;
  const files = collection.fields.some((field) => field.type === 'file');
  const lost = [files && 'files', 'dates of creation', 'what other collections lose with them'];
  return `Right afterwards this can be undone, except for ${lost.filter(Boolean).join(', ')}.`;
}

async function bringBack(collection, records, onchange) {
  const sent = collection.fields
    .filter((field) => !NOT_SENT.has(field.type) && !SECRET.has(field.name))
    .map((field) => field.name);
  const requests = records.map((record) => ({
    id: record.id,
    method: 'POST',
    url: pathOf(collection.name),
    body: Object.fromEntries(sent.map((name) => [name, record[name]])),
  }));
  const outcome = await withProgress('Bringing them back', records.length, (progress) => sendMany(requests, progress));
  const lost = records.some((record) =>
    collection.fields.some((field) => field.type === 'file' && record[field.name]?.length > 0),
  );
  report(outcome, lost ? 'brought back without their files' : 'brought back');
  onchange([]);
}

/** Lets somebody choose a field and a value for all of these records. */
export function editRecords(collection, ids, onchange) {
  const fields = collection.fields.filter(editableAtOnce);
  const title = uniqueId('edit');
  const [fieldId, valueId] = [uniqueId('field'), uniqueId('value')];
  let input;
  const chosen = () => fields.find((field) => field.name === select.value);
  const problem = h('p', { class: 'problem', role: 'alert' });
  const place = h('div', { class: 'field' });
  const drawValue = () => {
    input = valueInput(chosen(), undefined, { id: valueId });
    problem.textContent = '';
    fill(
      place,
      h('label', { for: valueId }, 'New value'),
      input.element,
      chosen().type === 'relation' && h('div', {}, chooser(chosen(), input.element)),
      h('p', { class: 'hint' }, 'Empty takes the value away.'),
      problem,
    );
  };
  const select = h(
    'select',
    { id: fieldId, onchange: drawValue },
    fields.map((field) => h('option', { value: field.name }, `${field.name} (${field.type})`)),
  );
  const go = (event) => {
    event.preventDefault();
    let value;
    try {
      value = input.get();
    } catch (error) {
      problem.textContent = error.message;
      return;
    }
    dialog.close();
    change(collection, ids, chosen().name, value, onchange).catch(tell);
  };
  drawValue();
  const dialog = h(
    'dialog',
    { 'aria-labelledby': title },
    h(
      'form',
      { onsubmit: go },
      h('h2', { id: title }, `Edit ${plural(ids.length, 'record')}`),
      ids.length > KEPT_MAX &&
        h('p', { class: 'banner warn' }, `Only changes of up to ${count(KEPT_MAX)} records can be undone.`),
      h('div', { class: 'field' }, h('label', { for: fieldId }, 'Field'), select),
      place,
      h(
        'footer',
        {},
        h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
        h('button', { type: 'submit', class: 'main' }, `Change ${plural(ids.length, 'record')}`),
      ),
    ),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

const patches = (collection, list) =>
  list.map(({ id, body }) => ({ id, method: 'PATCH', url: pathOf(collection.name, id), body }));

async function change(collection, ids, name, value, onchange) {
  if (!(await mayChange(`Change ${plural(ids.length, 'record')}`))) return;
  const before = await keep(collection, ids, 'Keeping the old values for an undo', `id,${name}`);
  const requests = patches(
    collection,
    ids.map((id) => ({ id, body: { [name]: value } })),
  );
  const outcome = await withProgress('Changing', ids.length, (progress) => sendMany(requests, progress));
  const changed = new Set(outcome.done.map((one) => one.id));
  const undo = async () => {
    const old = before
      .filter((record) => changed.has(record.id))
      .map((record) => ({ id: record.id, body: { [name]: record[name] } }));
    report(
      await withProgress('Taking it back', old.length, (progress) => sendMany(patches(collection, old), progress)),
      'as before',
    );
    onchange();
  };
  report(outcome, 'changed', before && undo);
  onchange();
}

/** Downloads records as JSON, whole. */
export async function downloadRecords(collection, ids) {
  const list = await withProgress('Downloading', ids.length, (progress) => fetchWhole(collection, ids, progress));
  download(`${collection.name}.json`, [JSON.stringify(list, null, 2)], 'application/json');
}
