// CSV as the server's import reads it: reading a file's text, writing rows. Used by the export and the import of records
// and by the page SQL.

/** What may start a formula in a spreadsheet. */
const FORMULA = /^[=+\-@\t\r]/;

/** One cell; `guarded` texts can't be taken for formulas. */
export function cellOf(value, { guarded = false } = {}) {
  if (value === null || value === undefined) return '';
  let text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (guarded && typeof value === 'string' && FORMULA.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

export const lineOf = (values, options) => `${values.map((value) => cellOf(value, options)).join(',')}\r\n`;

/** What stands between the cells, judged by the first line. */
export function delimiterOf(text) {
  const first = text.slice(0, text.search(/\r|\n|$/));
  const times = (one) => first.split(one).length;
  return [',', ';', '\t'].reduce((best, one) => (times(one) > times(best) ? one : best));
}

/** The rows of a text, as far as `most`. */
export function parse(text, { delimiter = delimiterOf(text), most = Infinity } = {}) {
  const rows = [];
  let row = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length && rows.length < most) {
    const { value, end } = text[at] === '"' ? quoted(text, at) : bare(text, at, delimiter);
    row.push(value);
    at = end;
    if (text[at] === delimiter) {
      at += 1;
      if (at < text.length) continue;
      row.push('');
    }
    if (text[at] === '\r') at += 1;
    if (text[at] === '\n') at += 1;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}

function quoted(text, from) {
  let value = '';
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return { value: value + text.slice(at), end: text.length };
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { value, end: afterQuote(text, quote + 1) };
    value += '"';
    at = quote + 2;
  }
}

/** Something may stand between a closing quote and the end of the cell; it isn't CSV, and must not stop the reading. */
function afterQuote(text, at) {
  let end = at;
  while (end < text.length && !',;\t\r\n'.includes(text[end])) end += 1;
  return end;
}

function bare(text, from, delimiter) {
  let end = from;
  while (end < text.length && text[end] !== delimiter && text[end] !== '\r' && text[end] !== '\n') end += 1;
  return { value: text.slice(from, end), end };
}
