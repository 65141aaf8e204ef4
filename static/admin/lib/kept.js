// What a browser keeps of somebody's ways, for each address that a server is shown at. Nothing depends on it: a browser
// that keeps nothing has what everybody begins with.

import { root } from './api.js';

/** A value that JSON can write: `get()`, `set(value)`, and `onchange(action)` for changes in other tabs. */
export function kept(name, otherwise) {
  const key = `holdall ${name} ${root.pathname}`;
  return {
    get() {
      try {
        return JSON.parse(localStorage.getItem(key)) ?? otherwise;
      } catch {
        return otherwise;
      }
    },
    set(value) {
      try {
        localStorage.setItem(key, JSON.stringify(value));
      } catch {
        // It is full, or the browser keeps nothing.
      }
    },
    onchange(action) {
      addEventListener('storage', (event) => { if (event.key === key) action(); });
    },
  };
}
