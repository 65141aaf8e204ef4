// The table itself: only the rows that can be seen are in the page, however many there are. Used by records.js, which
// tells it what to show and hears what somebody does; knows nothing of requests. Focus stays on the table, and
// `aria-activedescendant` tells which cell is meant, so rows may come and go.

import { h, uniqueId } from '../lib/dom.js';
import { drawHead } from './grid-head.js';
import { fillRow } from './grid-row.js';
import { Selection } from './selection.js';

const ROW_PX = 38;
const SELECT_PX = 44;
/** Rows that are drawn beyond the edges, so that a step of scrolling shows nothing empty. */
const BEYOND = 6;
/** Browsers don't lay out boxes that are much higher; beyond it, scrolling goes in larger steps. */
const HEIGHT_MAX_PX = 12_000_000;
const DOUBLE_CLICK_MS = 220;
const RESIZE_STEP_PX = 20;

/** What keys do in the table, for people. */
export const KEYS = [
  ['Enter', 'Edit the cell, or open its record'],
  ['Shift Enter', 'Open the record'],
  ['F2', 'Edit the cell'],
  ['mod+C', 'Copy the cell'],
  ['Space', 'Select the record'],
  ['Shift ↑ ↓', 'Select a range'],
  ['mod+A', 'Select the rows that are loaded'],
  ['Alt ← →', 'Move the column, in its head'],
  ['Shift ← →', 'Resize the column, in its head'],
];

export class Grid {
  #id = uniqueId('grid');
  #rows = new Map();
  #spare = [];
  #frame = 0;
  #sized = '';
  #activeCell;
  #source;
  #columns = [];
  #context;
  #on;
  #sort = '';
  #click;
  #drag = { resizes: false };
  /** Row -1 is the head; column 0 is the one with the boxes. */
  active = { row: 0, column: 1 };
  selection = new Selection();
  marks = new Map();

  /**
   * @param {object} on  what is told: `open(record)`, `edit(record, column)`, `sort(column)`, `select()`, `copyId(id)`,
   *   `copy(column, record)`, `resize(name, px)`, `move(name, before)`, `moveBy(name, step)`, `see(first, last)`;
   *   `range(from, to)` is asked for the records of rows, which may have to be fetched.
   */
  constructor({ label, context, on }) {
    this.#context = context;
    this.#on = on;
    this.head = h('div', { class: 'grid-row grid-head', role: 'row', 'aria-rowindex': 1 });
    this.body = h('div', { class: 'grid-body', role: 'rowgroup' });
    this.element = h(
      'div',
      {
        class: 'grid',
        role: 'grid',
        tabindex: 0,
        'aria-label': label,
        'aria-multiselectable': 'true',
        onscroll: () => this.#soon(),
        onkeydown: (event) => this.#key(event),
        onclick: (event) => this.#clicked(event),
        ondblclick: (event) => this.#doubleClicked(event),
      },
      h('div', { class: 'grid-head-group', role: 'rowgroup' }, this.head),
      this.body,
    );
    new ResizeObserver(() => this.#soon()).observe(this.element);
  }

  /** Shows another list. */
  show(source, { sort, keepPlace = false } = {}) {
    this.#source = source;
    this.#sort = sort;
    if (!keepPlace) {
      this.element.scrollTop = 0;
      this.active.row = 0;
      this.selection.begin(0);
    }
    this.drawHead();
    this.redraw();
  }

  arrange(columns) {
    this.#columns = columns;
    this.active.column = Math.min(this.active.column, columns.length);
    this.drawHead();
    this.redraw();
  }

  get columns() {
    return this.#columns;
  }

  /** Draws every visible row anew: their records, or what is selected, have changed. */
  redraw() {
    for (const row of this.#rows.values()) row.record = null;
    this.#soon();
  }

  record(row = this.active.row) {
    return this.#source?.row(row);
  }

  /** A record's cell, for what is laid over it; `null` if it isn't drawn. After each drawing comes an event `drawn`. */
  cellOf(id, name) {
    const at = this.#columns.findIndex((column) => column.name === name);
    const [, row] = [...this.#rows].find(([index]) => this.#source.row(index)?.id === id) ?? [];
    return row?.element.children[at + 1] ?? null;
  }

  /** Goes to a cell and edits it. */
  edit(row, column) {
    this.#activate(row, this.#columns.findIndex((one) => one.name === column.name) + 1);
    requestAnimationFrame(() => this.#on.edit(row, column));
  }

  /** `change(selection)` changes which records are selected. */
  select(change) {
    change(this.selection);
    this.#selectionChanged();
  }

  // --- drawing ---

  #soon() {
    if (!this.#frame)
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#render();
      });
  }

  get #scale() {
    const length = (this.#source?.length ?? 0) * ROW_PX;
    return length > HEIGHT_MAX_PX ? { height: HEIGHT_MAX_PX, by: length / HEIGHT_MAX_PX } : { height: length, by: 1 };
  }

  #render() {
    if (!this.#source) return;
    const { element, head } = this;
    const { height, by } = this.#scale;
    const length = this.#source.length;
    const scrolled = element.scrollTop;
    const top = scrolled * by;
    const seen = Math.ceil((element.clientHeight - head.offsetHeight) / ROW_PX);
    const first = Math.max(Math.floor(top / ROW_PX) - BEYOND, 0);
    const last = Math.min(Math.floor(top / ROW_PX) + seen + BEYOND, length - 1);
    this.#size(height, length);
    for (const [index, row] of this.#rows) {
      if (index >= first && index <= last) continue;
      this.#rows.delete(index);
      this.#spare.push(row);
    }
    for (let index = first; index <= last; index += 1) this.#drawRow(index, index * ROW_PX - top + scrolled);
    for (const row of this.#spare.splice(0)) row.element.remove();
    this.#tellActive();
    this.element.dispatchEvent(new Event('drawn'));
    this.#on.see(Math.max(Math.floor(top / ROW_PX), 0), Math.max(last, 0));
  }

  /** Written only when it has changed: what is written makes the browser compute anew, and this runs every frame. */
  #size(height, length) {
    const size = `${height} ${length} ${this.#columns.length}`;
    if (size === this.#sized) return;
    this.#sized = size;
    this.body.style.height = `${height}px`;
    this.element.setAttribute('aria-rowcount', length + 1);
    this.element.setAttribute('aria-colcount', this.#columns.length + 1);
  }

  #drawRow(index, top) {
    let row = this.#rows.get(index);
    if (!row) {
      row = this.#spare.pop() ?? { element: h('div', { class: 'grid-row', role: 'row' }) };
      row.record = null;
      this.#rows.set(index, row);
      if (!row.element.isConnected) this.body.append(row.element);
    }
    if (row.top !== top) {
      row.element.style.transform = `translateY(${top}px)`;
      row.top = top;
    }
    const record = this.#source.row(index);
    if (row.record === (record ?? undefined)) return;
    row.record = record;
    fillRow(row.element, {
      index,
      record,
      columns: this.#columns,
      mark: record && this.marks.get(record.id),
      selected: Boolean(record && this.selection.ids.has(record.id)),
      cellId: (column) => this.#cellId(index, column),
      context: this.#context,
    });
  }

  #cellId(row, column) {
    return `${this.#id}-${row}-${column}`;
  }

  drawHead() {
    drawHead(this.head, {
      columns: this.#columns,
      sort: this.#sort,
      cellId: (row, column) => this.#cellId(row, column),
      on: this.#on,
      drag: this.#drag,
    });
    const widths = [`${SELECT_PX}px`, ...this.#columns.map((column) => `${column.width}px`), 'minmax(0, 1fr)'];
    this.element.style.setProperty('--columns', widths.join(' '));
    const sum = SELECT_PX + this.#columns.reduce((width, column) => width + column.width, 0);
    this.element.style.setProperty('--width', `${sum}px`);
    this.#selectionChanged(false);
  }

  // --- selection ---

  #selectionChanged(tell = true) {
    const { ids } = this.selection;
    for (const [, { element, record }] of this.#rows) {
      if (!record) continue;
      const on = ids.has(record.id);
      element.setAttribute('aria-selected', String(on));
      element.querySelector('input').checked = on;
    }
    const all = this.head.querySelector('[data-all]');
    const length = this.#source?.length ?? 0;
    if (all) {
      all.checked = length > 0 && ids.size >= length;
      all.indeterminate = ids.size > 0 && !all.checked;
    }
    if (tell) this.#on.select();
  }

  #toggle(row) {
    const record = this.#source.row(row);
    if (!record) return;
    this.selection.begin(row);
    this.select((selection) => selection.toggle(record.id));
  }

  /** Selects the rows between the anchor and this one; those that nobody has seen yet are fetched. */
  async #extend(row) {
    const { anchor } = this.selection;
    const records = await this.#on.range(Math.min(anchor, row), Math.max(anchor, row));
    // Meanwhile somebody may have chosen another row.
    if (records && anchor === this.selection.anchor && row === this.active.row)
      this.select((selection) => selection.extend(records.map((record) => record.id)));
  }

  #selectLoaded() {
    this.select((selection) => {
      for (const [, record] of this.#source.loaded()) selection.add([record.id]);
    });
  }

  #toggleAll() {
    if (this.selection.ids.size > 0) this.select((selection) => selection.clear());
    else this.#selectLoaded();
  }

  // --- mouse ---

  #clicked(event) {
    clearTimeout(this.#click);
    const cell = event.target.closest('[role="gridcell"], [role="columnheader"]');
    if (!cell || this.#drag.resizes) return;
    if (event.target.closest('[data-copy]')) return this.#on.copyId(event.target.closest('[data-copy]').dataset.copy);
    if (event.target.closest('a')) return;
    if (event.target.matches('[data-all]')) return this.#toggleAll();
    const column = Number(cell.getAttribute('aria-colindex')) - 1;
    if (cell.dataset.column) return this.#sortBy(column);
    const row = Number(cell.parentElement.dataset.row);
    // What somebody points at is in sight.
    this.#activate(row, column, { reveal: false });
    if (event.shiftKey) {
      // The browser ticks the box by itself; which are ticked follows from the range.
      event.preventDefault();
      return this.#extend(row);
    }
    if (column === 0 || event.ctrlKey || event.metaKey) return this.#toggle(row);
    this.selection.begin(row);
    // Whoever marks a text to copy it doesn't want to open anything.
    const record = this.record(row);
    if (!getSelection().isCollapsed || !record) return;
    const chosen = this.#columns[column - 1];
    const open = () => this.#on.open(record);
    // A second click edits the cell, so the first waits for it; where nothing can be edited there is no reason to.
    if (this.#on.editable(chosen)) this.#click = setTimeout(open, DOUBLE_CLICK_MS);
    else open();
  }

  #doubleClicked(event) {
    clearTimeout(this.#click);
    const cell = event.target.closest('[role="gridcell"]');
    const column = cell && this.#columns[Number(cell.getAttribute('aria-colindex')) - 2];
    if (!column || !this.#on.editable(column) || event.target.closest('a, button')) return;
    const row = Number(cell.parentElement.dataset.row);
    if (this.record(row)) this.#on.edit(row, column);
  }

  #sortBy(at) {
    const column = this.#columns[at - 1];
    if (column?.sortable) this.#on.sort(column.name);
  }

  // --- keyboard ---

  #key(event) {
    if (event.target !== this.element) return;
    const { row, column } = this.active;
    const page = Math.max(Math.floor(this.element.clientHeight / ROW_PX) - 2, 1);
    const name = this.#columns[column - 1]?.name;
    const steps = {
      ArrowDown: [row + 1, column],
      ArrowUp: [row - 1, column],
      PageDown: [row + page, column],
      PageUp: [Math.max(row - page, 0), column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      Home: event.ctrlKey ? [0, column] : [row, 0],
      End: event.ctrlKey ? [Infinity, column] : [row, this.#columns.length],
    };
    const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (sideways && row === -1 && name && event.altKey) this.#moveColumn(name, sideways);
    else if (sideways && row === -1 && name && event.shiftKey)
      this.#on.resize(name, this.#columns[column - 1].width + sideways * RESIZE_STEP_PX);
    else if (steps[event.key] && !event.altKey) this.#step(...steps[event.key], event.shiftKey);
    else if (!this.#act(event, row, column)) return;
    event.preventDefault();
  }

  #moveColumn(name, step) {
    this.#on.moveBy(name, step);
    this.#activate(-1, this.#columns.findIndex((one) => one.name === name) + 1);
  }

  #step(row, column, selects) {
    this.#activate(row, column);
    if (this.active.row < 0) return;
    if (selects) this.#extend(this.active.row);
    else this.selection.begin(this.active.row);
  }

  /** What the key does with the active cell; whether it does anything. */
  #act(event, row, column) {
    const { key } = event;
    if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === 'a') {
      this.#selectLoaded();
      return true;
    }
    if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === 'c') return this.#copy(row, column);
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (row === -1 && (key === 'Enter' || key === ' ')) {
      if (column === 0) this.#toggleAll();
      else this.#sortBy(column);
      return true;
    }
    const record = this.record(row);
    if (!record) return false;
    if (key === ' ' && event.shiftKey) this.#extend(row);
    else if (key === ' ') this.#toggle(row);
    else if (key === 'F2' || (key === 'Enter' && !event.shiftKey)) this.#enter(row, column, record, key);
    else if (key === 'Enter' || key === 'o') this.#on.open(record);
    else if (key === 'Escape' && this.selection.ids.size > 0) this.select((selection) => selection.clear());
    else return false;
    return true;
  }

  /** Copies the cell, unless somebody has marked something else. */
  #copy(row, column) {
    const [chosen, record] = [this.#columns[column - 1], this.record(row)];
    if (!chosen || !record || !getSelection().isCollapsed) return false;
    this.#on.copy(chosen, record);
    return true;
  }

  #enter(row, column, record, key) {
    const chosen = this.#columns[column - 1];
    if (chosen && this.#on.editable(chosen)) this.#on.edit(row, chosen);
    else if (key === 'Enter') this.#on.open(record);
  }

  #activate(row, column, { reveal = true } = {}) {
    const length = this.#source?.length ?? 0;
    this.active = {
      row: Math.max(Math.min(row, length - 1), -1),
      column: Math.max(Math.min(column, this.#columns.length), 0),
    };
    if (reveal) {
      this.#revealRow(this.active.row);
      this.#revealColumn();
    }
    this.#soon();
  }

  /** Scrolls until a row can be seen. */
  #revealRow(row) {
    if (row < 0) return;
    const { by } = this.#scale;
    const { element } = this;
    const height = element.clientHeight - this.head.offsetHeight;
    const top = row * ROW_PX;
    if (top < element.scrollTop * by) element.scrollTop = top / by;
    else if (top + ROW_PX > element.scrollTop * by + height) element.scrollTop = (top + ROW_PX - height) / by;
  }

  #revealColumn() {
    const { column } = this.active;
    const left = this.#columns.slice(0, Math.max(column - 1, 0)).reduce((sum, one) => sum + one.width, 0);
    const width = this.#columns[column - 1]?.width ?? 0;
    const { element } = this;
    if (left < element.scrollLeft) element.scrollLeft = left;
    else if (left + width + SELECT_PX > element.scrollLeft + element.clientWidth)
      element.scrollLeft = left + width + SELECT_PX - element.clientWidth;
  }

  #tellActive() {
    const { row, column } = this.active;
    const line = row === -1 ? this.head : this.#rows.get(row)?.element;
    const cell = line?.children[column];
    if (cell === this.#activeCell && cell?.id === this.element.getAttribute('aria-activedescendant')) return;
    this.#activeCell?.classList.remove('active');
    this.#activeCell = cell;
    if (!cell) return this.element.removeAttribute('aria-activedescendant');
    cell.classList.add('active');
    this.element.setAttribute('aria-activedescendant', cell.id);
  }
}
