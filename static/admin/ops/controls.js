// The inputs that settings are made of. Each maker takes a field's description and gives
// `{ element, get, set, lock }`: `get` and `set` speak the interface's values. Called by `settings-form`; what the
// fields are is in `settings-fields`.

import { h, iconButton, uniqueId } from '../lib/dom.js';
import { numberIn } from './numbers.js';
import { rateRules } from './rate-rules.js';

/** The words beside an input. The place that locks it is added by `lock`. */
function frame(field, id, input, { after } = {}) {
  const badge = h('span', { class: 'lock-place' });
  const hint = field.hint && h('p', { class: 'hint', id: `${id}-hint` }, field.hint);
  if (hint) input.setAttribute('aria-describedby', hint.id);
  const element = h('div', { class: `field${field.wide ? ' wide' : ''}`, dataset: { path: field.path } },
    h('div', { class: 'label-row' }, h('label', { for: id }, field.label), badge, after), input, hint);
  return { element, badge };
}

/** Shows that the configuration has the last word. */
function lockedBy(badge, field, place) {
  badge.replaceChildren(h('span', { class: 'badge warn', title: `Set in ${place}; it can only be changed there.` },
    lockPicture(), field.key ? [h('code', {}, field.key), ` in ${place}`] : place));
}

const lockPicture = () => iconButton('lock', '').firstChild;

function simple(field, input, { get = () => input.value, set = (value) => { input.value = value ?? ''; },
  after } = {}) {
  const { element, badge } = frame(field, input.id, input, { after });
  return {
    element, get, set,
    lock(place) {
      input.disabled = true;
      for (const other of element.querySelectorAll('button, select')) other.disabled = true;
      lockedBy(badge, field, place);
    },
  };
}

const attributes = (field) => ({
  id: uniqueId('setting'), name: field.path, autocomplete: 'off', spellcheck: 'false', placeholder: field.placeholder,
});

/** A line of text; with `explain`, what it means stands below it while somebody types. */
const text = (field) => {
  const input = h('input', { ...attributes(field), type: field.kind ?? 'text' });
  const made = simple(field, input, { after: field.presets && presets(field, input) });
  if (!field.explain) return made;
  const words = h('p', { class: 'hint explained', 'aria-live': 'polite' });
  const explain = () => { words.textContent = field.explain(input.value); };
  input.addEventListener('input', explain);
  input.after(words);
  return { ...made, set: (value) => { made.set(value); explain(); } };
};

/** Values to choose from, which then stand in the input to be changed. */
const presets = ({ label, presets: list }, input) => h('select', { class: 'presets', 'aria-label': `${label}: examples`,
  onchange: (event) => {
    // What is chosen is not a value of the form's.
    event.stopPropagation();
    input.value = event.target.value;
    event.target.value = '';
    input.dispatchEvent(new Event('input', { bubbles: true }));
    input.focus();
  } }, h('option', { value: '' }, 'Examples …'), list.map(([value, name]) => h('option', { value }, name)));

const number = (field) => {
  const input = h('input', { ...attributes(field), type: 'number', min: field.min ?? 0, step: 1,
    inputmode: 'numeric' });
  return simple(field, input, { get: () => numberIn(input) });
};

const select = (field) => {
  const named = new Set(field.options.map(([value]) => String(value)));
  const input = h('select', attributes(field), field.options.map(([value, label]) => h('option', { value }, label)));
  return simple(field, input, {
    get: () => (field.numeric ? Number(input.value) : input.value),
    set(value) {
      // What was set by other means stays to be chosen.
      if (!named.has(String(value))) input.append(h('option', { value }, String(value)));
      named.add(String(value));
      input.value = String(value);
    },
  });
};

/** A list of texts, one a line. */
const lines = (field) => {
  const input = h('textarea', { ...attributes(field), class: 'mono', rows: 3 });
  const get = () => input.value.split(/[\n,]/).map((line) => line.trim()).filter(Boolean);
  const shortcuts = h('span', { class: 'row grow end' }, (field.shortcuts ?? []).map(({ label, value }) => h('button', {
    type: 'button', class: 'small', onclick: () => {
      if (!get().includes(value)) input.value = [...get(), value].join('\n');
      input.dispatchEvent(new Event('input', { bubbles: true }));
    },
  }, label)));
  return simple(field, input, { get, set: (value) => { input.value = (value ?? []).join('\n'); }, after: shortcuts });
};

/** A colour as text, and a picker that writes it. */
const color = (field) => {
  const input = h('input', { ...attributes(field), class: 'mono', maxlength: 7, placeholder: '#0b7264' });
  const picker = h('input', { type: 'color', class: 'swatch', 'aria-label': `Pick: ${field.label}` });
  const follow = () => { if (/^#[0-9a-f]{6}$/i.test(input.value)) picker.value = input.value; };
  input.addEventListener('input', follow);
  picker.addEventListener('input', () => {
    input.value = picker.value;
    input.dispatchEvent(new Event('input', { bubbles: true }));
  });
  const made = simple(field, input, { set: (value) => { input.value = value ?? ''; follow(); } });
  const pair = h('div', { class: 'color-pair' });
  input.replaceWith(pair);
  pair.append(picker, input);
  return { ...made, lock: (place) => { picker.disabled = true; made.lock(place); } };
};

/** What is never shown: it is only written, or deleted. */
const secret = (field) => {
  const input = h('input', { ...attributes(field), type: 'password', autocomplete: 'new-password',
    placeholder: 'Not shown. Write a new one to change it.' });
  let deleted = false;
  const forget = h('button', { type: 'button', class: 'small', 'aria-pressed': 'false', onclick: () => mark(!deleted) },
    'Delete the saved one');
  const mark = (on) => {
    deleted = on;
    forget.setAttribute('aria-pressed', String(on));
    if (on) input.value = '';
    input.dispatchEvent(new Event('input', { bubbles: true }));
  };
  input.addEventListener('input', () => {
    if (!input.value || !deleted) return;
    deleted = false;
    forget.setAttribute('aria-pressed', 'false');
  });
  return simple(field, input, {
    // `undefined` is how a secret stays as it is.
    get: () => (deleted ? '' : input.value || undefined),
    set: () => {
      deleted = false;
      forget.setAttribute('aria-pressed', 'false');
      input.value = '';
    },
    after: h('span', { class: 'grow right' }, forget),
  });
};

const check = (field) => {
  const id = uniqueId('setting');
  const input = h('input', { id, name: field.path, type: 'checkbox' });
  const badge = h('span', { class: 'lock-place' });
  const hint = field.hint && h('p', { class: 'hint', id: `${id}-hint` }, field.hint);
  if (hint) input.setAttribute('aria-describedby', hint.id);
  const element = h('div', { class: 'check-field wide', dataset: { path: field.path } },
    h('div', { class: 'check' }, input, h('label', { for: id }, field.label), badge), hint);
  return {
    element,
    get: () => input.checked,
    set: (value) => { input.checked = Boolean(value); },
    lock(place) {
      input.disabled = true;
      lockedBy(badge, field, place);
    },
  };
};

const rules = (field) => {
  const badge = h('span', { class: 'lock-place' });
  const editor = rateRules(field.path);
  return {
    element: h('div', { class: 'wide', dataset: { path: field.path } },
      h('div', { class: 'label-row' }, h('h3', {}, field.label), badge),
        field.hint && h('p', { class: 'hint' }, field.hint), editor.element),
    get: editor.get,
    set: editor.set,
    lock(place) {
      editor.lock();
      lockedBy(badge, field, place);
    },
  };
};

export const CONTROLS = { text, number, select, lines, color, secret, check, rules };
