// The dialog that sends a sample of a mail with the saved settings. Used by the pages Mail and Settings.

import { Refused, getAll, post } from '../lib/api.js';
import { h, uniqueId } from '../lib/dom.js';
import { clearProblems, showProblems, tell, toast } from '../lib/feedback.js';

const KINDS = [['verification', 'Verify an address'], ['password-reset', 'New password'], ['email-change', 'New address'], ['otp', 'One-time code'], ['login-alert', 'Sign-in from a new place']];

/** Asks which mail goes to whom, and sends it. What is refused stands beside the fields; the dialog stays. */
export async function testMail() {
  let collections;
  try {
    collections = (await getAll('/api/collections')).filter(({ type }) => type === 'auth');
  } catch (error) {
    tell(error);
    return;
  }
  const id = uniqueId('test-mail');
  const field = (name, label, input) => {
    input.id = `${id}-${name}`;
    input.name = name;
    return h('div', { class: 'field' }, h('label', { for: input.id }, label), input);
  };
  const go = h('button', { type: 'submit', class: 'main' }, 'Send');
  const told = h('p', { class: 'banner problem', role: 'alert', hidden: true });
  const form = h('form', { onsubmit: (event) => { event.preventDefault(); submit(); } },
    h('h2', { id: `${id}-title` }, 'Send a test mail'), told,
    field('email', 'To', h('input', { type: 'text', inputmode: 'email', value: document.body.dataset.email, autocomplete: 'off' })),
    field('template', 'Which mail', h('select', {}, KINDS.map(([value, label]) => h('option', { value }, label)))),
    field('collection', 'As accounts of this collection get it', h('select', {}, collections.map(({ name }) => h('option', { value: name }, name)))),
    h('p', { class: 'hint' }, 'It is sent at once with the saved settings, and isn\'t kept in the outbox.'),
    h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'), go));
  const dialog = h('dialog', { 'aria-labelledby': `${id}-title` }, form);

  async function submit() {
    clearProblems(form);
    told.hidden = true;
    go.disabled = true;
    go.setAttribute('aria-busy', 'true');
    try {
      const { email, template, collection } = Object.fromEntries(new FormData(form));
      await post('/api/settings/test/email', { email, template, collection });
      dialog.close();
      toast(`A test mail was sent to ${email}.`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // Why the mail server refuses is in the message.
      const left = showProblems(form, error.data);
      if (Object.keys(error.data).length === 0 || left.length > 0) {
        told.textContent = [error.message, ...left].join('\n');
        told.hidden = false;
      }
    } finally {
      go.disabled = false;
      go.removeAttribute('aria-busy');
    }
  }
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  form.elements.email.select();
}
