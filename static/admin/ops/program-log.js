// What the program itself has said of something, from the log: why a job or a backup has failed. Used by the pages Jobs
// and Backups.

import { get } from '../lib/api.js';
import { fromDate } from '../lib/format.js';

/** A value as it stands in a filter. */
export const quoted = (text) => `'${String(text).replaceAll('\\', '\\\\').replaceAll('\'', '\\\'')}'`;

/** The latest entry with `words` in it whose `data[key]` is `value`; `null` if there is none since then. */
export async function latestSaid(words, key, value, since) {
  const parts = ['data.type = \'program\'', `message ~ ${quoted(words)}`, `data.${key} = ${quoted(value)}`];
  if (since) parts.push(`created >= ${quoted(fromDate(since))}`);
  const { items } = await get('/api/logs', { filter: parts.join(' && '), sort: '-@rowid', perPage: 1, skipTotal: 1 });
  return items[0] ?? null;
}
