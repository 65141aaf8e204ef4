// What a deletion does beyond the records that are meant: others go along, lose an id, or forbid it. Used by the
// panel's deletion and the table's; how that is told is `losses.js`, how it is taken back `undo.js`.

import { getAll, records, send } from '../lib/api.js';
import { quoted } from './requests.js';
import { isMultiple, isSecret, readPage } from './values.js';

/** So many others are looked at. Where there are more, that is said, and no undo is offered. */
export const FOLLOWED_MAX = 500;
/** So many ids are asked for by one request. */
const CHUNK = 40;
const PAGE_ROWS = 500;

export const keyOf = ({ collection, record }) => `${collection.id}/${record.id}`;
/** The ids that a relation has. */
export const idsOf = (record, { name }) => [record[name] ?? []].flat().filter(Boolean);

/** Passwords are nowhere else, so what can't be without one stays gone. */
const canBeMade = ({ type, fields }) => type !== 'auth' && !fields.some((field) => isSecret(field) && field.required);

/**
 * Looks at what the deletion of these records does:
 * - `gone`: `{ collection, record }` of all that go, the records themselves (`own` many) first;
 * - `along`: those of them that go along;
 * - `emptied`: the fields of others that lose ids: `{ collection, field, target, record, left }`;
 * - `needing`: those of them that forbid it;
 * - `lasting`: those that go and can't be made again;
 * - `isMore`: not all was looked at.
 */
export async function follow(collection, list, { signal } = {}) {
  const collections = (await getAll('/api/collections')).filter((one) => one.type !== 'view');
  const gone = list.map((record) => ({ collection, record }));
  const known = new Set(gone.map(keyOf));
  const links = new Map();
  const others = new Set();
  const effects = (isMore) => weigh({ own: list.length, gone, links: [...links.values()], isMore });
  for (let at = 0; at < gone.length;) {
    const target = gone[at].collection;
    const ids = sameFrom(gone, at);
    at += ids.length;
    for (const [referring, field] of relationsTo(collections, target)) {
      for await (const record of referringTo(referring, field, ids, signal)) {
        const one = { collection: referring, record };
        const isKnown = known.has(keyOf(one));
        if (!isKnown) others.add(keyOf(one));
        if (others.size > FOLLOWED_MAX) return effects(true);
        links.set(`${referring.id}/${field.name}/${record.id}`, { ...one, field, target });
        if (isKnown) continue;
        if (!field.cascadeDelete || idsOf(record, field).some((id) => !known.has(`${target.id}/${id}`))) continue;
        known.add(keyOf(one));
        gone.push(one);
      }
    }
  }
  return effects(false);
}

/** The same, where only some of it is gone. */
export function only(effects, isGone) {
  const own = effects.gone.slice(0, effects.own).filter(isGone);
  return weigh({ ...effects, own: own.length, gone: [...own, ...effects.along.filter(isGone)] });
}

/** What follows from what goes and what refers to it. */
function weigh({ own, gone, links, isMore }) {
  const keys = new Set(gone.map(keyOf));
  const emptied = links
    .filter((one) => !keys.has(keyOf(one)))
    .map((one) => ({ ...one, left: idsOf(one.record, one.field).filter((id) => !keys.has(`${one.target.id}/${id}`)) }))
    .filter((one) => one.left.length < idsOf(one.record, one.field).length);
  const needing = emptied.filter((one) => one.left.length === 0 && one.field.required);
  return { own, gone, links, isMore, along: gone.slice(own), emptied, needing, lasting: lastingOf(gone) };
}

/** What has to have a password, and what has to have something that stays gone. */
function lastingOf(gone) {
  const lasting = new Set(gone.filter((one) => !canBeMade(one.collection)).map(keyOf));
  const needs = ({ collection, record }) =>
    relationsOf(collection).some((field) => {
      const ids = field.required ? idsOf(record, field) : [];
      return ids.length > 0 && ids.every((id) => lasting.has(`${field.collectionId}/${id}`));
    });
  for (let before = -1; before < lasting.size;) {
    before = lasting.size;
    for (const one of gone) if (!lasting.has(keyOf(one)) && needs(one)) lasting.add(keyOf(one));
  }
  return gone.filter((one) => lasting.has(keyOf(one)));
}

/** The ids of the records from this place on that are of the same collection, so many as one request asks for. */
function sameFrom(gone, at) {
  const end = gone.findIndex((one, place) => place > at && one.collection.id !== gone[at].collection.id);
  return gone.slice(at, Math.min(end < 0 ? gone.length : end, at + CHUNK)).map((one) => one.record.id);
}

export const relationsOf = (collection) => collection.fields.filter((field) => field.type === 'relation');

const relationsTo = (collections, target) =>
  collections.flatMap((one) =>
    relationsOf(one)
      .filter((field) => field.collectionId === target.id)
      .map((field) => [one, field]),
  );

async function* referringTo(collection, field, ids, signal) {
  const name = `${field.name}${isMultiple(field) ? ':each ?=' : ' ='}`;
  const filter = ids.map((id) => `${name} ${quoted(id)}`).join(' || ');
  for (let page = 1; ; page += 1) {
    const query = { filter, page, perPage: PAGE_ROWS, skipTotal: 1 };
    const answer = await send('GET', records(collection.name), { query, signal, raw: true });
    const found = readPage(await answer.text(), collection).items;
    yield* found;
    if (found.length < PAGE_ROWS) return;
  }
}
