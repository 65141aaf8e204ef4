// What can be done with all selected records: change a field and take that back, download. Deleting them is
// bulk-delete.js. Loaded by bulk-bar.js when somebody does one of these.

import { records as pathOf } from '../lib/api.js';
import { mayChange } from '../lib/controls.js';
import { fill, h, uniqueId } from '../lib/dom.js';
import { download } from '../lib/download.js';
import { count, plural } from '../lib/format.js';
import { kindName } from '../lib/kind-names.js';
import { exactly, toState, toWire } from '../record/values.js';
import { KEPT_MAX, fetchWhole, maybe, once, problemList, report, sendMany, withProgress } from './changes.js';
import { chooser } from './choose.js';
import { editableAtOnce, valueInput } from './inputs.js';

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

/** What records were before, if they are few enough to keep. */
const keep = async (collection, ids, title, fields) =>
  ids.length > KEPT_MAX
    ? null
    : withProgress(title, ids.length, (progress) => fetchWhole(collection, ids, { ...progress, fields }));

/**
 * Lets somebody choose a field and a value for all of these records. `on` is what is told: `change()` after a change,
 * `undo(run)` how to take it back, `close()` that the dialog has gone.
 */
export function editRecords(collection, ids, on) {
  const fields = collection.fields.filter(editableAtOnce);
  const title = uniqueId('edit');
  const [fieldId, valueId] = [uniqueId('field'), uniqueId('value')];
  let input;
  const chosen = () => fields.find((field) => field.name === select.value);
  const problem = h('div', { class: 'problem', role: 'alert' });
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
    fields.map((field) => h('option', { value: field.name }, `${field.name} (${kindName(field)})`)),
  );
  const go = async (event) => {
    event.preventDefault();
    problem.textContent = '';
    try {
      const outcome = await change(collection, ids, chosen(), input.get(), on);
      if (outcome?.done.length > 0) return dialog.close();
      if (outcome) fill(problem, reasons(outcome));
    } catch (error) {
      if (error.name !== 'AbortError') problem.textContent = error.text ?? error.message;
    }
    // Nothing was changed, so what was typed is still of use.
    input.element.focus();
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
  dialog.addEventListener('close', () => {
    dialog.remove();
    on.close();
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** Why nothing was changed: each reason once, with how many records it is of. */
function reasons({ failed, unsure, left, broken }) {
  const same = Map.groupBy(failed, (one) => one.message);
  const lines = [...same].map(([message, some]) => `${plural(some.length, 'record')}: ${message}`);
  if (unsure.length > 0) lines.push(`${maybe(unsure, 'changed')} ${broken.message}`);
  if (left > 0) lines.push(`${plural(left, 'record')} not tried${broken ? `: ${broken.message}` : '.'}`);
  return lines.length === 1 ? lines : problemList('Why nothing was changed', lines);
}

const patches = (collection, list) =>
  list.map(({ id, body }) => ({ id, method: 'PATCH', url: pathOf(collection.name, id), body }));

/** Resolves to what has become of it, to nothing if somebody thought better of it; says so where something was done. */
async function change(collection, ids, field, value, on) {
  const { name } = field;
  if (!(await mayChange(`Change ${plural(ids.length, 'record')}`))) return undefined;
  const wanted = exactly(collection, ['id', name]);
  const before = await keep(collection, ids, 'Keeping the old values for an undo', wanted);
  const requests = patches(
    collection,
    ids.map((id) => ({ id, body: { [name]: value } })),
  );
  const outcome = await withProgress('Changing', ids.length, (progress) => sendMany(requests, progress));
  const changed = new Set([...outcome.done.map((one) => one.id), ...outcome.unsure]);
  if (changed.size === 0) return outcome;
  const undo = once(async () => {
    const old = before
      .filter((record) => changed.has(record.id))
      .map((record) => ({ id: record.id, body: { [name]: toWire(field, toState(field, record[name])) } }));
    report(
      await withProgress('Taking it back', old.length, (progress) => sendMany(patches(collection, old), progress)),
      'as before',
    );
    on.change();
  });
  if (before) on.undo(undo);
  report(outcome, 'changed', before && undo);
  on.change();
  return outcome;
}

/** Downloads records as JSON, whole. */
export async function downloadRecords(collection, ids) {
  const list = await withProgress('Downloading', ids.length, (progress) => fetchWhole(collection, ids, progress));
  download(`${collection.name}.json`, [JSON.stringify(list, null, 2)], 'application/json');
}
