// Inputs for single values: for a cell that is edited in its place, and for the same change of many records. Used by
// inline.js and bulk.js; the record's own panel has richer ones.

import { h } from '../lib/dom.js';
import { fromDate, toDate } from '../lib/format.js';

const IN_PLACE = new Set(['text', 'number', 'bool', 'select', 'date', 'email', 'url']);
const AT_ONCE = new Set([...IN_PLACE, 'relation', 'json', 'editor']);
const SECRET = new Set(['id', 'tokenKey']);
const MINUTE_MS = 60_000;

export const editableInPlace = (field) => IN_PLACE.has(field.type) && !SECRET.has(field.name);
export const editableAtOnce = (field) => AT_ONCE.has(field.type) && !SECRET.has(field.name);
export const isMultiple = (field) => (field.maxSelect ?? 1) > 1;

/** A date as `datetime-local` inputs take it, in the browser's time zone. */
function toLocal(text) {
  const date = toDate(text);
  if (!date) return '';
  const local = new Date(date.getTime() - date.getTimezoneOffset() * MINUTE_MS).toISOString();
  return local.slice(0, date.getMilliseconds() === 0 ? 19 : 23);
}

/** What a field has that has nothing. */
const emptyOf = (field, zero) => (field.nullable ? null : zero);

const option = (value, chosen, text = value) => h('option', { value, selected: chosen }, text);
const inputOf = (type, value, attributes, read) => {
  const element = h('input', { type, value, ...attributes });
  return { element, get: () => read(element) };
};

const MADE = {
  number: (field, value, attributes) =>
    inputOf('number', value ?? '', { step: 'any', ...attributes }, (input) => {
      if (input.validity.badInput) throw new Error('This is not a number.');
      return input.value === '' ? emptyOf(field, 0) : Number(input.value);
    }),
  date: (field, value, attributes) =>
    inputOf('datetime-local', toLocal(value), { step: 1, ...attributes }, (input) => {
      if (input.validity.badInput) throw new Error('The date is not complete.');
      return input.value === '' ? emptyOf(field, '') : fromDate(new Date(input.value));
    }),
  bool: (field, value, attributes) => {
    const isNone = field.nullable && (value ?? null) === null;
    const element = h(
      'select',
      attributes,
      field.nullable && option('', isNone, '–'),
      option('true', value === true, 'True'),
      option('false', value !== true && !isNone, 'False'),
    );
    return { element, get: () => (element.value === '' ? null : element.value === 'true') };
  },
  select: (field, value, attributes) => {
    const chosen = [value ?? []].flat().filter((one) => one !== '');
    // What is stored stays a choice also where the field's list has it no more.
    const values = [...new Set([...field.values, ...chosen])];
    if (!isMultiple(field)) {
      const element = h(
        'select',
        attributes,
        option('', !value, '–'),
        values.map((one) => option(one, chosen.includes(one))),
      );
      return { element, get: () => element.value || emptyOf(field, '') };
    }
    const element = h(
      'select',
      { multiple: true, size: Math.min(values.length, 8), ...attributes },
      values.map((one) => option(one, chosen.includes(one))),
    );
    const get = () => {
      const now = [...element.selectedOptions].map((one) => one.value);
      // Their order is the record's; what is new comes behind.
      return [...chosen.filter((one) => now.includes(one)), ...now.filter((one) => !chosen.includes(one))];
    };
    return { element, get };
  },
  relation: (field, value, attributes) =>
    inputOf(
      'text',
      [value ?? []].flat().join(', '),
      { placeholder: isMultiple(field) ? 'Ids, with commas between them' : 'Id', ...attributes },
      (input) => {
        const ids = input.value.split(/[\s,]+/).filter(Boolean);
        return isMultiple(field) ? ids : (ids[0] ?? '');
      },
    ),
  json: (field, value, attributes) => {
    const element = h('textarea', {
      class: 'mono',
      value: value === undefined ? '' : JSON.stringify(value),
      ...attributes,
    });
    // As its text, in which numbers keep all their digits; the server reads it.
    return { element, get: () => (element.value.trim() === '' ? null : checked(element.value)) };
  },
  editor: (field, value, attributes) => {
    const element = h('textarea', { value: value ?? '', ...attributes });
    return { element, get: () => element.value };
  },
  text: (field, value, attributes) => {
    // An input of one line takes breaks out.
    const element = /[\r\n]/.test(value ?? '')
      ? h('textarea', { value, ...attributes })
      : h('input', { type: 'text', value: value ?? '', autocomplete: 'off', ...attributes });
    return { element, get: () => element.value };
  },
};
MADE.email = (field, value, attributes) =>
  inputOf('text', value ?? '', { inputmode: 'email', autocomplete: 'off', ...attributes }, (input) =>
    input.value.trim(),
  );
MADE.url = (field, value, attributes) =>
  inputOf('text', value ?? '', { inputmode: 'url', autocomplete: 'off', ...attributes }, (input) => input.value.trim());

function checked(text) {
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    throw new Error(`This is not JSON: ${error.message}`);
  }
}

/** An input for a field's value: `{ element, get }`; `get` throws what is wrong with what was typed. */
export const valueInput = (field, value, attributes = {}) => (MADE[field.type] ?? MADE.text)(field, value, attributes);
