// What can be done with all selected records: delete, change a field, download; and taking the first two back.
// Loaded by records.js when somebody does one of these.

import { records as pathOf } from '../lib/api.js';
import { fill, h, uniqueId } from '../lib/dom.js';
import { download } from '../lib/download.js';
import { ask, tell, toast } from '../lib/feedback.js';
import { plural } from '../lib/format.js';
import { fetchWhole, sendMany, showFailures, withProgress } from './changes.js';
import { editableAtOnce, valueInput } from './inputs.js';

/** What the server sets by itself, or what can't be sent as it was read. */
const NOT_SENT = new Set(['autodate', 'file', 'password']);
const SECRET = new Set(['tokenKey']);

const done = (outcome, verb, undo) => {
  if (outcome.failed.length > 0) showFailures(`Not all were ${verb}`, outcome.failed);
  if (outcome.done.length > 0)
    toast(
      `${plural(outcome.done.length, 'record')} ${verb}.`,
      'good',
      undo && { action: { label: 'Undo', run: () => undo().catch(tell) } },
    );
};

/** Deletes records after asking; `onchange()` is called after anything has changed. */
export async function deleteRecords(collection, ids, onchange) {
  const isAuth = collection.type === 'auth';
  const files = collection.fields.some((field) => field.type === 'file');
  const lost = [files && 'files', 'dates of creation', 'what other collections lose with them']
    .filter(Boolean)
    .join(', ');
  const text = isAuth
    ? "Accounts can't be brought back, because their passwords are nowhere else."
    : `Right afterwards this can be undone, except for ${lost}.`;
  if (!(await ask({ title: `Delete ${plural(ids.length, 'record')}?`, text, action: 'Delete', danger: true }))) return;
  const before = isAuth
    ? []
    : await withProgress('Keeping the records for an undo', ids.length, (progress) =>
        fetchWhole(collection, ids, progress),
      );
  const requests = ids.map((id) => ({ id, method: 'DELETE', url: pathOf(collection.name, id) }));
  const outcome = await withProgress('Deleting', ids.length, (progress) => sendMany(requests, progress));
  const gone = new Set(outcome.done.map((one) => one.id));
  done(
    outcome,
    'deleted',
    isAuth
      ? undefined
      : () =>
          bringBack(
            collection,
            before.filter((record) => gone.has(record.id)),
            onchange,
          ),
  );
  onchange();
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
  done(outcome, lost ? 'brought back without their files' : 'brought back');
  onchange();
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
  const before = await withProgress('Keeping the old values for an undo', ids.length, (progress) =>
    fetchWhole(collection, ids, progress),
  );
  const requests = patches(
    collection,
    ids.map((id) => ({ id, body: { [name]: value } })),
  );
  const outcome = await withProgress('Changing', ids.length, (progress) => sendMany(requests, progress));
  const changed = new Set(outcome.done.map((one) => one.id));
  const old = before
    .filter((record) => changed.has(record.id))
    .map((record) => ({ id: record.id, body: { [name]: record[name] } }));
  done(outcome, 'changed', async () => {
    done(
      await withProgress('Taking it back', old.length, (progress) => sendMany(patches(collection, old), progress)),
      'as before',
    );
    onchange();
  });
  onchange();
}

/** Downloads records as JSON, whole. */
export async function downloadRecords(collection, ids) {
  const list = await withProgress('Downloading', ids.length, (progress) => fetchWhole(collection, ids, progress));
  download(`${collection.name}.json`, [JSON.stringify(list, null, 2)], 'application/json');
}
