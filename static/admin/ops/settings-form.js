// A form of settings: takes what `/api/settings` says, knows what somebody has changed, sends only that, and writes
// what the server refuses beside the inputs. Used by the pages Settings, Mail, Backups and Logs.

import { Refused, get as read, patch } from '../lib/api.js';
import { ask, clearProblems, heldStill, showProblems, tell, toast } from '../lib/feedback.js';
import { CONTROLS } from './controls.js';
import { numberProblems } from './numbers.js';
import { mayReplace } from './settings-conflict.js';

/** What stands at `a.b.c`. */
export const at = (tree, path) => path.split('.').reduce((value, key) => value?.[key], tree);

function put(tree, path, value) {
  const keys = path.split('.');
  const last = keys.pop();
  const parent = keys.reduce((branch, key) => (branch[key] ??= {}), tree);
  parent[last] = value;
}

const same = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
/** With its keys in order, as two that say the same may be written differently. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

/** Nested problems by the dotted paths that inputs have as names. */
function byPath(data, path = []) {
  if (data === null || typeof data !== 'object') return {};
  if (typeof data.message === 'string' && typeof data.code === 'string') return { [path.join('.')]: data };
  return Object.assign({}, ...Object.entries(data).map(([key, value]) => byPath(value, [...path, key])));
}

/**
 * Makes inputs for `fields` and puts each where `place(field, element)` wants it. `form` is the element around them
 * all. `onchange` is called with how many fields differ from what is saved, and with what yields the value of a path as
 * it is typed.
 */
export function settingsForm({ form, fields, settings, place, onchange = () => {} }) {
  let saved = settings;
  let closeToast = () => {};
  const controls = fields.map((field) => {
    const control = { field, ...CONTROLS[field.type](field) };
    place(field, control.element);
    return control;
  });
  const find = (path) => controls.find(({ field }) => field.path === path);
  const isChanged = ({ field, get }) => (field.type === 'secret' ? get() !== undefined
    : !same(get(), at(saved, field.path)));
  const changed = () => controls.filter((control) => !control.locked && isChanged(control));

  function refresh() {
    for (const { field, element } of controls) {
      if (field.when) element.hidden = !find(field.when).get();
    }
    onchange(changed().length, (path) => find(path).get());
  }
  function take(next) {
    saved = next;
    clearProblems(form);
    for (const control of controls) {
      control.set(at(saved, control.field.path));
      const source = saved.locked?.[control.field.path];
      control.locked = source !== undefined;
      if (control.locked) control.lock(source);
    }
    refresh();
  }
  /** Writes problems beside the inputs of their paths; returns the lines that belong to none. */
  function placeProblems(found) {
    // A problem of one line of a list belongs to the list's input.
    const placed = {};
    for (const [path, problem] of Object.entries(found)) {
      let name = path;
      while (name && !form.querySelector(`[name="${CSS.escape(name)}"]`)) name = name.slice(0,
        Math.max(name.lastIndexOf('.'), 0));
      const key = name || path;
      placed[key] = { ...problem, message: placed[key] ? `${placed[key].message} ${problem.message}`
        : problem.message };
      if (name) form.querySelector(`[name="${CSS.escape(name)}"]`).closest('[data-path]')?.removeAttribute('hidden');
    }
    return showProblems(form, placed);
  }
  function refused(error) {
    const found = byPath(error.data);
    const left = placeProblems(found);
    // What stands beside fields needn't be said again.
    if (left.length > 0 || Object.keys(found).length === 0) closeToast = toast([error.message, ...left].join('\n'),
      'problem');
  }
  /** Whether whoever saves answers yes to everything that their changes are asked about. */
  async function isMeant() {
    for (const { field, get } of changed()) {
      const question = field.question?.(get());
      if (question && !(await ask(question))) return false;
    }
    return true;
  }
  /** What somebody else has stored meanwhile where something else is about to be stored. */
  function conflictsWith(current) {
    return changed().map(({ field, get }) => ({ field, stored: at(current, field.path), own: get() }))
      .filter(({ field, stored, own }) => !same(stored, at(saved, field.path)) && !same(stored, own));
  }

  form.addEventListener('input', refresh);
  form.addEventListener('change', refresh);
  take(settings);
  return {
    take,
    /** What is typed, whether saved or not. */
    value: (path) => find(path).get(),
    isDirty: () => changed().length > 0,
    changes() {
      const tree = {};
      for (const { field, get } of changed()) put(tree, field.path, get());
      return tree;
    },
    discard: () => take(saved),
    /** Sends what was changed; resolves to whether that went well. */
    async save() {
      if (changed().length === 0) return true;
      clearProblems(form);
      closeToast();
      const wrong = numberProblems(form);
      if (Object.keys(wrong).length > 0) {
        placeProblems(wrong);
        return false;
      }
      if (!(await isMeant())) return false;
      try {
        const conflicts = conflictsWith(await heldStill(form, () => read('/api/settings')));
        if (conflicts.length > 0 && !(await mayReplace(conflicts))) return false;
        take(await heldStill(form, () => patch('/api/settings', this.changes())));
      } catch (error) {
        // A form that was closed meanwhile shows nothing any more.
        if (error instanceof Refused && error.status === 400 && form.isConnected) refused(error);
        else if (error instanceof Refused) closeToast = toast(error.text, 'problem');
        else tell(error);
        return false;
      }
      toast('Saved.');
      return true;
    },
  };
}

/** Asks before somebody leaves with something unsaved. */
export function keepUnsaved(isDirty) {
  globalThis.addEventListener('beforeunload', (event) => { if (isDirty()) event.preventDefault(); });
}
