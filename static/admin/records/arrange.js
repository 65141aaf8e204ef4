// The dialog that arranges the table's columns: which are shown, in which order, how wide. Used by records.js.

import { fill, h, iconButton, uniqueId } from '../lib/dom.js';
import { WIDTH_MAX, WIDTH_MIN } from './columns.js';

/** `onchange()` is called after every change. */
export function arrangeColumns(arrangement, onchange) {
  const title = uniqueId('columns');
  const list = h('ul', { class: 'column-list' });
  // Only what moves columns draws the list anew: a button that is just being pressed must not go away under the mouse.
  const change = (action) => {
    action();
    onchange();
  };
  const move = (action) => {
    change(action);
    drawList();
  };

  const step = (name, way, label, offset, all, at) =>
    iconButton(way, `Move ${name} ${label}`, {
      disabled: at + offset < 0 || at + offset >= all.length,
      dataset: { step: `${name} ${way}` },
      onclick: () => {
        move(() => arrangement.move(name, offset < 0 ? all[at - 1].name : all[at + 2]?.name));
        list.querySelector(`[data-step="${CSS.escape(`${name} ${way}`)}"]:not(:disabled)`)?.focus();
      },
    });

  function drawList() {
    fill(
      list,
      arrangement.all.map((column, at, all) => {
        const id = uniqueId('column');
        return h(
          'li',
          {},
          h('input', {
            type: 'checkbox',
            id,
            checked: column.shown,
            onchange: (event) => change(() => arrangement.show(column.name, event.target.checked)),
          }),
          h(
            'label',
            { for: id },
            column.name,
            ' ',
            h(
              'span',
              { class: 'quiet small' },
              column.field.hidden ? `${column.field.type}, hidden` : column.field.type,
            ),
          ),
          h('input', {
            type: 'number',
            min: WIDTH_MIN,
            max: WIDTH_MAX,
            step: 10,
            value: column.width,
            'aria-label': `Width of ${column.name}`,
            onchange: (event) =>
              change(() => arrangement.resize(column.name, Number(event.target.value) || column.width)),
          }),
          step(column.name, 'up', 'up', -1, all, at),
          step(column.name, 'down', 'down', 1, all, at),
        );
      }),
    );
  }

  drawList();
  const dialog = h(
    'dialog',
    { 'aria-labelledby': title },
    h('h2', { id: title }, 'Columns'),
    list,
    h(
      'footer',
      {},
      h('button', { type: 'button', onclick: () => move(() => arrangement.reset()) }, 'Reset'),
      h('button', { type: 'button', class: 'main', onclick: () => dialog.close() }, 'Done'),
    ),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
