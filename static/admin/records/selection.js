// Which records are selected, by their ids: one by one, in ranges, all. Used by grid.js and bulk-bar.js.

export class Selection {
  ids = new Set();
  /** The row where a range of selected rows starts. */
  anchor = 0;
  /** What the range selects now, and what goes with it when it becomes another one. */
  #range = [];

  /** A row is chosen without others: the next range starts here. */
  begin(row) {
    this.anchor = row;
    this.#range = [];
  }

  toggle(id) {
    if (!this.ids.delete(id)) this.ids.add(id);
  }

  /** Selects a range in the place of the latest one. */
  extend(ids) {
    for (const id of this.#range) this.ids.delete(id);
    this.#range = ids.filter((id) => !this.ids.has(id));
    this.add(ids);
  }

  add(ids) {
    for (const id of ids) this.ids.add(id);
  }

  remove(ids) {
    for (const id of ids) this.ids.delete(id);
  }

  clear() {
    this.ids.clear();
    this.#range = [];
  }
}
