// The record editor's control for passwords: they are never shown, so a switch says that there shall be another one.

import { h, iconButton } from '../lib/dom.js';
import { copy } from '../lib/feedback.js';

const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_.';
const LENGTH = 24;

/** A password that nobody can guess. */
export function generate(length = LENGTH) {
  const largest = 256 - (256 % LETTERS.length);
  let made = '';
  while (made.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      if (byte < largest && made.length < length) made += LETTERS[byte % LETTERS.length];
    }
  }
  return made;
}

/** An input for a new password, and buttons that show and make one. */
export function passwordInput({ label, oninput, max }) {
  const input = h('input', { type: 'password', autocomplete: 'new-password', oninput });
  const eye = h(
    'button',
    {
      type: 'button',
      'aria-pressed': 'false',
      'aria-label': `Show ${label}`,
      onclick: () => {
        const isShown = input.type === 'password';
        input.type = isShown ? 'text' : 'password';
        eye.setAttribute('aria-pressed', String(isShown));
      },
    },
    'Show',
  );
  const made = h(
    'button',
    {
      type: 'button',
      'aria-label': `Generate ${label}`,
      onclick: () => {
        input.value = generate(max ? Math.min(max, LENGTH) : LENGTH);
        if (input.type === 'password') eye.click();
        input.dispatchEvent(new Event('input'));
        copy(input.value);
      },
    },
    'Generate and copy',
  );
  const copying = iconButton('copy', `Copy ${label}`, {
    onclick: () => {
      if (input.value) copy(input.value);
    },
  });
  return { input, element: h('div', { class: 'row' }, input, eye, made, copying) };
}

export function secret(field, { onchange, isNew }) {
  const { input, element } = passwordInput({ label: field.name, oninput: onchange, max: field.max });
  const change = h('input', {
    type: 'checkbox',
    role: 'switch',
    'aria-label': `Change ${field.name}`,
    onchange: () => {
      draw();
      onchange();
    },
  });
  const draw = () => {
    element.hidden = !isNew && !change.checked;
  };
  draw();
  return {
    body: h(
      'div',
      { class: 'record-line' },
      !isNew && h('label', { class: 'record-switch' }, change, h('span', {}, 'Change it')),
      element,
    ),
    target: input,
    hint: [field.min && `at least ${field.min} characters`, 'never shown again'].filter(Boolean).join(' · '),
    get: () => (element.hidden ? '' : input.value),
    set: () => {
      input.value = '';
      change.checked = false;
      draw();
    },
  };
}
