// The sessions of an account. Called by account.js and record/signins.js.

import { del, get } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { ask, busy, toast } from '../lib/feedback.js';
import { ago, when } from '../lib/format.js';
import { card, none, table } from './card.js';
import { named, namedQuery } from './names.js';

/** `onlist` hears what sessions there are. */
export function sessionsCard({ collection, record }, { onlist } = {}) {
  const all = async () => {
    const { items } = await get('/api/sessions', named(collection, record.id));
    onlist?.(items);
    return items;
  };
  const end = async (button, session, load) => {
    if (session.current && !await ask({ title: 'End this session?',
          text: 'It is the one you are using: you will be signed out here.', action: 'End it', danger: true })) return;
    await busy(button, async () => {
      await del(`/api/sessions/${encodeURIComponent(session.id)}${namedQuery(collection, record.id)}`);
      if (session.current) return location.reload();
      toast('The session has ended.');
      return load();
    });
  };
  return card('Sessions', all, (items, load) => items.length === 0 ? [none('No browser is signed in.')]
    : [table('Sessions', ['Device', 'Address', 'Last used', 'Ends', ''], items.map((one) => [
    [h('span', { class: 'nowrap', title: one.userAgent }, one.device || 'Unknown'), one.current
      && [' ', h('span', { class: 'badge accent' }, 'This one')]],
    h('span', { class: 'mono nowrap' }, one.ip),
    h('span', { class: 'nowrap', title: `${when(one.lastUsed)}; since ${when(one.created)}` }, ago(one.lastUsed)),
    h('span', { class: 'nowrap', title: `At the latest ${when(one.expires)}` }, ago(one.idleUntil || one.expires)),
    h('button', { type: 'button', class: 'small',
        'aria-label': `End the session of ${one.device || 'an unknown device'}`, onclick: (event) =>
        end(event.currentTarget, one, load) }, 'End'),
  ]))]);
}
