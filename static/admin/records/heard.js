// What others do to the records of the table meanwhile: rows that change or go are marked, new records are counted
// until somebody asks for them. Used by records.js.

/** How long a row shows that it has just changed. */
const FRESH_MS = 4000;
/** So long after an import its records are waited for; what was lost on the way must not silence others' for good. */
const IMPORT_MS = 15_000;
/** So long new records are gathered before the list is asked which of them its filter matches. */
const GATHER_MS = 200;

export class Heard {
  /** Records that others have created since the list was fetched, and that belong to it. */
  news = new Set();
  /** New records of which nobody knows yet whether the filter matches them. */
  #unsure = new Set();
  #asked = new Set();
  #asking;
  /** While an import of our own runs: how many new records have been heard of. */
  #imported;
  /** How many of the last import's records are still to be heard of. */
  #expected = 0;
  #waiting;
  /** Whether events may have been missed. */
  missed = false;

  /**
   * `source()` is the list that is shown, `refresh(id)` fetches a row anew, `onchange()` is called when there is
   * something to tell around the table.
   */
  constructor({ collection, grid, source, refresh, onchange }) {
    Object.assign(this, { collection, grid, source, refresh, onchange });
  }

  /** The list has been fetched anew. */
  forget() {
    this.news.clear();
    this.#unsure.clear();
    this.missed = false;
    this.grid.marks.clear();
  }

  /** Rows have come: what is among them isn't news any more. */
  arrived() {
    if (this.news.size === 0) return;
    for (const [, record] of this.source().loaded()) this.news.delete(record.id);
  }

  /** An import of our own begins. What it makes is no news: the list is fetched anew when it has ended. */
  importing() {
    this.#imported = 0;
  }

  /** It has ended, and has made so many records. The events of many of them are still on their way. */
  hasImported(created = 0) {
    this.#expected = Math.max(created - this.#imported, 0);
    this.#imported = undefined;
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => {
      this.#expected = 0;
    }, IMPORT_MS);
  }

  /** Whether a new record is taken for one of our own import. */
  #isOurs() {
    if (this.#imported !== undefined) this.#imported += 1;
    else if (this.#expected > 0) this.#expected -= 1;
    else return false;
    return true;
  }

  hear({ action, record }) {
    if (action === 'gap') this.missed = true;
    else if (action === 'create' && this.#isOurs()) return;
    else if (action === 'create' && this.source().indexOf(record.id) < 0) this.#created(record.id);
    else if (action === 'update') this.#updated(record);
    else if (action === 'delete') this.gone(record.id);
    this.onchange();
  }

  /** A record is no more. */
  gone(id) {
    this.news.delete(id);
    this.#unsure.delete(id);
    this.#asked.delete(id);
    this.grid.marks.set(id, 'deleted');
    if (this.grid.selection.ids.has(id)) this.grid.select((selection) => selection.remove([id]));
    this.grid.redraw();
  }

  /** A record has become this. */
  changed(record) {
    this.source().replace(record);
    this.freshen(record.id);
  }

  freshen(id) {
    const { marks } = this.grid;
    marks.set(id, 'changed');
    this.grid.redraw();
    setTimeout(() => {
      if (marks.get(id) === 'changed') marks.delete(id);
      this.grid.redraw();
    }, FRESH_MS);
  }

  #updated(record) {
    const before = this.source().row(this.source().indexOf(record.id));
    if (!before) {
      // The filter may match now what it didn't match a moment ago, or the other way round.
      if (this.news.delete(record.id) || this.#asked.delete(record.id)) this.#created(record.id);
      return;
    }
    const moved = this.collection.fields.some(
      (field) => field.type === 'relation' && String(before[field.name]) !== String(record[field.name]),
    );
    // Another related record has another name, which doesn't come with the event.
    if (moved) this.refresh(record.id);
    else this.changed(record);
  }

  #created(id) {
    if (!this.source().filter) {
      this.news.add(id);
      return;
    }
    this.#unsure.add(id);
    this.#asking ??= setTimeout(() => this.#sort(), GATHER_MS);
  }

  /** Finds out which new records belong to the list. */
  async #sort() {
    const source = this.source();
    const asked = new Set(this.#unsure);
    this.#asked = asked;
    this.#unsure.clear();
    let found = [];
    try {
      found = await source.matching([...asked]);
    } catch (error) {
      // A filter that isn't understood is told above the table, and has no rows.
      if (source === this.source() && error.status !== 400) this.missed = true;
    }
    this.#asking = undefined;
    if (this.#unsure.size > 0) this.#asking = setTimeout(() => this.#sort(), GATHER_MS);
    if (source !== this.source()) return;
    for (const id of found) if (asked.has(id) && source.indexOf(id) < 0) this.news.add(id);
    this.onchange();
  }
}
