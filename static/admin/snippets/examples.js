// Values that the server takes, made of the options of fields, so that a copied call works. Called by preview.js and by
// the operations. Reads related records and looks for taken values through `ask`, nothing else.

import { sample } from './pattern.js';

/** How many values are tried where one has to be unique. */
const VARIANTS_MAX = 25;
const PNG_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const EXTENSIONS = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/gif': 'gif', 'image/webp': 'webp',
  'image/svg+xml': 'svg', 'application/pdf': 'pdf', 'text/plain': 'txt', 'text/csv': 'csv', 'application/json': 'json',
  'application/zip': 'zip', 'audio/mpeg': 'mp3', 'video/mp4': 'mp4' };

/** Whether a field holds several values. */
export const isMultiple = (field) => ['select', 'file', 'relation'].includes(field.type) && field.maxSelect > 1;

/** Whether clients may send a value for it. Passwords and e-mail addresses of accounts are among them. */
export const isWritable = (field) => field.type !== 'autodate' && !(field.system && field.name === 'tokenKey')
  && !field.primaryKey;

/** Whether the id has to be sent, as the server makes none. */
const isIdSent = (field) => field.primaryKey && !field.autogeneratePattern;

/** What clients who aren't superusers see. */
export const isVisible = (field) => !field.hidden && field.type !== 'password';

/** The id, and the columns of the unique indexes. */
function uniqueSets(collection) {
  const indexed = (collection.indexes ?? []).flatMap((index) => {
    const [, columns] = /^\s*CREATE\s+UNIQUE\s+INDEX[^(]*\(([^()]*)\)/i.exec(index) ?? [];
    return columns ? [columns.split(',').map((column) => column.trim().split(/\s+/)[0].replace(/[`"[\]]/g, ''))] : [];
  });
  return [['id'], ...indexed];
}

/**
 * A record that can be created: `{ values, files, missing }`. `files` are names of files by field, of fields that need
 * one; `missing` are fields for which there is no good value, with the reason.
 * @param {{ taken: (filter: string) => Promise<boolean>, related: (collectionId: string) => Promise<string[]> }} ask
 */
export async function exampleRecord(collection, ask) {
  const related = {};
  for (const field of collection.fields.filter((one) => one.type === 'relation')) {
    related[field.collectionId] ??= await ask.related(field.collectionId).catch(() => []);
  }
  let found;
  for (let variant = 0; variant < VARIANTS_MAX; variant += 1) {
    found = build(collection, related, variant);
    if (!await isTaken(collection, found.values, ask)) break;
  }
  return found;
}

async function isTaken(collection, values, ask) {
  for (const columns of uniqueSets(collection)) {
    if (!columns.every((column) => ['string', 'number', 'boolean'].includes(typeof values[column]))) continue;
    const filter = columns.map((column) => `${column} = ${literal(values[column])}`).join(' && ');
    if (await ask.taken(filter).catch(() => false)) return true;
  }
  return false;
}

/** A value as the filter language writes it. */
export const literal = (value) => typeof value === 'string'
  ? `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : String(value);

function build(collection, related, variant) {
  const values = {};
  const files = {};
  const missing = {};
  for (const field of collection.fields.filter((one) => isWritable(one) || isIdSent(one))) {
    if (field.hidden && !field.required && field.type !== 'password') continue;
    if (field.type === 'file') {
      if (field.required) files[field.name] = exampleFile(field);
      continue;
    }
    if (collection.type === 'auth' && field.name === 'verified') continue;
    const value = example(field, { related, variant });
    if (value === null) missing[field.name] = field.type === 'relation' ? 'There is no record yet that it could name.'
      : 'No example fits its options.';
    else if (value !== undefined) values[field.name] = value;
    if (field.required && value === null) values[field.name] = isMultiple(field) ? ['RECORD_ID']
      : field.type === 'relation' ? 'RECORD_ID' : '…';
    if (collection.type === 'auth' && field.name === 'password') values.passwordConfirm = value;
  }
  return { values, files, missing };
}

/** A value for one field; `undefined` where it is better left out, `null` where none is known. */
export function example(field, { related = {}, variant = 0 } = {}) {
  return MAKERS[field.type]?.(field, variant, related);
}

const MAKERS = {
  text: (field, variant) => text(field, variant),
  editor: ({ maxSize }) => ['<p>An <strong>example</strong>.</p>', '<p>Example</p>', 'Example', 'x']
    .find((one) => fits(one, maxSize)) ?? null,
  number: (field, variant) => numberIn(field, variant),
  bool: () => true,
  email: (field, variant) => `ada${variant + 1}@${domain(field)}`,
  url: (field, variant) => `https://${domain(field)}/${variant === 0 ? 'example' : `example-${variant}`}`,
  date: (field, variant) => dateIn(field, variant),
  select: (field, variant) => {
    const { values = [] } = field;
    if (values.length === 0) return null;
    const first = variant % values.length;
    return isMultiple(field) ? values.slice(first, first + Math.min(2, field.maxSelect)) : values[first];
  },
  relation: (field, variant, related) => {
    const ids = related[field.collectionId] ?? [];
    const wanted = Math.max(1, field.minSelect ?? 0);
    if (ids.length < (isMultiple(field) ? wanted : 1)) return field.required || field.minSelect > 0 ? null : undefined;
    if (!isMultiple(field)) return ids[variant % ids.length];
    return ids.slice(0, wanted);
  },
  json: ({ maxSize }) => [{ example: true, tags: ['a', 'b'] }, { a: 1 }, 1]
    .find((one) => fits(JSON.stringify(one), maxSize)) ?? null,
  password: (field) => {
    const wanted = 'correct horse battery';
    if (field.pattern) return sample(field.pattern, { min: field.min || 8, max: field.max || 70 });
    return fitted(wanted, field.min, field.max || 70);
  },
  geoPoint: () => ({ lon: 13.4, lat: 52.52 }),
};

/** Whether a text of plain letters has no more bytes than a field takes; 0 is no limit of the field's own. */
const fits = (text, maxSize) => !maxSize || text.length <= maxSize;

/** A text of the right length. */
function fitted(wanted, min, max) {
  const longer = wanted.length < min ? wanted.padEnd(min, ' and more').trimEnd().padEnd(min, 'x') : wanted;
  return max > 0 && longer.length > max ? longer.slice(0, max).trimEnd().padEnd(min, 'x') : longer;
}

function text(field, variant) {
  if (field.pattern) {
    const found = sample(field.pattern, { min: field.min, max: field.max || 5000, variant });
    // The server makes one by itself.
    return found ?? (field.autogeneratePattern ? undefined : null);
  }
  if (field.autogeneratePattern) return undefined;
  const ending = variant === 0 ? '' : ` ${variant + 1}`;
  const limit = field.max > 0 ? Math.max(1, field.max - ending.length) : 0;
  return fitted(`Example ${field.name}`, field.min - ending.length, limit) + ending;
}

function numberIn(field, variant) {
  const [min, max] = [field.min ?? -Infinity, field.max ?? Infinity];
  const wanted = (field.onlyInt ? 12 : 12.5) + variant;
  if (wanted >= min && wanted <= max) return wanted;
  // Zero is no value to a field that must have one.
  const candidates = [min + variant, max - variant, Math.ceil(min), Math.floor(max), (min + max) / 2];
  const found = candidates.find((one) => Number.isFinite(one) && one >= min && one <= max
    && (!field.onlyInt || Number.isInteger(one)) && (!field.required || one !== 0));
  return found ?? null;
}

function domain(field) {
  if (field.onlyDomains?.length > 0) return field.onlyDomains[0];
  return ['example.com', 'example.org', 'example.net', 'mail.example.com'].find((one) =>
    !field.exceptDomains?.includes(one)) ?? 'example.edu';
}

const DAY_MS = 86_400_000;
function dateIn(field, variant) {
  const at = (text) => new Date(String(text).replace(' ', 'T')).getTime();
  const [min, max] = [field.min ? at(field.min) : -Infinity, field.max ? at(field.max) : Infinity];
  const wanted = Date.UTC(2030, 0, 31, 12) + variant * DAY_MS;
  const found = [wanted, min + variant * 1000, max - variant * 1000, min].find((one) => Number.isFinite(one)
    && one >= min && one <= max);
  return found === undefined ? null : new Date(found).toISOString().replace('T', ' ');
}

/** The name of a file that a field would take. */
export function exampleFile(field) {
  const types = field.mimeTypes ?? [];
  const type = PNG_TYPES.find((one) => types.includes(one)) ?? types[0];
  return `${type?.startsWith('image/') || !type ? 'picture' : 'file'}.${EXTENSIONS[type] ?? (type ? 'bin' : 'png')}`;
}

/** What may be sent for a field, in words. */
export function rulesOf(field) {
  const list = [];
  const say = (condition, words) => { if (condition) list.push(words); };
  const isText = ['text', 'password'].includes(field.type);
  const isExact = isText && field.min > 0 && field.min === field.max;
  say(isExact, `${field.min} characters`);
  say(isText && !isExact && field.min > 0, `at least ${field.min} characters`);
  say(isText && !isExact && field.max > 0, `at most ${field.max} characters`);
  say(field.pattern, `matches ${field.pattern}`);
  say(field.autogeneratePattern, 'made by the server if it is empty');
  say(field.type === 'number' && typeof field.min === 'number', `at least ${field.min}`);
  say(field.type === 'number' && typeof field.max === 'number', `at most ${field.max}`);
  say(field.onlyInt, 'whole numbers only');
  say(field.type === 'date' && field.min, `from ${field.min}`);
  say(field.type === 'date' && field.max, `until ${field.max}`);
  say(field.onlyDomains?.length > 0, `only at ${field.onlyDomains?.join(', ')}`);
  say(field.exceptDomains?.length > 0, `not at ${field.exceptDomains?.join(', ')}`);
  say(field.type === 'select', `one of ${(field.values ?? []).join(', ')}`);
  say(field.minSelect > 0, `at least ${field.minSelect}`);
  say(isMultiple(field), `at most ${field.maxSelect}`);
  say(['json', 'editor', 'file'].includes(field.type) && field.maxSize > 0, `at most ${field.maxSize} bytes`);
  say(field.mimeTypes?.length > 0, `types ${field.mimeTypes?.join(', ')}`);
  say(field.protected, 'protected: getting it takes a token for files');
  say(field.nullable, 'may be null');
  say(field.hidden && field.type !== 'password', 'hidden: superusers only');
  return list;
}

/** The type of a field's value in JSON, in words. */
export function typeOf(field, target) {
  const many = isMultiple(field);
  switch (field.type) {
    case 'number': return 'number';
    case 'bool': return 'true or false';
    case 'json': return 'any JSON';
    case 'geoPoint': return '{ lon, lat }';
    case 'date': case 'autodate': return 'date, UTC';
    case 'file': return many ? 'files' : 'file';
    case 'relation': return `${many ? 'ids' : 'id'} of ${target ?? 'records'}`;
    case 'select': return many ? 'list of texts' : 'text';
    case 'editor': return 'HTML';
    case 'email': return 'e-mail address';
    case 'url': return 'URL';
    default: return 'text';
  }
}

/** A record as the server would answer it, where there is none to show. */
export function sampleRecord(collection, values = {}) {
  const record = { collectionId: collection.id, collectionName: collection.name };
  for (const field of collection.fields.filter(isVisible)) record[field.name] = sampleValue(field, values[field.name]);
  return record;
}

function sampleValue(field, given) {
  if (given !== undefined) return given;
  if (field.primaryKey) return 'RECORD_ID';
  if (field.type === 'autodate') return '2030-01-31 12:00:00.000Z';
  if (field.type === 'file') return isMultiple(field) ? [exampleFile(field)] : exampleFile(field);
  if (field.type === 'relation') return isMultiple(field) ? ['RELATED_ID'] : 'RELATED_ID';
  return example(field) ?? '';
}

/** A record without what only superusers see. */
export function publicRecord(collection, record) {
  const hidden = new Set(collection.fields.filter((field) => !isVisible(field)).map((field) => field.name));
  if (collection.type === 'auth' && !record.emailVisibility) hidden.add('email');
  return Object.fromEntries(Object.entries(record).filter(([name]) => !hidden.has(name)));
}
