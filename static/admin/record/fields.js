// One field of the record editor's form: its name, what is known about it, its control, and its problem.
//
// Each kind of control is in a file of its own and gives `body`, `get`, `set`, and perhaps `target` (what the label
// names; without it the body is a group), `check` (what keeps the value from being sent), `hint` and `end`.

import { fill, h, uniqueId } from '../lib/dom.js';
import { kindName } from '../lib/kind-names.js';
import { choices } from './choices.js';
import { date } from './dates.js';
import { files } from './files.js';
import { json } from './json.js';
import { place } from './places.js';
import { bool, email, number, text, url } from './plain.js';
import { relation } from './relations.js';
import { richText } from './richtext.js';
import { secret } from './secrets.js';
import { isSecret } from './values.js';

const CONTROLS = {
  text,
  number,
  bool,
  email,
  url,
  date,
  json,
  relation,
  select: choices,
  editor: richText,
  file: files,
  geoPoint: place,
  password: secret,
};

/** The control of a field. `context`: `collection`, `id()`, `isNew`, `onchange()`, `openRecord`. */
export function control(field, context) {
  const parts = {
    id: uniqueId('field'),
    label: uniqueId('label'),
    hint: uniqueId('hint'),
    kind: uniqueId('kind'),
    problem: uniqueId('problem'),
  };
  let isNull = false;
  const make = CONTROLS[field.type] ?? text;
  const inner = make(field, {
    ...context,
    parts,
    onchange: () => {
      drawNull(false);
      context.onchange();
    },
  });
  const nullButton =
    field.nullable &&
    field.type !== 'json' &&
    !isSecret(field) &&
    h(
      'button',
      {
        type: 'button',
        class: 'plain small',
        'aria-pressed': 'false',
        'aria-label': `NULL in ${field.name}`,
        title: 'No value at all',
        onclick: () => {
          drawNull(!isNull);
          context.onchange();
        },
      },
      'NULL',
    );
  function drawNull(on) {
    isNull = Boolean(field.nullable && on);
    if (nullButton) nullButton.setAttribute('aria-pressed', String(isNull));
    inner.body.classList.toggle('is-null', isNull);
  }

  const problem = h('p', { class: 'problem', id: parts.problem, hidden: true });
  const hint = h('p', { class: 'hint', id: parts.hint, hidden: !field.help }, field.help);
  const isSwitch = field.type === 'bool';
  // What the server makes by itself, nobody has to type.
  const isNeeded = field.required && !(context.isNew && field.autogeneratePattern);
  const element = h(
    'div',
    { class: `field record-field of-${field.type}`, dataset: { field: field.name } },
    head(field, parts, inner, nullButton, isSwitch && inner.body, isNeeded),
    !isSwitch && inner.body,
    hint,
    problem,
  );
  const { target } = inner;
  if (target) {
    target.id = parts.id;
    target.setAttribute('name', field.name);
    if (isNeeded && !['checkbox'].includes(target.type)) target.setAttribute('aria-required', 'true');
  } else {
    inner.body.setAttribute('role', 'group');
    inner.body.setAttribute('aria-labelledby', parts.label);
  }
  const described = target ?? inner.body;
  const focusFirst = () => (target ?? inner.body.querySelector('button, input, textarea, select, [tabindex]'))?.focus();
  const describe = (isWrong) =>
    described.setAttribute(
      'aria-describedby',
      [parts.kind, !hint.hidden && parts.hint, isWrong && parts.problem].filter(Boolean).join(' '),
    );
  describe(false);
  return {
    field,
    element,
    get: () => (isNull ? null : inner.get()),
    set: (state) => {
      drawNull(state === null);
      inner.set(state === null ? empty(field) : state);
    },
    check: () => (isNull ? undefined : inner.check?.()),
    end: () => inner.end?.(),
    // What only some kinds have: pictures in texts, files.
    waitsForFiles: () => !isNull && Boolean(inner.waitsForFiles?.()),
    kept: () => (isNull ? null : (inner.kept ?? inner.get)()),
    problemWith: inner.problemWith,
    add: inner.add,
    focus: () => (inner.focus ? inner.focus() : focusFirst()),
    problem: (message) => {
      problem.hidden = !message;
      fill(problem, message ?? '');
      describe(Boolean(message));
      if (target) message ? target.setAttribute('aria-invalid', 'true') : target.removeAttribute('aria-invalid');
      element.classList.toggle('is-wrong', Boolean(message));
    },
  };
}

/** What a control shows while there is no value. */
const empty = (field) =>
  ({ number: '', bool: false, select: [], relation: [], file: [], geoPoint: { lon: 0, lat: 0 } })[field.type] ?? '';

function head(field, parts, inner, nullButton, first, isNeeded) {
  const name = inner.target
    ? h('label', { for: parts.id, id: parts.label }, field.name)
    : h('span', { class: 'label', id: parts.label }, field.name);
  return h(
    'div',
    { class: 'record-label' },
    first,
    name,
    isNeeded &&
      h(
        'span',
        { class: 'required', title: 'Required' },
        h('span', { 'aria-hidden': 'true' }, '*'),
        h('span', { class: 'visually-hidden' }, 'required'),
      ),
    field.hidden && h('span', { class: 'badge', title: 'Only superusers see it' }, 'hidden'),
    h('span', { class: 'grow' }),
    nullButton,
    inner.tools,
    h(
      'span',
      { class: 'quiet kind', id: parts.kind },
      [kindName(field), inner.hint].filter(Boolean).join(' · '),
    ),
  );
}
