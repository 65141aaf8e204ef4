// One account: facts, what can be done about it, and the cards of everything it is signed in with. Called by people.js.

import { address, del, get, post, records, root } from '../lib/api.js';
import { fill, find, h, icon, iconButton, uniqueId } from '../lib/dom.js';
import { ask, busy, copy, toast } from '../lib/feedback.js';
import { ago, when } from '../lib/format.js';
import { command } from '../lib/palette.js';
import { jsStart, js } from '../snippets/code.js';
import { factorsCard } from './factors.js';
import { keysCard } from './keys.js';
import { linksCard } from './links.js';
import { nameOf, namedQuery, sideName } from './names.js';
import { sessionsCard } from './sessions.js';
import { showOnce } from './once.js';

/** Draws the page of an account. */
export async function accountPage(place, collection, id) {
  const [record, me] = await Promise.all([get(records(collection.name, id)), get('/api/session')]);
  const isMe = me.record?.id === record.id && me.record?.collectionId === collection.id;
  const account = { collection, record, isMe, name: nameOf(record, collection) };
  const seen = h('dd', {}, '…');
  const cards = [
    sessionsCard(account, { onlist: (list) => fill(seen, lastSeen(list)) }), keysCard(account), factorsCard(account),
      linksCard(account),
  ];
  document.title = `${account.name} · ${document.title}`;
  find('.crumbs h1').replaceChildren(h('a', { href: address('/_/people') }, 'People and keys'));
  fill(place, head(account, () => cards.forEach((card) => card.load())), h('div', { class: 'account' },
    h('div', { class: 'stack' }, facts(account, seen), cards[2].element, cards[3].element), h('div', { class: 'stack' },
      cards[0].element, cards[1].element)));
  await Promise.all(cards.map((card) => card.load()));
}

function lastSeen(list) {
  const latest = list.map((one) => one.lastUsed).filter(Boolean).sort().at(-1);
  return latest ? h('span', { title: when(latest) }, ago(latest)) : 'not known';
}

function head(account, reload) {
  const { collection, record, isMe, name } = account;
  const actions = [
    record.email && !record.verified && button('mail', 'Send confirmation mail', (self) => sendMail(self, account,
        'request-verification', 'Ask them to confirm the address?')),
    record.email && collection.passwordAuth.enabled && button('mail', 'Send password reset', (self) => sendMail(self,
        account, 'request-password-reset', 'Send a mail that sets a new password?')),
    !isMe && button('user', 'Impersonate', () => impersonate(account)),
    button('lock', isMe ? 'End all my other sign-ins' : 'End every sign-in', (self) => endAll(self, account, reload),
      'danger'),
  ];
  command(isMe ? 'End all my other sign-ins' : 'End every sign-in of this account', () => endAll(null, account,
      reload));
  return h('div', { class: 'account-head' }, h('div', { class: 'grow' },
    h('h2', { 'data-account': record.id }, name), h('div', { class: 'row' }, sideName(record, collection)
      && h('span', {}, sideName(record, collection)),
      record.verified ? h('span', { class: 'badge good' }, 'Confirmed') : h('span', { class: 'badge warn' },
        'Not confirmed'), isMe && h('span', { class: 'badge accent' }, 'You'),
      collection.name === '_superusers' && h('span', { class: 'badge info' }, 'Superuser'))), h('div', { class: 'row' },
        actions));
}

const button = (picture, label, run, kind = '') => h('button', { type: 'button', class: kind, onclick: (event) =>
    run(event.currentTarget) }, icon(picture), label);

function facts({ collection, record }, seen) {
  const collectionPage = `/_/collections/${encodeURIComponent(collection.name)}`;
  const row = (name, ...value) => [h('dt', {}, name), h('dd', {}, ...value)];
  const titleId = uniqueId('facts');
  return h('section', { class: 'card', 'aria-labelledby': titleId }, h('h2', { id: titleId }, 'Account'),
    h('dl', { class: 'facts' },
    row('Collection', h('a', { href: address(collectionPage) },
        collection.name)),
    row('Id', h('code', {}, record.id), iconButton('copy', 'Copy the id', { onclick: () => copy(record.id) })),
    record.email && row('E-mail', record.email, ' ', h('span', { class: 'quiet' }, record.emailVisibility
        ? '(others see it)' : '(others don’t see it)')),
    record.created && row('Created', h('span', { title: when(record.created) }, ago(record.created))),
    record.updated && row('Changed', h('span', { title: when(record.updated) }, ago(record.updated))),
    h('dt', {}, 'Last seen'), seen),
  h('a', { href: address(`${collectionPage}?${new URLSearchParams({ record: record.id })}`) }, 'Open the record'));
}

async function sendMail(self, { collection, record }, path, question) {
  if (!await ask({ title: question, text: `A mail goes to ${record.email}.`, action: 'Send' })) return;
  await busy(self, async () => {
    await post(`/api/collections/${encodeURIComponent(collection.name)}/${path}`, { email: record.email });
    toast(`The mail to ${record.email} is on its way.`, 'good',
      { action: { label: 'See mails', run: () => location.assign(address('/_/mail')) } });
  });
}

async function endAll(self, { collection, record, isMe, name }, reload) {
  const text = isMe ? 'All your other sessions, all tokens and all your API keys end at once. This session goes on.'
    : `All sessions, tokens and API keys of ${name} end at once.`;
  if (!await ask({ title: isMe ? 'End all your other sign-ins?' : 'End every sign-in?', text, action: 'End them',
        danger: true })) return;
  await busy(self, async () => {
    await del(`/api/sessions${isMe ? '' : namedQuery(collection, record.id)}`);
    // The own session has another cookie now, and the page a token that belongs to the old one.
    if (isMe) location.reload();
    else {
      reload();
      toast('All sign-ins have ended.');
    }
  });
}

const DURATIONS = [['0', 'As long as tokens of the collection last'], ['900', '15 minutes'], ['3600', 'An hour'],
  ['86400', 'A day']];

async function impersonate({ collection, record, name }) {
  const id = uniqueId('duration');
  const select = h('select', { id }, DURATIONS
    .map(([value, label]) => h('option', { value, selected: value === '3600' }, label)));
  const go = await ask({ title: `Impersonate ${name}?`, text: 'You get a token of this account, to see what they '
    + 'see. Everything done with it is done in their name.', action: 'Make a token',
    content: h('div', { class: 'field' }, h('label', { for: id }, 'How long it lasts'), select) });
  if (!go) return;
  await busy(null, async () => {
    const path = `/api/collections/${encodeURIComponent(collection.name)}/impersonate/${encodeURIComponent(record.id)}`;
    const { token } = await post(path, { duration: Number(select.value) });
    const code = `${jsStart(root.href.replace(/\/$/, ''), false)}pb.authStore.save(${js(token)});`;
    await showOnce({ title: `A token of ${name}`, text: 'It can’t be renewed, and it isn’t shown again. It ends with '
      + 'everything else when you end every sign-in.', label: 'Token', secret: token, more: code });
  });
}
