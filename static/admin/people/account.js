// One account: facts, what can be done about it, and the cards of everything it is signed in with. Called by people.js.

import { address, get, records } from '../lib/api.js';
import { fill, find, h, icon, iconButton, uniqueId } from '../lib/dom.js';
import { copy } from '../lib/feedback.js';
import { ago, when } from '../lib/format.js';
import { command } from '../lib/palette.js';
import { endAll, impersonate, sendMail } from './actions.js';
import { factorsCard } from './factors.js';
import { keysCard } from './keys.js';
import { linksCard } from './links.js';
import { mayReset, nameOf, sideName } from './names.js';
import { sessionsCard } from './sessions.js';

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
  const end = (self) => endAll(account, { button: self, onend: reload });
  const endLabel = isMe ? 'End all my other sign-ins' : 'End every sign-in';
  const actions = [
    record.email && !record.verified && button('mail', 'Send confirmation mail', (self) =>
      sendMail('verification', account, self)),
    mayReset(account) && button('mail', 'Send password reset', (self) => sendMail('reset', account, self)),
    !isMe && button('user', 'Impersonate', () => impersonate(collection, record)),
    button('lock', endLabel, end, 'danger'),
  ];
  command(endLabel, () => end(null));
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
