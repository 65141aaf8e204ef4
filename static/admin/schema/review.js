// Shows what saving will do, in plain words, and asks whether to go on.
//
// Used by the editor of collections and by the import. Names and rules come from data and stay texts.

import { address } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { ask } from '../lib/feedback.js';
import { plural } from '../lib/format.js';
import { MARK } from './changes.js';

/** A sentence with its names set as code. */
export function worded(text) {
  return text.split(MARK).map((part, at) => (at % 2 === 1 ? h('code', {}, part) : part));
}

const ORDER = { loss: 0, care: 1, plain: 2 };
const BADGES = { loss: ['Data goes', 'problem'], care: ['Look twice', 'warn'], plain: ['Harmless', 'good'] };

/** The list of changes; how many records they concern is filled in when it is known. */
export function changeList(changes) {
  const sorted = changes.toSorted((a, b) => ORDER[a.level] - ORDER[b.level]);
  return h(
    'ul',
    { class: 'changes', tabindex: '0', 'aria-label': 'Changes' },
    sorted.map(({ level, text, count }) => {
      const [label, kind] = BADGES[level];
      const behind = h('span', {}, count ? ' …' : '');
      count?.().then(
        (said) => {
          behind.textContent = ` ${said}.`;
        },
        () => {
          behind.textContent = '. How many records that concerns couldn’t be counted.';
        },
      );
      return h(
        'li',
        {},
        h('span', { class: `badge ${kind}` }, label),
        h('span', { class: 'grow' }, worded(text), behind),
      );
    }),
  );
}

/** How much goes altogether, filled in when it is known. */
function lossBanner(loss) {
  const columns = loss && plural(loss.columns, 'column loses', 'columns lose');
  const text = h('strong', {}, loss && `${columns} values.`);
  loss?.rows().then(
    (rows) => {
      text.textContent = `${columns} values, in ${plural(rows, 'record')}.`;
    },
    () => {},
  );
  return h(
    'div',
    { class: 'banner warn' },
    loss && [text, ' '],
    'What goes can’t be brought back but from a backup. ',
    h('a', { href: address('/_/backups'), target: '_blank', rel: 'noopener' }, 'Make one first'),
  );
}

/** Asks about changes; `loss` is that of `lossBetween`. Resolves to whether to go on. */
export function review(changes, { title = 'What will change', action = 'Save', loss } = {}) {
  const loses = changes.some(({ level }) => level === 'loss');
  return ask({
    title,
    action: loses ? `${action} and lose data` : action,
    danger: loses,
    content: h(
      'div',
      {},
      loses && lossBanner(loss),
      changes.length === 0 ? h('p', {}, 'Nothing.') : changeList(changes),
    ),
  });
}
