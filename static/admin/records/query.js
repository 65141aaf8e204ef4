// What is typed into the filter bar: a filter expression, or words to look for. Used by filter.js and records.js.

/** A field, text, number or macro with an operator behind it is how every filter expression begins. */
const OPERAND = /@?[A-Za-z_][\w.:@]*(?:\([^()]*\))?|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|-?\d+(?:\.\d+)?/;
const OPERATOR = /\??(?:!=|>=|<=|!~|=|>|<|~)/;
const EXPRESSION = new RegExp(`^[\\s(]*(?:${OPERAND.source})\\s*${OPERATOR.source}`);

/** Fields whose values are looked through for words. */
const SEARCHED = new Set(['text', 'editor', 'email', 'url', 'select', 'file', 'json', 'date']);

export const isExpression = (text) => EXPRESSION.test(text);

/** A text as the filter language writes it. */
export const literal = (text) => `"${text.replace(/[\\"]/g, '\\$&')}"`;

/** `~` takes `%` for anything; in words it stands for itself. */
const contains = (text) => literal(text.replace(/[\\%]/g, '\\$&'));

export const searchedFields = (collection) =>
  collection.fields.filter((field) => SEARCHED.has(field.type) && !field.hidden).map((field) => field.name);

/** `{ kind: 'none' | 'search' | 'filter', filter }`, where `filter` is what the server is asked. */
export function understand(text, collection) {
  const typed = text.trim();
  if (typed === '') return { kind: 'none', filter: '' };
  if (isExpression(typed)) return { kind: 'filter', filter: typed };
  const names = searchedFields(collection);
  const tests = names.map((name) => `${name} ~ ${contains(typed)}`);
  const numbers = collection.fields.filter((field) => field.type === 'number' && !field.hidden);
  if (/^-?\d+(\.\d+)?$/.test(typed)) tests.push(...numbers.map((field) => `${field.name} = ${typed}`));
  return { kind: 'search', filter: tests.join(' || ') };
}

/** The filter for some records of which only the ids are known. */
export const oneOf = (ids) => ids.map((id) => `id = ${literal(id)}`).join(' || ');

/** Lists in portions of this many. */
export function* chunks(list, size) {
  for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size);
}
