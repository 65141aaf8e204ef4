// What a new collection begins as: nearly nothing, or a copy of another one.
//
// Used by the editor of collections.

import { newCollectionId } from './draft.js';
import { parseIndex, writeIndex } from './index-sql.js';
import { blankField } from './kinds.js';
import { withPaths } from './rule-place.js';

/** A new collection; but for views it notes when records were made and changed, which nearly everybody wants. */
export function blankOf(type, scaffolds) {
  const blank = { ...structuredClone(scaffolds[type]), id: newCollectionId() };
  if (type !== 'view') {
    blank.fields.push(
      { ...blankField('autodate'), name: 'created' },
      { ...blankField('autodate'), name: 'updated', onUpdate: true },
    );
  }
  return blank;
}

/** A copy of a collection, with a name and ids of its own. */
export function copyOf(model, collections) {
  const taken = new Set(collections.map((one) => one.name.toLowerCase()));
  let name = `${model.name.replace(/^_+/, '')}_copy`;
  for (let at = 2; taken.has(name.toLowerCase()); at += 1) name = `${model.name.replace(/^_+/, '')}_copy${at}`;
  const id = newCollectionId();
  const copied = { ...structuredClone(model), id, name, system: false };
  copied.fields = copied.fields.map((field) => ({
    ...field,
    ...(field.collectionId === model.id ? { collectionId: id } : {}),
  }));
  // Names of indexes are the database's, so two collections can't share one.
  copied.indexes = copied.indexes.map((sql) => {
    const index = parseIndex(sql);
    return index ? writeIndex({ ...index, name: `${index.name}_${id.slice(-6)}` }, name) : sql;
  });
  if (copied.oauth2) copied.oauth2.providers = [];
  const rename = backRelations(model, name);
  for (const key of Object.keys(copied).filter((one) => one.endsWith('Rule')))
    copied[key] &&= withPaths(copied[key], rename);
  if (copied.mfa?.rule) copied.mfa.rule = withPaths(copied.mfa.rule, rename);
  return copied;
}

/** Renames what leads back over a collection's relations to itself: in its copy, that is the copy. */
function backRelations(model, name) {
  const selves = model.fields.filter((field) => field.collectionId === model.id).map((field) => field.name);
  const back = new RegExp(`(?<!\\w)${model.name}_via_(${selves.join('|')})(?!\\w)`, 'g');
  // These paths begin elsewhere, and there the original still is what it was.
  const isElsewhere = (path) => /^@(?:collection|request\.auth)\b/.test(path);
  return (path) => (selves.length === 0 || isElsewhere(path) ? path : path.replaceAll(back, `${name}_via_$1`));
}
