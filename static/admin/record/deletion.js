// Deleting a record: what goes with it is told before, and what can be brought back is kept for an undo.

import { del, get, getAll, patch, records, Refused, send } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { ask, tell, toast } from '../lib/feedback.js';
import { plural } from '../lib/format.js';
import { filesOf, keep, keptMost, room } from './keep.js';
import { quoted, store } from './requests.js';
import { isMultiple, isSecret, nameOf, readRecords, toState, toWire } from './values.js';

/** So many records are looked at; of more, it is said that there are more, and an undo leaves them out. */
const FOLLOWED_MAX = 500;
/** So many ids are asked for by one request. */
const CHUNK = 40;

/** Deletes a record after asking; resolves to whether it is gone. `onback(record)`: it was brought back. */
export async function deleteRecord(collection, record, { etag, onback }) {
  let effects;
  try {
    effects = await follow(collection, record);
  } catch (error) {
    tell(error);
    return false;
  }
  const title = `Delete ${nameOf(collection, record)}?`;
  if (effects.needing.length > 0) {
    toast(`This can't be deleted: ${counted(effects.needing).join(', ')} must have it. Change these first.`, 'problem');
    return false;
  }
  if (!(await ask({ title, content: summary(collection, record, effects), action: 'Delete', danger: true })))
    return false;
  const kept = isKept(collection) ? await keepAll(effects) : undefined;
  try {
    await del(records(collection.name, record.id), { headers: etag ? { 'If-Match': etag } : {} });
  } catch (error) {
    if (error.status === 412) toast('Not deleted: the record has been changed meanwhile. Look at it again.', 'problem');
    else tell(error);
    return false;
  }
  const action = kept && { label: 'Undo', run: () => bringBack(effects, kept, onback) };
  toast(kept ? told(effects, kept) : 'Deleted.', 'good', { action });
  return true;
}

/** Passwords are nowhere else, so what can't be without one stays gone. */
const isKept = ({ type, fields }) => type !== 'auth' && !fields.some((field) => isSecret(field) && field.required);

// --- what a deletion does ---

/**
 * What goes with a record, in an order in which it can be made again: `gone`, the record itself first; `emptied`, the
 * fields of others that lose an id; `needing`, those that forbid it; `isMore`, not all was looked at.
 */
async function follow(collection, record) {
  const collections = (await getAll('/api/collections')).filter((one) => one.type !== 'view');
  const gone = [];
  const known = new Set();
  const isGone = (of, id) => known.has(`${of.id}/${id}`);
  const go = (one) => {
    known.add(`${one.collection.id}/${one.record.id}`);
    gone.push(one);
  };
  go({ collection, record });
  const emptied = new Map();
  let isMore = false;
  for (let at = 0; at < gone.length && !isMore; ) {
    const target = gone[at].collection;
    const ids = sameFrom(gone, at);
    at += ids.length;
    for (const [referring, field] of relationsTo(collections, target)) {
      const found = await referringTo(referring, field, ids);
      isMore ||= gone.length + found.length > FOLLOWED_MAX;
      for (const other of found) {
        if (isGone(referring, other.id)) continue;
        const left = [other[field.name]].flat().filter((one) => one && !isGone(target, one));
        const entry = { collection: referring, field, record: other, left };
        if (left.length === 0 && field.cascadeDelete) go({ collection: referring, record: other });
        else emptied.set(`${referring.id}/${field.name}/${other.id}`, entry);
      }
    }
  }
  const others = [...emptied.values()].filter((one) => !isGone(one.collection, one.record.id));
  const needing = others.filter((one) => one.left.length === 0 && one.field.required);
  return { gone, emptied: others, needing, isMore };
}

/** The ids of the records from this place on that are of the same collection, so many as one request asks for. */
function sameFrom(gone, at) {
  const end = gone.findIndex((one, place) => place > at && one.collection.id !== gone[at].collection.id);
  return gone.slice(at, Math.min(end < 0 ? gone.length : end, at + CHUNK)).map((one) => one.record.id);
}

const relationsTo = (collections, target) =>
  collections.flatMap((one) =>
    one.fields
      .filter((field) => field.type === 'relation' && field.collectionId === target.id)
      .map((field) => [one, field]),
  );

async function referringTo(collection, field, ids) {
  const name = `${field.name}${isMultiple(field) ? ':each ?=' : ' ='}`;
  const filter = ids.map((id) => `${name} ${quoted(id)}`).join(' || ');
  const query = { filter, perPage: FOLLOWED_MAX, skipTotal: 1 };
  const answer = await send('GET', records(collection.name), { query, raw: true });
  return readRecords(await answer.text(), collection);
}

/** `3 records of loans`, `1 record of reviews` */
function counted(list) {
  const names = Map.groupBy(list, (one) => one.collection.name);
  const different = (some) => new Set(some.map((one) => one.record.id)).size;
  return [...names].map(([name, some]) => `${plural(different(some), 'record')} of ${name}`);
}

function summary(collection, record, { gone, emptied, isMore }) {
  const lasting = counted(gone.filter((one) => !isKept(one.collection)));
  const files = gone.reduce((sum, one) => sum + filesOf(one.collection, one.record).length, 0);
  const lines = [
    gone.length > 1 && `With it ${gone.length === 2 ? 'goes' : 'go'}: ${counted(gone.slice(1)).join(', ')}.`,
    emptied.length > 0 && `It is taken out of: ${counted(emptied).join(', ')}.`,
    isMore && `That is not all: more than ${FOLLOWED_MAX} records hang on it.`,
    files > 0 && `${plural(files, 'file')} ${files === 1 ? 'goes' : 'go'}.`,
    collection.type === 'auth' && 'Its sessions, API keys, second factors and linked services end.',
    isKept(collection)
      ? `Right afterwards this can be undone${files > 0 ? `; of files, up to ${keptMost()}` : ''}.`
      : "It can't be undone: its password is nowhere else.",
    isKept(collection) && lasting.length > 0 && `But ${lasting.join(', ')} would stay gone: passwords are nowhere else.`,
  ].filter(Boolean);
  return h('div', { class: 'record-effects' }, lines.map((line) => h('p', {}, line)));
}

// --- bringing it back ---

async function keepAll({ gone }) {
  const space = room();
  const files = new Map();
  const lost = [];
  const close = toast('Keeping what goes, for an undo …');
  for (const { collection, record } of gone) {
    if (!isKept(collection)) continue;
    const kept = await keep(collection, record.id, filesOf(collection, record), { space });
    files.set(record.id, kept);
    lost.push(...kept.lost);
  }
  close();
  return { files, lost };
}

/** What is gone for good, after everything that can be brought back. */
function told({ gone, isMore }, { lost }) {
  const accounts = counted(gone.filter((one) => !isKept(one.collection)));
  const secrets = gone.some((one) => isKept(one.collection) && one.collection.fields.some(isSecret));
  const left = [
    lost.length > 0 && `files beyond ${keptMost()} (${lost.join(', ')})`,
    accounts.length > 0 && accounts.join(', '),
    secrets && 'passwords',
    isMore && `what is beyond ${FOLLOWED_MAX} records`,
  ].filter(Boolean);
  return left.length > 0 ? `Deleted. Undo can't bring back ${left.join('; ')}.` : 'Deleted.';
}

async function bringBack({ gone, emptied }, { files }, onback) {
  const failed = [];
  let first;
  const attempt = async (name, action) => {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      failed.push(`${name}: ${error.text}`);
      return undefined;
    }
  };
  try {
    for (const { collection, record } of gone.filter((one) => isKept(one.collection))) {
      const made = await attempt(nameOf(collection, record), () => remake(collection, record, files.get(record.id)));
      first ??= made;
      // What hung on it can't be brought back without it.
      if (!first) break;
    }
    if (first) for (const one of emptied) await attempt(nameOf(one.collection, one.record), () => refill(one));
  } catch (error) {
    tell(error);
  }
  if (first) onback?.(first);
  if (failed.length > 0) toast(`${first ? 'Not all is back' : 'Nothing is back'}.\n${failed.join('\n')}`, 'problem');
  else if (first) toast(`It is back${gone.length > 1 ? withWhat(gone) : ''}. Its dates are new ones.`);
}

const withWhat = (gone) =>
  gone.every((one) => isKept(one.collection)) ? ', with what went with it' : ', with what could be brought back';

async function remake(collection, record, kept) {
  const body = {};
  const lists = new Map();
  for (const field of collection.fields) {
    if (field.type === 'autodate' || isSecret(field)) continue;
    if (field.type !== 'file') body[field.name] = toWire(field, toState(field, record[field.name]));
    else lists.set(field.name, [record[field.name]].flat().map((name) => kept.of(field.name, name)).filter(Boolean));
  }
  return (await store(collection, undefined, { body, files: lists })).record;
}

/** Puts an id back where it was, unless somebody has chosen something else meanwhile. */
async function refill({ collection, field, record, left }) {
  const now = await get(records(collection.name, record.id));
  const isUntouched = JSON.stringify([now[field.name]].flat().filter(Boolean)) === JSON.stringify(left);
  if (!isUntouched)
    throw new Refused(409, { message: `${field.name} has been changed meanwhile, so it was left as it is.` });
  await patch(records(collection.name, record.id), { [field.name]: record[field.name] });
}
