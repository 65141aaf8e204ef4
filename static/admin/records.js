// The page of a collection's records: puts the table, the filter bar and what can be done with records together, and
// keeps what is shown in the address. The parts are in records/; the record's own panel is record/editor.js.

import { Refused, address, get, getAll, post, records } from './lib/api.js';
import { debounce, fill, find, h, iconButton } from './lib/dom.js';
import { busy, copy, menu, tell, toast } from './lib/feedback.js';
import { count, plural } from './lib/format.js';
import { shortcut } from './lib/keys.js';
import { watch } from './lib/live.js';
import { command } from './lib/palette.js';
import { asText } from './records/cells.js';
import { Arrangement } from './records/columns.js';
import { filterBar } from './records/filter.js';
import { Grid } from './records/grid.js';
import { editCell, store } from './records/inline.js';
import { editableInPlace } from './records/inputs.js';
import { understand } from './records/query.js';
import { Source } from './records/source.js';

/** Tokens for protected files last two minutes. */
const FILE_TOKEN_MS = 100_000;
/** How long a row shows that it has just changed. */
const FRESH_MS = 4000;
/** Rich texts are shown as excerpts, so they come as such. */
const EXCERPT_CHARS = 200;

/** What is near what can be seen is fetched before somebody gets there. */
const AHEAD_ROWS = 40;
/** Rows between two frames that nobody reads. */
const RUSH_ROWS = 60;
const SETTLE_MS = 70;

const place = find('[data-records]');
const context = { collections: new Map(), fileToken: '' };
let collection;
let arrangement;
let grid;
let bar;
let source;
let lastUndo;
let state = { filter: '', sort: '', record: '' };
/** Records that others have created since the list was fetched. */
const news = new Set();
let missed = false;

const frame = h('div', { class: 'grid-frame' });
const foot = h('div', { class: 'records-foot' });
const bulk = h('div', { class: 'bulk', hidden: true });
const isView = () => collection.type === 'view';

// --- the list ---

/** The excerpts of rich texts; whoever needs a whole record asks for it. */
function wantedFields() {
  const rich = collection.fields
    .filter((field) => field.type === 'editor')
    .map((field) => `${field.name}:excerpt(${EXCERPT_CHARS})`);
  return rich.length > 0 ? ['*', ...rich, 'expand'].join(',') : undefined;
}

const expanded = () =>
  arrangement.shown
    .filter((column) => column.type === 'relation')
    .map((column) => column.name)
    .join(',');

function reload({ keepPlace = true } = {}) {
  source?.close();
  news.clear();
  missed = false;
  grid.marks.clear();
  const mine = new Source({
    collection,
    filter: understand(state.filter, collection).filter,
    sort: state.sort,
    expand: expanded(),
    fields: wantedFields(),
    onchange: () => {
      if (source === mine) arrived();
    },
    onproblem: (error) => {
      if (source === mine) refused(error);
    },
  });
  source = mine;
  grid.show(source, { sort: state.sort, keepPlace });
  drawAround();
}

let lastSeen = 0;
let settled;
/** Rows have come into sight. Whoever rushes by needs only those where they stop. */
function see(first, last) {
  clearTimeout(settled);
  const rushes = Math.abs(first - lastSeen) > RUSH_ROWS;
  lastSeen = first;
  const fetch = () => source.want(Math.max(first - AHEAD_ROWS, 0), last + AHEAD_ROWS);
  if (rushes) settled = setTimeout(fetch, SETTLE_MS);
  else fetch();
}

function arrived() {
  if (news.size > 0) for (const [, record] of source.loaded()) news.delete(record.id);
  grid.redraw();
  drawAround();
}

function refused(error) {
  if (error.name === 'AbortError') return;
  source.problem = error;
  if (error instanceof Refused && error.status === 400 && state.filter) bar.refuse(error);
  else tell(error);
  drawAround();
}

// --- around the table ---

function drawAround() {
  drawEmpty();
  const total = source.total;
  const said =
    total === null
      ? source.problem
        ? 'Not loaded'
        : 'Counting …'
      : plural(total, state.filter ? 'matching record' : 'record');
  const show = h(
    'button',
    { type: 'button', class: 'small news', onclick: () => reload({ keepPlace: false }) },
    `${plural(news.size, 'new record')} – show`,
  );
  const again = h(
    'button',
    { type: 'button', class: 'small news', onclick: () => reload() },
    'Changes may have been missed – refresh',
  );
  fill(
    foot,
    h('span', { role: 'status' }, said),
    news.size > 0 && show,
    missed && again,
    h('span', { class: 'grow' }),
    h(
      'span',
      { class: 'only-desk' },
      h('kbd', {}, '↑ ↓'),
      ' move ',
      h('kbd', {}, 'Enter'),
      ' open ',
      !isView() && [h('kbd', {}, 'F2'), ' edit '],
      h('kbd', {}, 'Space'),
      ' select',
    ),
  );
}

function drawEmpty() {
  frame.querySelector('.empty')?.remove();
  if (source.problem && !source.begun)
    frame.append(
      empty(
        'Nothing could be loaded',
        'See above what the server says.',
        h('button', { type: 'button', onclick: () => reload() }, 'Try again'),
      ),
    );
  if (!source.begun || source.length > 0) return;
  if (state.filter)
    frame.append(
      empty(
        'Nothing fits the filter',
        'No record of this collection matches.',
        h('button', { type: 'button', onclick: () => go({ filter: '' }) }, 'Clear the filter'),
      ),
    );
  else if (isView()) frame.append(empty('No rows', "The view's query gives nothing yet."));
  else
    frame.append(
      empty(
        'No records yet',
        'Create the first one, or bring some from a file.',
        h('button', { type: 'button', class: 'main', onclick: () => openPanel('new') }, 'New record'),
        h('button', { type: 'button', onclick: () => openImport().catch(tell) }, 'Import'),
      ),
    );
}

const empty = (title, text, ...actions) =>
  h('div', { class: 'empty' }, h('h2', {}, title), h('p', {}, text), h('div', { class: 'row' }, actions));

function drawBulk() {
  const size = grid.selected.size;
  bulk.hidden = size === 0;
  fill(
    bulk,
    h('strong', { role: 'status' }, `${count(size)} selected`),
    !isView() && [bulkButton('Edit', 'editRecords'), bulkButton('Delete', 'deleteRecords', 'danger')],
    bulkButton('Download JSON', 'downloadRecords'),
    h('button', { type: 'button', class: 'small plain', onclick: () => grid.select(new Map()) }, 'Reset'),
  );
}

const bulkButton = (label, action, kind = '') =>
  h(
    'button',
    {
      type: 'button',
      class: `small ${kind}`,
      onclick: (event) =>
        busy(event.currentTarget, async () => {
          const tools = await import('./records/bulk.js');
          await tools[action](collection, [...grid.selected.keys()], () => {
            dropGone(action);
            reload();
          });
        }),
    },
    label,
  );

/** What is deleted isn't selected any more. */
function dropGone(action) {
  if (action === 'deleteRecords') grid.select(new Map());
}

// --- cells that are edited in their place ---

function edit(row, column) {
  const id = source.row(row)?.id;
  const query = { expand: expanded(), fields: wantedFields() };
  editCell({
    frame,
    grid,
    collection,
    row,
    column,
    query,
    onsaved: (now, before) => {
      changed(now);
      const undo = () => takeBack(id, column, before, query);
      lastUndo = undo;
      toast(`${column.name} is now ${short(asText(now[column.name], column.field)) || 'empty'}.`, 'good', {
        action: { label: 'Undo', run: undo },
      });
    },
    onnext: (step) => {
      const editable = grid.columns.filter((one) => editableInPlace(one.field));
      const next = editable[editable.findIndex((one) => one.name === column.name) + step];
      if (next) grid.edit(row, next);
    },
  });
}

const short = (text) => (text.length > 60 ? `${text.slice(0, 60)} …` : text);

function changed(record) {
  source.replace(record);
  freshen(record.id);
  grid.redraw();
}

async function takeBack(id, column, before, query) {
  lastUndo = undefined;
  try {
    changed(await store(collection, id, { [column.name]: before ?? '' }, { query }));
    toast('Taken back.');
  } catch (error) {
    tell(error);
  }
}

// --- the address ---

function read() {
  const query = new URLSearchParams(location.search);
  return { filter: query.get('filter') ?? '', sort: query.get('sort') ?? '', record: query.get('record') ?? '' };
}

function addressOf({ filter, sort, record }) {
  const url = new URL(location.href);
  for (const [key, value] of Object.entries({ filter, sort, record })) {
    if (value) url.searchParams.set(key, value);
    else url.searchParams.delete(key);
  }
  return url;
}

/** Goes on to another filter, sort or record, which the back button comes back from. */
function go(change) {
  const next = { ...state, ...change };
  if (addressOf(next).href !== location.href) history.pushState({ within: true }, '', addressOf(next));
  apply(next);
}

function apply(next) {
  const listChanged = next.filter !== state.filter || next.sort !== state.sort;
  const recordChanged = next.record !== state.record;
  state = next;
  if (listChanged) {
    bar.set(state.filter);
    reload({ keepPlace: false });
  }
  if (recordChanged) showRecord();
}

addEventListener('popstate', () => apply(read()));

function sortBy(name) {
  const next = { '': name, [name]: `-${name}`, [`-${name}`]: '' }[state.sort] ?? name;
  go({ sort: next });
}

// --- the panel of a record ---

let panelOpen = false;

/** Opens what the address says, or closes the panel. */
function showRecord() {
  if (state.record) return openPanel(state.record);
  // The panel asks before it closes, as it does on Escape.
  document.querySelector('dialog.panel[open]')?.dispatchEvent(new Event('cancel', { cancelable: true }));
}

async function openPanel(id, options = {}) {
  if (panelOpen) return;
  panelOpen = true;
  try {
    const { openRecord } = await import('./record/editor.js');
    await openRecord({ collection, id: id === 'new' ? undefined : id, onsaved: saved, onclosed: closed, ...options });
  } catch (error) {
    closed();
    tell(error instanceof Refused ? error : new Error(`The record can't be shown: ${error.message}`));
  }
}

function closed() {
  panelOpen = false;
  grid.element.focus({ preventScroll: true });
  if (!state.record) return;
  state = { ...state, record: '' };
  history.replaceState(history.state, '', addressOf(state));
}

function saved(record) {
  if (record?.id && source.indexOf(record.id) >= 0) refreshRow(record.id);
  else reload();
}

/** Fetches a row again, with what it is expanded with. */
async function refreshRow(id) {
  try {
    const record = await get(records(collection.name, id), { expand: expanded(), fields: wantedFields() });
    source.replace(record);
    freshen(id);
  } catch (error) {
    if (error.status === 404) grid.marks.set(id, 'deleted');
    else tell(error);
  }
  grid.redraw();
}

function freshen(id) {
  grid.marks.set(id, 'changed');
  setTimeout(() => {
    if (grid.marks.get(id) === 'changed') grid.marks.delete(id);
    grid.redraw();
  }, FRESH_MS);
}

// --- what others do meanwhile ---

function heard({ action, record }) {
  if (action === 'gap') missed = true;
  else if (action === 'create') {
    if (source.indexOf(record.id) < 0) news.add(record.id);
  } else if (action === 'update') updated(record);
  else if (action === 'delete') {
    news.delete(record.id);
    grid.marks.set(record.id, 'deleted');
    grid.selected.delete(record.id);
    grid.redraw();
    drawBulk();
  }
  drawSoon();
}

function updated(record) {
  const before = source.row(source.indexOf(record.id));
  if (!before) return;
  const moved = collection.fields.some(
    (field) => field.type === 'relation' && String(before[field.name]) !== String(record[field.name]),
  );
  // Another related record has another name, which doesn't come with the event.
  if (moved) refreshRow(record.id);
  else changed(record);
}

/** Many events may come at once. */
const drawSoon = debounce(() => drawAround(), 50);

// --- files in and out ---

async function openExport() {
  const { exportDialog } = await import('./records/export.js');
  exportDialog({
    collection,
    columns: arrangement.shown,
    all: arrangement.all,
    filter: understand(state.filter, collection).filter,
    sort: state.sort,
    total: source.total,
  });
}

async function openImport() {
  const { importDialog } = await import('./records/import.js');
  importDialog({ collection, onchange: () => reload({ keepPlace: false }) });
}

function drawMenu() {
  const to = (end) => () => location.assign(address(`/_/collections/${encodeURIComponent(collection.name)}/${end}`));
  const items = [
    { label: 'Refresh', run: () => reload() },
    { label: 'Export …', run: () => openExport().catch(tell) },
    !isView() && { label: 'Import …', run: () => openImport().catch(tell) },
    { label: 'Columns …', run: () => openColumns().catch(tell) },
    { label: 'Edit collection', run: to('edit') },
    { label: 'API', run: to('api') },
  ].filter(Boolean);
  find('[data-more]').append(menu('More', items));
  for (const { label, run } of items) command(label.replace(' …', ''), run, 'Here');
}

const openColumns = async () => (await import('./records/arrange.js')).arrangeColumns(arrangement, rearranged);

// --- the start ---

function rearranged() {
  const before = expanded.last;
  expanded.last = expanded();
  grid.arrange(arrangement.shown);
  // A relation that wasn't shown wasn't expanded either.
  if (before !== undefined && expanded.last.split(',').some((name) => name && !before.split(',').includes(name)))
    reload();
}

async function keepFileToken() {
  if (!collection.fields.some((field) => field.protected)) return;
  context.fileToken = (await post('/api/files/token')).token;
  grid.redraw();
  setTimeout(() => keepFileToken().catch(tell), FILE_TOKEN_MS);
}

async function start() {
  const all = await getAll('/api/collections');
  context.collections = new Map(all.map((one) => [one.id, one]));
  collection = context.collections.get(place.dataset.records);
  arrangement = new Arrangement(collection);
  state = read();
  grid = new Grid({
    label: `Records of ${collection.name}`,
    context,
    on: {
      open: (record) => go({ record: record.id }),
      editable: (column) => !isView() && editableInPlace(column.field),
      edit,
      copy,
      sort: sortBy,
      select: drawBulk,
      see,
      resize: (name, px) => {
        arrangement.resize(name, px);
        grid.arrange(arrangement.shown);
      },
      move: (name, before) => {
        arrangement.move(name, before);
        rearranged();
      },
      moveBy: (name, step) => {
        arrangement.moveBy(name, step);
        rearranged();
      },
    },
  });
  bar = filterBar({
    collection,
    collections: context.collections,
    onfilter: (filter) => (filter === state.filter ? reload() : go({ filter })),
  });
  bar.element.append(
    iconButton('columns', 'Columns', { dataset: { columns: '' }, onclick: () => openColumns().catch(tell) }),
  );
  bar.set(state.filter);
  frame.append(grid.element);
  fill(place, bar.element, bar.said, bulk, frame, foot);
  drawMenu();
  rearranged();
  reload();
  if (state.record) showRecord();
  keepFileToken().catch(tell);
  if (!isView()) watch(`${collection.name}/*`, heard);
}

find('[data-refresh]').addEventListener('click', (event) => busy(event.currentTarget, async () => reload()));
document.querySelector('[data-new]')?.addEventListener('click', () => openPanel('new'));
shortcut('/', 'Search or filter', () => bar?.focus());
if (document.querySelector('[data-new]')) {
  shortcut('n', 'New record', () => openPanel('new'));
  command('New record', () => openPanel('new'), 'Here');
}
shortcut('r', 'Refresh the list', () => reload());
shortcut('u', 'Undo the last change of a cell', () => lastUndo?.());

await start().catch((error) => {
  fill(place, empty("The records can't be shown", error.message));
  tell(error);
});
