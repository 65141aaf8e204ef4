// Puts the server's problems beside what they are about, however deep it lies, and marks the tabs that have some.
//
// Used by the editor of collections. Inputs say with `data-path` which key they edit, field rows count by their place
// in what was sent.

import { h, uniqueId } from '../lib/dom.js';

/** `{ path, message }` of each problem in nested `data`. */
export function flatten(data, path = []) {
  if (data === null || typeof data !== 'object') return [];
  if (typeof data.message === 'string' && typeof data.code === 'string') return [{ path, message: data.message }];
  return Object.entries(data).flatMap(([key, value]) => flatten(value, [...path, key]));
}

/** Takes away what is shown. */
export function clear(root) {
  for (const element of root.querySelectorAll('[data-problem]')) element.remove();
  for (const input of root.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
}

/**
 * Shows problems within `root`; `rowOf(n)` is the row of the n-th field that was sent, opened.
 * @returns {{ left: string[], places: HTMLElement[] }} what has no place, and where the rest is
 */
export function show(root, data, rowOf) {
  const left = [];
  const places = [];
  for (const { path, message } of flatten(data)) {
    const place = placeOf(root, path, rowOf);
    if (!place) {
      left.push(path.length > 0 ? `${path.join('.')}: ${message}` : message);
      continue;
    }
    mark(place, message);
    places.push(place);
  }
  return { left, places };
}

function placeOf(root, path, rowOf) {
  let within = root;
  let keys = path;
  if (path[0] === 'fields' && path.length > 1) {
    within = rowOf(Number(path[1]));
    if (!within) return null;
    keys = path.slice(2);
    if (keys.length === 0) return within;
  }
  // A list's element has no input of its own: the problem belongs to the list.
  for (let length = keys.length; length > 0; length -= 1) {
    const found = within.querySelector(`[data-path="${CSS.escape(keys.slice(0, length).join('.'))}"]`);
    if (found) return found;
  }
  return within === root ? null : within;
}

/** Puts a message beside a place: below an input, at the end of what else it is. */
export function mark(place, message) {
  const id = uniqueId('problem');
  const isInput = place.matches('input, select, textarea');
  // An editor marks the place itself, which the message shows by a copy of the line with carets below.
  const said = place.querySelector('.editor') ? message.replaceAll(/\n {2}.*\n {2} *\^+/g, '') : message;
  const line = h('p', { id, class: 'problem', dataset: { problem: '' } }, said);
  if (isInput) {
    place.setAttribute('aria-invalid', 'true');
    place.setAttribute('aria-describedby', [place.getAttribute('aria-describedby'), id].filter(Boolean).join(' '));
    const field = place.closest('.field, .check');
    if (field) field.append(line);
    else place.closest('.schema-field')?.append(line);
  } else place.append(line);
}
