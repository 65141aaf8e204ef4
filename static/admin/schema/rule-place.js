// Where in a rule names are, and where texts in quotes and comments. Pure.
//
// Used by the completion of rules, which offers names only where names can stand, and values within quotes; and by
// copies of collections, whose rules have other names.

const TEXT = /"(?:[^"\\]|\\[\s\S])*("|$)|'(?:[^'\\]|\\[\s\S])*('|$)/;
const TOKEN = new RegExp(String.raw`\/\/.*|${TEXT.source}|@?\w[\w.:@]*|\??(?:!=|>=|<=|!~|=|>|<|~)|\S`, 'g');

/**
 * @returns {{ kind: 'code' | 'text' | 'comment', start?: number, quote?: string, path?: string }} of a text: where it
 *   begins behind its quote, which quote that is, and what it is compared with
 */
export function placeAt(rule, caret) {
  let path = null;
  let compared = false;
  for (const { 0: token, 1: double, 2: single, index } of rule.matchAll(TOKEN)) {
    if (index >= caret) break;
    const end = index + token.length;
    if (token.startsWith('//')) {
      if (caret <= end) return { kind: 'comment' };
    } else if (/^["']/.test(token)) {
      const isClosed = (double ?? single) !== '' && token.length > 1;
      const other = compared ? path : null;
      if (caret < end || !isClosed) return { kind: 'text', start: index + 1, quote: token[0], path: other };
      path = null;
    } else if (/^@?\w/.test(token)) {
      path = token;
      compared = false;
    } else compared = /[=~<>]/.test(token) && path !== null;
  }
  return { kind: 'code' };
}

/** A rule with other names: `rename` gets each path of names that is in it. */
export const withPaths = (rule, rename) =>
  rule.replaceAll(TOKEN, (token) => (/^@?[A-Za-z_]/.test(token) ? rename(token) : token));

/** A value as it stands in such a text. */
export const quotedIn = (value, quote) => value.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`);
