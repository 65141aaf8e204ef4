// The page Mail: the outbox with what has become of each mail and how it looks, the mail server's settings, and where
// the texts of mails are edited. Mails are shown as text, and as HTML in a frame that runs nothing and loads nothing.

import { address, get, getAll, post } from './lib/api.js';
import { fill, find, h } from './lib/dom.js';
import { busy, panel, tabs, tell, toast } from './lib/feedback.js';
import { ago, plural, toDate, when } from './lib/format.js';
import { shortcut } from './lib/keys.js';
import { command } from './lib/palette.js';
import { SENDER, SMTP } from './ops/settings-fields.js';
import { keepUnsaved, settingsForm } from './ops/settings-form.js';
import { testMail } from './ops/test-mail.js';

const PER_PAGE = 30;
const LOOK_EVERY_MS = 10_000;
/** How often a mail is tried before it has failed. */
const ATTEMPTS_MAX = 7;
const STATES = { queued: ['To be sent', 'info'], sent: ['Sent', 'good'], failed: ['Failed', 'problem'],
  kept: ['Kept here', ''] };
/** What is taken out of a mail before it is shown. */
const ACTIVE = 'script, style, link, meta, base, iframe, object, embed, img, svg, video, audio, form';
const KINDS = {
  verification: 'Verify an address', passwordReset: 'New password', emailChange: 'New address', otp: 'One-time code',
  loginAlert: 'Sign-in from a new place', backupFailure: 'A backup has failed',
};

const body = find('[data-mails]');
const pages = find('[data-pages]');
let page = 1;
/** Whether mails are sent at all. */
let hasServer = false;

const stateOf = ({ state }) => {
  const [label, kind] = STATES[state] ?? [state, ''];
  return h('span', { class: `badge ${kind}` }, label);
};

/** When it is tried next, or what came of it. */
function progress({ state, attempts, nextAttempt, updated, error }) {
  const tried = plural(attempts, 'attempt');
  const waits = state === 'queued' && toDate(nextAttempt) > new Date();
  return [
    h('div', { class: 'small' }, state === 'queued' && attempts > 0 ? `${attempts} of ${ATTEMPTS_MAX} attempts` : tried,
      waits && [', next ', h('time', { title: when(nextAttempt) }, ago(nextAttempt))],
      state === 'sent' && [', ', h('time', { title: when(updated) }, ago(updated))]),
    error && h('p', { class: `small mail-error ${state === 'failed' ? 'is-final' : ''}` }, error),
  ];
}

const row = (mail) => h('tr', { dataset: { mail: mail.id } },
  h('td', { class: 'nowrap' }, stateOf(mail)),
  h('th', { scope: 'row' }, h('button', { type: 'button', class: 'plain mail-subject', onclick: () => show(mail.id) },
    mail.subject || '(without a subject)'),
    h('div', { class: 'quiet small' }, KINDS[mail.kind] ?? mail.kind)),
  h('td', { class: 'mail-to', 'data-label': 'To' }, mail.to),
  h('td', {}, progress(mail)),
  h('td', { class: 'nowrap', 'data-label': 'Made' }, h('time', { title: when(mail.created) }, ago(mail.created))),
  h('td', { class: 'right' }, canGoAgain(mail) && h('button', { type: 'button', class: 'small',
    'aria-label': `Send again to ${mail.to}`, onclick: (event) => sendAgain(mail, event.currentTarget) },
  'Send again')));

let looks = 0;
async function load() {
  const turn = (looks += 1);
  const found = await get('/api/mails', { page, perPage: PER_PAGE });
  // Somebody has gone on to another page meanwhile.
  if (turn !== looks) return undefined;
  if (found.items.length === 0 && page > 1) {
    page = Math.max(found.totalPages, 1);
    return load();
  }
  const focused = document.activeElement?.closest?.('[data-mail]');
  const at = focused && [...focused.querySelectorAll('button')].indexOf(document.activeElement);
  fill(body, found.items.map(row), found.items.length === 0
    && h('tr', {}, h('td', { colspan: 6, class: 'loading' }, 'No mails were sent in the last 30 days.')));
  if (focused) {
    const buttons = body.querySelectorAll(`[data-mail="${CSS.escape(focused.dataset.mail)}"] button`);
    (buttons[at] ?? buttons[0])?.focus();
  }
  const go = (step) => () => { page += step; load().catch(tell); };
  fill(pages, h('span', { class: 'quiet small grow' }, found.totalItems > 0 && plural(found.totalItems, 'mail')),
    found.totalPages > 1 && [
      h('button', { type: 'button', class: 'small', disabled: page <= 1, onclick: go(-1) }, 'Newer'),
      h('span', { class: 'quiet small' }, `Page ${page} of ${found.totalPages}`),
      h('button', { type: 'button', class: 'small', disabled: page >= found.totalPages, onclick: go(1) }, 'Older')]);
}

// --- one mail ---
/** Those that wait for their next attempt, that have failed, or that stayed here for want of a mail server. */
const canGoAgain = ({ state, attempts }) => hasServer
  && (state === 'failed' || state === 'kept' || (state === 'queued' && attempts > 0));

const sendAgain = (mail, button, done) => busy(button, async () => {
  await post(`/api/mails/${encodeURIComponent(mail.id)}/retry`);
  toast(`The mail to ${mail.to} is sent again.`);
  await load();
  done?.();
});

/**
 * The HTML without what would be refused anyway (scripts, styles, pictures) and without addresses to go to: links in
 * mails open accounts. It is read into a document that runs nothing.
 */
function lifeless(html) {
  // The browser would complain of each style and handler before it could be taken away.
  const unstyled = html.replace(/<style\b[\s\S]*?<\/style\s*>/gi, '').replace(/<[^>]+>/g,
    (tag) => tag.replace(/[\s/"'](?=(?:style|on\w+)\s*=)/gi, '$& data-'));
  const parsed = new DOMParser().parseFromString(unstyled, 'text/html');
  for (const one of parsed.querySelectorAll(ACTIVE)) one.remove();
  for (const one of parsed.querySelectorAll('*')) {
    for (const { name } of [...one.attributes]) {
      if (/^(?:style|on|src|href|background|action)/i.test(name)) one.removeAttribute(name);
    }
  }
  return parsed.body.innerHTML;
}

function preview(mail) {
  if (!mail.text && !mail.html) return h('p', { class: 'quiet' },
    'Its text is gone: it had a link or a code in it that opens an account.');
  const text = h('div', { class: 'code mail-text', tabindex: 0, role: 'region', 'aria-label': 'Text' }, mail.text);
  if (!mail.html) return text;
  // `sandbox` without anything allowed: no scripts, no forms, an origin of its own. The page's policy holds in it as
  // well.
  const frame = h('iframe', { class: 'mail-frame', sandbox: '', title: 'The mail as HTML', srcdoc: lifeless(mail.html),
    referrerpolicy: 'no-referrer' });
  return tabs([
    { name: 'text', label: 'Text', content: text },
    { name: 'html', label: 'HTML', content: h('div', {},
      h('p', { class: 'hint' }, 'Without styles, pictures and working links: nothing in it is run or loaded.'),
      frame) },
    { name: 'source', label: 'Source', content: h('div',
      { class: 'code mail-text', tabindex: 0, role: 'region', 'aria-label': 'Source' }, mail.html) },
  ], { label: 'Parts of the mail' }).element;
}

async function show(id) {
  let mail;
  try {
    mail = await get(`/api/mails/${encodeURIComponent(id)}`);
  } catch (error) {
    tell(error);
    return;
  }
  const line = (name, ...value) => [h('dt', {}, name), h('dd', {}, value)];
  panel((dialog, close) => h('div', { class: 'panel-inner' },
    h('div', { class: 'panel-head' }, h('h2', {}, mail.subject || '(without a subject)'), stateOf(mail),
      canGoAgain(mail) && h('button', { type: 'button', onclick: (event) =>
        sendAgain(mail, event.currentTarget, () => dialog.close()) }, 'Send again'),
      h('button', { type: 'button', onclick: close }, 'Close')),
    h('div', { class: 'panel-body' },
      h('dl', { class: 'mail-facts' }, line('To', mail.to), line('Kind', KINDS[mail.kind] ?? mail.kind),
        line('Made', when(mail.created)),
        line('Attempts', mail.attempts), mail.state === 'queued' && line('Next attempt', when(mail.nextAttempt)),
          mail.error && line('Reason', mail.error)),
      preview(mail))), { label: mail.subject || 'Mail' });
}

// --- settings ---
async function server() {
  const settings = await get('/api/settings');
  const fields = h('div', { class: 'settings-fields' });
  const save = h('button', { type: 'submit', class: 'main', 'aria-keyshortcuts': 'Control+S' }, 'Save');
  const foot = h('div', { class: 'row end card-foot', hidden: true },
    h('button', { type: 'button', onclick: () => form.discard() }, 'Discard'), save);
  const element = h('form', { novalidate: true,
    onsubmit: (event) => { event.preventDefault(); busy(save, () => form.save()); } }, fields, foot);
  const test = find('[data-test]');
  fill(find('[data-server]'), element);
  const form = settingsForm({
    form: element, settings, fields: [...SENDER, ...SMTP],
    place: (_, input) => fields.append(input),
    onchange(count, value) {
      foot.hidden = count === 0;
      // The sample is sent by what is saved.
      test.hidden = !value('smtp.enabled');
      test.disabled = count > 0;
      test.title = count > 0 ? 'Save first: the test is made with what is saved.' : '';
      if (count > 0 || hasServer === value('smtp.enabled')) return;
      hasServer = !hasServer;
      load().catch(tell);
    },
  });
  keepUnsaved(form.isDirty);
  shortcut('mod+s', 'Save the mail server', () => { if (form.isDirty()) element.requestSubmit(); });
  test.addEventListener('click', testMail);
}

async function templates() {
  const collections = (await getAll('/api/collections')).filter(({ type }) => type === 'auth');
  fill(find('[data-templates]'), collections.map(({ name }) =>
    h('li', {}, h('a', { href: address(`/_/collections/${encodeURIComponent(name)}/edit`) }, name))));
}

command('Send a test mail', testMail, 'Mail');
await Promise.all([load(), server(), templates()].map((part) => part.catch(tell)));
setInterval(() => {
  if (document.visibilityState === 'visible' && !document.querySelector('dialog[open]')) load().catch(() => {});
}, LOOK_EVERY_MS);
