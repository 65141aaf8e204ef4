// A collection while it is edited: what is stored, what it is to become, and what of that has to be sent.
//
// Used by the editor's tabs, which change `value` and `entries` and then call `changed()`. Fields are kept as entries,
// because one that is removed stays in the list until it is saved. Pure: no request and no element here.

import { mentions, withColumns } from './index-sql.js';

/** The keys that say nothing about how a collection is defined. */
const UNSENT = new Set(['id', 'created', 'updated', 'type', 'system', 'fields']);

/** Options with names of fields in them, each as a function that gives them other names. */
const NAMING = {
  passwordAuth: (value, renamed) => ({ ...value, identityFields: value.identityFields.map(renamed) }),
  sessions: (value, renamed) => ({ ...value, endOnChange: value.endOnChange.map(renamed) }),
  oauth2: (value, renamed) => ({
    ...value,
    mappedFields: Object.fromEntries(Object.entries(value.mappedFields).map(([key, name]) => [key, renamed(name)])),
  }),
};

/** Whether two JSON values are the same. Keys may be in any order. */
export function same(a, b) {
  if (Object.is(a, b)) return true;
  if (
    typeof a !== 'object' ||
    typeof b !== 'object' ||
    a === null ||
    b === null ||
    Array.isArray(a) !== Array.isArray(b)
  )
    return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

export class Draft extends EventTarget {
  /** `saved` is the stored definition, or `null` for a new collection; then `start` is what it begins as. */
  constructor(saved, collections, start = saved) {
    super();
    this.collections = collections;
    this.saved = saved;
    this.value = structuredClone(start);
    this.entries = start.fields.map((field) =>
      this.entry(
        structuredClone(field),
        saved?.fields.find((one) => one.id === field.id),
      ),
    );
    // What is stored and isn't in it is to go; as long as that isn't saved, it stays in the list.
    saved?.fields.forEach((field, at) => {
      if (!start.fields.some((one) => one.id === field.id))
        this.entries.splice(at, 0, { ...this.entry(structuredClone(field), field), removed: true });
    });
    this.start = JSON.stringify(this.definition());
  }

  /** A field in the list, with what is stored of it. */
  entry(field, before) {
    return { field, saved: before ? structuredClone(before) : null, removed: false };
  }

  /** Takes a field away, and the indexes over it: they can't be without. */
  remove(entry) {
    const names = [entry.field.name, entry.saved?.name].filter(Boolean);
    const isOver = (sql) => names.some((name) => mentions(sql, name));
    entry.indexes = this.value.indexes.filter(isOver);
    this.value.indexes = this.value.indexes.filter((sql) => !isOver(sql));
    if (entry.saved) entry.removed = true;
    else this.entries.splice(this.entries.indexOf(entry), 1);
    this.changed('indexes');
  }

  /** Brings it back, with them. */
  restore(entry) {
    entry.removed = false;
    const all = new Set([...(this.saved?.indexes ?? []), ...this.value.indexes]);
    const wanted = new Set([...this.value.indexes, ...(entry.indexes ?? [])]);
    this.value.indexes = [...all.union(wanted)].filter((sql) => wanted.has(sql));
    this.changed('indexes');
  }

  /** Says that something has changed. */
  changed(what = '') {
    this.dispatchEvent(new CustomEvent('change', { detail: what }));
  }

  get isNew() {
    return this.saved === null;
  }
  get isView() {
    return this.value.type === 'view';
  }
  get isAuth() {
    return this.value.type === 'auth';
  }

  /** The fields that will be there. */
  get fields() {
    return this.entries.filter((entry) => !entry.removed).map((entry) => entry.field);
  }

  /** The whole definition as it is to be. */
  definition() {
    return { ...this.value, fields: structuredClone(this.fields) };
  }

  /**
   * The definition in which a rule is checked. What is renamed, the collection too, has its old name for a rule that
   * nobody has touched, because the server carries new names into those.
   */
  definitionFor(rule, text) {
    const definition = this.definition();
    // The server takes no fields for a view, so one with another query is shown to it as what its fields make it.
    if (this.isView && this.value.viewQuery !== this.saved?.viewQuery)
      return { ...definition, id: '', type: 'base', viewQuery: undefined };
    const stored = rule.split('.').reduce((one, key) => one?.[key], this.saved);
    if (this.saved && stored === text) {
      definition.name = this.saved.name;
      definition.fields = this.entries
        .filter((entry) => !entry.removed)
        .map(({ field, saved }) => ({ ...field, name: saved?.name ?? field.name }));
    }
    return definition;
  }

  /** An index with the new names of fields. One that was edited here has them: the server carries none into it. */
  renamedIndex(sql) {
    if (!this.saved?.indexes.includes(sql)) return sql;
    const renamed = this.entries.filter(({ field, saved }) => saved && saved.name !== field.name);
    return withColumns(sql, new Map(renamed.map(({ field, saved }) => [saved.name.toLowerCase(), field.name])));
  }

  /** What a field is called now that was stored with this name, unless another one has taken that. */
  newName(name) {
    if (this.fields.some((field) => field.name === name)) return name;
    return this.entries.find(({ saved }) => saved?.name === name)?.field.name ?? name;
  }

  get isDirty() {
    return this.isNew ? JSON.stringify(this.definition()) !== this.start : Object.keys(this.body()).length > 0;
  }

  /** The fields that a view's query was found to have. */
  derive(fields) {
    this.entries = fields.map((field) => this.entry(field, null));
  }

  /** What has to be sent: everything of a new collection, what has changed of another. */
  body() {
    const definition = this.definition();
    if (this.isNew) {
      const { created, updated, ...rest } = definition;
      if (this.isView) delete rest.fields;
      const selfish = definition.fields.some((field) => field.collectionId === definition.id);
      if (!selfish) delete rest.id;
      return rest;
    }
    const body = {};
    for (const [key, value] of Object.entries(definition)) {
      if (!UNSENT.has(key) && !same(value, this.saved[key])) body[key] = value;
    }
    // The server carries new names of fields only into what isn't sent.
    if (body.indexes) body.indexes = body.indexes.map((sql) => this.renamedIndex(sql));
    for (const [key, withNames] of Object.entries(NAMING))
      if (body[key]) body[key] = withNames(body[key], (name) => this.newName(name));
    if (!this.isView && !same(definition.fields, this.saved.fields)) body.fields = definition.fields;
    return body;
  }

  /** All collections as they will be, this one included. */
  all() {
    const own = this.definition();
    return [...this.collections.filter((one) => one.id !== own.id), own];
  }

  /** A collection by id or name. */
  find(idOrName) {
    return this.all().find((one) => one.id === idOrName) ?? this.all().find((one) => one.name === idOrName);
  }
}

/** An id for a collection that isn't stored yet, so that its own fields can point to it. */
export const newCollectionId = () => `pbc_${crypto.getRandomValues(new Uint32Array(1))[0]}`;
