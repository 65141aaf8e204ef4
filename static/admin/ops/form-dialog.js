// A dialog with a form whose answer comes from the server: what is refused stands beside the fields, and the dialog
// stays with everything that was typed. Used by the operations pages.

import { Refused } from '../lib/api.js';
import { h, uniqueId } from '../lib/dom.js';
import { clearProblems, showProblems, tell } from '../lib/feedback.js';

/** A labelled input for such a dialog. */
export function labelled(label, input, hint) {
  input.id ||= uniqueId('input');
  const words = hint && h('p', { class: 'hint', id: `${input.id}-hint` }, hint);
  if (words) input.setAttribute('aria-describedby', words.id);
  return h('div', { class: 'field' }, h('label', { for: input.id }, label), input, words);
}

/**
 * Asks with `content` and calls `submit(form)`, which may throw what the server refuses. `mayClose` is asked before the
 * dialog closes without that.
 * @returns {Promise<boolean>} whether it was done
 */
export function formDialog({ title, content, action, submit, mayClose = () => true }) {
  return new Promise((answered) => {
    const id = uniqueId('dialog');
    let done = false;
    const go = h('button', { type: 'submit', class: 'main' }, action);
    const told = h('p', { class: 'banner problem', role: 'alert', hidden: true });
    const form = h('form', { novalidate: true, onsubmit: (event) => { event.preventDefault(); send(); } },
      h('h2', { id }, title), told, content,
      h('footer', {}, h('button', { type: 'button', onclick: () => close() }, 'Cancel'), go));
    const dialog = h('dialog', { 'aria-labelledby': id }, form);
    const close = async () => { if (await mayClose()) dialog.close(); };

    async function send() {
      if (go.disabled) return;
      clearProblems(form);
      told.hidden = true;
      go.disabled = true;
      go.setAttribute('aria-busy', 'true');
      try {
        done = await submit(form) !== false;
        if (done) dialog.close();
      } catch (error) {
        refuse(error);
      } finally {
        go.disabled = false;
        go.removeAttribute('aria-busy');
      }
    }
    function refuse(error) {
      // Nobody sees what stands in a dialog that was closed meanwhile.
      if (!(error instanceof Refused) || !dialog.open) {
        tell(error);
        return;
      }
      const left = showProblems(form, error.data);
      if (left.length === 0 && Object.keys(error.data).length > 0) return;
      told.textContent = [error.message, ...left].join('\n');
      told.hidden = false;
    }
    dialog.addEventListener('cancel', (event) => { event.preventDefault(); close(); });
    dialog.addEventListener('close', () => {
      dialog.remove();
      answered(done);
    });
    document.body.append(dialog);
    dialog.showModal();
    form.querySelector('input, select, textarea')?.focus();
  });
}
