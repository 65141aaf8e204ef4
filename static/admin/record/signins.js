// How somebody signs in to an account: accounts of other services, second factors, and where its sessions are shown.

import { address, del, getAll, records } from '../lib/api.js';
import { fill, h } from '../lib/dom.js';
import { ask, busy, tell, toast } from '../lib/feedback.js';
import { when } from '../lib/format.js';
import { quoted } from './requests.js';

/** The page of people, at this account. */
export const peopleAddress = (collection, record) =>
  address(`/_/people?${new URLSearchParams({ collection: collection.name, record: record.id })}`);

/** How somebody signs in: accounts elsewhere, second factors, sessions. `load` fills it. */
export function signIns(collection, record) {
  const list = h('div', {}, h('p', { class: 'quiet' }, 'Loading …'));
  const where = { collection: collection.name, record: record.id };
  const reset = h(
    'button',
    {
      type: 'button',
      class: 'danger',
      onclick: async () => {
        const text =
          'Authenticator app, passkeys as second factor and recovery codes are taken away. It is for people who ' +
          'have lost them: make sure that it is them.';
        if (!(await ask({ title: 'Remove all second factors?', text, action: 'Remove', danger: true }))) return;
        busy(reset, async () => {
          try {
            await del('/api/account/factors', { query: where });
            toast('The second factors are gone.');
          } catch (error) {
            if (error.status !== 404) throw error;
            toast('This account has no second factors.');
          }
        });
      },
    },
    'Remove all second factors',
  );
  async function load() {
    try {
      const filter = `collectionRef = ${quoted(collection.id)} && recordRef = ${quoted(record.id)}`;
      const found = await getAll(records('_externalAuths'), { filter, sort: 'provider' });
      fill(
        list,
        found.length === 0
          ? h(
              'p',
              { class: 'quiet' },
              'None. Accounts of other services appear here once somebody has signed in with one.',
            )
          : h(
              'ul',
              { class: 'record-items' },
              found.map((one) => row(one)),
            ),
      );
    } catch (error) {
      fill(list, h('p', { class: 'quiet' }, 'They could not be loaded.'));
      tell(error);
    }
  }
  const row = (one) => {
    const unlink = h(
      'button',
      {
        type: 'button',
        class: 'small danger',
        'aria-label': `Unlink ${one.provider}`,
        onclick: async () => {
          if (
            !(await ask({
              title: `Unlink ${one.provider}?`,
              text: "They can't sign in with that account any more, until they link it again.",
              action: 'Unlink',
              danger: true,
            }))
          )
            return;
          if (await busy(unlink, () => del(records('_externalAuths', one.id)))) load();
        },
      },
      'Unlink',
    );
    return h(
      'li',
      {},
      h(
        'div',
        { class: 'grow' },
        h('span', { class: 'record-name' }, one.provider),
        h('span', { class: 'quiet small' }, `${one.providerId} · since ${when(one.created)}`),
      ),
      unlink,
    );
  };
  const element = h(
    'div',
    { class: 'record-signing' },
    h('section', {}, h('h3', {}, 'Linked accounts of other services'), list),
    h(
      'section',
      {},
      h('h3', {}, 'Second factors'),
      h('p', { class: 'quiet' }, 'Only their owner sees which there are.'),
      reset,
    ),
    h(
      'section',
      {},
      h('h3', {}, 'Sessions, API keys, devices'),
      h('p', {}, h('a', { href: peopleAddress(collection, record) }, 'Show them under People and keys')),
    ),
  );
  return { element, load };
}
