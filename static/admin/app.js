// What every page of the dashboard does: colours, menus, the palette, shortcuts, the session. The list at the side is
// in `side.js`.

import { root } from './lib/api.js';
import { toast } from './lib/feedback.js';
import { MOD, shortcut, showShortcuts } from './lib/keys.js';
import { command, openPalette } from './lib/palette.js';
import { watchSession } from './lib/session.js';
import { findCollection } from './side.js';

const YEAR_SECONDS = 365 * 86_400;
const all = (selector) => document.querySelectorAll(selector);

// --- colours ---
function choose(theme) {
  document.documentElement.dataset.theme = theme;
  document.cookie = `holdall_theme=${theme}; path=${root.pathname}; max-age=${YEAR_SECONDS}; samesite=lax`;
  for (const button of all('[data-theme-choice]'))
    button.setAttribute('aria-pressed', String(button.dataset.themeChoice === theme));
  document.dispatchEvent(new CustomEvent('themechange'));
}
for (const button of all('[data-theme-choice]')) {
  button.addEventListener('click', () => choose(button.dataset.themeChoice));
  command(`Colours: ${button.textContent.toLowerCase()}`, () => choose(button.dataset.themeChoice), 'Account');
}

// --- menus close when somebody clicks elsewhere, presses Escape or goes on by Tab ---
const closeMenus = (but) => {
  for (const menu of all('details.menu[open]')) if (!menu.contains(but)) menu.open = false;
};
document.addEventListener('click', (event) => closeMenus(event.target));
document.addEventListener('focusin', (event) => closeMenus(event.target));

// --- Escape closes the uppermost thing, and only that ---
// Left to itself, a browser that is told Escape twice in a row closes several dialogs at once, unasked.
document.addEventListener('keydown', (event) => {
  const { target } = event;
  const clears = target.matches?.('input[type="search"]') && target.value !== '';
  if (event.key !== 'Escape' || event.defaultPrevented || event.isComposing || clears) return;
  const dialog = [...all('dialog:modal')].at(-1);
  const menu = (dialog ?? document).querySelector('details.menu[open]');
  if (menu) {
    menu.open = false;
    menu.querySelector('summary').focus();
  } else if (dialog?.dispatchEvent(new Event('cancel', { cancelable: true }))) dialog.close('');
  if (menu || dialog) event.preventDefault();
});

// --- palette and shortcuts ---
for (const key of all('[data-palette] kbd')) key.textContent = `${MOD} K`;
for (const button of all('[data-palette]')) button.addEventListener('click', openPalette);
for (const button of all('[data-shortcuts]')) {
  button.addEventListener('click', () => {
    const menu = button.closest('details');
    menu.open = false;
    // What opens gives the focus back to where it was, and the button can't be seen then.
    menu.querySelector('summary').focus();
    showShortcuts();
  });
}
command('Keyboard shortcuts', showShortcuts, 'Help');
for (const link of all('.account-menu a')) command(link.textContent.trim(), () => link.click(), 'Account');
command('Sign out', () => document.querySelector('[data-sign-out]').requestSubmit(), 'Account');
shortcut('mod+k', 'Go to a page, a collection, a record or an action', openPalette);
shortcut('?', 'Show these shortcuts', showShortcuts);
const follow = (section) => () => document.querySelector(`.side .nav a[href$="/_/${section}"]`)?.click();
for (const [keys, section, label] of [
  ['g o', '', 'Overview'],
  ['g l', 'logs', 'Logs'],
  ['g b', 'backups', 'Backups'],
  ['g s', 'settings', 'Settings'],
  ['g a', 'access', 'Access'],
  ['g q', 'sql', 'SQL'],
]) {
  shortcut(keys, `Go to ${label}`, follow(section));
}
shortcut('g c', 'Search collections', findCollection);

// --- the session ---
watchSession();

// --- htmx: say what went wrong ---
document.addEventListener('htmx:responseError', (event) => {
  if (event.detail.xhr.status === 401) document.dispatchEvent(new CustomEvent('sessiondoubt'));
  else toast(`The server answered ${event.detail.xhr.status}.`, 'problem');
});
document.addEventListener('htmx:sendError', () => toast("The server can't be reached.", 'problem'));
