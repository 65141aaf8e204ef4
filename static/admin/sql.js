// The SQL page: statements that the owner types, read-only unless they say otherwise, and their results.

import { get, post } from './lib/api.js';
import { fill, find, h, icon } from './lib/dom.js';
import { download } from './lib/download.js';
import { editor } from './lib/editor.js';
import { ask, busy, toast } from './lib/feedback.js';
import { count, duration, plural } from './lib/format.js';
import { command } from './lib/palette.js';

const HISTORY = 'holdall sql history';
const HISTORY_MAX = 50;
const CHANGING = /^\s*(?:insert|update|delete|replace|create|alter|drop|detach)\b/i;

const [result, changes, save] = ['[data-result]', '[data-changes]', '[data-save]'].map((selector) => find(selector));
let shown;

const history = {
  read: () => {
    try {
      return JSON.parse(localStorage.getItem(HISTORY)) ?? [];
    } catch {
      return [];
    }
  },
  add: (query) => {
    const list = [query, ...history.read().filter((one) => one !== query)].slice(0, HISTORY_MAX);
    localStorage.setItem(HISTORY, JSON.stringify(list));
    drawHistory();
  },
};

const text = await start();
drawHistory();

async function start() {
  const { items } = await get('/api/collections', { perPage: 500, fields: 'name,fields.name' }).catch(() => ({ items: [] }));
  const schema = Object.fromEntries(items.map(({ name, fields }) => [name, fields.map((field) => field.name)]));
  const value = new URLSearchParams(location.search).get('query') ?? history.read()[0] ?? '';
  const made = await editor({
    language: 'sql', value, schema, label: 'SQL statement', minHeight: '9rem', placeholder: 'SELECT …', onrun: () => run(),
  });
  find('[data-editor]').append(made.element);
  made.view.focus();
  return made;
}

async function run({ explain = false } = {}) {
  const query = text.get().trim();
  if (query === '') return toast('Type a statement first.', 'problem');
  const mayChange = changes.checked && !explain;
  if (mayChange && CHANGING.test(query)) {
    const content = h('pre', { class: 'code' }, query);
    if (!await ask({ title: 'Change rows?', text: 'This can\'t be undone.', content, action: 'Run', danger: true })) return;
  }
  const done = await busy(find(explain ? '[data-explain]' : '[data-run]'), async () => {
    show(await post('/api/sql', { query, readOnly: !mayChange, explain }), explain);
    history.add(query);
  });
  if (!done) fill(result, h('p', { class: 'banner problem' }, 'That didn\'t work; what was there has not changed.'));
}

/** Draws an answer. */
function show(answer, isPlan) {
  shown = answer;
  save.hidden = isPlan || answer.rows.length === 0;
  const took = duration(answer.execTime);
  if (answer.columns.length === 0) {
    return fill(result, h('p', { class: 'banner good' }, `${plural(answer.affectedRows, 'row')} changed, in ${took}.`));
  }
  if (isPlan) return fill(result, plan(answer.rows));
  const facts = `${plural(answer.rows.length, 'row')}${answer.truncated ? ', and there are more' : ''}, in ${took}`;
  fill(result, h('p', { class: 'quiet' }, facts),
    answer.rows.length > 0 && h('div', { class: 'scroll result', tabindex: 0, role: 'region', 'aria-label': 'Result' }, table(answer)));
}

function table({ columns, rows }) {
  let order;
  const body = h('tbody', {});
  const cell = (value) => (value === null ? h('td', { class: 'null' }, 'NULL') : h('td', {}, value));
  const draw = (list) => fill(body, list.map((row) => h('tr', {}, row.map(cell))));
  const heads = columns.map(({ name, type }, at) => h('th', { title: type, 'aria-sort': 'none' }, h('button', {
    type: 'button', onclick: () => {
      const down = order?.at === at && !order.down;
      order = { at, down };
      heads.forEach((head, i) => head.setAttribute('aria-sort', i === at ? (down ? 'descending' : 'ascending') : 'none'));
      draw(sorted(rows, at, down));
    },
  }, name)));
  draw(rows);
  return h('table', {}, h('thead', {}, h('tr', {}, heads)), body);
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

/** Rows of EXPLAIN QUERY PLAN (id, parent, not used, detail) as a tree. */
function plan(rows) {
  const below = (parent) => rows.filter((row) => row[1] === parent).map((row) => {
    const scans = /^SCAN /.test(row[3]);
    return h('li', {}, h('code', {}, row[3]), scans && [' ', h('span', { class: 'badge warn' }, 'reads every row')], h('ul', {}, below(row[0])));
  });
  return h('div', { class: 'card' }, h('h2', {}, 'How SQLite would go about it'), h('ul', { class: 'plan' }, below('0')));
}

function drawHistory() {
  const list = history.read();
  const element = h('details', { class: 'menu' });
  const choose = (query) => {
    element.open = false;
    text.set(query);
    text.view.focus();
  };
  const forget = () => {
    localStorage.removeItem(HISTORY);
    drawHistory();
  };
  fill(element, h('summary', { class: 'button' }, icon('clock'), `History (${count(list.length)})`), h('div', { class: 'menu-list history' },
    list.map((query) => h('button', { type: 'button', onclick: () => choose(query) }, query)),
    list.length > 0 ? h('button', { type: 'button', class: 'danger', onclick: forget }, 'Forget all') : h('p', {}, 'Nothing yet.')));
  fill(find('[data-history]'), element);
}

function csv({ columns, rows }) {
  const cell = (value) => (value === null ? '' : /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  return [columns.map(({ name }) => name), ...rows].map((row) => row.map(cell).join(',')).join('\r\n');
}

find('[data-run]').addEventListener('click', () => run());
find('[data-explain]').addEventListener('click', () => run({ explain: true }));
changes.addEventListener('change', () => { find('[data-warning]').hidden = !changes.checked; });
save.addEventListener('click', () => {
  download('result.csv', [csv(shown)], 'text/csv');
});
command('Run this statement', () => run(), 'SQL');
