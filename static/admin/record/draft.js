// What somebody has typed and not saved, kept in this browser for a while: for each superuser, collection and record.
// Never passwords, never files.

import { isSecret, same } from './values.js';

const PREFIX = 'holdall draft ';
/** What nobody has come back to for so long is forgotten: it may tell much, and lies in a browser that others get. */
const KEPT_MS = 30 * 86_400_000;

const isKept = (field) => !isSecret(field) && field.type !== 'file';

function use(action) {
  try {
    return action(localStorage);
  } catch {
    // Storage is full, or forbidden; the page works without.
    return undefined;
  }
}

function isOld(text) {
  try {
    return !(Date.now() - Date.parse(JSON.parse(text).at) < KEPT_MS);
  } catch {
    return true;
  }
}

function forgetOld(storage) {
  for (const key of Object.keys(storage))
    if (key.startsWith(PREFIX) && isOld(storage.getItem(key))) storage.removeItem(key);
}

/** @returns the draft of a record: `read()`, `write(form)`, `drop()` */
export function draftOf(collection, id) {
  const key = `${PREFIX}${document.body.dataset.email ?? ''} ${collection.id} ${id ?? 'new'}`;
  use(forgetOld);
  return {
    /** `{ at, states }` of what was typed and isn't what is stored, if there is any. */
    read(form) {
      const found = use((storage) => JSON.parse(storage.getItem(key)));
      if (!found || typeof found.states !== 'object' || found.states === null) return undefined;
      const states = Object.fromEntries(
        Object.entries(found.states).filter(([name, state]) => {
          const field = form.controls.get(name)?.field;
          return field && isKept(field) && fits(field, state) && !same(field, state, form.base[name]);
        }),
      );
      return Object.keys(states).length > 0 ? { at: found.at, states } : undefined;
    },
    /** Keeps what has been changed in the form; `before` is a draft that nobody has decided about. */
    write(form, before = {}) {
      const changed = form
        .changed()
        .filter((name) => isKept(form.controls.get(name).field))
        .map((name) => [name, (form.controls.get(name).kept ?? form.controls.get(name).get)()]);
      const states = { ...before, ...Object.fromEntries(changed) };
      if (Object.keys(states).length === 0) use((storage) => storage.removeItem(key));
      else use((storage) => storage.setItem(key, JSON.stringify({ at: new Date().toISOString(), states })));
    },
    drop: () => use((storage) => storage.removeItem(key)),
  };
}

/** Whether a state can be that of a field, which may have another type by now. */
function fits(field, state) {
  if (state === null) return Boolean(field.nullable);
  if (['select', 'relation'].includes(field.type))
    return Array.isArray(state) && state.every((one) => typeof one === 'string');
  if (field.type === 'geoPoint') return typeof state.lon === 'number' && typeof state.lat === 'number';
  return typeof state === ({ number: 'number', bool: 'boolean' }[field.type] ?? 'string');
}
