// What the filter bar offers while somebody types: the words that rules have, operators behind a field, and the values
// of selects and bools. Used by filter.js. The words themselves are those of schema/rule-words.js.

import { suggestions } from '../schema/rule-words.js';
import { literal } from './query.js';

const COMPARE = [
  ['=', 'equals'],
  ['!=', 'differs'],
  ['~', 'contains'],
  ['!~', "doesn't contain"],
  ['>', 'greater, later'],
  ['>=', 'at least'],
  ['<', 'less, earlier'],
  ['<=', 'at most'],
  ['?=', 'one of many equals'],
  ['?~', 'one of many contains'],
];
const JOIN = [
  ['&&', 'and'],
  ['||', 'or'],
];
/** Offers in their own order, not that of the alphabet. */
const inOrder = (offers) => offers.map((offer, at) => ({ ...offer, boost: -at }));
const operators = (list) =>
  inOrder(list.map(([label, detail]) => ({ label, detail, apply: `${label} `, type: 'keyword' })));
const PATH_BEFORE = /(?:^|[\s(&|!])([A-Za-z_][\w.]*)\s+$/;
const VALUE_BEFORE = /([A-Za-z_][\w.]*)\s*\??(?:!=|=)\s*("[^"]*)?$/;
/** A value, and nothing that compares behind it. */
const OPERAND_BEFORE = /(?:"|\d|\)|\b(?:true|false|null))\s+$/;

/** A completion source of CodeMirror's. */
export function completion(collection, collections) {
  const all = () => [...collections.values()];
  const find = (name) => collections.get(name) ?? all().find((one) => one.name === name);
  const words = { definition: () => collection, all, find };

  /** The field at the end of a path like `shelf.label`. */
  const fieldAt = (path) =>
    path.split('.').reduce(
      ({ from }, name) => {
        const field = from?.fields.find((one) => one.name === name);
        return { field, from: find(field?.collectionId) };
      },
      { from: collection },
    ).field;

  return (context) => {
    const { pos, explicit } = context;
    const before = context.state.sliceDoc(0, pos);
    const [, path, opened = ''] = VALUE_BEFORE.exec(before) ?? [];
    const values = path && valuesOf(fieldAt(path));
    if (values) return { from: pos - opened.length, options: values, validFor: /^"[^"]*$/ };
    if (fieldAt(PATH_BEFORE.exec(before)?.[1] ?? '')) return { from: pos, options: operators(COMPARE) };
    if (explicit && OPERAND_BEFORE.test(before)) return { from: pos, options: operators(JOIN) };
    const word = context.matchBefore(/[@\w.:]*/);
    if (!word || (word.from === word.to && !explicit)) return null;
    const found = suggestions(words, word.text);
    return found.options.length > 0
      ? { from: word.from + found.from, options: found.options, validFor: /^\w*$/ }
      : null;
  };
}

/** The values that a field can have, if they are few. */
function valuesOf(field) {
  const texts = { select: () => field.values.map(literal), bool: () => ['true', 'false'] }[field?.type]?.();
  return texts && inOrder(texts.map((label) => ({ label, type: 'constant' })));
}
