// Controls of the record editor for a single plain value: text, number, yes or no, e-mail, URL.

import { h } from '../lib/dom.js';

const MAX_ROWS = 14;
const LETTERS_A_ROW = 75;

/** Texts may have lines, so they get a box that grows with them. */
export function text(field, { onchange, isNew }) {
  let stored = '';
  const grow = () => {
    const rows = input.value
      .split('\n')
      .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / LETTERS_A_ROW)), 0);
    input.rows = Math.min(MAX_ROWS, rows);
  };
  const input = h('textarea', {
    rows: 1,
    class: 'grows',
    autocomplete: 'off',
    placeholder: isNew && field.autogeneratePattern ? 'Made by itself if left empty' : undefined,
    oninput: () => {
      grow();
      onchange();
    },
  });
  return {
    body: input,
    target: input,
    hint: limits(field),
    // A box knows one kind of line break only; what nobody has touched keeps its own.
    get: () => (input.value === plainBreaks(stored) ? stored : input.value),
    set: (state) => {
      stored = String(state);
      input.value = stored;
      grow();
    },
  };
}

const plainBreaks = (value) => value.replace(/\r\n?/g, '\n');

function limits({ min, max, pattern, autogeneratePattern }) {
  const length =
    min && max
      ? min === max
        ? `${min} characters`
        : `${min} to ${max} characters`
      : min
        ? `at least ${min} characters`
        : max
          ? `at most ${max} characters`
          : '';
  return [length, pattern && `like ${pattern}`, autogeneratePattern && 'made by itself'].filter(Boolean).join(' · ');
}

/** Browsers take the wheel over a number that has the focus for a change of it; whoever scrolls means the page. */
export const leaveToTheWheel = (event) => event.currentTarget.blur();

export function number(field, { onchange }) {
  const input = h('input', {
    type: 'number',
    step: field.onlyInt ? '1' : 'any',
    min: field.min ?? undefined,
    max: field.max ?? undefined,
    autocomplete: 'off',
    oninput: onchange,
    onwheel: leaveToTheWheel,
  });
  const { min, max } = field;
  const has = (limit) => limit !== null && limit !== undefined;
  const range =
    has(min) && has(max) ? `${min} to ${max}` : has(min) ? `at least ${min}` : has(max) ? `at most ${max}` : '';
  return {
    body: input,
    target: input,
    hint: [field.onlyInt && 'whole', range].filter(Boolean).join(' · '),
    get: () => (input.value === '' ? (field.nullable ? null : 0) : Number(input.value)),
    set: (state) => {
      input.value = String(state);
    },
    check: () => (input.validity.badInput ? 'This is not a number.' : undefined),
  };
}

export function bool(field, { onchange }) {
  const input = h('input', { type: 'checkbox', role: 'switch', onchange });
  return {
    body: h('span', { class: 'record-switch' }, input),
    target: input,
    get: () => input.checked,
    set: (state) => {
      input.checked = Boolean(state);
    },
  };
}

const domains = ({ onlyDomains, exceptDomains }) =>
  onlyDomains?.length
    ? `only ${onlyDomains.join(', ')}`
    : exceptDomains?.length
      ? `not ${exceptDomains.join(', ')}`
      : '';

export function email(field, { onchange }) {
  const input = h('input', { type: 'email', autocomplete: 'off', spellcheck: 'false', oninput: onchange });
  return line(input, domains(field));
}

export function url(field, { onchange }) {
  const open = h('a', { class: 'small', target: '_blank', rel: 'noopener noreferrer', hidden: true }, 'Open');
  const draw = () => {
    const isWeb = /^https?:\/\/\S+$/i.test(input.value);
    open.hidden = !isWeb;
    if (isWeb) open.href = input.value;
    else open.removeAttribute('href');
  };
  const input = h('input', {
    type: 'url',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'https://',
    oninput: () => {
      draw();
      onchange();
    },
  });
  const basic = line(input, domains(field));
  return {
    ...basic,
    tools: open,
    set: (state) => {
      basic.set(state);
      draw();
    },
  };
}

/** Inputs of these types take no line breaks and trim spaces, which what is stored may have. */
function line(input, hint) {
  let [stored, shown] = ['', ''];
  return {
    body: input,
    target: input,
    hint,
    get: () => (input.value === shown ? stored : input.value),
    set: (state) => {
      input.value = state;
      [stored, shown] = [state, input.value];
    },
  };
}
