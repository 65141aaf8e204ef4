// One row of the table. Used by grid.js.

import { fill, h, icon } from '../lib/dom.js';
import { draw } from './cells.js';

/**
 * Fills a row's element. Without a record it is still on its way. `mark` is what has happened to it: `new`, `changed`
 * or `deleted`; `cellId(column)` gives the cells' ids, column 0 being the one with the box.
 */
export function fillRow(element, { index, record, columns, mark, selected, cellId, context }) {
  element.dataset.row = index;
  element.setAttribute('aria-rowindex', index + 2);
  element.setAttribute('aria-selected', String(selected));
  element.classList.toggle('gone', mark === 'deleted');
  element.classList.toggle('fresh', mark === 'changed' || mark === 'new');
  const tick =
    record && h('input', { type: 'checkbox', tabindex: -1, checked: selected, 'aria-label': `Select ${record.id}` });
  fill(
    element,
    h('div', { role: 'gridcell', class: 'tick', 'aria-colindex': 1, id: cellId(0) }, tick),
    columns.map((column, at) =>
      h(
        'div',
        { role: 'gridcell', class: `c-${column.type}`, 'aria-colindex': at + 2, id: cellId(at + 1) },
        content(column, record, mark, context),
      ),
    ),
  );
}

function content(column, record, mark, context) {
  if (!record) return h('span', { class: 'waiting' });
  if (column.type !== 'id') return draw(column, record, context);
  return [
    h('span', { class: 'mono id' }, record.id),
    h(
      'button',
      {
        type: 'button',
        class: 'plain icon small copy',
        tabindex: -1,
        'aria-label': `Copy the id ${record.id}`,
        title: 'Copy the id',
        dataset: { copy: record.id },
      },
      icon('copy'),
    ),
    mark === 'deleted' && h('span', { class: 'badge problem' }, 'Deleted'),
  ];
}
