// What stands below the table and in its place when it is empty. Used by records.js.

import { h } from '../lib/dom.js';
import { plural } from '../lib/format.js';

const button = (label, onclick, kind = '') => h('button', { type: 'button', class: kind, onclick }, label);

const empty = (title, text, ...actions) =>
  h('div', { class: 'empty' }, h('h2', {}, title), h('p', {}, text), h('div', { class: 'row' }, actions));

/** What to say instead of rows; `null` as long as there are some, or none have come yet. */
export function emptiness({ source, filter, isView, actions }) {
  const clear = button('Clear the filter', actions.clear);
  // The rows of before, if there are any, are better than none.
  if (source.problem && !source.begun && source.length === 0)
    return filter && source.problem.status === 400
      ? empty('The filter is not understood', 'What is wrong with it is said above the table.', clear)
      : empty('Nothing could be loaded', String(source.problem.message), button('Try again', actions.reload));
  if (!source.begun || source.length > 0) return null;
  if (filter) return empty('Nothing fits the filter', 'No record of this collection matches.', clear);
  if (isView) return empty('No rows', "The view's query gives nothing yet.");
  return empty(
    'No records yet',
    'Create the first one, or bring some from a file.',
    button('New record', actions.create, 'main'),
    button('Import', actions.bring),
  );
}

/** The line below the table: how many there are, what others have done, and keys. */
export function foot({ source, filter, isView, heard, actions }) {
  const { total, problem } = source;
  const counted = total !== null && plural(total, filter ? 'matching record' : 'record');
  const { news, missed } = heard;
  return [
    h('span', { role: 'status' }, counted || (problem ? 'Not loaded' : 'Counting …')),
    news.size > 0 && button(`${plural(news.size, 'new record')} – show`, actions.renew, 'small news'),
    problem && source.length > 0 && button('Some rows could not be loaded – try again', actions.goOn, 'small news'),
    missed && button('Changes may have been missed – refresh', actions.reload, 'small news'),
    h('span', { class: 'grow' }),
    h('span', { class: 'only-desk' }, keys(isView)),
  ];
}

const keys = (isView) =>
  [[['↑', '↓'], 'move'], [['Enter'], 'open'], !isView && [['F2'], 'edit'], [['Space'], 'select']]
    .filter(Boolean)
    .map(([names, what]) => [names.map((name) => h('kbd', {}, name)), ` ${what} `]);

/** What is shown instead of the whole table. */
export const broken = (message) => empty("The records can't be shown", message);
