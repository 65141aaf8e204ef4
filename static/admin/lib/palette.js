// The command palette: go to any page or collection, do what the page offers, or open a record by its id, by typing a
// part of the name. What was chosen lately comes first.

import { address, get, records } from './api.js';
import { debounce, fill, h, uniqueId } from './dom.js';
import { keptOfOwner } from './kept.js';

const SHOWN_MAX = 50;
const RECENT_MAX = 8;
/** What may be the id of a record, and is worth asking the server for. */
const RECORD_ID = /^[a-z0-9][\w-]{9,99}$/i;
/** Parts of the settings, by the ids that they have on their page, which has commands for them of its own. */
const SETTINGS = {
  application: 'application, accent colour',
  mail: 'mail, SMTP',
  files: 'files, S3',
  backups: 'backups',
  logs: 'logs',
  batch: 'batch requests',
  'rate-limits': 'rate limits',
  proxy: 'proxy',
  superusers: 'superusers, IP addresses',
};
/** What commands are about that every page has. */
const GENERAL = new Set(['Account', 'Help']);

const commands = [];
const recent = keptOfOwner('palette', []);

/** Adds what the page offers: `label`, `hint`, `run`. */
export function command(label, run, hint = '') {
  commands.push({ label, run, hint });
}

const nameOf = (element) => (element.getAttribute('aria-label') ?? element.textContent).trim().replace(/\s+/g, ' ');

/** Everything that the frame links to, and the other pages of each collection. */
function places() {
  const pages = [...document.querySelectorAll('.side .nav:not(.collections) a, .side-head a')]
    .filter((link) => link.checkVisibility())
    .map((link) => ({ label: nameOf(link), hint: 'Page', run: () => link.click() }));
  const collections = [...document.querySelectorAll('.side .collections > li[data-id]')].flatMap((item) => {
    const link = item.querySelector('a');
    const label = link.querySelector('span').textContent;
    const more = (end) => () => location.assign(`${link.href}/${end}`);
    return [
      { label, hint: 'Collection', run: () => link.click() },
      { label: `${label}: definition`, hint: 'Collection', run: more('edit'), isMore: true },
      { label: `${label}: API`, hint: 'Collection', run: more('api'), isMore: true },
    ];
  });
  const elsewhere = document.body.dataset.section === 'settings' ? {} : SETTINGS;
  const settings = Object.entries(elsewhere).map(([id, name]) => ({
    label: `Settings: ${name}`,
    hint: 'Page',
    run: () => location.assign(address(`/_/settings#${id}`)),
    isMore: true,
  }));
  return [...pages, ...collections, ...settings];
}

/** What the buttons in the bar at the top do. */
function actions() {
  const found = document.querySelectorAll(
    '.top-actions > :is(button, a):not([data-palette]), .top-actions > span > :is(button, a)',
  );
  return [...found]
    .filter((element) => !element.disabled && element.checkVisibility())
    .map((element) => ({ label: nameOf(element), hint: 'Here', run: () => element.click() }));
}

/**
 * All that can be chosen, what belongs to the page first and what belongs to none last. Of what has the same name the
 * first is taken.
 */
function everything() {
  const found = new Map();
  const [general, own] = [true, false].map((wanted) => commands.filter(({ hint }) => GENERAL.has(hint) === wanted));
  for (const entry of [...own, ...actions(), ...places(), ...general]) {
    const key = `${entry.label} ${entry.hint === 'Collection' ? 'of a collection' : ''}`;
    if (!found.has(key)) found.set(key, { ...entry, key });
  }
  return [...found.values()];
}

/**
 * How well a name fits: all of it, the start of it, the start of a word, the starts of its words, somewhere, its
 * letters in order and near each other; -1 if not at all.
 */
export function score(name, typed) {
  const [text, wanted] = [name.toLowerCase(), typed.toLowerCase().trim()];
  if (wanted === '') return 1;
  if (text === wanted) return 6;
  const at = text.indexOf(wanted);
  if (at === 0) return 5;
  if (at > 0 && /[\s_-]/.test(text[at - 1])) return 4;
  const starts = text
    .split(/[\s_:-]+/)
    .map((word) => word[0] ?? '')
    .join('');
  if (starts.startsWith(wanted)) return 3;
  if (at > 0) return 2;
  let end = -1;
  let begin;
  for (const letter of wanted) {
    end = text.indexOf(letter, end + 1);
    if (end === -1) return -1;
    begin ??= end;
  }
  return wanted.length / (end - begin + 1);
}

/** Those that fit, the best first: of equal ones the one that was chosen lately, and then the shorter one. */
function best(all, typed) {
  const lately = recent.get();
  const age = ({ key }) => (lately.includes(key) ? lately.indexOf(key) : RECENT_MAX);
  const scored = all
    .filter((entry) => !entry.isMore || typed.trim() !== '')
    .map((entry) => ({ entry, fit: score(entry.label, typed) }))
    .filter(({ fit }) => fit >= 0);
  const byLength = (a, b) => (typed.trim() === '' ? 0 : a.label.length - b.label.length);
  return scored
    .sort((a, b) => b.fit - a.fit || age(a.entry) - age(b.entry) || byLength(a.entry, b.entry))
    .slice(0, SHOWN_MAX)
    .map(({ entry }) => entry);
}

function remember({ key }) {
  if (key) recent.set([key, ...recent.get().filter((one) => one !== key)].slice(0, RECENT_MAX));
}

/** The records with this id, in whichever collections. */
async function withId(id) {
  const items = [...document.querySelectorAll('.side .collections > li[data-id]:not([data-kind="view"])')];
  const found = await Promise.all(
    items.map(async (item) => {
      const query = { filter: `id = "${id}"`, fields: 'id', perPage: 1, skipTotal: 1 };
      const answer = await get(records(item.dataset.id), query).catch(() => null);
      const link = item.querySelector('a');
      return (
        answer?.items.length === 1 && {
          label: `${link.querySelector('span').textContent}: ${id}`,
          hint: 'Record',
          run: () => location.assign(`${link.href}?record=${encodeURIComponent(id)}`),
        }
      );
    }),
  );
  return found.filter(Boolean);
}

export function openPalette() {
  if (document.querySelector('.palette[open]')) return;
  const id = uniqueId('palette');
  const all = everything();
  let shown = [];
  let byId = [];
  let chosen = 0;
  const list = h('ul', { id, role: 'listbox', 'aria-label': 'Results' });
  const says = h('p', { class: 'visually-hidden', role: 'status' });
  const move = (to) => {
    chosen = (to + shown.length) % shown.length;
    mark();
  };
  const input = h('input', {
    type: 'text',
    role: 'combobox',
    'aria-label': 'Go to a page or collection',
    'aria-controls': id,
    'aria-expanded': 'true',
    'aria-autocomplete': 'list',
    placeholder: 'A page, a collection, an action, the id of a record …',
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: () => {
      byId = [];
      chosen = 0;
      draw();
      lookFor(input.value.trim());
    },
    onkeydown: (event) => {
      if (event.isComposing) return;
      const to = {
        ArrowDown: chosen + 1,
        ArrowUp: chosen - 1,
        PageDown: Math.min(chosen + 8, shown.length - 1),
        PageUp: Math.max(chosen - 8, 0),
      }[event.key];
      if (to !== undefined && shown.length > 0) {
        move(to);
        event.preventDefault();
      }
      if (event.key === 'Enter') pick(shown[chosen]);
    },
  });
  const dialog = h('dialog', { class: 'palette', 'aria-label': 'Go to' }, input, list, says);
  const lookFor = debounce(async (typed) => {
    if (!RECORD_ID.test(typed) || !dialog.open) return;
    const found = await withId(typed);
    if (input.value.trim() !== typed) return;
    byId = found;
    draw();
  });
  const pick = (entry) => {
    if (!entry) return;
    dialog.close();
    remember(entry);
    entry.run();
  };
  function mark() {
    [...list.children].forEach((option, at) => {
      if (option.role === 'option') option.setAttribute('aria-selected', String(at === chosen));
    });
    if (shown.length > 0) input.setAttribute('aria-activedescendant', `${id}-${chosen}`);
    else input.removeAttribute('aria-activedescendant');
    list.children[chosen]?.scrollIntoView({ block: 'nearest' });
  }
  function draw() {
    shown = [...byId, ...best(all, input.value)];
    fill(
      list,
      shown.map((entry, at) =>
        h(
          'li',
          { id: `${id}-${at}`, role: 'option', onclick: () => pick(entry) },
          h('span', {}, entry.label),
          h('span', { class: 'quiet small' }, entry.hint),
        ),
      ),
    );
    says.textContent = shown.length === 0 ? 'Nothing has this name.' : `${shown.length} results`;
    if (shown.length === 0)
      fill(list, h('li', { class: 'quiet', role: 'option', 'aria-disabled': 'true' }, 'Nothing has this name.'));
    mark();
  }
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('mousedown', (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  draw();
  input.focus();
}
