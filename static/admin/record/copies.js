// What a duplicate begins with: the values of a record, and its files under their former names.

import { plural } from '../lib/format.js';
import { statesOf } from './form.js';
import { filesOf, keep, keptMost } from './keep.js';
import { isSecret } from './values.js';

/** The states of a copy, and what to say about it. */
export async function copyOf(collection, record) {
  const mustBeOwn = (field) =>
    isSecret(field) || (collection.type === 'auth' && ['email', 'verified'].includes(field.name));
  const states = statesOf(collection, record);
  const files = filesOf(collection, record);
  const kept = await keep(collection, record.id, files);
  for (const field of collection.fields) {
    if (field.primaryKey || mustBeOwn(field)) delete states[field.name];
    else if (field.type === 'file')
      states[field.name] = states[field.name].map((name) => kept.of(field.name, name)).filter(Boolean);
  }
  const own = collection.fields.filter((field) => mustBeOwn(field) && field.name !== 'tokenKey');
  return { states, says: told(own, kept) };
}

function told(own, kept) {
  const left = own.map((field) => field.name);
  if (kept.lost.length > 0) left.push(`${kept.lost.join(', ')} (of files, up to ${keptMost()} are copied)`);
  return [
    kept.size > 0 && `${plural(kept.size, 'file')} copied.`,
    left.length > 0 && `Not copied: ${left.join(', ')}.`,
  ].filter(Boolean).join(' ');
}
