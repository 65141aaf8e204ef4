// Editing one cell in its place. The input lies over the table and follows its record, so rows may be drawn anew, move
// and go meanwhile. Used by cell-editing.js.

import { Refused, get, patch, records, send } from '../lib/api.js';
import { mayChange } from '../lib/controls.js';
import { fill, h, uniqueId } from '../lib/dom.js';
import { asText } from './cells.js';
import { valueInput } from './inputs.js';

const CONFLICT = 412;

/** A name of a record's state for `If-Match`: its field `updated`, or else the tag that comes with a view of it. */
async function stateOf(collection, record) {
  const dated = collection.fields.find(
    (field) => field.name === 'updated' && field.type === 'autodate' && field.onUpdate,
  );
  if (dated && record.updated) return `"${record.updated}"`;
  const answer = await send('GET', records(collection.name, record.id), { raw: true });
  return answer.headers.get('ETag');
}

/**
 * Changes one field of a record, if it still is in the given state.
 * @returns the record as it is now
 */
export const store = (collection, id, body, { state, query } = {}) =>
  patch(records(collection.name, id), body, { query, headers: state ? { 'If-Match': state } : {} });

/**
 * Opens the editor of a cell.
 * @param {{ frame: HTMLElement, grid: object, collection: object, record: object, column: object, query: object,
 *   onsaved: (now: object, before: any) => void, onnext: (step: number) => void }} options  `query` is that of the
 *   list; `onnext` goes to the next cell that can be edited.
 * @returns {{ finish: () => Promise<boolean> }}
 */
export function editCell({ frame, grid, collection, record, column, query, onsaved, onnext }) {
  const { field } = column;
  /** What is stored, as far as is known here. */
  let before = record[field.name];
  const problemId = uniqueId('cell');
  const input = valueInput(field, before, {
    'aria-label': `${field.name} of ${record.id}`,
    onkeydown: (event) => key(event),
    onblur: () => {
      left = leave();
    },
  });
  /** What nobody has touched reads like this, which may be another thing than what is stored. */
  let untouched = JSON.stringify(input.get());
  const problem = h('p', { class: 'problem', id: problemId, role: 'alert', hidden: true });
  const box = h('div', { class: 'cell-editor' }, input.element, problem);
  let state = stateOf(collection, record);
  state.catch(() => {});
  let done = false;
  let saving = false;
  let left;

  function position() {
    const cell = grid.cellOf(record.id, field.name);
    box.hidden = !cell;
    if (!cell) return;
    const [outer, inner] = [frame.getBoundingClientRect(), cell.getBoundingClientRect()];
    const width = Math.max(inner.width, 150);
    box.style.left = `${Math.max(Math.min(inner.left - outer.left, outer.width - width), 0)}px`;
    box.style.top = `${inner.top - outer.top}px`;
    box.style.width = `${width}px`;
  }

  function close({ focus = true } = {}) {
    if (done) return;
    done = true;
    grid.element.removeEventListener('drawn', position);
    box.remove();
    if (focus) grid.element.focus({ preventScroll: true });
  }

  function refuse(message) {
    fill(problem, message);
    problem.hidden = false;
    input.element.setAttribute('aria-invalid', 'true');
    input.element.setAttribute('aria-describedby', problemId);
    input.element.focus();
  }

  /** Whether the editor may go, because the value is stored or hasn't changed. */
  async function save() {
    if (saving || done) return false;
    saving = true;
    input.element.setAttribute('aria-busy', 'true');
    try {
      const value = input.get();
      if ([untouched, JSON.stringify(before)].includes(JSON.stringify(value))) return true;
      if (!(await mayChange(`Change ${field.name}`))) return false;
      onsaved(await store(collection, record.id, { [field.name]: value }, { state: await state, query }), before);
      return true;
    } catch (error) {
      if (error.status === CONFLICT) await conflict();
      else refuse(error instanceof Refused ? (error.data[field.name]?.message ?? error.text) : error.message);
      return false;
    } finally {
      saving = false;
      input.element.removeAttribute('aria-busy');
    }
  }

  /** Somebody was faster: say what they have written, and let the next Enter write over it. */
  async function conflict() {
    try {
      const now = await get(records(collection.name, record.id));
      state = stateOf(collection, now);
      state.catch(() => {});
      // What is there now is what an undo brings back, and what was there before has become a change.
      before = now[field.name];
      untouched = undefined;
      refuse(
        `Somebody has changed this record meanwhile; here it is now “${asText(now[field.name], field)}”. ` +
          'Enter writes over it, Escape leaves it.',
      );
    } catch (error) {
      refuse(error.status === 404 ? 'Somebody has deleted this record meanwhile.' : error.message);
    }
  }

  async function key(event) {
    if (event.isComposing) return;
    const step = event.key === 'Tab' ? (event.shiftKey ? -1 : 1) : 0;
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
    } else if (step || (event.key === 'Enter' && !event.shiftKey)) {
      event.preventDefault();
      event.stopPropagation();
      if (!(await save())) return;
      close();
      if (step) onnext(step);
    }
  }

  /** A click elsewhere saves; what is refused stays to be put right. */
  async function leave() {
    if (done || saving || !problem.hidden) return;
    if (await save()) close({ focus: false });
  }

  /** Once it is saved, or out of sight, it goes; else somebody is sent back to it. Resolves to whether it has gone. */
  async function finish() {
    await left;
    if (box.hidden) close({ focus: false });
    if (!done) input.element.focus();
    return done;
  }

  grid.element.addEventListener('drawn', position);
  frame.append(box);
  position();
  input.element.focus();
  input.element.select?.();
  return { finish };
}
