// The command palette: go to any page or collection, or do what the page offers, by typing a part of its name.

import { fill, h, uniqueId } from './dom.js';

const SHOWN_MAX = 50;
const commands = [];

/** Adds what the page offers: `label`, `hint`, `run`. */
export function command(label, run, hint = '') {
  commands.push({ label, run, hint });
}

/** Everything that the frame links to. */
function places() {
  return [...document.querySelectorAll('.side .nav a, .side-head a')].map((link) => ({
    label: (link.getAttribute('aria-label') ?? link.textContent).trim(),
    hint: link.closest('.collections') ? 'Collection' : 'Page',
    run: () => link.click(),
  }));
}

/** How well a name fits: the start of it, the start of a word, somewhere, its letters in order; -1 if not at all. */
export function score(name, typed) {
  const [text, wanted] = [name.toLowerCase(), typed.toLowerCase().trim()];
  if (wanted === '') return 1;
  const at = text.indexOf(wanted);
  if (at === 0) return 4;
  if (at > 0) return /[\s_-]/.test(text[at - 1]) ? 3 : 2;
  let from = 0;
  for (const letter of wanted) {
    from = text.indexOf(letter, from) + 1;
    if (from === 0) return -1;
  }
  return 1;
}

export function openPalette() {
  if (document.querySelector('.palette[open]')) return;
  const id = uniqueId('palette');
  const all = [...commands, ...places()];
  let shown = [];
  let chosen = 0;
  const list = h('ul', { id, role: 'listbox', 'aria-label': 'Results' });
  const input = h('input', {
    type: 'text', role: 'combobox', 'aria-label': 'Go to a page or collection', 'aria-controls': id, 'aria-expanded': 'true', 'aria-autocomplete': 'list',
    placeholder: 'Go to a page, a collection, an action …', autocomplete: 'off', oninput: () => { chosen = 0; draw(); },
    onkeydown: (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && shown.length > 0) {
        chosen = (chosen + step + shown.length) % shown.length;
        draw();
        event.preventDefault();
      }
      if (event.key === 'Enter') pick(shown[chosen]);
    },
  });
  const dialog = h('dialog', { class: 'palette', 'aria-label': 'Go to' }, input, list);
  const pick = (entry) => {
    if (!entry) return;
    dialog.close();
    entry.run();
  };
  function draw() {
    const scored = all.map((entry) => ({ entry, fit: score(entry.label, input.value) })).filter(({ fit }) => fit >= 0);
    shown = scored.sort((a, b) => b.fit - a.fit).slice(0, SHOWN_MAX).map(({ entry }) => entry);
    fill(list, shown.map((entry, at) => h('li', { id: `${id}-${at}`, role: 'option', 'aria-selected': String(at === chosen), onclick: () => pick(entry) },
      h('span', {}, entry.label), h('span', { class: 'quiet small' }, entry.hint))));
    if (shown.length > 0) input.setAttribute('aria-activedescendant', `${id}-${chosen}`);
    else fill(list, h('li', { class: 'quiet' }, 'Nothing has this name.'));
    list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('mousedown', (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  draw();
  input.focus();
}
