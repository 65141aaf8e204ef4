// A secret that is shown this once. Called by keys.js.

import { h, icon, uniqueId } from '../lib/dom.js';
import { copy } from '../lib/feedback.js';

/** Shows it until somebody says that they have it. */
export function showOnce({ title, text, label, secret }) {
  return new Promise((closed) => {
    const ids = { title: uniqueId('once'), secret: uniqueId('secret') };
    const input = h('input', { id: ids.secret, class: 'mono', readonly: true, value: secret, spellcheck: 'false',
        onfocus: () => input.select() });
    const done = h('button', { type: 'button', class: 'main', onclick: () => dialog.close() }, 'I have it');
    const dialog = h('dialog', { 'aria-labelledby': ids.title }, h('h2', { id: ids.title }, title), h('p', {}, text),
      h('div', { class: 'field' }, h('label', { for: ids.secret }, label), h('div', { class: 'once' }, input,
          h('button', { type: 'button', onclick: () => copy(secret) }, icon('copy'), 'Copy'))),
      h('footer', {}, done));
    // Escape is too easily pressed for what can't be seen again.
    dialog.addEventListener('cancel', (event) => event.preventDefault());
    dialog.addEventListener('close', () => { dialog.remove(); closed(); });
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}
