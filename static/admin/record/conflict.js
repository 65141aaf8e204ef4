// When two people have changed the same record: what theirs is, what mine is, and whose counts, field by field.

import { h, uniqueId } from '../lib/dom.js';
import { ask } from '../lib/feedback.js';
import { inWords, same } from './values.js';

/** The names of the fields that somebody else has changed. */
export const changedBetween = (form, before, after) =>
  form.names().filter((name) => differs(form, name, before, after));

const differs = (form, name, before, after) => !same(form.controls.get(name).field, before[name], after[name]);

/**
 * Asks whose values count. `theirs` are the states that are stored now, `mine` those of the form or of a draft; `names`
 * the fields that are asked about, all that differ unless it is said.
 * @returns {Promise<Set<string> | undefined>} the fields in which mine stays; nothing if nobody wants to decide now
 */
export async function decide(form, theirs, { mine = form.states(), names = changedBetween(form, mine, theirs) } = {}) {
  if (names.length === 0) return new Set();
  const changed = new Set(names.filter((name) => differs(form, name, form.base, mine)));
  const radios = new Map();
  const content = h(
    'div',
    { class: 'record-conflict' },
    h(
      'div',
      { class: 'row' },
      h('button', { type: 'button', class: 'small', onclick: () => all('theirs') }, 'Take all of theirs'),
      h('button', { type: 'button', class: 'small', onclick: () => all('mine') }, 'Overwrite with all of mine'),
    ),
    names.map((name) =>
      row(form.controls.get(name).field, mine[name], theirs[name], changed.has(name) ? 'mine' : 'theirs'),
    ),
  );
  function row(field, ours, others, chosen) {
    const group = uniqueId('side');
    const side = (which, label, state) => {
      const input = h('input', { type: 'radio', name: group, value: which, checked: chosen === which });
      radios.set(`${field.name} ${which}`, input);
      return h(
        'label',
        { class: 'record-side' },
        input,
        h(
          'span',
          {},
          h('span', { class: 'quiet small' }, label),
          h('span', { class: 'record-value' }, inWords(field, state)),
        ),
      );
    };
    return h(
      'fieldset',
      {},
      h('legend', {}, field.name),
      side('theirs', 'Theirs, stored now', others),
      side('mine', changed.has(field.name) ? 'Mine' : 'As I have opened it', ours),
    );
  }
  const all = (which) => {
    for (const name of names) radios.get(`${name} ${which}`).checked = true;
  };
  const text = 'Somebody else has changed this record meanwhile. For each field that differs, choose what counts.';
  if (!(await ask({ title: 'Whose values count?', text, content, action: 'Use these' }))) return undefined;
  return new Set(names.filter((name) => radios.get(`${name} mine`).checked));
}
