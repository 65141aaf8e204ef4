// The page Logs: what was asked of the server and what it had to say. Finding is `ops/log-filter`, a time of one's own
// `ops/log-time`, the chart `ops/log-chart`, an entry `ops/log-entry`. What is looked for stands in the page's address,
// so that it can be passed on.

import { Refused, del, get } from './lib/api.js';
import { debounce, fill, find, h, iconButton } from './lib/dom.js';
import { editor } from './lib/editor.js';
import { ask, busy, tell, toast } from './lib/feedback.js';
import { count, plural, toDate, when } from './lib/format.js';
import { kept } from './lib/kept.js';
import { shortcut } from './lib/keys.js';
import { command } from './lib/palette.js';
import { formDialog } from './ops/form-dialog.js';
import { logChart, withNew } from './ops/log-chart.js';
import { logRow, saveJson, showEntry } from './ops/log-entry.js';
import { completion, filterOf } from './ops/log-filter.js';
import { askTime, moved } from './ops/log-time.js';
import { LOGS } from './ops/settings-fields.js';
import { settingsForm } from './ops/settings-form.js';
import { typedBefore } from './ops/typed-before.js';

const PER_PAGE = 50;
const LIVE_EVERY_MS = 2000;
const LIVE_PER_LOOK = 200;
/** Beyond this, the oldest rows of the live view go. */
const SHOWN_MAX = 2000;
const HOUR_MS = 3_600_000;
/** Whether requests of superusers are shown. */
const withSuperusers = kept('logs of superusers', 1);

const at = (name) => find(`[data-${name}]`);
const parts = {
  search: at('search'), editor: at('expression'), find: at('find'), problem: at('filter-problem'), level: at('level'),
    superusers: at('superusers'), period: at('period'),
  range: at('range'), list: at('logs'), total: at('total'), more: at('more'), chart: at('chart'), live: at('live'),
    bulk: at('bulk'), all: at('select-all'), before: at('before'),
};

const query = new URLSearchParams(location.search);
const state = {
  isExpression: query.has('filter'), search: query.get('search') ?? '', expression: query.get('filter') ?? '',
    level: ['0', '4', '8'].includes(query.get('level')) ? query.get('level') : '',
  from: toDate(query.get('from')), to: toDate(query.get('to')),
    superusers: withSuperusers.get() === 1,
};

/** What is shown, the newest first. */
let entries = [];
const selected = new Set();
let lastSelected = null;
/** How many entries each hour has. */
let hours = [];
let page = 1;
/** Later pages must be those of the same moment, whatever comes meanwhile. */
let until = '';
let cancel = new AbortController();

const chosen = () => ({ ...state, search: state.isExpression ? '' : state.search.trim(),
  expression: state.isExpression ? state.expression.trim() : '' });

function remember(log) {
  const { search, expression, level, from, to } = chosen();
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries({ search, filter: expression, level, from: from?.toISOString(),
    to: to?.toISOString(), log })) if (value) params.set(key, value);
  history.replaceState(null, '', `${location.pathname}${params.size > 0 ? `?${params}` : ''}`);
}

// --- the list ---
const row = (entry) => logRow(entry, { selected: selected.has(entry.id), onopen: () => open(entry),
  onselect: (on, event) => select(entry.id, on, event.shiftKey) });

function draw() {
  fill(parts.list, entries.map(row), entries.length === 0
    && h('li', { class: 'empty' }, h('h2', {}, 'Nothing found'),
    h('p', {}, filterOf(chosen()) ? 'No entry fits what you are looking for.' : 'The log is empty.')));
  drawSelection();
}

const chart = logChart(parts.chart, (from, to) => { zoom(from, to); });

/** Reads the first page and the chart. */
async function load() {
  cancel.abort();
  cancel = new AbortController();
  const { signal } = cancel;
  const filter = filterOf(chosen());
  parts.problem.hidden = true;
  parts.list.setAttribute('aria-busy', 'true');
  try {
    // After each other: an expression that is wrong is refused once, as the log has an entry of that.
    const found = await get('/api/logs', { filter, sort: '-@rowid', perPage: PER_PAGE }, { signal });
    entries = found.items;
    page = 1;
    until = entries[0]?.created ?? '';
    selected.clear();
    parts.total.textContent = plural(found.totalItems, 'entry', 'entries');
    parts.more.hidden = entries.length < PER_PAGE;
    draw();
    parts.list.removeAttribute('aria-busy');
    hours = await get('/api/logs/stats', { filter }, { signal });
    chart.draw(hours);
  } catch (error) {
    if (error.name === 'AbortError') return;
    // An expression is wrong most of the time that somebody writes it; that stands beside it.
    if (!(error instanceof Refused) || error.status !== 400) throw error;
    parts.problem.textContent = error.text;
    parts.problem.hidden = false;
    // What was found before stays; at first there is nothing.
    if (entries.length === 0) {
      fill(parts.list, h('li', { class: 'empty' }, 'What is looked for can\'t be found like this.'));
      parts.chart.hidden = true;
    }
  } finally {
    if (cancel.signal === signal) parts.list.removeAttribute('aria-busy');
  }
}

async function more() {
  const filter = [filterOf(chosen()), `created <= '${until}'`].filter(Boolean).join(' && ');
  const found = await get('/api/logs', { filter, sort: '-@rowid', perPage: PER_PAGE, page: page + 1, skipTotal: 1 },
    { signal: cancel.signal });
  page += 1;
  const fresh = unknown(found.items);
  entries.push(...fresh);
  parts.list.append(...fresh.map(row));
  parts.more.hidden = found.items.length < PER_PAGE;
  drawSelection();
}

function unknown(items) {
  const known = new Set(entries.map(({ id }) => id));
  return items.filter(({ id }) => !known.has(id));
}

const changed = () => {
  remember();
  load().catch(tell);
};

/** Finds what somebody has written to its end, and keeps it for the next time. */
function findWritten() {
  changed();
  const { search, expression } = chosen();
  if (search || expression) before.add(search || expression);
}

// --- what is looked for ---
/** What was looked for before, by the key of its kind. */
const befores = new Map();
let before;
function drawBefore() {
  const key = state.isExpression ? 'log expressions' : 'log searches';
  if (!befores.has(key)) {
    const place = h('div');
    befores.set(key, { place, ...typedBefore(place, {
      key, isBrief: true, label: state.isExpression ? 'Expressions of before' : 'Searched before',
      onchoose(text) {
        if (state.isExpression) state.expression = text;
        else parts.search.value = state.search = text;
        showMode().catch(tell);
        findWritten();
      },
    }) });
  }
  before = befores.get(key);
  fill(parts.before, before.place);
}

let expressionEditor;
async function showMode() {
  for (const button of document.querySelectorAll('[data-mode]')) button.setAttribute('aria-pressed',
    String((button.dataset.mode === 'expression') === state.isExpression));
  drawBefore();
  parts.search.hidden = state.isExpression;
  parts.find.hidden = parts.editor.hidden = !state.isExpression;
  if (!state.isExpression) return;
  // Only who writes expressions has to load the editor.
  expressionEditor ??= editor({
    language: 'rule', value: state.expression, label: 'Filter expression',
      placeholder: 'data.status >= 400 && data.url ~ \'/api/\'',
    complete: completion(() => entries.flatMap(({ data }) =>
      Object.keys(data ?? {}).filter((key) => /^\w+$/.test(key)).map((key) => `data.${key}`))),
    onchange: (text) => { state.expression = text; }, onrun: findWritten,
  });
  const made = await expressionEditor;
  if (!made.element.isConnected) parts.editor.append(made.element);
  if (made.get() !== state.expression) made.set(state.expression);
  return made;
}

/** Changes to an expression and adds this one to it. */
async function narrow(expression) {
  const before = state.isExpression ? state.expression.trim() : '';
  state.isExpression = true;
  state.expression = before ? `${before} && ${expression}` : expression;
  await showMode();
  findWritten();
}

function drawRange() {
  const { from, to } = state;
  parts.period.value = '';
  const move = (name, label, by) => iconButton(name, label, { onclick: () => zoom(...moved(from, to, by)) });
  fill(parts.range, (from || to) && [from && move('left', 'Earlier', -1), h('span', { class: 'badge accent' },
    `${from ? when(from.toISOString()) : '…'} – ${to ? when(to.toISOString()) : 'now'}`),
  from && to && move('right', 'Later', 1),
  h('button', { type: 'button', class: 'small', onclick: () => zoom(null, null) }, 'All times')]);
}
function zoom(from, to) {
  [state.from, state.to] = [from, to];
  // Where the time has an end, nothing comes any more.
  if (to) setLive(false);
  drawRange();
  changed();
}

// --- one entry ---
function open(entry) {
  remember(entry.id);
  showEntry(entry, { onfilter: (expression) => narrow(expression).catch(tell), onclose: () => remember() });
}

// --- choosing ---
function select(id, on, isRange) {
  const ids = entries.map((entry) => entry.id);
  const [a, b] = [ids.indexOf(isRange && lastSelected ? lastSelected : id), ids.indexOf(id)].sort((x, y) => x - y);
  for (const one of ids.slice(Math.max(a, 0), b + 1)) {
    if (on) selected.add(one);
    else selected.delete(one);
  }
  lastSelected = id;
  drawSelection();
}

function drawSelection() {
  for (const box of parts.list.querySelectorAll('[data-log] > input')) {
    box.checked = selected.has(box.parentElement.dataset.log);
  }
  parts.all.checked = entries.length > 0 && selected.size === entries.length;
  parts.all.indeterminate = selected.size > 0 && !parts.all.checked;
  parts.bulk.hidden = selected.size === 0;
  find('[data-selected]', parts.bulk).textContent = `${count(selected.size)} selected`;
}

// --- as they come ---
let liveTimer;
function setLive(on) {
  parts.live.setAttribute('aria-pressed', String(on));
  clearTimeout(liveTimer);
  if (!on) return;
  // What comes from now on is not of a time that has an end.
  if (state.to) zoom(state.from, null);
  follow();
}
const isLive = () => parts.live.getAttribute('aria-pressed') === 'true';

async function follow() {
  try {
    const isReading = parts.list.hasAttribute('aria-busy');
    if (document.visibilityState === 'visible' && parts.problem.hidden && !isReading) await takeNew();
  } catch (error) {
    if (error.name !== 'AbortError') {
      setLive(false);
      tell(error);
    }
  }
  if (isLive()) liveTimer = setTimeout(follow, LIVE_EVERY_MS);
}

async function takeNew() {
  const { signal } = cancel;
  const since = entries[0]?.created;
  const filter = [filterOf(chosen()), since && `created >= '${since}'`].filter(Boolean).join(' && ');
  const { items } = await get('/api/logs', { filter, sort: '-@rowid', perPage: LIVE_PER_LOOK, skipTotal: 1 },
    { signal });
  if (signal.aborted) return;
  const fresh = unknown(items);
  if (fresh.length === 0) return;
  if (entries.length === 0) parts.list.replaceChildren();
  // What is being read stays where it is.
  const height = parts.list.offsetHeight;
  entries = [...fresh, ...entries].slice(0, SHOWN_MAX);
  parts.list.prepend(...fresh.map((entry) => {
    const element = row(entry);
    element.classList.add('is-new');
    return element;
  }));
  while (parts.list.children.length > SHOWN_MAX) parts.list.lastElementChild.remove();
  if (parts.list.getBoundingClientRect().top < 0) scrollBy(0, parts.list.offsetHeight - height);
  drawSelection();
  // Counting all of a long log again takes longer than adding what has come, unless more has come than was fetched.
  hours = items.length < LIVE_PER_LOOK ? withNew(hours, fresh)
    : await get('/api/logs/stats', { filter: filterOf(chosen()) }, { signal });
  chart.draw(hours);
  parts.total.textContent = plural(hours.reduce((sum, { total }) => sum + total, 0), 'entry', 'entries');
}

// --- the whole log ---
async function clear() {
  const sure = await ask({ title: 'Delete the whole log?',
    text: 'All entries are deleted, whatever is looked for at present. The server notes in its own log who did this.',
    action: 'Delete all entries', danger: true });
  if (!sure) return;
  await busy(at('clear'), async () => {
    await del('/api/logs');
    toast('The log is empty.');
    await load();
  });
}

async function settings() {
  const fields = h('div', { class: 'settings-fields' });
  const holder = h('div', {}, fields);
  let form;
  await busy(at('settings'), async () => {
    form = settingsForm({ form: holder, fields: LOGS, settings: await get('/api/settings'),
      place: (_, input) => fields.append(input) });
  });
  if (!form) return;
  await formDialog({
    title: 'What is kept in the log', action: 'Save', content: holder, submit: () => form.save(),
    mayClose: () => !form.isDirty() || ask({ title: 'Discard the changes?', action: 'Discard', danger: true }),
  });
  await load();
}

// --- the page ---
parts.search.value = state.search;
parts.level.value = state.level;
parts.superusers.checked = state.superusers;
parts.search.addEventListener('input', debounce(() => { state.search = parts.search.value; changed(); }, 300));
parts.search.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.isComposing) return;
  state.search = parts.search.value;
  findWritten();
});
parts.level.addEventListener('change', () => { state.level = parts.level.value; changed(); });
parts.superusers.addEventListener('change', () => {
  state.superusers = parts.superusers.checked;
  withSuperusers.set(state.superusers ? 1 : 0);
  changed();
});
parts.period.addEventListener('change', async () => {
  const { value } = parts.period;
  if (value === 'between') {
    const time = await askTime(state);
    parts.period.value = '';
    if (time) zoom(...time);
  } else if (value) zoom(new Date(Date.now() - Number(value) * HOUR_MS), null);
});
for (const button of document.querySelectorAll('[data-mode]')) {
  button.addEventListener('click', async () => {
    state.isExpression = button.dataset.mode === 'expression';
    const made = await showMode();
    if (made) made.view.focus();
    else parts.search.focus();
    changed();
  });
}
// Enter finds; while something is offered to complete, it takes that.
parts.editor.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  if (event.composedPath()[0].getRootNode().querySelector('.cm-tooltip-autocomplete')) {
    breakMeansFind(state.expression);
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  findWritten();
}, { capture: true });
/** Enter takes no offer that has only just come up, and breaks the line then. Whoever types so fast hasn't seen it. */
function breakMeansFind(written) {
  setTimeout(async () => {
    const solid = (text) => text.replace(/\s/g, '');
    if (state.expression.length === written.length || solid(state.expression) !== solid(written)) return;
    const made = await expressionEditor;
    made.set(written);
    made.view.dispatch({ selection: { anchor: written.length } });
    findWritten();
  });
}
parts.find.addEventListener('click', findWritten);
parts.more.addEventListener('click', () => busy(parts.more, more));
parts.live.addEventListener('click', () => setLive(!isLive()));
parts.all.addEventListener('click', () => {
  for (const { id } of entries) {
    if (parts.all.checked) selected.add(id);
    else selected.delete(id);
  }
  drawSelection();
});
find('[data-bulk-download]').addEventListener('click',
  () => saveJson(entries.filter(({ id }) => selected.has(id)), 'logs.json'));
find('[data-bulk-clear]').addEventListener('click', () => { selected.clear(); drawSelection(); });
at('clear').addEventListener('click', clear);
at('settings').addEventListener('click', () => settings().catch(tell));
at('reload').addEventListener('click', () => busy(at('reload'), load));
shortcut('/', 'Search the log', () =>
  (state.isExpression ? expressionEditor?.then(({ view }) => view.focus()) : parts.search.focus()));
shortcut('l', 'Follow the log as it grows', () => setLive(!isLive()));
command('Follow the log as it grows', () => setLive(true), 'Logs');
command('Delete the whole log', clear, 'Logs');
command('What is kept in the log', () => settings().catch(tell), 'Logs');

drawRange();
try {
  const wanted = query.get('log');
  await Promise.all([showMode(), load()]);
  if (wanted) open(await get(`/api/logs/${encodeURIComponent(wanted)}`));
} catch (error) {
  if (error.status === 404) toast('This entry is not in the log any more.', 'problem');
  else tell(error);
}
