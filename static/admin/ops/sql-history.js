// What was typed before on the page SQL, kept in this browser: a list that can be searched, and forgotten one by one or
// as a whole.

import { fill, h, icon, iconButton } from '../lib/dom.js';
import { count } from '../lib/format.js';

const KEY = 'holdall sql history';
const KEPT_MAX = 200;
const SHOWN_MAX = 50;

export function read() {
  try {
    const list = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

function write(list) {
  try {
    localStorage.setItem(KEY, JSON.stringify(list.slice(0, KEPT_MAX)));
  } catch {
    // Without room in the browser there is no history, and everything else works.
  }
}

/** Draws into `place`; `onchoose(query)` is called with one of them. Resolves to what adds one. */
export function history(place, onchoose) {
  const search = h('input', {
    type: 'search',
    placeholder: 'Search',
    'aria-label': 'Search the history',
    autocomplete: 'off',
    oninput: () => draw(),
    onkeydown: (event) => {
      if (event.key === 'ArrowDown') step(event, -1, 1);
    },
  });
  const list = h('ul', { 'aria-label': 'Statements' });
  const label = h('span');
  const forgetAll = h(
    'button',
    {
      type: 'button',
      class: 'small danger',
      onclick: () => {
        write([]);
        draw();
        search.focus();
      },
    },
    'Forget all',
  );
  const element = h(
    'details',
    {
      class: 'menu',
      ontoggle: () => {
        if (!element.open) return;
        search.value = '';
        draw();
        search.focus();
      },
    },
    h('summary', { class: 'button' }, icon('clock'), label),
    h('div', { class: 'menu-list history' }, search, list, h('div', { class: 'row end' }, forgetAll)),
  );

  const buttons = () => [...list.querySelectorAll('.history-one')];
  function step(event, at, by) {
    const next = buttons()[at + by];
    event.preventDefault();
    if (next) next.focus();
    else if (at + by < 0) search.focus();
  }
  const choose = (query) => {
    element.open = false;
    onchoose(query);
  };
  const row = (query, at) =>
    h(
      'li',
      {},
      h(
        'button',
        {
          type: 'button',
          class: 'plain history-one',
          title: query,
          onclick: () => choose(query),
          onkeydown: (event) => {
            if (event.key === 'ArrowDown') step(event, at, 1);
            if (event.key === 'ArrowUp') step(event, at, -1);
          },
        },
        query,
      ),
      iconButton('x', 'Forget this statement', {
        onclick: (event) => {
          // The button goes, and a click on what isn't there any more would count as one outside of the menu.
          event.stopPropagation();
          write(read().filter((one) => one !== query));
          draw();
          search.focus();
        },
      }),
    );

  function draw() {
    const all = read();
    label.textContent = `History (${count(all.length)})`;
    const wanted = search.value.trim().toLowerCase();
    const found = all.filter((one) => one.toLowerCase().includes(wanted)).slice(0, SHOWN_MAX);
    fill(
      list,
      found.map(row),
      found.length === 0 && h('li', { class: 'quiet' }, all.length === 0 ? 'Nothing yet.' : 'Nothing found.'),
    );
    forgetAll.hidden = all.length === 0;
  }
  draw();
  fill(place, element);
  return {
    add(query) {
      write([query, ...read().filter((one) => one !== query)]);
      draw();
    },
  };
}
