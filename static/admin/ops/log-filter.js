// The filter of the log: what somebody has chosen, as an expression for `/api/logs`, and what can be completed in one.
// Called by the page Logs. Nothing here touches the page.

import { fromDate } from '../lib/format.js';
import { quoted } from './program-log.js';

const LEVELS = [[-4, 'Debug'], [0, 'Info'], [4, 'Warning'], [8, 'Error']];

/** The name of a level: that of the nearest one below it. */
export const levelName = (level) => (LEVELS.findLast(([least]) => level >= least) ?? LEVELS[0])[1];

const AND = ' && ';

/**
 * `{ search, expression, superusers, level, from, to }`: plain words or an expression, whether requests of superusers
 * count, the least level, and two dates. Parts that aren't there don't narrow anything.
 */
export function filterOf({ search, expression, superusers = true, level, from, to }) {
  const parts = [];
  if (search) parts.push(`(message ~ ${quoted(search)} || data ~ ${quoted(search)})`);
  if (expression) parts.push(`(${expression}\n)`);
  if (!superusers) parts.push('data.auth != \'_superusers\'');
  if (level !== undefined && level !== '') parts.push(`level >= ${Number(level)}`);
  if (from) parts.push(`created >= ${quoted(fromDate(from))}`);
  if (to) parts.push(`created <= ${quoted(fromDate(to))}`);
  return parts.join(AND);
}

const FIELDS = ['level', 'message', 'created', 'id', 'data', 'data.type', 'data.method', 'data.url', 'data.status',
  'data.execTime', 'data.auth',
  'data.authId', 'data.userIP', 'data.remoteIP', 'data.referer', 'data.userAgent', 'data.error', 'data.details',
    'data.requestId', 'data.job', 'data.name', 'data.target'];
const MACROS = ['@now', '@todayStart', '@todayEnd', '@yesterday', '@monthStart', '@yearStart'];

/** A completion source: fields of entries, those that were seen, and macros. */
export const completion = (seen) => (context) => {
  const word = context.matchBefore(/[@\w.]*/);
  if (!word || (word.from === word.to && !context.explicit)) return null;
  const known = [...new Set([...FIELDS, ...seen()])];
  return { from: word.from, validFor: /^[@\w.]*$/, options: [...known, ...MACROS].map((label) => ({ label })) };
};
