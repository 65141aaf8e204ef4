// The record editor's control for selects: chips, as there are seldom many values; a filter above where there are.

import { fill, h } from '../lib/dom.js';
import { isMultiple } from './values.js';

const FILTER_FROM = 13;

export function choices(field, { onchange, parts }) {
  const several = isMultiple(field);
  let chosen = [];
  const chips = h('div', { class: 'record-chips' });
  const counted = h('span', { class: 'quiet' });
  const filter =
    field.values.length >= FILTER_FROM &&
    h('input', {
      type: 'search',
      placeholder: 'Filter the values',
      'aria-label': `Filter the values of ${field.name}`,
      oninput: () => draw(),
      // It would save the record, of which the filter is no part.
      onkeydown: (event) => {
        if (event.key === 'Enter') event.preventDefault();
      },
    });
  const pick = (value, on) => {
    if (!several) chosen = on ? [value] : [];
    else chosen = on ? [...chosen, value] : chosen.filter((one) => one !== value);
    onchange();
    draw(value);
  };
  function draw(focused) {
    const wanted = filter ? filter.value.trim().toLowerCase() : '';
    // What is stored may have been taken out of the list since.
    const gone = chosen.filter((value) => !field.values.includes(value));
    const isFull = several && chosen.length >= field.maxSelect;
    const shown = [...field.values, ...gone].filter(
      (value) => chosen.includes(value) || value.toLowerCase().includes(wanted),
    );
    fill(
      chips,
      shown.map((value) => {
        const on = chosen.includes(value);
        // Not radio buttons: one that is chosen can be taken back.
        const input = h('input', {
          type: 'checkbox',
          checked: on,
          disabled: isFull && !on,
          onchange: () => pick(value, !on),
        });
        if (value === focused) queueMicrotask(() => input.focus());
        return h(
          'label',
          { class: 'record-chip', title: gone.includes(value) ? 'This value is not in the list any more' : undefined },
          input,
          h('span', {}, value === '' ? '(empty)' : value, gone.includes(value) && ' (not in the list)'),
        );
      }),
    );
    fill(counted, several ? `${chosen.length} of ${field.maxSelect} at most` : '');
  }
  return {
    body: h('div', { class: 'record-line', id: parts.id }, filter, chips),
    tools: counted,
    get: () => chosen,
    set: (state) => {
      chosen = [...state];
      draw();
    },
  };
}
