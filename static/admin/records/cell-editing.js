// Cells that are edited in their place, one at a time, and what takes such a change back. Used by records.js; the
// editor of a cell is inline.js.

import { records, send } from '../lib/api.js';
import { tell, toast } from '../lib/feedback.js';
import { asText } from './cells.js';
import { editCell, store } from './inline.js';
import { editableInPlace } from './inputs.js';

const SHOWN_CHARS = 60;
const short = (text) => (text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)} …` : text);

/**
 * @param {{ frame: HTMLElement, grid: object, collection: object, source: () => object, heard: object,
 *   query: () => object, onundo: (run?: () => Promise<void>) => void }} options  `query()` is that of the list;
 *   `onundo` is told what takes the last change back, and that this was done.
 * @returns {(row: number, column: object) => Promise<void>}  what opens the editor of a cell
 */
export function cellEditing({ frame, grid, collection, source, heard, query, onundo }) {
  let editing;

  async function edit(row, column) {
    const record = source().row(row);
    if (!record || (editing && !(await editing.finish()))) return;
    const { id } = record;
    editing = editCell({
      frame,
      grid,
      collection,
      record: source().row(source().indexOf(id)) ?? record,
      column,
      query: query(),
      onsaved: (now, before) => {
        heard.changed(now);
        offerUndo(id, column, { before, now: now[column.name] });
      },
      onnext: (step) => {
        const editable = grid.columns.filter((one) => editableInPlace(one.field));
        const next = editable[editable.findIndex((one) => one.name === column.name) + step];
        if (next) grid.edit(source().row(row)?.id === id ? row : source().indexOf(id), next);
      },
    });
  }

  function offerUndo(id, column, values) {
    const run = () => takeBack(id, column, values);
    onundo(run);
    const text = `${column.name} is now ${short(asText(values.now, column.field)) || 'empty'}.`;
    toast(text, 'good', { action: { label: 'Undo', run } });
  }

  async function takeBack(id, { name, field }, { before, now }) {
    onundo();
    try {
      const answer = await send('GET', records(collection.name, id), { query: { fields: name }, raw: true });
      const state = answer.headers.get('ETag');
      if (JSON.stringify((await answer.json())[name]) !== JSON.stringify(now)) {
        toast(`${name} has been changed meanwhile, so it was left as it is.`, 'problem');
        return;
      }
      const body = { [name]: before ?? (field.nullable ? null : '') };
      heard.changed(await store(collection, id, body, { state, query: query() }));
      toast('Taken back.');
    } catch (error) {
      tell(error);
    } finally {
      // The notice with the button has gone.
      if (document.activeElement === document.body) grid.element.focus({ preventScroll: true });
    }
  }

  return edit;
}
