// The bar with what can be done with the selected records. Used by records.js; what it does is in bulk.js and
// bulk-delete.js, which are loaded when somebody does it.

import { fill, h } from '../lib/dom.js';
import { busy } from '../lib/feedback.js';
import { count } from '../lib/format.js';
import { editableAtOnce } from './inputs.js';

/**
 * @param {{ collection: object, grid: object, source: () => object, onchange: () => void,
 *   onundo: (run: () => Promise<void>) => void }} options  `onchange()` is called after records have changed, `onundo`
 *   with what takes the last change back.
 * @returns {{ element: HTMLElement, draw: () => void }}
 */
export function bulkBar({ collection, grid, source, onchange, onundo }) {
  const element = h('div', { class: 'bulk', role: 'region', 'aria-label': 'Selected records', hidden: true });
  const ids = () => [...grid.selection.ids];
  const isView = collection.type === 'view';

  const button = (label, run, { kind = '', load = () => import('./bulk.js') } = {}) =>
    h(
      'button',
      {
        type: 'button',
        class: `small ${kind}`,
        onclick: (event) => busy(event.currentTarget, async () => run(await load())),
      },
      label,
    );

  /** What was pressed is gone. Whoever uses keys goes on where the records are. */
  const goOn = () => {
    if (document.activeElement === document.body) grid.element.focus({ preventScroll: true });
  };
  const changed = (gone = []) => {
    grid.select((selection) => selection.remove(gone));
    onchange();
    goOn();
  };
  const edit = ({ editRecords }) =>
    editRecords(collection, ids(), { change: () => changed(), undo: onundo, close: goOn });
  const remove = ({ deleteRecords }) => deleteRecords(collection, ids(), { change: changed, undo: onundo });

  async function selectAll({ everyId }) {
    const all = await everyId(source());
    grid.select((selection) => selection.add(all));
    goOn();
  }

  let drawn = '';
  function draw() {
    const size = grid.selection.ids.size;
    const { total } = source();
    // Nothing else is told here. What is drawn anew loses the focus, and others' changes are many.
    const shown = `${size} of ${total}`;
    if (shown === drawn) return;
    drawn = shown;
    const hadFocus = element.contains(document.activeElement);
    element.hidden = size === 0;
    fill(
      element,
      h('strong', { role: 'status' }, size > 0 && `${count(size)} selected`),
      total > size && button(`Select all ${count(total)}`, selectAll),
      !isView && collection.fields.some(editableAtOnce) && button('Edit', edit),
      !isView && button('Delete', remove, { kind: 'danger', load: () => import('./bulk-delete.js') }),
      button('Download JSON', (bulk) => bulk.downloadRecords(collection, ids())),
      h(
        'button',
        { type: 'button', class: 'small plain', onclick: () => grid.select((selection) => selection.clear()) },
        'Reset',
      ),
    );
    // What had the focus is gone; whoever uses keys goes on where the records are.
    if (hadFocus) grid.element.focus({ preventScroll: true });
  }

  return { element, draw };
}
