// What a statement has answered, on the page SQL: a table that can be sorted, with long values shortened until somebody
// wants to see them; the plan of a question; files to take away.

import { fill, h, icon, iconButton } from '../lib/dom.js';
import { download } from '../lib/download.js';
import { copy, menu } from '../lib/feedback.js';
import { count } from '../lib/format.js';
import { cellOf } from '../lib/csv.js';

/** Longer values are cut in the table. */
const SHOWN_CHARS = 200;

/** A value as a whole; JSON in lines of its own. */
function showValue(name, text) {
  let pretty = text;
  try {
    const value = JSON.parse(text);
    if (value !== null && typeof value === 'object') pretty = JSON.stringify(value, null, 2);
  } catch {
    // It is just a text.
  }
  const dialog = h(
    'dialog',
    { class: 'sql-value', 'aria-label': name },
    h(
      'div',
      { class: 'row between' },
      h('h2', {}, name, ' ', h('span', { class: 'quiet small' }, `${count(text.length)} characters`)),
      iconButton('x', 'Close', { onclick: () => dialog.close() }),
    ),
    h('pre', { class: 'code', tabindex: 0, role: 'region', 'aria-label': `The value of ${name}` }, pretty),
    h(
      'footer',
      {},
      h('button', { type: 'button', onclick: () => copy(text) }, icon('copy'), 'Copy'),
      h('button', { type: 'button', class: 'main', onclick: () => dialog.close() }, 'Close'),
    ),
  );
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('mousedown', (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
}

function cell(value, { name }) {
  if (value === null) return h('td', { class: 'null' }, 'NULL');
  const isNumber = value !== '' && !Number.isNaN(Number(value));
  if (value.length <= SHOWN_CHARS) return h('td', { class: isNumber ? 'number' : '' }, value);
  return h(
    'td',
    {},
    `${value.slice(0, SHOWN_CHARS)}… `,
    h(
      'button',
      { type: 'button', class: 'small sql-more', onclick: () => showValue(name, value) },
      `All ${count(value.length)}`,
      h('span', { class: 'visually-hidden' }, ` characters of ${name}`),
    ),
  );
}

/** Numbers by size, everything else by text, NULL first. */
function sorted(rows, at, down) {
  const compare = (a, b) => {
    if (a === null || b === null) return (a !== null) - (b !== null);
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
  };
  return [...rows].sort((a, b) => compare(a[at], b[at]) * (down ? -1 : 1));
}

const NEXT_ORDER = { none: 'ascending', ascending: 'descending', descending: 'none' };

/** The table of an answer; a column's head sorts by it, the other way round, and then as it came. */
export function resultTable({ columns, rows }) {
  const body = h('tbody', {});
  const draw = (list) =>
    fill(
      body,
      list.map((row, at) =>
        h(
          'tr',
          {},
          h('td', { class: 'sql-at' }, count(at + 1)),
          row.map((value, i) => cell(value, columns[i])),
        ),
      ),
    );
  const heads = columns.map(({ name, type }, at) =>
    h(
      'th',
      { scope: 'col', title: type || undefined, 'aria-sort': 'none' },
      h('button', { type: 'button', onclick: () => sort(at) }, name),
    ),
  );
  function sort(at) {
    const order = NEXT_ORDER[heads[at].getAttribute('aria-sort')];
    heads.forEach((head, i) => head.setAttribute('aria-sort', i === at ? order : 'none'));
    draw(order === 'none' ? rows : sorted(rows, at, order === 'descending'));
  }
  draw(rows);
  return h('table', {}, h('thead', {}, h('tr', {}, h('td', { class: 'sql-at' }), heads)), body);
}

/** Rows of EXPLAIN QUERY PLAN (id, parent, not used, detail) as a tree. */
export function plan(rows) {
  const note = (detail) => {
    if (/^SCAN (?!CONSTANT)/.test(detail)) return h('span', { class: 'badge warn' }, 'reads every row');
    return /TEMP B-TREE/.test(detail) && h('span', { class: 'badge' }, 'sorts by itself');
  };
  const below = (parent) =>
    rows
      .filter((row) => row[1] === parent)
      .map((row) => {
        const inner = below(row[0]);
        return h('li', {}, h('code', {}, row[3]), ' ', note(row[3]), inner.length > 0 && h('ul', {}, inner));
      });
  return h(
    'div',
    { class: 'card' },
    h('h2', {}, 'How SQLite would go about it'),
    h('ul', { class: 'plan' }, below('0')),
  );
}

const isNumber = (value) => value !== null && value.trim() !== '' && !Number.isNaN(Number(value));
/** With `guarded`, texts that spreadsheets would take for formulas get a mark in front; numbers stay numbers. */
export const csv = ({ columns, rows }, { guarded = false } = {}) =>
  [columns.map(({ name }) => name), ...rows]
    .map((row) => `${row.map((value) => cellOf(value, { guarded: guarded && !isNumber(value) })).join(',')}\r\n`)
    .join('');

const json = ({ columns, rows }) =>
  `${JSON.stringify(
    rows.map((row) => Object.fromEntries(row.map((value, i) => [columns[i].name, value]))),
    null,
    2,
  )}\n`;

/** A menu that gives what is shown as a file. */
export function downloads(answer) {
  return menu(
    'Download the result',
    [
      { label: 'CSV', run: () => download('result.csv', [csv(answer)], 'text/csv') },
      {
        label: 'CSV for a spreadsheet (no formulas)',
        run: () => download('result.csv', [csv(answer, { guarded: true })], 'text/csv'),
      },
      { label: 'JSON', run: () => download('result.json', [json(answer)], 'application/json') },
    ],
    { name: 'download' },
  );
}
