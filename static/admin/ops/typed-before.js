// What somebody has typed before (statements, filters), kept in this browser for each superuser: a menu that can be
// searched, and forgotten one by one or as a whole. Used by the pages SQL and Logs.

import { fill, h, icon, iconButton } from '../lib/dom.js';
import { count } from '../lib/format.js';
import { keptOfOwner } from '../lib/kept.js';

const KEPT_MAX = 200;
const SHOWN_MAX = 50;

/** What is kept under a name for whoever is signed in, the latest first: `get()` and `set(list)`. */
export function past(name) {
  const all = keptOfOwner(name, []);
  return {
    get: () => all.get().filter((one) => typeof one === 'string'),
    set: (list) => all.set(list.slice(0, KEPT_MAX)),
    onchange: all.onchange,
  };
}

/**
 * Draws into `place` what is kept under `key`; `label` names the menu (unseen with `isBrief`, where there is little
 * room), `onchoose(text)` is called with one of them.
 * @returns {{ add: (text: string) => void }}
 */
export function typedBefore(place, { key, label, onchoose, isBrief = false }) {
  const typed = past(key);
  const search = h('input', { type: 'search', placeholder: 'Search', 'aria-label': `Search: ${label}`,
    autocomplete: 'off', oninput: () => draw(),
    onkeydown: (event) => { if (event.key === 'ArrowDown') step(event, -1, 1); } });
  const list = h('ul', { 'aria-label': label });
  const name = h('span');
  const forget = (left, event) => {
    // What was clicked goes, and a click on what isn't there any more would count as one outside of the menu.
    event.stopPropagation();
    typed.set(left);
    draw();
    search.focus();
  };
  const forgetAll = h('button', { type: 'button', class: 'small danger', onclick: (event) => forget([], event) },
    'Forget all');
  const element = h('details', { class: 'menu', ontoggle: () => {
    if (!element.open) return;
    search.value = '';
    draw();
    search.focus();
  } }, h('summary', { class: 'button', title: label }, icon('clock'), name),
  h('div', { class: 'menu-list typed-before' }, search, list, h('div', { class: 'row end' }, forgetAll)));

  function step(event, at, by) {
    event.preventDefault();
    const next = list.querySelectorAll('.typed-one')[at + by];
    if (next) next.focus();
    else if (at + by < 0) search.focus();
  }
  const choose = (text) => {
    element.open = false;
    onchoose(text);
  };
  const row = (text, at) => h('li', {},
    h('button', { type: 'button', class: 'plain typed-one', title: text, onclick: () => choose(text),
      onkeydown: (event) => {
        if (event.key === 'ArrowDown') step(event, at, 1);
        if (event.key === 'ArrowUp') step(event, at, -1);
      } }, text),
    iconButton('x', 'Forget this one', {
      onclick: (event) => forget(typed.get().filter((one) => one !== text), event) }));

  function draw() {
    const all = typed.get();
    fill(name, h('span', { class: isBrief && 'visually-hidden' }, label, ' '), `(${count(all.length)})`);
    const wanted = search.value.trim().toLowerCase();
    const found = all.filter((one) => one.toLowerCase().includes(wanted)).slice(0, SHOWN_MAX);
    fill(list, found.map(row), found.length === 0
      && h('li', { class: 'quiet' }, all.length === 0 ? 'Nothing yet.' : 'Nothing found.'));
    forgetAll.hidden = all.length === 0;
  }
  draw();
  typed.onchange(draw);
  fill(place, element);
  return {
    add(text) {
      typed.set([text, ...typed.get().filter((one) => one !== text)]);
      draw();
    },
  };
}
