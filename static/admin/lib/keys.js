// Shortcuts of the page, and the list of them.

import { h, uniqueId } from './dom.js';

/** How the key is called that shortcuts write as `mod`. */
export const MOD = /Mac|iP(?:hone|ad)/.test(navigator.platform) ? '⌘' : 'Ctrl';
/** So long after its first key a shortcut of two keys may be finished. */
const PAIR_MS = 1500;

const shortcuts = [];

/**
 * `keys` is `mod+s` (Ctrl, or ⌘), `/`, or two keys after each other as in `g c`. Single keys don't count while
 * somebody types. Returns what takes the shortcut away.
 */
export function shortcut(keys, label, run) {
  const entry = { keys, label, run };
  shortcuts.push(entry);
  return () => shortcuts.splice(shortcuts.indexOf(entry), 1);
}

let before = '';
let beforeAt = 0;
document.addEventListener('keydown', (event) => {
  if (event.isComposing || event.altKey) return;
  const mod = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  const typing = event.composedPath()[0].closest?.('input, textarea, select, [contenteditable="true"]');
  const pressed = mod ? `mod+${key}` : key;
  const first = event.timeStamp - beforeAt < PAIR_MS ? before : '';
  const found =
    shortcuts.findLast((one) => one.keys === `${first} ${pressed}`) ??
    shortcuts.findLast((one) => one.keys === pressed);
  [before, beforeAt] = [mod || typing ? '' : key, event.timeStamp];
  if (!found || (!mod && (typing || document.querySelector('dialog[open]')))) return;
  event.preventDefault();
  found.run(event);
});

/** Shows all shortcuts. */
export function showShortcuts() {
  const id = uniqueId('keys');
  const row = ({ keys, label }) =>
    h(
      'tr',
      {},
      h(
        'td',
        {},
        keys
          .replace('mod', MOD)
          .split(/[ +]/)
          .map((key) => [h('kbd', {}, key), ' ']),
      ),
      h('td', {}, label),
    );
  const dialog = h(
    'dialog',
    { 'aria-labelledby': id },
    h('h2', { id, tabindex: -1 }, 'Keyboard shortcuts'),
    h('table', {}, h('tbody', {}, shortcuts.map(row))),
    h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, 'Close')),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  // By itself the button at the end has the focus, and a long list is seen from its end.
  dialog.querySelector('h2').focus();
}
