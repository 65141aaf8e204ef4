// The second factors of an account: what is set up, and the reset for somebody who has lost everything. One's own are
// changed on the account's page, with a proof. Called by account.js and
// record/signins.js.

import { address, del, get } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { ask, busy, toast } from '../lib/feedback.js';
import { ago, plural, when } from '../lib/format.js';
import { card, table } from './card.js';
import { named, namedQuery } from './names.js';

export function factorsCard(account) {
  const { collection, record, isMe, name } = account;
  const reset = async (button, load) => {
    const go = await ask({ title: 'Reset second factors?',
        text: `The authenticator app, all passkeys and all recovery codes of ${name} go. Then the first step alone `
        + 'opens the account: do it only if you know who asks.',
      action: 'Reset', danger: true });
    if (!go) return;
    await busy(button, async () => {
      await del(`/api/account/factors${namedQuery(collection, record.id)}`);
      toast('The second factors are reset.');
      await load();
    });
  };
  /** Takes away the one that is lost; `factor` is `totp` or a passkey's id. */
  const remove = async (button, { factor, label, load }) => {
    const text = `${name} can’t use it any more from now on. Without another second factor, the first step alone opens `
      + 'the account: do it only if you know who asks.';
    if (!await ask({ title: `Remove ${label}?`, text, action: 'Remove', danger: true })) return;
    await busy(button, async () => {
      await del(`/api/account/factors${namedQuery(collection, record.id)}&${new URLSearchParams({ factor })}`);
      toast(`Removed: ${label}.`);
      await load();
    });
  };
  const removal = (factor, label, load) => !isMe && h('button', { type: 'button', class: 'small',
      'aria-label': `Remove ${label}`, onclick: (event) => remove(event.currentTarget, { factor, label, load }) },
      'Remove');
  return card('Second factors', () => get('/api/account/factors', named(collection, record.id)), (found, load) => {
    const isSet = found.totp.enabled || found.passkeys.length > 0 || found.recoveryCodes > 0;
    return [
      h('dl', { class: 'facts' },
        h('dt', {}, 'Authenticator app'), h('dd', {}, found.totp.enabled ? [h('span', { class: 'badge good' }, 'On'),
            found.totp.created && h('span', { class: 'quiet', title: when(found.totp.created) },
            ` since ${ago(found.totp.created)} `),
            removal('totp', 'the authenticator app', load)] : h('span', { class: 'badge' }, 'Off')),
        h('dt', {}, 'Recovery codes'), h('dd', {}, found.recoveryCodes > 0 ? `${found.recoveryCodes} left` : 'none'),
        h('dt', {}, 'Passkeys'), h('dd', {}, found.passkeys.length > 0 ? plural(found.passkeys.length, 'passkey')
          : 'none')),
      found.passkeys.length > 0 && table('Passkeys', ['Name', 'Created', 'Last used', ''], found.passkeys.map((one) => [
        [one.name, one.secondFactor && [' ', h('span', { class: 'badge info' }, 'second factor')]],
        h('span', { class: 'nowrap', title: when(one.created) }, ago(one.created)),
          h('span', { class: 'nowrap', title: when(one.lastUsed) }, ago(one.lastUsed) || 'never'),
          removal(one.id, `the passkey ${one.name}`, load),
      ])),
      isMe ? h('a', { href: address('/auth/_superusers/account') }, 'Change your second factors')
        : isSet && h('div', {}, h('button', { type: 'button', class: 'danger small', onclick: (event) =>
              reset(event.currentTarget, load) }, 'Reset second factors')),
    ];
  });
}
