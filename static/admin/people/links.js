// The accounts at other services that an account is linked with. Called by account.js and
// record/signins.js.

import { del, getAll, records } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { ask, busy, toast } from '../lib/feedback.js';
import { ago, when } from '../lib/format.js';
import { literal } from '../snippets/examples.js';
import { card, none, table } from './card.js';

export function linksCard({ collection, record, name }) {
  const all = () => getAll(records('_externalAuths'),
    { filter: `collectionRef = ${literal(collection.id)} && recordRef = ${literal(record.id)}`, sort: 'provider' });
  const unlink = async (button, link, load) => {
    if (!await ask({ title: `Unlink ${link.provider}?`,
          text: `${name} can’t sign in with it any more, until it is linked anew.`, action: 'Unlink',
          danger: true })) return;
    await busy(button, async () => {
      await del(records('_externalAuths', link.id));
      toast(`${link.provider} is unlinked.`);
      await load();
    });
  };
  return card('Linked services', all, (items, load) => items.length === 0 ? [none('None.')]
    : [table('Linked services', ['Service', 'Since', ''], items.map((one) => [
    h('div', {}, one.provider, h('div', { class: 'mono quiet' }, one.providerId)),
      h('span', { class: 'nowrap', title: when(one.created) }, ago(one.created)),
    h('button', { type: 'button', class: 'small', 'aria-label': `Unlink ${one.provider}`, onclick: (event) =>
        unlink(event.currentTarget, one, load) }, 'Unlink'),
  ]))]);
}
