// What the record editor makes of a record's values: as the form keeps them, as they are sent, as people read them.
//
// In the form, everything that may have several values is an array also where there may be one only, and JSON is its
// text. Not here: what a field looks like; that is `fields.js`.

import { count, when } from '../lib/format.js';

const LISTS = new Set(['select', 'relation', 'file']);
/** Fields of accounts that have their own place in the form. */
const ACCOUNT = new Set(['password', 'tokenKey', 'email', 'emailVisibility', 'verified']);

export const isList = (field) => LISTS.has(field.type);
export const isMultiple = (field) => isList(field) && (field.maxSelect ?? 1) > 1;
export const isAccountField = (collection, field) =>
  collection.type === 'auth' && field.system && ACCOUNT.has(field.name);

/** Fields whose values are neither kept in the browser nor shown again. */
export const isSecret = (field) => field.type === 'password' || field.name === 'tokenKey';

/** Numbers that a float can't hold stay as they are written. */
const keepNumber = (key, value, context) =>
  typeof value === 'number' &&
  !Number.isSafeInteger(value) &&
  context?.source !== undefined &&
  JSON.rawJSON &&
  JSON.stringify(value) !== context.source
    ? JSON.rawJSON(context.source)
    : value;

function withExactJson(collection, record, exact) {
  for (const { name, type } of collection.fields) if (type === 'json') record[name] = exact[name];
  return record;
}

/** A record as the server has written it. Inside of JSON, numbers keep all their digits. */
export const readRecord = (text, collection) =>
  withExactJson(collection, JSON.parse(text), JSON.parse(text, keepNumber));

/** The same for a list's page, with what stands around its items. */
export function readPage(text, collection) {
  const page = JSON.parse(text);
  const exact = JSON.parse(text, keepNumber).items;
  return { ...page, items: page.items.map((record, at) => withExactJson(collection, record, exact[at])) };
}

/**
 * What a list is asked for, for `readPage` to have these fields as they are stored: where only some are asked for,
 * the server rounds numbers inside of JSON.
 */
export const exactly = ({ fields }, names) =>
  fields.some(({ name, type }) => type === 'json' && names.includes(name)) ? undefined : names.join(',');

/** The value of a field that was never set. */
export function zero(field) {
  if (field.nullable) return null;
  if (isMultiple(field)) return [];
  const zeros = { number: 0, bool: false, json: null, geoPoint: { lon: 0, lat: 0 } };
  return field.type in zeros ? zeros[field.type] : '';
}

/** A record's value as the form keeps it. */
export function toState(field, value) {
  if (isSecret(field)) return '';
  if (field.type === 'json') return value === null || value === undefined ? '' : JSON.stringify(value, null, 2);
  if (value === null || value === undefined) return field.nullable ? null : toState(field, zero(field));
  if (isList(field)) return (Array.isArray(value) ? value : [value]).filter((one) => one !== '');
  return value;
}

/** What the form keeps as it is sent. JSON goes as its text, which the server keeps as it is. */
export function toWire(field, state) {
  if (state === null) return null;
  if (field.type === 'json') return state.trim() === '' ? null : state;
  if (isList(field) && !isMultiple(field)) return state[0] ?? '';
  return state;
}

/** JSON without its spaces, or the text itself where it is none. */
function compact(text) {
  try {
    return JSON.stringify(JSON.parse(text, keepNumber));
  } catch {
    return text;
  }
}

/** Whether two states of a field are the same. */
export function same(field, a, b) {
  if (a === b) return true;
  if (a === null || b === null) return false;
  if (field.type === 'json') return compact(a.trim() || 'null') === compact(b.trim() || 'null');
  if (isList(field)) return a.length === b.length && a.every((one, at) => one === b[at]);
  if (field.type === 'geoPoint') return a.lon === b.lon && a.lat === b.lat;
  return false;
}

/** A state in a few words, for comparisons. */
export function inWords(field, state) {
  if (state === null) return 'NULL';
  if (isSecret(field)) return state ? '••••••••' : '(as it is)';
  if (field.type === 'bool') return state ? 'Yes' : 'No';
  if (field.type === 'number') return String(state);
  if (field.type === 'date' || field.type === 'autodate') return state ? `${when(state)} (${state})` : '(empty)';
  if (field.type === 'geoPoint') return `${state.lon}, ${state.lat}`;
  const text = isList(field) ? state.map((one) => one.name ?? one).join(', ') : state;
  return text === '' ? '(empty)' : text;
}

const NAMES = ['name', 'title', 'label', 'subject', 'username', 'email', 'slug', 'key'];
const SHOWN = new Set(['text', 'email', 'url', 'number', 'select', 'date', 'bool', 'autodate']);

/** The fields that tell people which record one is. */
export function presentable(collection) {
  const shown = collection.fields.filter((field) => SHOWN.has(field.type) && !isSecret(field));
  const chosen = shown.filter((field) => field.presentable);
  if (chosen.length > 0) return chosen;
  const named = NAMES.map((name) => shown.find((field) => field.name === name)).filter(Boolean);
  const first = shown.find((field) => field.type === 'text' && !field.primaryKey && !field.hidden);
  return [named[0] ?? first].filter(Boolean);
}

/** What people call a record. */
export function nameOf(collection, record) {
  const parts = presentable(collection)
    .map((field) => {
      const value = record[field.name];
      if (field.type === 'number') return count(value);
      return Array.isArray(value) ? value.join(', ') : String(value ?? '');
    })
    .filter((part) => part.trim() !== '');
  const name = parts.join(' · ').replace(/\s+/g, ' ');
  return name === '' ? record.id : name.length > 120 ? `${name.slice(0, 119)}…` : name;
}
