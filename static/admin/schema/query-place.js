// Where in a query the mistake is that the server tells in words. Pure.
//
// Used by the query of a view. SQLite names the word, not the place: what can't be told for sure isn't marked.

/** Texts, comments and quoted names are one piece each, so that nothing in them is taken for a word of the query. */
const PIECES = /--.*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|\w+|\S/g;

const bare = (piece) => piece.replace(/^["`[](.*?)["`\]]?$/s, '$1').toLowerCase();

/** @returns {{ from: number, to: number }[]} */
export function placesOf(query, message) {
  const pieces = [...query.matchAll(PIECES)].filter(([piece]) => !/^(?:--|\/\*)/.test(piece));
  const at = (piece) => ({ from: piece.index, to: piece.index + piece[0].length });
  const missing = /(?:no such (?:column|table|function)|ambiguous column name): (\S+?)\.?$/.exec(message)?.[1];
  if (missing) {
    const names = missing.toLowerCase().split('.');
    const found = pieces.filter((piece, i) => {
      if (bare(piece[0]) !== names.at(-1)) return false;
      return names.length === 1 || (pieces[i - 1]?.[0] === '.' && bare(pieces[i - 2]?.[0] ?? '') === names.at(-2));
    });
    // A column that isn't there may have the name of a table that is.
    const columns = found.filter((piece) => !/^(?:from|join)$/i.test(pieces[pieces.indexOf(piece) - 1]?.[0] ?? ''));
    return (message.includes('table') || columns.length === 0 ? found : columns).map(at);
  }
  const near = /near "([^"]+)": syntax error/.exec(message)?.[1];
  if (near) {
    const found = pieces.filter((piece) => piece[0].toLowerCase() === near.toLowerCase());
    return found.length === 1 ? found.map(at) : [];
  }
  if (/instead of \*/.test(message)) {
    const isColumn = (i) => /^(?:select|distinct|all|,|\.)$/i.test(pieces[i - 1]?.[0] ?? '');
    return pieces.filter((piece, i) => piece[0] === '*' && isColumn(i)).map(at);
  }
  if (/incomplete input/.test(message)) return [{ from: query.trimEnd().length, to: query.trimEnd().length }];
  return [];
}
