// What somebody has typed and not saved, kept in this browser for a while: for each superuser, collection and record,
// with the values that it was to take the place of. Never passwords, never files. Offered by `editor.js`.

import { decide } from './conflict.js';
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
    /** `{ at, states, bases }` of what was typed and isn't what is stored, if there is any. */
    read(form) {
      const found = use((storage) => JSON.parse(storage.getItem(key)));
      if (!found || typeof found.states !== 'object' || found.states === null) return undefined;
      const states = Object.fromEntries(
        Object.entries(found.states).filter(([name, state]) => {
          const field = form.controls.get(name)?.field;
          return field && isKept(field) && fits(field, state) && !same(field, state, form.base[name]);
        }),
      );
      // Nobody else saves in what isn't stored yet.
      const bases = id ? (found.bases ?? {}) : form.base;
      return Object.keys(states).length > 0 ? { at: found.at, states, bases } : undefined;
    },
    /** Keeps what has been changed in the form; `before` is a draft that nobody has decided about. */
    write(form, before) {
      const changed = form.changed().filter((name) => isKept(form.controls.get(name).field));
      const typed = (name) => (form.controls.get(name).kept ?? form.controls.get(name).get)();
      const states = { ...before?.states, ...withNames(changed, typed) };
      const bases = { ...before?.bases, ...withNames(changed, (name) => form.base[name]) };
      if (Object.keys(states).length === 0) use((storage) => storage.removeItem(key));
      else use((storage) => storage.setItem(key, JSON.stringify({ at: new Date().toISOString(), states, bases })));
    },
    drop: () => use((storage) => storage.removeItem(key)),
  };
}

/** The fields of a draft in which something else is stored by now than when it was typed. */
export function overtaken(form, { states, bases }) {
  return Object.keys(states).filter((name) => {
    const { field } = form.controls.get(name);
    return !(name in bases) || !fits(field, bases[name]) || !same(field, bases[name], form.base[name]);
  });
}

/** What of a draft counts; where others have saved meanwhile, that is asked. Nothing if nobody wants to decide now. */
export async function chosenOf(form, draft) {
  const names = overtaken(form, draft);
  if (names.length === 0) return draft.states;
  const mine = await decide(form, form.base, { mine: draft.states, names });
  if (!mine) return undefined;
  const counts = Object.keys(draft.states).filter((name) => !names.includes(name) || mine.has(name));
  return withNames(counts, (name) => draft.states[name]);
}

const withNames = (names, valueOf) => Object.fromEntries(names.map((name) => [name, valueOf(name)]));

/** Whether a state can be that of a field, which may have another type by now. */
function fits(field, state) {
  if (state === null) return Boolean(field.nullable);
  if (['select', 'relation'].includes(field.type))
    return Array.isArray(state) && state.every((one) => typeof one === 'string');
  if (field.type === 'geoPoint') return typeof state.lon === 'number' && typeof state.lat === 'number';
  return typeof state === ({ number: 'number', bool: 'boolean' }[field.type] ?? 'string');
}
