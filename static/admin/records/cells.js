// What a field's value looks like in a cell of the table. Used by grid.js and the import preview. Everything that comes
// from data becomes text; addresses become links only if they are http(s).

import { address } from '../lib/api.js';
import { h, icon } from '../lib/dom.js';
import { count, toDate, when } from '../lib/format.js';

const PICTURES = /\.(?:jpe?g|png|gif|webp|avif)$/i;
const CHIPS_SHOWN = 4;
const EXCERPT_CHARS = 160;

const none = () => h('span', { class: 'none', 'aria-label': 'empty' }, '–');
const isEmpty = (value) =>
  value === '' || value === null || value === undefined || (Array.isArray(value) && value.length === 0);
const listOf = (value) => (Array.isArray(value) ? value : isEmpty(value) ? [] : [value]);
const short = (text) => (text.length > EXCERPT_CHARS ? `${text.slice(0, EXCERPT_CHARS)} …` : text);

/** What is in a rich text, without its markup. */
export function plain(html) {
  // A document that isn't shown runs nothing and loads nothing.
  return new DOMParser().parseFromString(String(html), 'text/html').body.textContent.replace(/\s+/g, ' ').trim();
}

/** An address that may be followed; `null` for any other. */
function safeLink(text) {
  const url = URL.canParse(String(text)) ? new URL(String(text)) : null;
  return url && ['http:', 'https:'].includes(url.protocol) ? url.href : null;
}

/** The fields that name a collection's records. */
export const naming = (collection) =>
  collection?.fields.filter((field) => field.presentable && !['file', 'relation'].includes(field.type)) ?? [];

/** What to call a related record: its presentable fields, or its id. */
export function nameOf(record, collection) {
  const texts = naming(collection)
    .map((field) => asText(record[field.name], field))
    .filter((text) => text !== '');
  return texts.join(' · ') || record.id;
}

/** A value as one line of text. */
export function asText(value, field) {
  if (isEmpty(value)) return '';
  if (field.type === 'date' || field.type === 'autodate') return when(value);
  if (field.type === 'editor') return plain(value);
  if (field.type === 'geoPoint') return `${value.lat}, ${value.lon}`;
  if (Array.isArray(value) && field.type !== 'json') return value.join(', ');
  return typeof value === 'object' || field.type === 'json' ? JSON.stringify(value) : String(value);
}

const chips = (list, one) => [
  list.slice(0, CHIPS_SHOWN).map(one),
  list.length > CHIPS_SHOWN && h('span', { class: 'quiet small' }, `+${list.length - CHIPS_SHOWN}`),
];

const DRAWN = {
  bool: (value) => h('span', { class: value ? 'badge good' : 'badge' }, value ? 'True' : 'False'),
  number: (value) => (typeof value === 'number' ? decimal(value) : String(value)),
  date: (value) =>
    h('time', { datetime: toDate(value)?.toISOString(), title: `${value} (UTC)` }, when(value) || String(value)),
  select: (value) => chips(listOf(value), (one) => h('span', { class: 'badge' }, String(one))),
  json: (value) =>
    value === undefined || value === null ? none() : h('span', { class: 'mono' }, short(JSON.stringify(value))),
  editor: (value) => short(plain(value)),
  geoPoint: (value) =>
    value && (value.lon !== 0 || value.lat !== 0)
      ? h('span', { title: 'latitude, longitude' }, `${value.lat}, ${value.lon}`)
      : none(),
  url: (value) => {
    const href = safeLink(value);
    return href
      ? h('a', { href, target: '_blank', rel: 'noopener noreferrer', tabindex: -1 }, String(value))
      : String(value);
  },
  text: (value) => short(String(value)),
};
DRAWN.autodate = DRAWN.date;

const exact = new Intl.NumberFormat(undefined, { maximumFractionDigits: 20 });
const decimal = (value) => (Number.isInteger(value) ? count(value) : exact.format(value));

/**
 * The content of a cell.
 * @param {{ collections: Map<string, object>, fileToken: string }} context  definitions by id; a token if there are
 *   protected files.
 */
export function draw(column, record, context) {
  const value = record[column.name];
  const { field, type } = column;
  if (type === 'file')
    return isEmpty(value) ? none() : chips(listOf(value), (name) => file(record, field, name, context));
  if (type === 'relation')
    return isEmpty(value) ? none() : chips(listOf(value), (id) => relation(record, field, id, context));
  if (!['bool', 'json', 'geoPoint'].includes(type) && isEmpty(value)) return none();
  return (DRAWN[type] ?? DRAWN.text)(value);
}

function relation(record, field, id, { collections }) {
  const target = collections.get(field.collectionId);
  const found = listOf(record.expand?.[field.name]).find((one) => one?.id === id);
  const name = found ? nameOf(found, target) : id;
  if (!target) return h('span', { class: 'badge' }, name);
  const href = address(`/_/collections/${encodeURIComponent(target.name)}?record=${encodeURIComponent(id)}`);
  return h('a', { class: 'badge info', href, title: `${target.name}: ${id}`, tabindex: -1 }, short(String(name)));
}

/** The address of a record's file. */
function fileAddress(record, field, name, fileToken, thumb) {
  const path = ['api', 'files', record.collectionName, record.id, name].map(encodeURIComponent).join('/');
  const query = new URLSearchParams();
  if (thumb) query.set('thumb', thumb);
  if (field.protected && fileToken) query.set('token', fileToken);
  return address(`/${path}${query.size ? `?${query}` : ''}`);
}

function file(record, field, name, { fileToken }) {
  const href = fileAddress(record, field, name, fileToken);
  const link = { href, target: '_blank', rel: 'noopener', title: name, tabindex: -1 };
  if (!PICTURES.test(name)) return h('a', { class: 'badge', ...link }, icon('file'), short(name));
  const picture = h('img', {
    src: fileAddress(record, field, name, fileToken, '100x100'),
    alt: name,
    loading: 'lazy',
    width: 26,
    height: 26,
  });
  picture.addEventListener('error', () => picture.replaceWith(icon('file')), { once: true });
  return h('a', { class: 'thumb', ...link }, picture);
}
