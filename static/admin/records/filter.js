// The filter bar: words to look for or a filter expression, whichever is typed; completion, what the server says to it,
// and the latest ones. Used by records.js.

import { Refused, get, records } from '../lib/api.js';
import { fill, h, icon, iconButton } from '../lib/dom.js';
import { editor } from '../lib/editor.js';
import { isExpression, searchedFields, understand } from './query.js';

const LATEST_KEPT = 12;
const MACROS = [
  'now',
  'yesterday',
  'tomorrow',
  'second',
  'minute',
  'hour',
  'day',
  'weekday',
  'month',
  'year',
  'todayStart',
  'todayEnd',
  'monthStart',
  'monthEnd',
  'yearStart',
  'yearEnd',
];
const PLACEHOLDER = 'Search, or filter: name ~ "drill" && created > @todayStart';

/**
 * @param {{ collection: object, collections: Map<string, object>, onfilter: (text: string) => void }} options
 * @returns `{ element, said, set(text), focus(), refuse(error) }`
 */
export function filterBar({ collection, collections, onfilter }) {
  const latest = new Latest(collection.id);
  let applied = '';
  let made;
  const input = h('input', {
    type: 'search',
    placeholder: PLACEHOLDER,
    'aria-label': 'Search or filter',
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 5000,
    oninput: () => describe(),
    onfocus: () => {
      made ??= load();
    },
    onkeydown: (event) => {
      if (event.key === 'Enter') run();
    },
  });
  const box = h('div', { class: 'filter-box' }, input);
  const clear = iconButton('x', 'Clear the filter', {
    onclick: () => {
      set('');
      run();
    },
  });
  const history = h('details', { class: 'menu' });
  const said = h('p', { class: 'filter-said', role: 'status' });
  let bar;

  const text = () => (bar ? bar.get() : input.value).trim();

  function set(value) {
    applied = value.trim();
    if (bar) bar.set(value);
    else input.value = value;
    describe();
  }

  function run() {
    applied = text();
    if (applied) latest.add(applied);
    drawHistory();
    describe();
    onfilter(applied);
  }

  /** Says how the server is going to understand what is typed. */
  function describe() {
    const typed = text();
    const { kind } = understand(typed, collection);
    clear.hidden = typed === '' && applied === '';
    const pending =
      typed === applied ? null : h('span', {}, h('kbd', {}, 'Enter'), typed ? ' to apply' : ' to show all');
    const how = {
      none: null,
      search: [h('span', { class: 'badge' }, 'Search'), `in ${listed(searchedFields(collection))}`],
      filter: h('span', { class: 'badge accent' }, 'Filter expression'),
    }[kind];
    said.classList.remove('problem');
    fill(said, how, pending);
    said.hidden = !how && !pending;
  }

  function refuse(error) {
    said.classList.add('problem');
    said.hidden = false;
    fill(said, error instanceof Refused ? error.text : String(error.message));
  }

  function drawHistory() {
    const use = (one) => () => {
      history.open = false;
      set(one);
      run();
    };
    history.hidden = latest.all.length === 0;
    fill(
      history,
      h(
        'summary',
        { class: 'button plain icon', 'aria-label': 'Latest filters', title: 'Latest filters' },
        icon('clock'),
      ),
      h(
        'div',
        { class: 'menu-list' },
        latest.all.map((one) => h('button', { type: 'button', class: 'mono', onclick: use(one) }, one)),
        h(
          'button',
          {
            type: 'button',
            class: 'quiet',
            onclick: () => {
              latest.forget();
              drawHistory();
            },
          },
          'Forget these',
        ),
      ),
    );
  }

  /** The editor takes the place of the plain input when somebody first goes there. */
  async function load() {
    const loaded = await editor({
      language: 'rule',
      value: input.value,
      label: 'Search or filter',
      placeholder: PLACEHOLDER,
      onchange: () => describe(),
      complete: completion(collection, collections),
      check: (typed) => check(collection, typed),
      onrun: run,
    });
    const hadFocus = document.activeElement === input;
    loaded.set(input.value);
    bar = loaded;
    input.replaceWith(loaded.element);
    if (hadFocus) focus();
    listenForEnter(loaded, run, text);
  }

  function focus() {
    if (!bar) return input.focus();
    bar.view.focus();
    bar.view.dispatch({ selection: { anchor: bar.view.state.doc.length } });
  }

  drawHistory();
  describe();
  const element = h(
    'div',
    { class: 'filter-bar', role: 'search' },
    box,
    iconButton('search', 'Apply the filter', { onclick: run }),
    clear,
    history,
  );
  return { element, said, set, focus, refuse };
}

const listed = (names) =>
  names.length > 6 ? `${names.slice(0, 6).join(', ')} and ${names.length - 6} more` : names.join(', ');

/** Enter applies; it takes a completion only while an expression is typed, or when one was gone to by the arrows. */
function listenForEnter({ element, view }, run, text) {
  let chose = false;
  element.addEventListener(
    'keydown',
    (event) => {
      const offers = view.dom.getRootNode().querySelector('.cm-tooltip-autocomplete');
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') chose = Boolean(offers);
      else if (event.key !== 'Enter') chose = false;
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      if (offers && (chose || isExpression(text()))) return;
      event.preventDefault();
      event.stopPropagation();
      run();
    },
    true,
  );
}

/** Fields, those of related records, macros. */
function completion(collection, collections) {
  const fieldsOf = (of, before) =>
    of.fields
      .filter((field) => field.type !== 'password' && field.name !== 'tokenKey')
      .map((field) => ({ label: before + field.name, type: 'property', detail: field.type }));
  return (context) => {
    const word = context.matchBefore(/[@\w.:]+/);
    if (!word) return context.explicit ? { from: context.pos, options: fieldsOf(collection, '') } : null;
    if (word.text.startsWith('@'))
      return {
        from: word.from,
        options: MACROS.map((name) => ({ label: `@${name}`, type: 'constant' })),
        validFor: /^@\w*$/,
      };
    const path = word.text.split('.').slice(0, -1);
    let target = collection;
    for (const name of path)
      target = collections.get(target?.fields.find((field) => field.name === name)?.collectionId);
    const before = path.map((name) => `${name}.`).join('');
    return target ? { from: word.from, options: fieldsOf(target, before), validFor: /^[\w.]*$/ } : null;
  };
}

/** Asks the server whether it understands an expression, without looking for anything. */
async function check(collection, typed) {
  if (!isExpression(typed)) return [];
  try {
    await get(records(collection.name), { filter: `id = "" && (${typed}\n)`, perPage: 1, skipTotal: 1, fields: 'id' });
    return [];
  } catch (error) {
    if (error.status !== 400) return [];
    // The message may name what it is about.
    const name = /`([^`]+)`/.exec(error.message)?.[1];
    const from = name ? typed.indexOf(name) : -1;
    return [
      from >= 0
        ? { from, to: from + name.length, message: error.message }
        : { from: 0, to: typed.length, message: error.message },
    ];
  }
}

/** The latest filters of a collection, kept in this browser. */
class Latest {
  #key;

  constructor(id) {
    this.#key = `holdall.filters.${id}`;
    try {
      this.all = JSON.parse(localStorage.getItem(this.#key)) ?? [];
    } catch {
      this.all = [];
    }
  }

  add(text) {
    this.#keep([text, ...this.all.filter((one) => one !== text)].slice(0, LATEST_KEPT));
  }

  forget() {
    this.#keep([]);
  }

  #keep(list) {
    this.all = list;
    try {
      localStorage.setItem(this.#key, JSON.stringify(list));
    } catch {
      /* without storage they last as long as the page */
    }
  }
}
