// How somebody signs in to an account: its sessions, API keys, second factors and links, as the page of people shows
// them, in a part of the record's panel.

import { get } from '../lib/api.js';
import { fill, h } from '../lib/dom.js';
import { tell } from '../lib/feedback.js';
import { factorsCard } from '../people/factors.js';
import { keysCard } from '../people/keys.js';
import { linksCard } from '../people/links.js';
import { nameOf, pageOf } from '../people/names.js';
import { sessionsCard } from '../people/sessions.js';

const CARDS = [sessionsCard, keysCard, factorsCard, linksCard];

/** What the cards and actions of `people/` take. */
export async function accountOf(collection, record) {
  const { record: me } = await get('/api/session');
  const isMe = me?.id === record.id && me?.collectionId === collection.id;
  return { collection, record, isMe, name: nameOf(record, collection) };
}

/** Shows everything that an account is signed in with, as it is now. */
export async function showSignIns(place, collection, record) {
  try {
    const account = await accountOf(collection, record);
    const cards = CARDS.map((card) => card(account));
    fill(
      place,
      cards.map((card) => card.element),
      h('p', {}, h('a', { href: pageOf(collection, record.id) }, 'Open the account’s page')),
    );
    await Promise.all(cards.map((card) => card.load()));
  } catch (error) {
    fill(place, h('p', { class: 'banner problem' }, 'This couldn’t be read.'));
    tell(error);
  }
}
