// What can be done about an account: mails to it, the end of all its sign-ins, being it for a while. Used by its page
// and by the record editor's menu.

import { address, del, get, post } from '../lib/api.js';
import { ask, busy, toast } from '../lib/feedback.js';
import { namedQuery } from './names.js';

export { impersonate } from './impersonate.js';

const MAILS = {
  verification: {
    name: 'confirmation mail', path: 'request-verification', question: 'Ask them to confirm the address?',
  },
  reset: { name: 'password mail', path: 'request-password-reset', question: 'Send a mail that sets a new password?' },
};

/** Whether mails leave this server. Where that can't be learnt they are taken to: the mail itself was accepted. */
async function hasMailServer() {
  const settings = await get('/api/settings').catch(() => null);
  return settings?.smtp?.enabled ?? true;
}

/** Sends a mail of a kind after asking; `button` is busy meanwhile. */
export async function sendMail(kind, { collection, record }, button) {
  const { path, question, name } = MAILS[kind];
  const text = `A mail goes to ${record.email}, unless one has been sent in the last two minutes.`;
  if (!(await ask({ title: question, text, action: 'Send' }))) return;
  await busy(button, async () => {
    await post(`/api/collections/${encodeURIComponent(collection.name)}/${path}`, { email: record.email });
    const see = { label: 'See mails', run: () => location.assign(address('/_/mail')) };
    const said = (await hasMailServer())
      ? `The ${name} to ${record.email} is on its way.`
      : `There is no mail server, so the ${name} to ${record.email} stays in the outbox.`;
    toast(said, 'good', { action: see });
  });
}

/** Ends everything that an account is signed in with, after asking; `onend()` is called if that isn't one's own. */
export async function endAll({ collection, record, isMe, name }, { button, onend } = {}) {
  const [title, text] = isMe
    ? ['End all your other sign-ins?',
      'All your other sessions, all tokens and all your API keys end at once. This session goes on.']
    : ['End every sign-in?', `All sessions, tokens and API keys of ${name} end at once, on every device.`];
  if (!(await ask({ title, text, action: 'End them', danger: true }))) return;
  await busy(button, async () => {
    await del(`/api/sessions${isMe ? '' : namedQuery(collection, record.id)}`);
    // The own session has another cookie now, and the page a token that belongs to the old one.
    if (isMe) location.reload();
    else {
      toast('All sign-ins have ended.');
      onend?.();
    }
  });
}
