// The rows of one list (collection, filter, sort), fetched in pages when somebody looks at them. Knows nothing of the
// page. Pages that follow each other are asked for by cursor, so that records that come and go meanwhile neither shift
// nor double rows; a page goes by its number only where somebody jumps over pages that nobody has seen.

import { get, records } from '../lib/api.js';
import { chunks, oneOf } from './query.js';

const PAGE_ROWS = 100;
/** Pages that are kept; the rest of a long list is fetched again when somebody comes back to it. */
const PAGES_KEPT = 120;
/** The order of creation, newest first. Views have no such thing. */
const NEWEST_FIRST = '-@rowid';
const IDS_PER_REQUEST = 40;
/** Stands for the total among the pages that could not be fetched. */
const TOTAL = 'total';

export class Source {
  #pages = new Map();
  /** The cursors with which pages begin, as far as one has walked; also those of pages that aren't kept. */
  #starts = new Map();
  /** Where records were last seen, by their ids: events come in thousands. */
  #places = new Map();
  #aborted = new AbortController();
  #collection;
  #query;
  #failed = false;
  /** What went wrong with pages that are wanted and not here. */
  #problems = new Map();
  /** What was there before the same list was fetched anew: it is shown until the new rows are here. */
  #before;

  /**
   * @param {{ collection: object, filter: string, sort: string, expand: string, fields: string, before?: Source,
   *   onchange: Function, onproblem: Function }} options  `onchange()` is called whenever rows or the total have come;
   *   `before` is the same list as it was.
   */
  constructor({ collection, filter, sort, expand, fields, before, onchange, onproblem }) {
    this.#collection = collection;
    this.#before = before && { pages: before.#pages, length: before.length };
    this.#query = {
      filter,
      sort: sort || (collection.type === 'view' ? '' : NEWEST_FIRST),
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

  /** How the list is sorted, also where nobody has asked for anything. */
  get sort() {
    return this.#query.sort;
  }

  get filter() {
    return this.#query.filter;
  }

  /** Why something that is wanted is not here; nothing if all is. */
  get problem() {
    return [...this.#problems.values()].at(-1);
  }

  /** Asks again for what could not be fetched. Rows are asked for by who looks at them. */
  goOn() {
    this.#problems.clear();
    if (this.total === null) this.#count();
  }

  /** How many rows there are, as far as one knows. */
  get length() {
    return this.total ?? Math.max(this.#before?.length ?? 0, this.#pages.get(0)?.items?.length ?? 0);
  }

  row(index) {
    return this.#items(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS];
  }

  #items(page) {
    return this.#pages.get(page)?.items ?? this.#before?.pages.get(page)?.items;
  }

  /** All rows that are here, with their places. */
  *loaded() {
    for (const [page, { items = [] }] of this.#pages) {
      for (const [at, record] of items.entries()) yield [page * PAGE_ROWS + at, record];
    }
  }

  /** The place of a record among the rows that are here; -1 if it isn't. */
  indexOf(id) {
    const at = this.#places.get(id);
    return at !== undefined && this.row(at)?.id === id ? at : -1;
  }

  /** Puts what is known now in the place of a row. */
  replace(record) {
    const at = this.indexOf(record.id);
    const items = this.#pages.get(Math.floor(at / PAGE_ROWS))?.items;
    if (!items) return;
    const { expand } = items[at % PAGE_ROWS];
    // What came with an event isn't expanded; what was known about the same related records still is right.
    items[at % PAGE_ROWS] = { expand, ...record };
  }

  /** Asks for the rows between these places, if they aren't here. */
  want(first, last) {
    const end = Math.min(Math.floor(last / PAGE_ROWS), Math.floor(Math.max(this.length - 1, 0) / PAGE_ROWS));
    for (let page = Math.max(Math.floor(first / PAGE_ROWS), 0); page <= end; page += 1) {
      if (this.#isDue(page)) this.#load(page);
    }
    // What failed elsewhere is asked for again when somebody comes back to it.
    for (const page of this.#problems.keys())
      if (page !== TOTAL && (page < Math.floor(first / PAGE_ROWS) || page > end)) this.#problems.delete(page);
    this.#forget(Math.floor(first / PAGE_ROWS), end);
  }

  /** The records of these rows, those that aren't here yet included. */
  async range(first, last) {
    this.#failed = false;
    // What has come may tell that a page that was here already begins elsewhere.
    for (let pending = [0]; pending.length > 0 && !this.#failed;) {
      this.want(first, last);
      pending = [...this.#pages.values()].map((entry) => entry.loading).filter(Boolean);
      await Promise.all(pending);
    }
    return Array.from({ length: last - first + 1 }, (_, at) => this.row(first + at)).filter(Boolean);
  }

  /** A page is missing, or it doesn't begin where the one before it ends, because it came by its number. */
  #isDue(page) {
    const entry = this.#pages.get(page);
    if (!entry) return true;
    return !entry.loading && this.#starts.has(page) && entry.start !== this.#starts.get(page);
  }

  /** Ends all requests. */
  close() {
    this.#aborted.abort();
  }

  /** Every id of the list, also of rows that nobody has seen. */
  async *ids({ signal, perPage = 1000 }) {
    const { filter, sort } = this.#query;
    const path = `${records(this.#collection.name)}?cursor=`;
    for (let cursor = ''; ;) {
      const found = await get(path, { filter, sort, cursor, perPage, fields: 'id' }, { signal });
      yield found.items.map((record) => record.id);
      cursor = found.nextCursor;
      if (!cursor) return;
    }
  }

  /** Those of these records that belong to the list, by their ids. */
  async matching(ids) {
    const found = [];
    for (const some of chunks(ids, IDS_PER_REQUEST)) {
      // A filter may end with a comment, which ends with its line.
      const filter = `(${this.filter}\n) && (${oneOf(some)})`;
      const query = { filter, perPage: IDS_PER_REQUEST, skipTotal: 1, fields: 'id' };
      const { items } = await get(records(this.#collection.name), query, { signal: this.#aborted.signal });
      found.push(...items.map((record) => record.id));
    }
    return found;
  }

  #load(page) {
    const entry = this.#pages.get(page) ?? {};
    this.#pages.set(page, entry);
    entry.loading = this.#fetch(page, entry)
      .then(() => {
        entry.loading = undefined;
        this.#problems.delete(page);
        // The network is back. A total that the server itself could not tell is asked for by `goOn` only.
        if (this.#problems.get(TOTAL)?.status === 0) this.#count();
        this.onchange();
      })
      .catch((error) => {
        this.#pages.delete(page);
        this.#failed = true;
        this.#problems.set(page, error);
        this.onproblem(error);
      });
  }

  async #fetch(page, entry) {
    // The page before tells where this one begins.
    await this.#pages.get(page - 1)?.loading;
    const start = this.#starts.get(page);
    const place = start ? { cursor: start } : { page: page + 1 };
    // `get` leaves empty parameters out. An empty cursor says that one wants to go on from there by cursor.
    const path = `${records(this.#collection.name)}?cursor=`;
    const { items, nextCursor } = await get(path, { ...this.#query, ...place }, { signal: this.#aborted.signal });
    Object.assign(entry, { items, start });
    for (const [at, { id }] of items.entries()) this.#places.set(id, page * PAGE_ROWS + at);
    if (nextCursor) this.#starts.set(page + 1, nextCursor);
    const end = page * PAGE_ROWS + items.length;
    if (items.length < PAGE_ROWS) this.total = end;
    else if (this.total !== null) this.total = Math.max(this.total, end);
    if (page === 0) this.begun = true;
  }

  /** The total is asked for by itself: it may take longer than a page. */
  async #count() {
    this.#problems.delete(TOTAL);
    if (this.total !== null) return;
    const query = { filter: this.#query.filter, perPage: 1, fields: 'id' };
    try {
      const { totalItems } = await get(records(this.#collection.name), query, { signal: this.#aborted.signal });
      this.total ??= totalItems;
      this.onchange();
    } catch (error) {
      // A filter that the server refuses is told once, by the rows' own request.
      if (!this.begun) return;
      if (this.total === null) this.#problems.set(TOTAL, error);
      this.onproblem(error);
    }
  }

  /** Lets go of pages that are far from those that are wanted. */
  #forget(first, last) {
    if (this.#pages.size <= PAGES_KEPT) return;
    const away = (page) => Math.max(first - page, page - last, 0);
    const far = [...this.#pages.keys()]
      .filter((page) => page !== 0 && away(page) > 0)
      .sort((a, b) => away(b) - away(a));
    for (const page of far.slice(0, this.#pages.size - PAGES_KEPT)) this.#pages.delete(page);
  }
}
