// The record editor's control for JSON: an editor that says where a mistake is, and can tidy the text up.

import { fill, h } from '../lib/dom.js';
import { editor } from '../lib/editor.js';
import { tell } from '../lib/feedback.js';
import { bytes } from '../lib/format.js';
import { lineAndColumn, mistakeAt } from './json-check.js';

const MAX_ROWS = 16;

/** Where a text that should be JSON is none. */
function mistake(text) {
  const at = text.trim() === '' ? -1 : mistakeAt(text);
  return at < 0 ? undefined : lineAndColumn(text, at);
}

/** JSON with line breaks, digit for digit what it was. */
function tidy(text) {
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
        if (mistake(state)) return;
        put(tidy(state));
        onchange();
      },
    },
    'Format',
  );
  // The editor is large, so it comes when somebody goes to the field; a box holds the text till then.
  const area = h('textarea', {
    class: 'mono',
    'aria-label': field.name,
    placeholder: 'null',
    spellcheck: 'false',
    autocomplete: 'off',
    oninput: () => {
      state = area.value;
      draw();
      onchange();
    },
    onfocus: start,
  });
  const body = h('div', { class: 'record-json' }, area);
  const draw = () => {
    const wrong = mistake(state);
    says.className = wrong ? 'badge problem' : 'badge good';
    fill(says, state.trim() === '' ? '' : wrong ? `Not valid: ${wrong}` : 'Valid');
    says.hidden = state.trim() === '';
    format.hidden = state.trim() === '' || Boolean(wrong);
  };
  let starting = false;
  async function start() {
    if (starting) return;
    starting = true;
    try {
      const made = await editor({
        language: 'json',
        value: state,
        label: field.name,
        placeholder: 'null',
        minHeight: '5rem',
        onchange: (text) => {
          state = text;
          draw();
          if (!quiet) onchange();
        },
      });
      show(made);
    } catch (error) {
      // The box does it, too; the next time somebody comes, the editor may.
      starting = false;
      tell(error);
    }
  }
  function show(made) {
    const hadFocus = document.activeElement === area;
    const [anchor, head] = [area.selectionStart, area.selectionEnd];
    view = made;
    put(state);
    fill(body, made.element);
    if (!hadFocus) return;
    const { length } = made.view.state.doc;
    made.view.dispatch({ selection: { anchor: Math.min(anchor, length), head: Math.min(head, length) } });
    made.view.focus();
  }
  const put = (text) => {
    state = text;
    draw();
    if (!view) {
      area.value = text;
      area.rows = Math.min(MAX_ROWS, Math.max(4, text.split('\n').length));
      return;
    }
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
    check: () => {
      const wrong = mistake(state);
      return wrong && `This is not valid JSON: look at ${wrong}.`;
    },
    focus: () => (view ? view.view : area).focus(),
    end: () => view?.view.destroy(),
  };
}
