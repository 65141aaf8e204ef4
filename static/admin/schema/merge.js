// What an import makes of the collections that are here: which are new, which change, which go. Pure.
//
// The server decides; this says beforehand what it will do, by the same rules: a collection is the same if it has the
// same id, or the same name where no id is given; keys that aren't given stay, fields too unless the rest is deleted.

import { same } from './draft.js';
import { blankField } from './kinds.js';

const DATES = ['created', 'updated'];
/** What the server takes for options that aren't given, where the editor starts with something else. */
const UNGIVEN = {
  select: { maxSelect: 0 },
  file: { maxSelect: 0 },
  relation: { maxSelect: 0 },
  autodate: { onCreate: false },
  password: { min: 0 },
};

/** What is imported, whatever form it came in: a list, or an object with `collections`. Throws a text for people. */
export function readImport(text) {
  let json;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`This isn't JSON: ${error.message}`);
  }
  const list = Array.isArray(json) ? json : (json?.collections ?? (json?.name ? [json] : null));
  if (!Array.isArray(list)) throw new Error('A list of collections is expected.');
  if (list.length === 0) throw new Error('The list is empty.');
  const broken = list.findIndex(
    (one) => typeof one !== 'object' || one === null || typeof one.name !== 'string' || one.name === '',
  );
  if (broken >= 0) throw new Error(`Number ${broken + 1} of the list isn't a collection with a name.`);
  for (const one of list) {
    const wrong = malformed(one);
    if (wrong) throw new Error(`${one.name}: ${wrong}`);
  }
  return list;
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isListOf = (list, test) => list === undefined || (Array.isArray(list) && list.every(test));

/** What keeps a definition from being compared with others. */
function malformed(one) {
  if (!isListOf(one.fields, (field) => isObject(field) && typeof (field.name ?? '') === 'string'))
    return 'its fields have to be a list of objects with names.';
  if (!isListOf(one.indexes, (sql) => typeof sql === 'string')) return 'its indexes have to be a list of statements.';
  const rule = Object.keys(one).find((key) => /Rule$/.test(key) && one[key] !== null && typeof one[key] !== 'string');
  return rule ? `its ${rule} has to be a text or null.` : null;
}

/** The collection here that an imported one would change. */
const counterpart = (here, one) =>
  one.id
    ? here.find((other) => other.id === one.id)
    : here.find((other) => other.name.toLowerCase() === one.name.toLowerCase());

/** A definition as it will be after the import. */
function merged(old, one, deleteMissing) {
  const next = {
    ...old,
    ...one,
    id: old.id,
    created: old.created,
    updated: old.updated,
    system: old.system,
    type: old.type,
  };
  if (old.type === 'view') return { ...next, fields: old.fields };
  const sent = (one.fields ?? []).map((field) => {
    const known =
      old.fields.find((other) =>
        field.id ? other.id === field.id : other.name === field.name && other.type === field.type,
      ) ?? old.fields.find((other) => other.name === field.name && other.type === field.type);
    return {
      ...(known ? { ...blankField(field.type), ...UNGIVEN[field.type] } : {}),
      ...field,
      id: known?.id ?? field.id,
    };
  });
  const rest = old.fields.filter(
    (field) => !sent.some((other) => other.id === field.id) && (field.system || !deleteMissing),
  );
  next.fields = [...sent, ...rest];
  for (const [key, value] of Object.entries(one)) {
    // Options of accounts are merged by key.
    if (value && typeof value === 'object' && !Array.isArray(value) && old[key]) next[key] = { ...old[key], ...value };
  }
  return next;
}

/**
 * What an import will do: `added`, `changed` (each `{ before, after }`), `removed`, `unchanged`, and `clashes` (each
 * `{ here, there }`), whose name a collection of another id has here. Throws a text for people where it can't be done.
 */
export function plan(here, there, deleteMissing) {
  const added = [];
  const changed = [];
  const unchanged = [];
  const clashes = [];
  const met = new Set();
  for (const one of there) {
    const old = counterpart(here, one);
    if (!old) {
      const taken = here.find((other) => other.name.toLowerCase() === one.name.toLowerCase());
      if (taken) clashes.push({ here: taken, there: one });
      added.push(one);
      continue;
    }
    if (one.type && one.type !== old.type)
      throw new Error(`${one.name}: it is of the type ${old.type} here, which can't become ${one.type}.`);
    met.add(old.id);
    const after = merged(old, one, deleteMissing);
    if (same(bare(old), bare(after))) unchanged.push(old);
    else changed.push({ before: old, after });
  }
  const removed = deleteMissing ? here.filter((old) => !old.system && !met.has(old.id)) : [];
  return { added, changed, removed, unchanged, clashes };
}

const bare = (collection) => Object.fromEntries(Object.entries(collection).filter(([key]) => !DATES.includes(key)));

/** A definition as text, for comparison: without dates, keys in one order. */
export function asText(collection) {
  return JSON.stringify(sorted(bare(collection)), null, 2);
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key])]),
  );
}

/** The imported collections with the ids that those of the same name have here, also where fields point to them. */
export function withIdsFromHere(here, there) {
  const ids = new Map();
  for (const one of there) {
    const old = here.find((other) => other.name.toLowerCase() === one.name.toLowerCase());
    if (old && one.id && !here.some((other) => other.id === one.id)) ids.set(one.id, old);
  }
  return there.map((one) => {
    const old = ids.get(one.id);
    const fields = one.fields?.map((field) => {
      const known = old?.fields.find((other) => other.name === field.name && other.type === field.type);
      return {
        ...field,
        ...(known ? { id: known.id } : {}),
        ...(ids.has(field.collectionId) ? { collectionId: ids.get(field.collectionId).id } : {}),
      };
    });
    return { ...one, ...(old ? { id: old.id } : {}), ...(fields ? { fields } : {}) };
  });
}
