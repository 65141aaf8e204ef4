// The rows of one list (collection, filter, sort), fetched in pages when somebody looks at them. Knows nothing of the
// page. Pages that follow each other are asked for by cursor, which stays right while records come and go; where
// somebody jumps to, and in lists in the order of creation, which has no cursors, by number.

import { get, records } from '../lib/api.js';

const PAGE_ROWS = 100;
/** Pages that are kept; the rest of a long list is fetched again when somebody comes back to it. */
const PAGES_KEPT = 120;
/** The order of creation, newest first. Views have no such thing. */
const NEWEST_FIRST = '-@rowid';

export class Source {
  #pages = new Map();
  #aborted = new AbortController();
  #collection;
  #query;
  #cursors;

  /**
   * @param {{ collection: object, filter: string, sort: string, expand: string, fields: string, onchange: Function,
   *   onproblem: Function }} options  `onchange()` is called whenever rows or the total have come.
   */
  constructor({ collection, filter, sort, expand, fields, onchange, onproblem }) {
    this.#collection = collection;
    this.#cursors = sort !== '' || collection.type === 'view';
    this.#query = {
      filter,
      sort: this.#cursors ? sort : NEWEST_FIRST,
      expand,
      fields,
      perPage: PAGE_ROWS,
      skipTotal: 1,
    };
    this.onchange = onchange;
    this.onproblem = onproblem;
    this.total = null;
    /** Whether the list's first page is here, so that one knows whether there is anything at all. */
    this.begun = false;
    this.#count();
    this.#load(0);
  }

  /** How many rows there are, as far as one knows. */
  get length() {
    if (this.total !== null) return this.total;
    const first = this.#pages.get(0)?.items;
    return first ? first.length : 0;
  }

  row(index) {
    return this.#pages.get(Math.floor(index / PAGE_ROWS))?.items?.[index % PAGE_ROWS];
  }

  /** All rows that are here, with their places. */
  *loaded() {
    for (const [page, { items = [] }] of this.#pages) {
      for (const [at, record] of items.entries()) yield [page * PAGE_ROWS + at, record];
    }
  }

  /** The place of a record among the rows that are here; -1 if it isn't. */
  indexOf(id) {
    for (const [index, record] of this.loaded()) if (record.id === id) return index;
    return -1;
  }

  /** Puts what is known now in the place of a row. */
  replace(record) {
    for (const { items = [] } of this.#pages.values()) {
      const at = items.findIndex((one) => one.id === record.id);
      if (at >= 0) {
        // What came with an event isn't expanded; what was known about the same related records still is right.
        items[at] = { expand: items[at].expand, ...record };
        return true;
      }
    }
    return false;
  }

  /** Asks for the rows between these places, if they aren't here. */
  want(first, last) {
    const end = Math.min(Math.floor(last / PAGE_ROWS), Math.floor(Math.max(this.length - 1, 0) / PAGE_ROWS));
    for (let page = Math.max(Math.floor(first / PAGE_ROWS), 0); page <= end; page += 1) {
      if (!this.#pages.has(page)) this.#load(page);
    }
    this.#forget(Math.floor(first / PAGE_ROWS));
  }

  /** Ends all requests. */
  close() {
    this.#aborted.abort();
  }

  async #load(page) {
    const entry = {};
    this.#pages.set(page, entry);
    entry.loading = this.#fetch(page)
      .then((found) => {
        entry.items = found.items;
        entry.next = found.nextCursor;
        entry.loading = undefined;
        if (page === 0) this.#begin(found.items);
        this.onchange();
      })
      .catch((error) => {
        this.#pages.delete(page);
        this.onproblem(error);
      });
  }

  async #fetch(page) {
    const path = records(this.#collection.name);
    const options = { signal: this.#aborted.signal };
    const before = this.#pages.get(page - 1);
    if (this.#cursors) {
      await before?.loading;
      // An empty cursor asks for the first page, and `get` leaves empty parameters out.
      if (page === 0) return get(`${path}?cursor=`, this.#query, options);
      if (before?.next) return get(path, { ...this.#query, cursor: before.next }, options);
    }
    return get(path, { ...this.#query, page: page + 1 }, options);
  }

  #begin(items) {
    this.begun = true;
    if (items.length < PAGE_ROWS) this.total = items.length;
  }

  /** The total is asked for by itself: it may take longer than a page. */
  async #count() {
    const query = { filter: this.#query.filter, perPage: 1, fields: 'id' };
    try {
      const { totalItems } = await get(records(this.#collection.name), query, { signal: this.#aborted.signal });
      this.total = totalItems;
      this.onchange();
    } catch (error) {
      // A filter that the server refuses is told once, by the rows' own request.
      if (this.begun) this.onproblem(error);
    }
  }

  #forget(near) {
    if (this.#pages.size <= PAGES_KEPT) return;
    const far = [...this.#pages.keys()]
      .filter((page) => page !== 0)
      .sort((a, b) => Math.abs(b - near) - Math.abs(a - near));
    for (const page of far.slice(0, this.#pages.size - PAGES_KEPT)) this.#pages.delete(page);
  }
}
