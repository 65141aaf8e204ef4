// The list at the side: which collections are pinned, which groups are open, how wide it is and how far it is scrolled,
// all kept in this browser; its search; and on phones, where it lies over the page, how it opens and closes. The page
// waits for this module with its first picture, so it imports little.

import { fill, find, h, icon } from './lib/dom.js';
import { kept } from './lib/kept.js';

const WIDTH_MIN = 180;
const WIDTH_MAX = 480;
const WIDTH_STEP = 16;
const SCROLL_KEY = 'holdall side scroll';

const pinned = kept('pinned', []);
const groupsOpen = kept('groups', {});
const keptWidth = kept('side width', 0);

const side = find('#side');
const groups = [...side.querySelectorAll('[data-group]')];
const [pins, own, system] = ['pinned', 'own', 'system'].map((name) =>
  groups.find((group) => group.dataset.group === name),
);
/** All collections in their order, each with the list that it is in unless it is pinned. */
const items = [...side.querySelectorAll('[data-collections] > li[data-id]')].map((item) => ({
  item,
  home: item.parentElement,
}));

// --- pins ---
function pin(item) {
  const ids = pinned.get();
  const { id } = item.dataset;
  pinned.set(ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id]);
  const focused = document.activeElement;
  drawPins();
  // An element that moves loses the focus.
  focused.focus();
  item.scrollIntoView({ block: 'nearest' });
}

function drawPins() {
  const ids = pinned.get();
  for (const { item, home } of items) {
    const isPinned = ids.includes(item.dataset.id);
    (isPinned ? pins.querySelector('ul') : home).append(item);
    item.querySelector('.pin').setAttribute('aria-pressed', String(isPinned));
  }
  pins.hidden = pins.querySelector('li') === null;
  own.querySelector('summary').hidden = pins.hidden;
  filter();
}

for (const { item } of items) {
  const name = item.querySelector('a > span').textContent;
  item.append(
    h(
      'button',
      { type: 'button', class: 'plain icon pin', 'aria-label': `Pin ${name}`, title: 'Pin', onclick: () => pin(item) },
      icon('pin'),
    ),
  );
}
pinned.onchange(drawPins);

// --- groups ---
/** Opens the groups that were left open; that of the page which is shown is always. */
function openGroups() {
  const open = groupsOpen.get();
  for (const group of groups) {
    const isMeant = open[group.dataset.group] ?? group !== system;
    group.open = isMeant || group.querySelector('[aria-current]') !== null || (group === own && pins.hidden);
  }
}

for (const group of groups) {
  group.querySelector('summary').addEventListener('click', () => {
    if (search.value === '') groupsOpen.set({ ...groupsOpen.get(), [group.dataset.group]: !group.open });
  });
}

// --- the search ---
const search = find('[data-side-search]', side);
const clear = find('[data-side-clear]', side);

function filter() {
  const wanted = search.value.trim().toLowerCase();
  let count = 0;
  for (const { item } of items) {
    const { name, id, kind } = item.dataset;
    item.hidden = wanted !== '' && !name.includes(wanted) && !id.toLowerCase().includes(wanted) && kind !== wanted;
    if (!item.hidden) count += 1;
  }
  clear.hidden = search.value === '';
  fill(find('[data-side-none]', side), count === 0 && wanted !== '' && 'No collection has this name, id or type.');
  if (wanted === '') openGroups();
  else for (const group of groups) group.open = group.querySelector('li:not([hidden])') !== null;
}

function clearSearch() {
  search.value = '';
  filter();
  search.focus();
}

const links = () =>
  [...side.querySelectorAll('.side-search input, .collections > li:not([hidden]) a')].filter((link) =>
    link.checkVisibility(),
  );

search.addEventListener('input', filter);
clear.addEventListener('click', clearSearch);
search.addEventListener('keydown', (event) => {
  if (event.key === 'Enter') links()[1]?.click();
  if (event.key !== 'Escape' || search.value === '') return;
  event.preventDefault();
  // It has cleared the search, and closes nothing.
  event.stopPropagation();
  clearSearch();
});
side.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const all = links();
  const at = all.indexOf(event.target.closest('li')?.querySelector('a') ?? event.target);
  if (!step || at === -1) return;
  event.preventDefault();
  all[Math.max(0, Math.min(at + step, all.length - 1))].focus();
});

// --- its width ---
const edge = find('[data-side-edge]');
const usualWidth = () => Math.round(side.getBoundingClientRect().width);

function setWidth(width) {
  const wanted = width && Math.max(WIDTH_MIN, Math.min(Math.round(width), WIDTH_MAX));
  if (wanted) document.documentElement.style.setProperty('--side', `${wanted}px`);
  else document.documentElement.style.removeProperty('--side');
  edge.setAttribute('aria-valuenow', wanted || usualWidth());
  return wanted;
}

edge.setAttribute('aria-valuemin', WIDTH_MIN);
edge.setAttribute('aria-valuemax', WIDTH_MAX);
const readWidth = () => setWidth(keptWidth.get());
edge.addEventListener('pointerdown', (event) => {
  event.preventDefault();
  edge.focus();
  edge.setPointerCapture(event.pointerId);
  const move = ({ clientX }) => setWidth(clientX);
  edge.addEventListener('pointermove', move);
  edge.addEventListener(
    'lostpointercapture',
    () => {
      edge.removeEventListener('pointermove', move);
      keptWidth.set(Number(edge.getAttribute('aria-valuenow')));
    },
    { once: true },
  );
});
edge.addEventListener('dblclick', () => keptWidth.set(setWidth(0)));
edge.addEventListener('keydown', (event) => {
  const step = { ArrowRight: WIDTH_STEP, ArrowLeft: -WIDTH_STEP, Home: -WIDTH_MAX, End: WIDTH_MAX }[event.key];
  if (!step) return;
  event.preventDefault();
  keptWidth.set(setWidth(Number(edge.getAttribute('aria-valuenow')) + step));
});
keptWidth.onchange(readWidth);

// --- on phones: over the page ---
const phone = matchMedia('(max-width: 52rem)');
const opener = find('[data-open-side]');

/** Opens or closes it; while it is open, nothing else can be reached. */
function show(isOpen) {
  if (isOpen === document.body.classList.contains('side-open')) return;
  document.body.classList.toggle('side-open', isOpen);
  for (const element of document.querySelectorAll('body > .page, body > .skip')) element.inert = isOpen;
  opener.setAttribute('aria-expanded', String(isOpen));
  if (isOpen) find('[data-close-side]', side).focus();
  else opener.focus();
}

opener.addEventListener('click', () => show(true));
for (const button of document.querySelectorAll('[data-close-side]'))
  button.addEventListener('click', () => show(false));
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') show(false);
});
phone.addEventListener('change', () => show(false));

/** Puts the cursor into the search, wherever the list is. */
export function findCollection() {
  if (phone.matches) show(true);
  search.focus();
  search.select();
}

drawPins();
readWidth();
side.scrollTop = Number(sessionStorage.getItem(SCROLL_KEY)) || 0;
side.querySelector('.collections [aria-current]')?.scrollIntoView({ block: 'nearest' });
addEventListener('pagehide', () => sessionStorage.setItem(SCROLL_KEY, String(side.scrollTop)));
