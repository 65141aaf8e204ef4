// Somebody else has saved the collection that is being edited: says what they have done and where both differ, and asks
// what is to become of it.
//
// Used by the editor of collections. Not here: how two versions are put together (`three-way.js`).

import { fill, h, uniqueId } from '../lib/dom.js';
import { ago } from '../lib/format.js';
import { MARK, changesBetween } from './changes.js';
import { AUTH_RULES, RULES } from './rule-words.js';
import { changeList, worded } from './review.js';
import { threeWay } from './three-way.js';

const SHOWN_MAX_CHARS = 400;

/**
 * Shows what `theirs` makes of `base`, and asks.
 * @returns {Promise<object | null>} what the collection is to become: both together, or `mine`; `null` for neither now
 */
export function askAboutTheirs(base, mine, theirs, address) {
  const { merged, conflicts } = threeWay(base, mine, theirs);
  const id = uniqueId('conflict');
  return new Promise((answered) => {
    const answer = (value) => () => {
      answered(value);
      dialog.close();
    };
    const dialog = h(
      'dialog',
      { class: 'wide-dialog conflict', 'aria-labelledby': id },
      h('h2', { id }, 'Somebody else has changed this collection'),
      h('p', {}, `It was saved ${ago(theirs.updated)}, while you worked on it. Nothing of yours is lost or stored.`),
      h('h3', {}, 'What they have done'),
      theirChanges(base, theirs),
      conflicts.length > 0 && [h('h3', {}, 'Where you differ'), differences(conflicts)],
      h(
        'p',
        { class: 'hint' },
        conflicts.length > 0
          ? 'Put together, it has what they have done, and yours where you differ. '
          : 'You have changed different things, so both can be put together. ',
        'You see the result before it is saved.',
      ),
      h(
        'footer',
        {},
        h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
        h('a', { class: 'button', href: address, target: '_blank', rel: 'noopener' }, 'Look at theirs'),
        h('button', { type: 'button', class: 'danger', onclick: answer(mine) }, 'Keep only mine'),
        h('button', { type: 'button', class: 'main', onclick: answer(merged) }, 'Put both together'),
      ),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      answered(null);
    });
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector('.main').focus();
  });
}

function theirChanges(base, theirs) {
  // Their change is stored already, so how much it concerns can't be counted any more.
  const changes = changesBetween(base, theirs).map(({ level, text, count }) => ({
    level,
    text: count ? `${text.replace(/:$/, '')}.` : text,
  }));
  return changes.length > 0 ? changeList(changes) : h('p', {}, 'Nothing that is shown here.');
}

/** Each place where both have changed something, with what it would be of each. */
function differences(conflicts) {
  const body = h('tbody', {});
  fill(
    body,
    conflicts.map(({ path, mine, theirs }) =>
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, worded(nameOf(path))),
        h('td', { 'data-label': 'Theirs' }, said(path, theirs)),
        h('td', { 'data-label': 'Yours' }, said(path, mine)),
      ),
    ),
  );
  return h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Where you differ' },
    h(
      'table',
      { class: 'small differences' },
      h('thead', {}, h('tr', {}, ['', 'Theirs', 'Yours'].map((label) => h('th', { scope: 'col' }, label)))),
      body,
    ),
  );
}

/** What a place is called. */
function nameOf(path) {
  const rule = [...RULES, ...AUTH_RULES].find(([key]) => key === path[0]);
  if (rule) return `${rule[1]} rule`;
  const names = { fields: 'Field', indexes: 'Index', name: 'Name', viewQuery: 'Query' };
  const [first, second, ...rest] = path;
  if (!second) return names[first] ?? first;
  if (!names[first]) return path.join(' ');
  return [names[first], `${MARK}${second}${MARK}`, ...rest].join(' ');
}

function said(path, value) {
  if (value === undefined) return h('em', {}, 'taken away');
  if (value === null) return h('em', {}, path[0].endsWith('Rule') ? 'superusers only' : 'none');
  if (value === '') return h('em', {}, path[0].endsWith('Rule') ? 'everybody' : 'empty');
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return h('code', {}, text.length > SHOWN_MAX_CHARS ? `${text.slice(0, SHOWN_MAX_CHARS)}…` : text);
}
