// All fields of a record to read: for views, and wherever nothing may be changed.

import { h, icon } from '../lib/dom.js';
import { fileAddress } from './requests.js';
import { inWords, isList, isSecret, toState } from './values.js';

/** A record as a table. */
export function preview(collection, record) {
  return h(
    'table',
    { class: 'record-preview' },
    h(
      'tbody',
      {},
      collection.fields.map((field) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, field.name, field.hidden && h('span', { class: 'badge' }, 'hidden')),
          h('td', {}, value(collection, record, field)),
        ),
      ),
    ),
  );
}

function value(collection, record, field) {
  if (isSecret(field)) return h('span', { class: 'quiet' }, 'never shown');
  const state = toState(field, record[field.name]);
  if (field.type === 'json' && state !== '')
    return h('pre', { class: 'code' }, state);
  if (field.type === 'url' && /^https?:\/\/\S+$/i.test(state))
    return h('a', { href: state, target: '_blank', rel: 'noopener noreferrer' }, state);
  if (field.type === 'file' && state?.length > 0 && !field.protected) {
    return h(
      'ul',
      { class: 'record-plain' },
      state.map((name) =>
        h(
          'li',
          {},
          h(
            'a',
            { href: fileAddress(collection, record.id, name), target: '_blank', rel: 'noopener' },
            icon('file'),
            ' ',
            name,
          ),
        ),
      ),
    );
  }
  const text = inWords(field, state);
  return h(
    'span',
    {
      class:
        text === '(empty)' || text === 'NULL' ? 'quiet' : isList(field) || field.primaryKey ? 'mono' : 'record-value',
    },
    text,
  );
}
