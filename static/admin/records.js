// The page of a collection's records: puts the table, the filter bar and what can be done with records together, and
// keeps what is shown in the address. The parts are in records/; the record's own panel is record/editor.js.

import { Refused, address, get, getAll, post, records } from './lib/api.js';
import { debounce, fill, find, h, iconButton } from './lib/dom.js';
import { copy, menu, tell, toast } from './lib/feedback.js';
import { shortcut } from './lib/keys.js';
import { watch } from './lib/live.js';
import { command } from './lib/palette.js';
import { addressOf, read } from './records/address.js';
import { broken, emptiness, foot } from './records/around.js';
import { bulkBar } from './records/bulk-bar.js';
import { cellEditing } from './records/cell-editing.js';
import { naming } from './records/cells.js';
import { Arrangement } from './records/columns.js';
import { filterBar } from './records/filter.js';
import { Grid, KEYS } from './records/grid.js';
import { Heard } from './records/heard.js';
import { editableInPlace } from './records/inputs.js';
import { understand } from './records/query.js';
import { Source } from './records/source.js';

/** Tokens for protected files last two minutes. */
const FILE_TOKEN_MS = 100_000;
/** Rich texts are shown as excerpts, so they come as such. */
const EXCERPT_CHARS = 200;

/** What is near what can be seen is fetched before somebody gets there. */
const AHEAD_ROWS = 40;
/** Rows between two frames that nobody reads. */
const RUSH_ROWS = 60;
const SETTLE_MS = 70;
/** A range of rows is fetched to be selected; longer ones are better selected by a filter. */
const RANGE_MAX = 10_000;

const place = find('[data-records]');
const context = { collections: new Map(), fileToken: '' };
let collection;
let arrangement;
let grid;
let bar;
let bulk;
let edit;
let heard;
let source;
let lastUndo;
let state = { filter: '', sort: '', record: '' };

const frame = h('div', { class: 'grid-frame' });
const below = h('div', { class: 'records-foot' });
const isView = () => collection.type === 'view';

// --- the list ---

/** Of rich texts excerpts, of related records their names; whoever needs a whole record asks for it. */
function wantedFields() {
  const rich = collection.fields.filter((field) => field.type === 'editor');
  const names = relations().flatMap(({ name, field }) =>
    ['id', ...naming(context.collections.get(field.collectionId)).map((one) => one.name)].map(
      (one) => `expand.${name}.${one}`,
    ),
  );
  const wanted = ['*', ...rich.map((field) => `${field.name}:excerpt(${EXCERPT_CHARS})`), ...names];
  return wanted.length > 1 ? wanted.join(',') : undefined;
}

const relations = () => arrangement.shown.filter((column) => column.type === 'relation');
const expanded = () =>
  relations()
    .map((column) => column.name)
    .join(',');

function reload({ keepPlace = true } = {}) {
  source?.close();
  heard.forget();
  const mine = new Source({
    collection,
    filter: understand(state.filter, collection).filter,
    sort: state.sort,
    expand: expanded(),
    fields: wantedFields(),
    before: keepPlace ? source : undefined,
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
  heard.arrived();
  grid.redraw();
  drawAround();
}

function refused(error) {
  if (error.name === 'AbortError') return;
  if (error instanceof Refused && error.status === 400 && state.filter) bar.refuse(error);
  else tell(error);
  drawAround();
}

/** The records of a range of rows, which is fetched if need be. */
async function range(from, to) {
  if (to - from < RANGE_MAX) return source.range(from, to).catch(tell);
  toast(`A range may have ${RANGE_MAX} rows; a filter and “Select all” take more.`, 'problem');
}

// --- around the table ---

const actions = {
  reload: () => reload(),
  goOn: () => {
    if (!source.begun) return reload();
    source.goOn();
    arrived();
  },
  renew: () => reload({ keepPlace: false }),
  clear: () => go({ filter: '' }),
  create: () => openPanel('new'),
  bring: () => openImport(),
};

function drawAround() {
  const shown = { source, filter: state.filter, isView: isView(), heard, actions };
  frame.querySelector('.empty')?.remove();
  const instead = emptiness(shown);
  if (instead) frame.append(instead);
  fill(below, foot(shown));
  bulk.draw();
}

/** Many events may come at once. */
const drawSoon = debounce(() => drawAround(), 50);

/** Copies a value as it is stored, of rich texts more than the table has. */
async function copyCell({ name, type }, record) {
  const path = records(collection.name, record.id);
  const value = (type === 'editor' ? await get(path, { fields: name }) : record)[name];
  await copy(typeof value === 'string' ? value : JSON.stringify(value ?? ''));
}

// --- the address ---

/** Goes on to another filter, sort or record, which the back button comes back from. */
function go(change) {
  const next = { ...state, ...change };
  if (addressOf(next).href !== location.href) history.pushState({ within: true }, '', addressOf(next));
  apply(next);
}

function apply(next) {
  const listChanged = next.filter !== state.filter || next.sort !== state.sort;
  const before = state.record;
  // Nobody should delete what they can't see any more.
  if (next.filter !== state.filter) grid.select((selection) => selection.clear());
  state = next;
  if (listChanged) {
    bar.set(state.filter);
    reload({ keepPlace: false });
  }
  if (before !== state.record) showRecord(before);
}

function sortBy(name) {
  const next = { '': name, [name]: `-${name}`, [`-${name}`]: '' }[state.sort] ?? name;
  go({ sort: next });
}

// --- the panel of a record ---

let panelOpen = false;

/** Opens what the address says, or closes the panel, which shows the record `before`. */
function showRecord(before) {
  if (state.record) return openPanel(state.record);
  const panel = document.querySelector('dialog.panel[open]');
  // The panel asks before it closes, as it does on Escape.
  panel?.dispatchEvent(new Event('cancel', { cancelable: true }));
  // While it asks, and if it stays, the address says what is shown.
  setTimeout(() => {
    if (!panel?.open) return;
    state = { ...state, record: before };
    history.pushState({ within: true }, '', addressOf(state));
  });
}

async function openPanel(id) {
  if (panelOpen) return;
  panelOpen = true;
  const shown = { collection, id: id === 'new' ? undefined : id };
  const options = { ...shown, onsaved: saved, ondeleted: () => reload(), onclosed: closed };
  const opened = await over(
    () => import('./record/editor.js'),
    ({ openRecord }) => openRecord(options),
  );
  if (!opened) closed();
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
    heard.changed(await get(records(collection.name, id), { expand: expanded(), fields: wantedFields() }));
  } catch (error) {
    if (error.status === 404) heard.gone(id);
    else tell(error);
  }
}

// --- files in and out ---

/**
 * Loads what opens over the table, and opens it. That may take a while, so it is shown, and a second click opens
 * nothing twice. Resolves to whether it is open.
 */
async function over(load, open) {
  if (frame.ariaBusy === 'true') return false;
  frame.ariaBusy = 'true';
  try {
    open(await load());
    return true;
  } catch (error) {
    tell(error);
    return false;
  } finally {
    frame.ariaBusy = null;
  }
}

const openExport = () =>
  over(
    () => import('./records/export.js'),
    ({ exportDialog }) =>
      exportDialog({
        collection,
        columns: arrangement.shown,
        all: arrangement.all,
        filter: understand(state.filter, collection).filter,
        sort: source.sort,
        total: source.total,
        selected: [...grid.selection.ids],
      }),
  );

const openImport = () =>
  over(
    () => import('./records/import.js'),
    ({ importDialog }) => importDialog({ collection, onbegin: () => heard.importing(), onchange: imported }),
  );

function imported(created) {
  heard.hasImported(created);
  reload({ keepPlace: false });
}

const openColumns = () =>
  over(
    () => import('./records/arrange.js'),
    ({ arrangeColumns }) => arrangeColumns(arrangement, rearranged),
  );

function drawMenu() {
  const to = (end) => () => location.assign(address(`/_/collections/${encodeURIComponent(collection.name)}/${end}`));
  const items = [
    { label: 'Refresh', run: () => reload() },
    { label: 'Export …', run: openExport },
    !isView() && { label: 'Import …', run: openImport },
    { label: 'Columns …', run: openColumns },
    { label: 'Edit collection', run: to('edit') },
    { label: 'API', run: to('api') },
  ].filter(Boolean);
  find('[data-more]').append(menu('More', items));
  for (const { label, run } of items) command(label.replace(' …', ''), run, 'Here');
}

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
  // Also if there is none now, as after a broken line.
  setTimeout(() => keepFileToken().catch(tell), FILE_TOKEN_MS);
  context.fileToken = (await post('/api/files/token')).token;
  grid.redraw();
}

async function start() {
  const all = await getAll('/api/collections');
  context.collections = new Map(all.map((one) => [one.id, one]));
  collection = context.collections.get(place.dataset.records);
  arrangement = new Arrangement(collection);
  state = read(collection);
  grid = new Grid({
    label: `Records of ${collection.name}`,
    context,
    on: {
      open: (record) => go({ record: record.id }),
      editable: (column) => !isView() && editableInPlace(column.field),
      edit: (row, column) => edit(row, column),
      copyId: copy,
      copy: (column, record) => copyCell(column, record).catch(tell),
      sort: sortBy,
      select: () => bulk.draw(),
      range,
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
  bar.element.append(iconButton('columns', 'Columns', { dataset: { columns: '' }, onclick: openColumns }));
  heard = new Heard({ collection, grid, source: () => source, refresh: refreshRow, onchange: drawSoon });
  const onundo = (run) => {
    lastUndo = run;
  };
  const query = () => ({ expand: expanded(), fields: wantedFields() });
  edit = cellEditing({ frame, grid, collection, source: () => source, heard, query, onundo });
  bulk = bulkBar({ collection, grid, source: () => source, onchange: () => reload(), onundo });
  bar.set(state.filter);
  frame.append(grid.element);
  fill(place, bar.element, bar.said, bulk.element, frame, below);
  drawMenu();
  rearranged();
  reload();
  listen();
  if (state.record) showRecord();
  keepFileToken().catch(tell);
}

/** Only now there is something that buttons and keys can act on. */
function listen() {
  addEventListener('popstate', () => apply(read(collection)));
  const buttons = { refresh: () => reload(), new: () => openPanel('new') };
  for (const [name, run] of Object.entries(buttons)) {
    const button = document.querySelector(`[data-${name}]`);
    if (!button) continue;
    button.addEventListener('click', run);
    button.disabled = false;
  }
  shortcut('/', 'Search or filter', () => bar.focus());
  if (!isView()) {
    shortcut('n', 'New record', () => openPanel('new'));
    command('New record', () => openPanel('new'), 'Here');
    watch(`${collection.name}/*`, (event) => heard.hear(event));
  }
  shortcut('r', 'Refresh the list', () => reload());
  // The table hears its keys itself; here they are only listed, as names that no key has.
  for (const [keys, label] of KEYS) shortcut(keys, label, () => {});
  shortcut('u', 'Undo the last change of cells or selected records', () => lastUndo?.()?.catch(tell));
}

await start().catch((error) => {
  fill(place, broken(error.message));
  tell(error);
});
