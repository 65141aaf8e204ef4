// What a new collection begins as: nearly nothing, or a copy of another one.
//
// Used by the editor of collections.

import { newCollectionId } from './draft.js';
import { parseIndex, writeIndex } from './index-sql.js';
import { blankField } from './kinds.js';

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
  return copied;
}
