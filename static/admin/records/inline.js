// Editing one cell in its place. The input lies over the table and follows it, so the row may be drawn anew meanwhile.
// Used by records.js.

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
 * @param {{ frame: HTMLElement, grid: object, collection: object, row: number, column: object, query: object,
 *   onsaved: (now: object, before: any) => void, onnext: (step: number) => void }} options  `query` is that of the
 *   list; `onnext` goes to the next cell that can be edited.
 */
export function editCell({ frame, grid, collection, row, column, query, onsaved, onnext }) {
  const record = grid.record(row);
  const { field } = column;
  const before = record[field.name];
  const problemId = uniqueId('cell');
  const input = valueInput(field, before, {
    'aria-label': `${field.name} of ${record.id}`,
    onkeydown: (event) => key(event),
    onblur: () => leave(),
  });
  const problem = h('p', { class: 'problem', id: problemId, role: 'alert', hidden: true });
  const box = h('div', { class: 'cell-editor' }, input.element, problem);
  let state = stateOf(collection, record);
  state.catch(() => {});
  let done = false;
  let saving = false;

  function position() {
    const cell = grid.cellAt(row, field.name);
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
    grid.element.removeEventListener('scroll', position);
    removeEventListener('resize', position);
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
      if (JSON.stringify(value) === JSON.stringify(before ?? '') || JSON.stringify(value) === JSON.stringify(before))
        return true;
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

  grid.element.addEventListener('scroll', position);
  addEventListener('resize', position);
  frame.append(box);
  position();
  input.element.focus();
  input.element.select?.();
}
