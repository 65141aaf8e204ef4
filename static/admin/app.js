// What every page of the dashboard does: the list at the side, colours, the palette, shortcuts.

import { root } from './lib/api.js';
import { shortcut, showShortcuts } from './lib/keys.js';
import { openPalette } from './lib/palette.js';
import { toast } from './lib/feedback.js';

const YEAR_SECONDS = 365 * 86_400;
const all = (selector) => document.querySelectorAll(selector);

// --- the list at the side ---
for (const button of all('[data-open-side]')) button.addEventListener('click', () => document.body.classList.add('side-open'));
for (const button of all('[data-close-side]')) button.addEventListener('click', () => document.body.classList.remove('side-open'));
const search = document.querySelector('[data-side-search]');
search?.addEventListener('input', () => {
  const wanted = search.value.trim().toLowerCase();
  for (const item of all('[data-collections] > li[data-name]')) {
    item.hidden = !item.dataset.name.includes(wanted) && !item.dataset.id.includes(wanted);
  }
  const system = document.querySelector('.side details.system');
  if (wanted && system?.querySelector('li:not([hidden])')) system.open = true;
});
search?.addEventListener('keydown', (event) => {
  if (event.key === 'Enter') document.querySelector('[data-collections] > li:not([hidden]) a')?.click();
});
document.querySelector('.side [aria-current]')?.scrollIntoView({ block: 'nearest' });

// --- colours ---
for (const button of all('[data-theme-choice]')) {
  button.addEventListener('click', () => {
    const choice = button.dataset.themeChoice;
    document.documentElement.dataset.theme = choice;
    document.cookie = `holdall_theme=${choice}; path=${root.pathname}; max-age=${YEAR_SECONDS}; samesite=lax`;
    for (const other of all('[data-theme-choice]')) other.setAttribute('aria-pressed', String(other === button));
    document.dispatchEvent(new CustomEvent('themechange'));
  });
}

// --- menus close when somebody clicks elsewhere, or presses Escape ---
document.addEventListener('click', (event) => {
  for (const menu of all('details.menu[open]')) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  for (const menu of all('details.menu[open]')) {
    menu.open = false;
    menu.querySelector('summary').focus();
  }
  document.body.classList.remove('side-open');
});

// --- palette and shortcuts ---
for (const button of all('[data-palette]')) button.addEventListener('click', openPalette);
for (const button of all('[data-shortcuts]')) button.addEventListener('click', showShortcuts);
shortcut('mod+k', 'Go to a page, a collection, an action', openPalette);
shortcut('?', 'Show these shortcuts', showShortcuts);
const follow = (section) => () => document.querySelector(`.side .nav a[href$="/_/${section}"]`)?.click();
for (const [keys, section, label] of [['g o', '', 'Overview'], ['g l', 'logs', 'Logs'], ['g b', 'backups', 'Backups'], ['g s', 'settings', 'Settings'], ['g a', 'access', 'Access'], ['g q', 'sql', 'SQL']]) {
  shortcut(keys, `Go to ${label}`, follow(section));
}
shortcut('g c', 'Search collections', () => {
  document.body.classList.add('side-open');
  search?.focus();
});

// --- htmx: say what went wrong ---
document.addEventListener('htmx:responseError', (event) => {
  if (event.detail.xhr.status === 401) location.reload();
  else toast(`The server answered ${event.detail.xhr.status}.`, 'problem');
});
document.addEventListener('htmx:sendError', () => toast('The server can\'t be reached.', 'problem'));
