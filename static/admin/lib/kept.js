// What a browser keeps of somebody's ways, for each address that a server is shown at. Nothing depends on it: a browser
// that keeps nothing has what everybody begins with. How things look is the browser's, whoever signs in there (`kept`);
// what somebody has typed or chosen is theirs (`keptOfOwner`).

import { root } from './api.js';

/** Whether a value that was found is of the kind that is expected: what a browser keeps, anybody may have changed. */
const isLike = (found, expected) =>
  typeof found === typeof expected && Array.isArray(found) === Array.isArray(expected);

/**
 * A list, an object, a number or a text: `get()`, `set(value)`, and `onchange(action)` for changes in other tabs.
 * `otherwise` is there until something was kept.
 */
export function kept(name, otherwise) {
  const key = `holdall ${name} ${root.pathname}`;
  return {
    get() {
      try {
        const found = JSON.parse(localStorage.getItem(key)) ?? otherwise;
        return isLike(found, otherwise) ? found : otherwise;
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
      addEventListener('storage', (event) => {
        if (event.key === key) action();
      });
    },
  };
}

/** The same for whoever is signed in. */
export const keptOfOwner = (name, otherwise) => kept(`${name} ${document.body.dataset.email}`, otherwise);
