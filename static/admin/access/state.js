// What the parts of the page share: the collections, the address, texts in filters.

import { getAll } from '../lib/api.js';

/** Everything of a question that stands in the address. */
const NAMES = [
  'tab', 'who', 'whoCollection', 'whoId', 'key', 'action', 'collection', 'record', 'body', 'query', 'headers',
  'context',
];

/** All collections, the system's last. */
export async function collectionsOnPage() {
  const all = await getAll('/api/collections');
  return all.sort((a, b) => Number(a.system) - Number(b.system) || a.name.localeCompare(b.name));
}

/** What the address says. */
export function readState() {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(NAMES.map((name) => [name, query.get(name) ?? '']));
}

/** Changes what the address says; empty values leave it. */
export function writeState(changes) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  history.replaceState(history.state, '', url);
}

/** A text as filters write it. */
export const quoted = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll('\'', '\\\'')}'`;

const SEARCHED = new Set(['text', 'email', 'url', 'editor', 'select', 'number']);
const SEARCHED_MAX = 8;

/** A filter that finds records of a collection by what somebody has typed. */
export function searching(collection, typed) {
  if (!typed) return '';
  const fields = collection.fields.filter((field) => SEARCHED.has(field.type) && field.name !== 'tokenKey');
  return fields.slice(0, SEARCHED_MAX).map((field) => `${field.name} ~ ${quoted(typed)}`).join(' || ');
}

const NAMING = ['email', 'name', 'title', 'label', 'username', 'handle', 'subject'];

/** What a record is called: the field that most likely names it, and the id. */
export function titleOf(collection, record) {
  const texts = collection.fields.filter((field) => field.type === 'text' && !field.primaryKey && !field.hidden);
  const names = [...NAMING, ...texts.map((field) => field.name)];
  const name = names.find((field) => typeof record[field] === 'string' && record[field] !== '');
  return name ? `${record[name].slice(0, 60)} · ${record.id}` : record.id;
}
