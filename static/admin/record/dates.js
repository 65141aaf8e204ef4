// The record editor's control for dates: in the browser's time zone, with the stored UTC below.

import { fill, h } from '../lib/dom.js';
import { fromDate, toDate } from '../lib/format.js';

const MINUTE_MS = 60_000;

/** A date as `datetime-local` inputs take it. */
export function toLocal(state) {
  const date = toDate(state);
  if (!date) return '';
  const local = new Date(date.getTime() - date.getTimezoneOffset() * MINUTE_MS).toISOString();
  return local.slice(0, date.getMilliseconds() === 0 ? 19 : 23);
}

const fromLocal = (value) => {
  const date = new Date(value);
  return value === '' || Number.isNaN(date.getTime()) ? '' : fromDate(date);
};

function zone(state) {
  const minutes = -(toDate(state) ?? new Date()).getTimezoneOffset();
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  if (timeZone === 'UTC') return timeZone;
  const two = (number) => String(number).padStart(2, '0');
  const hours = `${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  return `${timeZone} (UTC${minutes < 0 ? '−' : '+'}${hours})`;
}

export function date(field, { onchange }) {
  let state = '';
  const input = h('input', {
    type: 'datetime-local',
    step: '1',
    oninput: () => {
      state = fromLocal(input.value);
      told();
      onchange();
    },
  });
  const below = h('p', { class: 'hint' });
  const told = () =>
    fill(below, 'Shown in ', zone(state), state && [' · stored as ', h('span', { class: 'mono' }, state)]);
  const put = (value) => {
    state = value;
    input.value = toLocal(value);
    told();
  };
  const change = (value) => {
    put(value);
    onchange();
  };
  return {
    body: h(
      'div',
      { class: 'record-line' },
      h(
        'div',
        { class: 'row record-date' },
        input,
        h(
          'span',
          { class: 'row' },
          h(
            'button',
            { type: 'button', 'aria-label': `Set ${field.name} to now`, onclick: () => change(fromDate(new Date())) },
            'Now',
          ),
          h('button', { type: 'button', 'aria-label': `Clear ${field.name}`, onclick: () => change('') }, 'Clear'),
        ),
      ),
      below,
    ),
    target: input,
    hint: [field.min && `not before ${field.min}`, field.max && `not after ${field.max}`].filter(Boolean).join(' · '),
    get: () => state,
    set: put,
    check: () => (input.validity.badInput ? 'The date is not complete.' : undefined),
  };
}
