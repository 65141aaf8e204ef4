// Labelled inputs of the editor of collections. Each is a `.field` (or `.check`) that tells its new value, and names
// with `data-path` the key of the definition that it edits, so that the server's problems find it (`problems.js`).

import { fill, h, iconButton, uniqueId } from '../lib/dom.js';
import { fromDate } from '../lib/format.js';
import { toLocal } from '../record/dates.js';

/** What surrounds one input: label, hint. */
function around(input, { label, hint, class: extra = '' }) {
  const hintId = hint && uniqueId('hint');
  if (hint) input.setAttribute('aria-describedby', hintId);
  return h(
    'div',
    { class: `field ${extra}` },
    h('label', { for: input.id }, label),
    input,
    hint && h('p', { class: 'hint', id: hintId }, hint),
  );
}

/** Says that what stands in an input is no value (`''`: that it is one); `unfinished` finds it then. */
export function refuse(input, message) {
  input.setCustomValidity(message);
  if (message) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
}

/** What is wrong with a text that the browser can't read: for pages such an input is as good as empty. */
const unread = ({ type, validity: { badInput } }) =>
  !badInput ? '' : type === 'number' ? 'This isn’t a number.' : 'This needs a day and a time.';

/** The inputs within `root` with a text that is no value, so that it isn't in the draft; each with what is wrong. */
export const unfinished = (root) =>
  [...root.querySelectorAll('input, textarea')]
    .map((input) => ({ input, message: unread(input) || input.validationMessage }))
    .filter(({ input: { validity } }) => validity.badInput || validity.customError);

/** One line of text. */
export function textControl({ value, onchange, path, placeholder, disabled, mono, ...look }) {
  const input = h('input', {
    id: uniqueId('text'),
    type: 'text',
    value: value ?? '',
    placeholder,
    disabled,
    autocomplete: 'off',
    spellcheck: 'false',
    class: mono ? 'mono' : undefined,
    dataset: { path },
    oninput: () => onchange(input.value),
  });
  return around(input, look);
}

/** Several lines of text. */
export function areaControl({ value, onchange, path, mono, rows = 3, maxlength, ...look }) {
  const input = h('textarea', {
    id: uniqueId('area'),
    value: value ?? '',
    rows,
    maxlength,
    class: mono ? 'mono' : undefined,
    dataset: { path },
    oninput: () => onchange(input.value),
  });
  return around(input, look);
}

/** A number; nothing is `empty`. `said` makes a line of a number that says what it means. */
export function numberControl({
  value,
  onchange,
  path,
  empty = 0,
  step = 1,
  min = 0,
  placeholder,
  disabled,
  said,
  hint,
  ...look
}) {
  const shown = value === empty || value === null || value === undefined ? '' : String(value);
  const input = h('input', {
    id: uniqueId('number'),
    type: 'number',
    value: shown,
    step,
    min: min ?? undefined,
    placeholder,
    disabled,
    dataset: { path },
    oninput: () => {
      refuse(input, unread(input));
      if (input.validity.badInput) return;
      const number = input.value === '' ? empty : Number(input.value);
      tell(number);
      onchange(number);
    },
  });
  const field = around(input, { ...look, hint: said ? ' ' : hint });
  const tell = (number) => {
    if (said) field.querySelector('.hint').textContent = said(number);
  };
  tell(value ?? empty);
  return field;
}

/** A moment, entered in the browser's time zone; nothing is an empty text. */
export function momentControl({ value, onchange, path, hint = 'In your time zone. Empty: any.', ...look }) {
  const said = (state) => (state ? `Stored as ${state}` : hint);
  const input = h('input', {
    id: uniqueId('moment'),
    type: 'datetime-local',
    step: 1,
    value: toLocal(value),
    dataset: { path },
    oninput: () => {
      refuse(input, unread(input));
      if (input.validity.badInput) return;
      const state = input.value === '' ? '' : fromDate(new Date(input.value));
      field.querySelector('.hint').textContent = said(state);
      onchange(state);
    },
  });
  const field = around(input, { ...look, hint: said(value) });
  return field;
}

/** A box to tick. */
export function checkControl({ value, onchange, path, disabled, label, hint, class: extra = '' }) {
  const input = h('input', {
    id: uniqueId('check'),
    type: 'checkbox',
    checked: Boolean(value),
    disabled,
    dataset: { path },
    onchange: () => onchange(input.checked),
  });
  const hintId = hint && uniqueId('hint');
  if (hint) input.setAttribute('aria-describedby', hintId);
  return h(
    'div',
    { class: `check ${extra}` },
    input,
    h('label', { for: input.id }, label, hint && h('span', { class: 'hint', id: hintId }, ` ${hint}`)),
  );
}

/** Fills a `select` with `[[value, text], …]`. */
export const offer = (select, choices, value) =>
  fill(select, choices.map(([key, text]) => h('option', { value: key, selected: key === value }, text)));

/** One of `[[value, text], …]`. */
export function selectControl({ value, onchange, path, choices, disabled, ...look }) {
  const tell = () => onchange(input.value);
  const input = h('select', { id: uniqueId('select'), disabled, dataset: { path }, onchange: tell });
  offer(input, choices, value);
  return around(input, look);
}

/**
 * A list of texts as chips: Enter or a comma adds what is typed (only Enter with `commas: false`), Backspace takes the
 * last one back into the input, arrow keys on a chip move it. `suggest` are texts to pick.
 */
export function chipsControl({ value, onchange, path, placeholder = '', suggest = [], commas = true, ...look }) {
  const list = [...value];
  const chips = h('ul', { class: 'chips' });
  const suggestions =
    suggest.length > 0 &&
    h(
      'datalist',
      { id: uniqueId('suggest') },
      suggest.map((text) => h('option', { value: text })),
    );
  const input = h('input', {
    id: uniqueId('chips'),
    type: 'text',
    placeholder,
    autocomplete: 'off',
    spellcheck: 'false',
    list: suggestions ? suggestions.id : undefined,
    onkeydown: (event) => {
      if (event.key === 'Enter' || (commas && event.key === ',')) {
        event.preventDefault();
        take();
      } else if (event.key === 'Backspace' && input.value === '' && list.length > 0) {
        event.preventDefault();
        input.value = list.pop();
        changed();
      }
    },
    onpaste: (event) => {
      const text = event.clipboardData.getData('text');
      if (!text.includes('\n')) return;
      event.preventDefault();
      add(text.split('\n'));
    },
    onblur: () => take(),
  });
  function take() {
    add(commas ? input.value.split(',') : [input.value]);
    input.value = '';
  }
  function add(texts) {
    const fresh = texts.map((text) => text.trim()).filter((text) => text !== '' && !list.includes(text));
    if (fresh.length === 0) return;
    list.push(...new Set(fresh));
    changed();
  }
  function changed() {
    draw();
    onchange([...list]);
  }
  function move(at, by, focus) {
    const to = at + by;
    if (to < 0 || to >= list.length) return;
    [list[at], list[to]] = [list[to], list[at]];
    changed();
    chips.children[to].querySelector(focus).focus();
  }
  function draw() {
    chips.replaceChildren(
      ...list.map((text, at) =>
        h(
          'li',
          {},
          h(
            'span',
            {
              class: 'chip-text',
              tabindex: '0',
              role: 'button',
              'aria-label': `${text}. Arrow keys move it.`,
              onkeydown: (event) => {
                const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
                if (!step) return;
                event.preventDefault();
                move(at, step, '.chip-text');
              },
            },
            text,
          ),
          iconButton('x', `Remove ${text}`, {
            class: 'plain icon chip-x',
            onclick: () => {
              list.splice(at, 1);
              changed();
              input.focus();
            },
          }),
        ),
      ),
    );
    chips.hidden = list.length === 0;
  }
  draw();
  const field = around(input, look);
  input.before(chips);
  if (suggestions) field.append(suggestions);
  input.dataset.path = path;
  return Object.assign(field, { add });
}

/** A group of boxes for a set of names, of which those in `value` are ticked. */
export function setControl({ label, hint, choices, value, onchange, path, none = 'None.' }) {
  const chosen = new Set(value);
  return h(
    'fieldset',
    { class: 'field', dataset: { path } },
    h('legend', {}, label),
    hint && h('p', { class: 'hint' }, hint),
    choices.length === 0
      ? h('p', { class: 'quiet' }, none)
      : h(
          'div',
          { class: 'row boxes' },
          choices.map((name) =>
            checkControl({
              label: name,
              value: chosen.has(name),
              onchange: (on) => {
                if (on) chosen.add(name);
                else chosen.delete(name);
                onchange([...chosen]);
              },
            }),
          ),
        ),
  );
}

/** Seconds as people say them: `5 days`, `1 hour 30 min`. */
export function seconds(value) {
  if (!Number.isFinite(value) || value <= 0) return '';
  const parts = [];
  let left = Math.round(value);
  for (const [size, one, many] of [
    [86_400, 'day', 'days'],
    [3600, 'hour', 'hours'],
    [60, 'minute', 'minutes'],
    [1, 'second', 'seconds'],
  ]) {
    const amount = Math.floor(left / size);
    left -= amount * size;
    if (amount > 0) parts.push(`${amount} ${amount === 1 ? one : many}`);
  }
  return parts.slice(0, 2).join(' ');
}
