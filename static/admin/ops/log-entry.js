// One entry of the log: as a row of the list, and with everything it has in a panel. Called by the page Logs. What is
// in an entry comes from whoever sent the request, so all of it is text.

import { address } from '../lib/api.js';
import { h, icon, iconButton } from '../lib/dom.js';
import { download } from '../lib/download.js';
import { copy, panel } from '../lib/feedback.js';
import { duration, toDate, when } from '../lib/format.js';
import { levelName } from './log-filter.js';
import { quoted } from './program-log.js';

const KINDS = { Debug: '', Info: 'info', Warning: 'warn', Error: 'problem' };
const URL_SHOWN_MAX = 300;

const levelBadge = (level) => {
  const name = levelName(level);
  return h('span', { class: `badge ${KINDS[name]}`, title: `Level ${level}` }, name);
};

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const shortTime = (text) => {
  const date = toDate(text);
  if (!date) return '';
  return date.toDateString() === new Date().toDateString() ? time.format(date)
    : `${day.format(date)}, ${time.format(date)}`;
};

function statusKind(status) {
  if (status >= 500) return 'problem';
  if (status >= 400) return 'warn';
  return status >= 300 ? 'info' : 'good';
}

/** The few facts that tell entries apart. */
function chips(data) {
  const chip = (text, kind = '', title) => h('span', { class: `badge ${kind}`, title }, text);
  return [
    typeof data.status === 'number' && chip(data.status, statusKind(data.status), 'Status'),
    typeof data.execTime === 'number' && chip(duration(data.execTime), '', 'Time until the answer began'),
    data.auth && chip(data.auth, 'accent', data.authId ? `Account ${data.authId}` : 'Account of this collection'),
    data.userIP && chip(data.userIP, '', 'Address'),
    data.job && chip(data.job, '', 'Job'),
  ];
}

/** What it is about: method and path of a request, what the program said otherwise. */
function summary({ message, data }) {
  if (data.type !== 'request' || !data.method) return h('span', { class: 'log-message' }, message);
  const url = String(data.url ?? '');
  return h('span', { class: 'log-message mono' }, h('b', {}, data.method), ' ',
    url.length > URL_SHOWN_MAX ? `${url.slice(0, URL_SHOWN_MAX)} …` : url);
}

/** A row; `onopen` shows it, `onselect(checked, event)` chooses it. */
export function logRow(entry, { onopen, onselect, selected }) {
  const { id, created, level } = entry;
  const data = entry.data ?? {};
  return h('li', { class: 'log-row', dataset: { log: id } },
    h('input', { type: 'checkbox', checked: selected, 'aria-label': `Select entry ${id}`,
      onclick: (event) => onselect(event.target.checked, event) }),
    levelBadge(level),
    h('button', { type: 'button', class: 'plain log-open', onclick: onopen }, summary({ ...entry, data }),
      data.error && h('span', { class: 'log-error' }, String(data.error))),
    h('span', { class: 'log-chips' }, chips(data)),
    h('time', { class: 'quiet small', datetime: created, title: `${when(created)}\n${created}` }, shortTime(created)));
}

/** Gives a text to save as a file. */
export function saveJson(value, name) {
  download(name, [`${JSON.stringify(value, null, 2)}\n`], 'application/json');
}

const shown = (value) => {
  if (value === null || value === undefined || value === '') return h('span', { class: 'quiet' },
    value === '' ? '(empty)' : 'none');
  if (typeof value === 'object') return h('pre', { class: 'code log-value' }, JSON.stringify(value, null, 2));
  return h('span', { class: 'mono log-value' }, String(value));
};
const asText = (value) => (typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value));
/** As a value of a filter; `undefined` for what can't be compared. */
const asOperand = (value) => {
  if (typeof value === 'string') return quoted(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
};

function fact(name, value, operand, onfilter) {
  return h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, shown(value)),
    h('td', { class: 'nowrap right' },
      operand !== undefined && iconButton('search', `Show entries with this ${name}`,
        { onclick: () => onfilter(`${name} = ${operand}`) }),
      value !== null && value !== '' && iconButton('copy', `Copy ${name}`, { onclick: () => copy(asText(value)) })));
}

/** Shows everything that an entry has. `onfilter` gets an expression. */
export function showEntry(entry, { onfilter, onclose }) {
  const { id, created, level, message } = entry;
  const data = entry.data ?? {};
  // Names that aren't words can't be written in an expression.
  const facts = Object.entries(data).map(([key, value]) =>
    [`data.${key}`, value, /^\w+$/.test(key) ? asOperand(value) : undefined]);
  const link = address(`/_/logs?log=${encodeURIComponent(id)}`);
  const dialog = panel((element, close) => h('div', { class: 'panel-inner' },
    h('div', { class: 'panel-head' }, levelBadge(level), h('h2', {}, 'Entry of the log'),
      iconButton('x', 'Close', { onclick: close })),
    h('div', { class: 'panel-body' },
      h('p', { class: 'log-title' }, message),
      h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'What the entry has' },
        h('table', { class: 'log-facts' }, h('tbody', {},
        fact('created', created, undefined, onfilter),
          h('tr', {}, h('th', { scope: 'row' }, 'your time'), h('td', { colspan: 2 }, when(created))),
        fact('level', level, String(level), filter), fact('message', message, quoted(message), filter),
        facts.map(([name, value, operand]) => fact(name, value, operand, filter)),
          fact('id', id, undefined, onfilter))))),
    h('div', { class: 'panel-foot' },
      h('button', { type: 'button', onclick: () => copy(link) }, icon('link'), 'Copy link'),
      h('button', { type: 'button', onclick: () => copy(JSON.stringify(entry, null, 2)) }, icon('copy'), 'Copy JSON'),
      h('button', { type: 'button', onclick: () => saveJson(entry, `log-${id}.json`) }, icon('download'),
        'Download JSON'))),
  { label: 'Entry of the log', onclose });
  function filter(expression) {
    dialog.close();
    onfilter(expression);
  }
  return dialog;
}
