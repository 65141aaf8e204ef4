// The filter bar: words to look for or a filter expression, whichever is typed; what the server says to it and where,
// and the latest ones. Used by records.js. What is offered while one types is in complete.js.

import { Refused, ownPage, post } from '../lib/api.js';
import { fill, h, icon, iconButton } from '../lib/dom.js';
import { editor } from '../lib/editor.js';
import { Latest } from './latest.js';
import { isExpression, searchedFields, understand } from './query.js';

/** So much of an expression is shown around what is wrong in it. */
const AROUND_CHARS = 40;

/** What the empty field says: a filter that this collection really takes. */
function exampleFor({ fields }) {
  const has = (type) => fields.find((field) => field.type === type && !field.hidden && !field.system)?.name;
  const [text, date] = [has('text') ?? has('editor') ?? has('email'), has('autodate') ?? has('date')];
  const tests = [text && `${text} ~ "word"`, date && `${date} > @todayStart`].filter(Boolean);
  return tests.length > 0 ? `Search, or filter: ${tests.join(' && ')}` : 'Search or filter';
}

/**
 * @param {{ collection: object, collections: Map<string, object>, onfilter: (text: string) => void }} options
 * @returns `{ element, said, set(text), focus(), refuse(error) }`
 */
export function filterBar({ collection, collections, onfilter }) {
  const latest = new Latest(collection.id);
  const placeholder = exampleFor(collection);
  let applied = '';
  let made;
  const input = h('input', {
    type: 'search',
    placeholder,
    'aria-label': 'Search or filter',
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 5000,
    oninput: () => describe(),
    onfocus: () => {
      // Without the editor the plain input goes on doing.
      made ??= load().catch(() => {});
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
    const { kind, left } = understand(typed, collection);
    const searched = searchedFields(collection).filter((name) => !left.includes(name));
    clear.hidden = typed === '' && applied === '';
    const pending =
      typed === applied ? null : h('span', {}, h('kbd', {}, 'Enter'), typed ? ' to apply' : ' to show all');
    const how = {
      none: null,
      search: [
        h('span', { class: 'badge' }, 'Search'),
        `in ${listed(searched)}`,
        left.length > 0 && h('strong', {}, `Too long for all fields: not in ${listed(left)}`),
      ],
      filter: h('span', { class: 'badge accent' }, 'Filter expression'),
    }[kind];
    said.classList.remove('problem');
    box.classList.remove('refused');
    fill(said, how, pending);
    said.hidden = !how && !pending;
  }

  /** Says what is wrong and, if one knows, where. */
  function blame(message, where) {
    said.classList.add('problem');
    box.classList.add('refused');
    said.hidden = false;
    fill(said, h('span', {}, sentence(message)), where);
  }

  /** What the server has refused; where it is wrong, it says when it is asked about the expression alone. */
  async function refuse(error) {
    const refused = applied;
    blame(error instanceof Refused ? error.text : String(error.message));
    const [found] = await check(collection, refused);
    if (found && refused === text()) blame(found.message, pointedAt(refused, found));
  }

  /** What is wrong with what is being typed, for the editor to underline. */
  async function look(typed) {
    const problems = await check(collection, typed);
    if (problems.length > 0 && typed.trim() === text()) blame(problems[0].message, pointedAt(typed, problems[0]));
    return problems;
  }

  function drawHistory() {
    const use = (one) => {
      history.open = false;
      set(one);
      run();
    };
    const change = (event, action) => {
      // What is clicked goes, and so would the menu, which closes on clicks elsewhere.
      event.stopPropagation();
      action();
      drawHistory();
      (history.querySelector('.menu-list button') ?? input).focus();
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
        latest.all.map((one) =>
          h(
            'div',
            { class: 'latest' },
            h(
              'button',
              { type: 'button', class: 'plain mono', title: one, onclick: () => use(one) },
              h('span', {}, one),
            ),
            iconButton('x', `Forget ${one}`, { onclick: (event) => change(event, () => latest.remove(one)) }),
          ),
        ),
        h(
          'button',
          { type: 'button', class: 'quiet', onclick: (event) => change(event, () => latest.clear()) },
          'Forget all',
        ),
      ),
    );
  }

  /** The editor takes the place of the plain input when somebody first goes there. */
  async function load() {
    const { completion } = await import('./complete.js');
    const loaded = await editor({
      language: 'rule',
      value: input.value,
      label: 'Search or filter',
      placeholder,
      onchange: () => describe(),
      complete: completion(collection, collections),
      check: look,
      onrun: run,
    });
    const hadFocus = document.activeElement === input;
    const caret = input.selectionStart ?? input.value.length;
    loaded.set(input.value);
    bar = loaded;
    input.replaceWith(loaded.element);
    if (hadFocus) focus(caret);
    listenForEnter(loaded, run, text);
  }

  function focus(caret) {
    if (!bar) return input.focus();
    bar.view.focus();
    bar.view.dispatch({ selection: { anchor: caret ?? bar.view.state.doc.length } });
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

/**
 * Enter applies; it takes a completion only while an expression is typed, or when one was gone to by the arrows. Tab
 * takes one in any case, and goes on if there is none.
 */
function listenForEnter({ element, view }, run, text) {
  let chose = false;
  element.addEventListener(
    'keydown',
    (event) => {
      const offers = view.dom.getRootNode().querySelector('.cm-tooltip-autocomplete');
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') chose = Boolean(offers);
      else if (event.key !== 'Enter') chose = false;
      const isEnter = event.key === 'Enter' && !event.shiftKey;
      const isTab = event.key === 'Tab' && !event.shiftKey;
      const takes = offers && (isTab || (isEnter && (chose || isExpression(text()))));
      if (event.isComposing || !(takes || isEnter)) return;
      event.preventDefault();
      event.stopPropagation();
      // As if it were clicked: right after it has opened, the list takes no keys, and Enter would break the line.
      if (takes)
        offers.querySelector('[aria-selected="true"]')?.dispatchEvent(new MouseEvent('mousedown', { bubbles: true }));
      else run();
    },
    true,
  );
}

/** What the server says of an expression, as a sentence, with names as code. */
const sentence = (message) =>
  (message[0].toUpperCase() + message.slice(1))
    .split('`')
    .map((part, at) => (at % 2 === 0 ? part : h('code', {}, part)));

/** The part of an expression that is wrong, with what is around it. */
function pointedAt(text, { from, to }) {
  const before = text.slice(0, from);
  const after = text.slice(to);
  return h(
    'code',
    {},
    before.length > AROUND_CHARS ? `… ${before.slice(-AROUND_CHARS)}` : before,
    // At the very end there is nothing to mark but the place itself.
    h('mark', {}, text.slice(from, to) || '\u00a0'),
    after.length > AROUND_CHARS ? `${after.slice(0, AROUND_CHARS)} …` : after,
  );
}

/** Asks the server whether it understands an expression, without looking for anything: `[{ from, to, message }]`. */
async function check(collection, typed) {
  if (!isExpression(typed)) return [];
  try {
    const body = { collection: { id: collection.id }, rule: typed };
    return (await post('/_/check-rule', body, { headers: ownPage() })).problems;
  } catch (error) {
    // Who only types is told nothing of the network; whoever applies the filter is.
    if (error instanceof Refused) return [];
    throw error;
  }
}
