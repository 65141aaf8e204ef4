// The head of the table: names of columns, how they are sorted, and dragging them, whole or by their edge. Used by
// grid.js, which has the keys for the same.

import { fill, h, icon } from '../lib/dom.js';

/**
 * Draws the head. `on` hears `move(name, before)` and `resize(name, px)`; `drag.resizes` is true while an edge is
 * dragged, so that the click that ends it sorts nothing.
 */
export function drawHead(head, { columns, sort, cellId, on, drag }) {
  const all = h('input', {
    type: 'checkbox',
    tabindex: -1,
    'aria-label': 'Select the rows that are loaded',
    dataset: { all: '' },
  });
  fill(
    head,
    h('div', { role: 'columnheader', class: 'tick', 'aria-colindex': 1, id: cellId(-1, 0) }, all),
    columns.map((column, at) => headCell(column, at + 1, { sort, cellId, on, drag })),
  );
}

function headCell(column, at, { sort, cellId, on, drag }) {
  const sorted = sort.replace(/^[-+]/, '') === column.name;
  const down = sorted && sort.startsWith('-');
  const grip = h('span', { class: 'grip', 'aria-hidden': 'true', title: 'Drag to resize' });
  const cell = h(
    'div',
    {
      role: 'columnheader',
      class: `c-${column.type}${column.sortable ? ' sortable' : ''}`,
      'aria-colindex': at + 1,
      id: cellId(-1, at),
      draggable: 'true',
      'aria-sort': column.sortable ? (sorted ? (down ? 'descending' : 'ascending') : 'none') : undefined,
      dataset: { column: column.name },
      title: column.field.help || undefined,
    },
    h('span', { class: 'name' }, column.name),
    column.field.hidden &&
      h(
        'span',
        { class: 'hidden-mark', title: 'Hidden: only superusers see it' },
        icon('lock'),
        h('span', { class: 'visually-hidden' }, ' hidden'),
      ),
    sorted && icon(down ? 'down' : 'up'),
    grip,
  );
  grip.addEventListener('pointerdown', (event) => resize(event, column, on, drag));
  listenToDrops(cell, column, on, drag);
  return cell;
}

const DRAGGED = 'text/x-column';

function listenToDrops(cell, column, on, drag) {
  cell.addEventListener('dragstart', (event) => {
    if (drag.resizes) return event.preventDefault();
    event.dataTransfer.setData(DRAGGED, column.name);
    event.dataTransfer.effectAllowed = 'move';
  });
  cell.addEventListener('dragover', (event) => {
    if (!event.dataTransfer.types.includes(DRAGGED)) return;
    event.preventDefault();
    cell.classList.add('drop');
  });
  cell.addEventListener('dragleave', () => cell.classList.remove('drop'));
  cell.addEventListener('drop', (event) => {
    event.preventDefault();
    cell.classList.remove('drop');
    const name = event.dataTransfer.getData(DRAGGED);
    if (name && name !== column.name) on.move(name, column.name);
  });
}

function resize(event, column, on, drag) {
  event.preventDefault();
  const start = event.clientX;
  drag.resizes = true;
  const move = (moved) => on.resize(column.name, column.width + moved.clientX - start);
  const stop = () => {
    setTimeout(() => {
      drag.resizes = false;
    });
    removeEventListener('pointermove', move);
    removeEventListener('pointerup', stop);
    removeEventListener('pointercancel', stop);
  };
  addEventListener('pointermove', move);
  addEventListener('pointerup', stop);
  addEventListener('pointercancel', stop);
}
