// The dialog that sends a sample of a mail with the saved settings. Used by the pages Mail and Settings.

import { getAll, post } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { tell, toast } from '../lib/feedback.js';
import { formDialog, labelled } from './form-dialog.js';

const KINDS = [['verification', 'Verify an address'], ['password-reset', 'New password'],
  ['email-change', 'New address'],
  ['otp', 'One-time code'], ['login-alert', 'Sign-in from a new place']];

/** Asks which mail goes to whom, and sends it. */
export async function testMail() {
  let collections;
  try {
    collections = (await getAll('/api/collections')).filter(({ type }) => type === 'auth');
  } catch (error) {
    tell(error);
    return;
  }
  await formDialog({
    title: 'Send a test mail', action: 'Send',
    content: [
      labelled('To', h('input', { name: 'email', inputmode: 'email', value: document.body.dataset.email,
        autocomplete: 'off' })),
      labelled('Which mail', h('select', { name: 'template' },
        KINDS.map(([value, label]) => h('option', { value }, label)))),
      labelled('As accounts of this collection get it',
        h('select', { name: 'collection' }, collections.map(({ name }) => h('option', { value: name }, name)))),
      h('p', { class: 'hint' }, 'It is sent at once with the saved settings, and isn\'t kept in the outbox.'),
    ],
    async submit(form) {
      const { email, template, collection } = Object.fromEntries(new FormData(form));
      await post('/api/settings/test/email', { email, template, collection });
      toast(`A test mail was sent to ${email}.`);
    },
  });
}
