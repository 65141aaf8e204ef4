// The contents of a record's files, kept in this page for a while: for an undo of what takes them away, and for copies.

import { bytes } from '../lib/format.js';
import { fileAddress, fileToken } from './requests.js';

/** So much is kept at once; what is more is told, and not kept. */
const KEPT_MAX_BYTES = 25_000_000;
export const keptMost = () => bytes(KEPT_MAX_BYTES);

/** The files of a record, but for those in `staying`, as `[field, name]`. */
export function filesOf(collection, record, staying = () => false) {
  return collection.fields
    .filter((field) => field.type === 'file')
    .flatMap((field) => [record[field.name] ?? []].flat().filter(Boolean).map((name) => [field, name]))
    .filter(([field, name]) => !staying(field, name));
}

/** The name that a file came with: without what the server has put behind it. */
const nameBefore = (name) => name.replace(/_[a-z0-9]{10}(?=\.[^.]*$|$)/, '');

/** What several records' files take of the same room. */
export const room = () => ({ left: KEPT_MAX_BYTES });

/**
 * Fetches files, `[field, name]` each. Resolves to those that could be kept, by field and name, and the names of the
 * others. Never rejects: what can't be fetched is among those.
 */
export async function keep(collection, id, files, { signal, space = room() } = {}) {
  const kept = new Map();
  const lost = [];
  for (const [field, name] of files) {
    const file = await fetchOne(collection, id, field, name, space, signal).catch(() => undefined);
    if (file) kept.set(`${field.name}/${name}`, file);
    else lost.push(name);
  }
  return { lost, of: (field, name) => kept.get(`${field}/${name}`), size: kept.size };
}

async function fetchOne(collection, id, field, name, space, signal) {
  const token = field.protected ? await fileToken() : undefined;
  const stop = new AbortController();
  const all = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const answer = await fetch(fileAddress(collection, id, name, { token }), { signal: all, credentials: 'same-origin' });
  const size = Number(answer.headers.get('Content-Length'));
  if (!answer.ok || size > space.left) {
    stop.abort();
    return undefined;
  }
  const blob = await answer.blob();
  if (blob.size > space.left) return undefined;
  space.left -= blob.size;
  return new File([blob], nameBefore(name), { type: blob.type });
}
