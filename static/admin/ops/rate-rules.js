// The rows of rate limits: what is counted, for whom, how many requests in how many seconds. Called by `controls`.

import { getAll } from '../lib/api.js';
import { fill, h, iconButton, uniqueId } from '../lib/dom.js';
import { keepFocus } from './keep-focus.js';
import { numberIn } from './numbers.js';

/** What can be counted of a collection; those in the second list, only of one whose accounts sign in. */
const TAGS = ['list', 'view', 'create', 'update', 'delete', 'file'];
const AUTH_TAGS = ['listAuthMethods', 'authRefresh', 'auth', 'authWithPassword', 'authWithOAuth2', 'authWithOTP',
  'authWithTOTP',
  'authWithRecoveryCode', 'authWithPasskey', 'requestOTP', 'requestPasswordReset', 'confirmPasswordReset',
    'requestVerification',
  'confirmVerification', 'requestEmailChange', 'confirmEmailChange'];
const PATHS = ['/api/', '/api/batch', '/api/realtime', '/api/files/', 'POST /api/', 'GET /api/'];
const AUDIENCES = [['', 'Everybody'], ['@guest', 'Guests'], ['@auth', 'Signed in']];

/** Everything that a label may be, for completion. */
export const labels = (collections) => [...[...TAGS, ...AUTH_TAGS].map((tag) => `*:${tag}`), ...PATHS,
  ...collections.flatMap(({ name, type }) => [name,
    ...[...TAGS, ...(type === 'auth' ? AUTH_TAGS : [])].map((tag) => `${name}:${tag}`)])];

/** The rows; inputs are named as the server names what is wrong with them: `path.0.label`. */
export function rateRules(path) {
  const id = uniqueId('labels');
  const options = h('datalist', { id });
  const body = h('tbody');
  const add = h('button', { type: 'button', class: 'small',
    onclick: () => append({ label: '', audience: '', maxRequests: 300, duration: 10 }, true) }, 'Add a limit');
  let locked = false;

  const input = (key, label, attributes) => h('input',
    { 'aria-label': label, dataset: { key }, autocomplete: 'off', ...attributes });
  function append(rule, focus = false) {
    const label = input('label', 'What is counted',
      { value: rule.label, list: id, class: 'mono', placeholder: '*:auth, posts:create, /api/', spellcheck: 'false' });
    const row = h('tr', {},
      h('td', { class: 'field' }, label),
      h('td', { 'data-label': 'For whom' }, h('select', { 'aria-label': 'For whom', dataset: { key: 'audience' } },
        AUDIENCES.map(([value, name]) => h('option', { value, selected: value === rule.audience }, name)))),
      h('td', { class: 'field', 'data-label': 'Requests' }, input('maxRequests', 'Requests',
        { type: 'number', min: 1, step: 1, value: rule.maxRequests })),
      h('td', { class: 'field', 'data-label': 'Seconds' }, input('duration', 'Seconds',
        { type: 'number', min: 1, step: 1, value: rule.duration })),
      h('td', {}, iconButton('trash', 'Remove this limit', { onclick: () => remove(row) })));
    body.append(row);
    changed();
    if (focus) label.focus();
  }
  function remove(row) {
    const giveFocusBack = keepFocus(body, add);
    row.remove();
    changed();
    giveFocusBack();
  }
  function changed() {
    [...body.rows].forEach((row, at) => {
      for (const one of row.querySelectorAll('[data-key]')) one.name = `${path}.${at}.${one.dataset.key}`;
    });
    body.dispatchEvent(new Event('input', { bubbles: true }));
  }

  const element = h('div', { class: 'rate-rules' },
    h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Rate limits' }, h('table', {},
      h('thead', {}, h('tr', {}, ['What is counted', 'For whom', 'Requests',
        'In seconds'].map((title) => h('th', { scope: 'col' }, title)), h('td'))), body)),
    h('div', { class: 'row' }, add), options);
  // Without names of collections there is less to complete, and nothing else.
  getAll('/api/collections').catch(() => []).then((collections) =>
    fill(options, labels(collections).map((value) => h('option', { value }))));

  const cell = (row, key) => row.querySelector(`[data-key="${key}"]`);
  return {
    element,
    get: () => [...body.rows].map((row) => ({
      label: cell(row, 'label').value.trim(), audience: cell(row, 'audience').value,
      duration: numberIn(cell(row, 'duration')), maxRequests: numberIn(cell(row, 'maxRequests')),
    })),
    set(rules) {
      body.replaceChildren();
      for (const rule of rules ?? []) append(rule);
      if (locked) this.lock();
    },
    lock() {
      locked = true;
      for (const one of element.querySelectorAll('input, select, button')) one.disabled = true;
    },
  };
}
