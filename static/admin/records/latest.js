// The latest filters of a collection, kept in this browser. Used by filter.js.

const KEPT = 12;

export class Latest {
  #key;

  constructor(id) {
    this.#key = `holdall.filters.${id}`;
    this.all = read(this.#key);
  }

  add(text) {
    this.#keep([text, ...this.all.filter((one) => one !== text)].slice(0, KEPT));
  }

  remove(text) {
    this.#keep(this.all.filter((one) => one !== text));
  }

  clear() {
    this.#keep([]);
  }

  #keep(list) {
    this.all = list;
    try {
      localStorage.setItem(this.#key, JSON.stringify(list));
    } catch {
      /* without storage they last as long as the page */
    }
  }
}

function read(key) {
  try {
    const kept = JSON.parse(localStorage.getItem(key));
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}
