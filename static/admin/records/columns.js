// The columns of a collection's table: which there are, and how somebody has arranged them (kept in the browser, per
// collection). Used by records.js and grid.js; the dialog for it is in arrange.js.

import { kept } from '../lib/kept.js';

/** Never sent, or secret. */
const SECRET = new Set(['password', 'tokenKey']);
const WIDTHS = {
  bool: 90,
  number: 110,
  date: 210,
  autodate: 210,
  select: 150,
  file: 150,
  relation: 190,
  json: 200,
  geoPoint: 150,
  editor: 260,
  email: 210,
  url: 220,
};
const TEXT_WIDTH = 200;
const ID_WIDTH = 190;
const CHAR_PX = 8;
export const WIDTH_MIN = 60;
export const WIDTH_MAX = 900;

const UNSORTED = new Set(['json', 'geoPoint']);

/** So wide that a name of ordinary length can be read in the head. */
const widthFor = ({ name, type }) =>
  Math.max(name === 'id' ? ID_WIDTH : (WIDTHS[type] ?? TEXT_WIDTH), Math.min(48 + name.length * CHAR_PX, TEXT_WIDTH));

/** All columns, in the order of the collection's fields, dates of the record's own last. */
function columnsOf(collection) {
  const shown = collection.fields.filter((field) => field.type !== 'password' && !SECRET.has(field.name));
  const late = (field) => (field.type === 'autodate' ? 1 : 0);
  return shown
    .toSorted((a, b) => late(a) - late(b))
    .map((field) => ({
      name: field.name,
      field,
      type: field.name === 'id' ? 'id' : field.type,
      width: widthFor(field),
      sortable: !UNSORTED.has(field.type),
    }));
}

/** The arrangement of one collection's columns. */
export class Arrangement {
  #kept;
  #all;
  #saved;

  constructor(collection) {
    this.#kept = kept(`columns ${collection.id}`, {});
    this.#all = columnsOf(collection);
    this.#saved = this.#kept.get();
  }

  /** Every column in its place, `shown` or not. */
  get all() {
    const { order = [], widths = {}, hidden = [] } = this.#saved;
    const place = (name) =>
      order.includes(name) ? order.indexOf(name) : order.length + this.#all.findIndex((one) => one.name === name);
    return this.#all
      .toSorted((a, b) => place(a.name) - place(b.name))
      .map((column) => ({
        ...column,
        width: widths[column.name] ?? column.width,
        shown: !hidden.includes(column.name),
      }));
  }

  get shown() {
    const shown = this.all.filter((column) => column.shown);
    return shown.length > 0 ? shown : this.all.slice(0, 1);
  }

  resize(name, width) {
    const fits = Math.round(Math.min(Math.max(width, WIDTH_MIN), WIDTH_MAX));
    this.#save({ widths: { ...this.#saved.widths, [name]: fits } });
  }

  show(name, on) {
    const hidden = (this.#saved.hidden ?? []).filter((one) => one !== name);
    this.#save({ hidden: on ? hidden : [...hidden, name] });
  }

  /** Puts a column before another one; without one, at the end. */
  move(name, before) {
    const order = this.all.map((column) => column.name).filter((one) => one !== name);
    order.splice(before === undefined ? order.length : order.indexOf(before), 0, name);
    this.#save({ order });
  }

  /** Moves a column by so many places among those that are shown. */
  moveBy(name, step) {
    const names = this.shown.map((column) => column.name);
    const at = names.indexOf(name) + step;
    if (at < 0 || at >= names.length) return;
    this.move(name, step < 0 ? names[at] : names[at + 1]);
  }

  reset() {
    this.#saved = {};
    this.#kept.set({});
  }

  #save(change) {
    this.#saved = { ...this.#saved, ...change };
    this.#kept.set(this.#saved);
  }
}
