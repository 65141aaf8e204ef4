// The latest filters of a collection, kept in this browser for each superuser. Used by filter.js.

import { keptOfOwner } from '../lib/kept.js';

const MOST = 12;

export class Latest {
  #kept;

  constructor(id) {
    this.#kept = keptOfOwner(`filters ${id}`, []);
    this.all = this.#kept.get();
  }

  add(text) {
    this.#keep([text, ...this.all.filter((one) => one !== text)].slice(0, MOST));
  }

  remove(text) {
    this.#keep(this.all.filter((one) => one !== text));
  }

  clear() {
    this.#keep([]);
  }

  #keep(list) {
    this.all = list;
    this.#kept.set(list);
  }
}
