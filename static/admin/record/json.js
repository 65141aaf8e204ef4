// The record editor's control for JSON: an editor that says where a mistake is, and can tidy the text up.

import { fill, h } from '../lib/dom.js';
import { editor } from '../lib/editor.js';
import { tell } from '../lib/feedback.js';
import { bytes } from '../lib/format.js';

/** What is wrong with a text that should be JSON. */
function mistake(text) {
  if (text.trim() === '') return undefined;
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return `This is not valid JSON: ${error.message}`;
  }
}

/** JSON with line breaks, digit for digit what it was. */
export function tidy(text) {
  const keep = (key, value, context) =>
    typeof value === 'number' && JSON.rawJSON && context?.source ? JSON.rawJSON(context.source) : value;
  return JSON.stringify(JSON.parse(text, keep), null, 2);
}

export function json(field, { onchange }) {
  let state = '';
  let view;
  let quiet = false;
  const says = h('span', { class: 'small', role: 'status' });
  const format = h(
    'button',
    {
      type: 'button',
      class: 'plain small',
      'aria-label': `Format ${field.name}`,
      onclick: () => {
        if (!mistake(state)) view?.set(tidy(state));
      },
    },
    'Format',
  );
  const body = h('div', { class: 'record-json' }, h('p', { class: 'quiet' }, 'Loading the editor …'));
  const draw = () => {
    const wrong = mistake(state);
    says.className = wrong ? 'badge problem' : 'badge good';
    fill(says, state.trim() === '' ? '' : wrong ? 'Not valid' : 'Valid');
    says.hidden = state.trim() === '';
    format.hidden = state.trim() === '' || Boolean(wrong);
  };
  editor({
    language: 'json',
    value: '',
    label: field.name,
    placeholder: 'null',
    minHeight: '5rem',
    onchange: (text) => {
      state = text;
      draw();
      if (!quiet) onchange();
    },
  }).then((made) => {
    view = made;
    fill(body, made.element);
    put(state);
  }, tell);
  const put = (text) => {
    state = text;
    draw();
    if (!view) return;
    quiet = true;
    view.set(text);
    quiet = false;
  };
  return {
    body,
    tools: h('span', { class: 'row' }, says, format),
    hint: field.maxSize ? `at most ${bytes(field.maxSize)}` : '',
    get: () => state,
    set: put,
    check: () => mistake(state),
    end: () => view?.view.destroy(),
  };
}
