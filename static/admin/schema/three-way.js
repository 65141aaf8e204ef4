// Two people have changed the same collection: what each of them did, put together. Pure.
//
// Used by the editor of collections when somebody else has saved first. What only one of them has changed is taken from
// that one; where they differ, it is `mine`, and the place is told. Fields are the same if they have the same id, else
// the same name and kind; indexes and providers if they have the same name.

import { same } from './draft.js';
import { parseIndex } from './index-sql.js';

const UNMERGED = new Set(['id', 'created', 'updated', 'type', 'system', 'fields', 'indexes']);

const isPlain = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What becomes of `base`, which `mine` and `theirs` were both made of.
 * @returns {{ merged: object, conflicts: { path: string[], mine: any, theirs: any }[] }} `path` has names instead of
 *   places in lists; `undefined` is what one of them has taken away
 */
export function threeWay(base, mine, theirs) {
  const conflicts = [];
  const merged = { ...theirs };
  const keys = new Set([...Object.keys(mine), ...Object.keys(theirs)].filter((key) => !UNMERGED.has(key)));
  // The fields of a view follow from its query.
  if (theirs.type === 'view') merged.fields = mine.viewQuery === base.viewQuery ? theirs.fields : mine.fields;
  else merged.fields = fields(base, mine, theirs, conflicts);
  const parts = (one) => new Map((one.indexes ?? []).map((sql) => [parseIndex(sql)?.name ?? sql, sql]));
  merged.indexes = [...mapped(parts(base), parts(mine), parts(theirs), ['indexes'], conflicts).values()];
  for (const key of keys) set(merged, key, value(base[key], mine[key], theirs[key], [key], conflicts));
  return { merged, conflicts };
}

function set(object, key, one) {
  if (one === undefined) delete object[key];
  else object[key] = one;
}

/** One value of both: of whoever has changed it. */
function value(base, mine, theirs, path, conflicts) {
  if (same(mine, base)) return theirs;
  if (same(theirs, base) || same(mine, theirs)) return mine;
  if (isPlain(mine) && isPlain(theirs)) {
    const merged = {};
    for (const key of new Set([...Object.keys(mine), ...Object.keys(theirs)]))
      set(merged, key, value(base?.[key], mine[key], theirs[key], [...path, key], conflicts));
    return merged;
  }
  if (path.at(-1) === 'providers' && Array.isArray(mine) && Array.isArray(theirs)) {
    const named = (list) => new Map((list ?? []).map((one) => [one.name, one]));
    return [...mapped(named(base), named(mine), named(theirs), path, conflicts).values()];
  }
  conflicts.push({ path, mine, theirs });
  return mine;
}

/** Two lists of named things: theirs, with what I have added, without what one of us has taken away. */
function mapped(base, mine, theirs, path, conflicts) {
  const merged = new Map();
  for (const name of new Set([...theirs.keys(), ...mine.keys()])) {
    const one = value(base.get(name), mine.get(name), theirs.get(name), [...path, name], conflicts);
    if (one !== undefined) merged.set(name, one);
  }
  return merged;
}

function fields(base, mine, theirs, conflicts) {
  const known = (list, field) => list.find((one) => one.id && one.id === field.id);
  const twin = (list, field) =>
    list.find((one) => one.name.toLowerCase() === field.name.toLowerCase() && one.type === field.type);
  // Both have added the same: theirs is stored already, so it is theirs that mine becomes an edit of.
  const fresh = (field) => !known(base.fields, field);
  const added = theirs.fields.filter(fresh);
  const own = mine.fields.map((field) => {
    const other = fresh(field) && !known(theirs.fields, field) && field.name ? twin(added, field) : null;
    return other ? { ...field, id: other.id } : field;
  });
  const one = (field) => {
    const sides = [base.fields, own, theirs.fields].map((list) => (field.id ? known(list, field) : undefined));
    const name = (sides[2] ?? sides[0] ?? field).name;
    return value(...sides, ['fields', name], conflicts);
  };
  const kept = base.fields.map((field) => own.findIndex((other) => other.id === field.id)).filter((at) => at >= 0);
  const isMoved = kept.some((at, i) => i > 0 && at < kept[i - 1]);
  const [lead, rest] = isMoved ? [own, theirs.fields] : [theirs.fields, own];
  const order = [...lead];
  rest.forEach((field, at) => {
    if (field.id && known(order, field)) return;
    // Behind the field that it came behind, which is there already.
    const is = (other) => (one) => one === other || (one.id && one.id === other.id);
    const before = rest.slice(0, at).findLast((other) => order.some(is(other)));
    order.splice(before ? order.findIndex(is(before)) + 1 : 0, 0, field);
  });
  return order.map((field) => (field.id ? one(field) : field)).filter((field) => field !== undefined);
}
