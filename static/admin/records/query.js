// What is typed into the filter bar: a filter expression, or words to look for. Used by filter.js and records.js.

/** A field, text, number or macro with an operator behind it is how every filter expression begins. */
const OPERAND = /@?[A-Za-z_][\w.:@]*(?:\([^()]*\))?|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|-?\d+(?:\.\d+)?/;
const OPERATOR = /\??(?:!=|>=|<=|!~|=|>|<|~)/;
const EXPRESSION = new RegExp(`^[\\s(]*(?:${OPERAND.source})\\s*${OPERATOR.source}`);

/** Fields whose values are looked through for words. */
const SEARCHED = new Set(['text', 'editor', 'email', 'url', 'select', 'file', 'json', 'date']);

/** So long a filter may be for the server. */
const FILTER_MAX_BYTES = 3500;

export const isExpression = (text) => EXPRESSION.test(text);

/** A text as the filter language writes it. */
export const literal = (text) => `"${text.replace(/[\\"]/g, '\\$&')}"`;

/** `~` takes `%` for anything; in words it stands for itself. */
const contains = (text) => literal(text.replace(/[\\%]/g, '\\$&'));

export const searchedFields = (collection) =>
  collection.fields.filter((field) => SEARCHED.has(field.type) && !field.hidden).map((field) => field.name);

/**
 * `{ kind: 'none' | 'search' | 'filter', filter, left }`, where `filter` is what the server is asked, and `left` are
 * the fields in which words are not looked for, because the filter would be too long.
 */
export function understand(text, collection) {
  const typed = text.trim();
  if (typed === '') return { kind: 'none', filter: '', left: [] };
  if (isExpression(typed)) return { kind: 'filter', filter: typed, left: [] };
  const tests = searchedFields(collection).map((name) => [name, `${name} ~ ${contains(typed)}`]);
  const numbers = collection.fields.filter((field) => field.type === 'number' && !field.hidden);
  if (/^-?\d+(\.\d+)?$/.test(typed)) tests.push(...numbers.map(({ name }) => [name, `${name} = ${typed}`]));
  return { kind: 'search', ...anyOf(tests) };
}

/** As many of the tests as a filter can have. One there is in any case: without, everything would be found. */
function anyOf(tests) {
  const bytes = (text) => new TextEncoder().encode(text).length;
  let filter = '';
  const left = [];
  for (const [name, test] of tests) {
    const longer = filter === '' ? test : `${filter} || ${test}`;
    if (filter === '' || bytes(longer) <= FILTER_MAX_BYTES) filter = longer;
    else left.push(name);
  }
  return { filter, left };
}

/** The filter for some records of which only the ids are known. */
export const oneOf = (ids) => ids.map((id) => `id = ${literal(id)}`).join(' || ');

/** Lists in portions of this many. */
export function* chunks(list, size) {
  for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size);
}
