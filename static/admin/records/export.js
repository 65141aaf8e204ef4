// The dialog that writes records to a file: everything that the filter selects, page by page, or what is selected by
// hand. Loaded by records.js.

import { records as pathOf, send } from '../lib/api.js';
import { h, uniqueId } from '../lib/dom.js';
import { download } from '../lib/download.js';
import { tell, toast } from '../lib/feedback.js';
import { count, plural } from '../lib/format.js';
import { exactly, readPage } from '../record/values.js';
import { withProgress } from './changes.js';
import { lineOf } from '../lib/csv.js';
import { chunks, oneOf } from './query.js';

/** As many as the server gives at once: where no index helps, each page costs a look at all rows. */
const PAGE_ROWS = 1000;
const IDS_PER_REQUEST = 40;
/** Parts of the file are put together as blobs, which the browser may keep on disk. */
const PART_TYPE = 'application/octet-stream';

/**
 * `columns` are those that the table shows, `all` all; `total` is `null` as long as nobody has counted; `selected` are
 * the ids of what is selected by hand.
 */
export function exportDialog({ collection, columns, all, filter, sort, total, selected }) {
  const title = uniqueId('export');
  const names = { rows: uniqueId('rows'), format: uniqueId('format'), which: uniqueId('which') };
  const listed = total === null ? 'records' : plural(total, 'record');
  const choice = (group, value, label, checked) => {
    const id = uniqueId('choice');
    return h(
      'div',
      { class: 'check' },
      h('input', { type: 'radio', id, name: group, value, checked }),
      h('label', { for: id }, label),
    );
  };
  const guard = h('input', { type: 'checkbox', id: uniqueId('guard') });
  const form = h(
    'form',
    { method: 'dialog' },
    h('h2', { id: title }, 'Export records'),
    h(
      'fieldset',
      {},
      h('legend', {}, 'Records'),
      choice(names.rows, 'all', filter ? `All ${listed} that the filter matches` : `All ${listed}`, true),
      selected.length > 0 && choice(names.rows, 'selected', `Only the ${count(selected.length)} selected`, false),
    ),
    h(
      'fieldset',
      {},
      h('legend', {}, 'Format'),
      choice(names.format, 'csv', 'CSV, for tables', true),
      choice(names.format, 'json', 'JSON', false),
    ),
    h(
      'fieldset',
      {},
      h('legend', {}, 'Columns'),
      choice(names.which, 'all', 'All fields', true),
      choice(names.which, 'shown', 'Those that the table shows', false),
    ),
    h(
      'div',
      { class: 'check' },
      guard,
      h('label', { for: guard.id }, 'For a spreadsheet: texts that look like formulas get a ’ in front'),
    ),
    h(
      'footer',
      {},
      h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
      h('button', { type: 'submit', class: 'main' }, 'Export'),
    ),
  );
  const dialog = h('dialog', { 'aria-labelledby': title }, form);
  form.addEventListener('submit', () => {
    const value = (name) => form.elements[name].value;
    const chosen = (value(names.which) === 'all' ? all : columns).map((column) => column.name);
    const ids = form.elements[names.rows].value === 'selected' ? selected : null;
    const options = {
      collection,
      names: chosen,
      filter,
      sort,
      ids,
      total: ids?.length ?? total,
      format: value(names.format),
      guarded: guard.checked,
    };
    write(options).catch(tell);
  });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

async function write(options) {
  const { collection, format, total } = options;
  const parts = await withProgress('Exporting', total ?? 0, async ({ onprogress, signal }) => {
    const made = [];
    let rows = 0;
    for await (const items of pages(options, signal)) {
      made.push(
        new Blob([format === 'csv' ? csv(items, options) : json(items, options, rows === 0)], { type: PART_TYPE }),
      );
      rows += items.length;
      onprogress(rows);
    }
    return made;
  });
  const [before, after] = format === 'csv' ? [lineOf(options.names), ''] : ['[\n', '\n]\n'];
  download(
    `${collection.name}.${format}`,
    [before, ...parts, after],
    format === 'csv' ? 'text/csv' : 'application/json',
  );
  toast('Exported.');
}

async function* pages({ collection, filter, sort, names, ids }, signal) {
  const path = pathOf(collection.name);
  const fields = exactly(collection, names);
  const read = async (from, query) =>
    readPage(await (await send('GET', from, { query, signal, raw: true })).text(), collection);
  const some = { perPage: IDS_PER_REQUEST, skipTotal: 1, fields, sort };
  for (const chunk of chunks(ids ?? [], IDS_PER_REQUEST))
    yield (await read(path, { ...some, filter: oneOf(chunk) })).items;
  for (let cursor = ids ? undefined : ''; cursor !== undefined;) {
    const found = await read(`${path}?cursor=`, { filter, sort, cursor, fields, perPage: PAGE_ROWS });
    if (found.items.length > 0) yield found.items;
    cursor = found.nextCursor || undefined;
  }
}

function csv(items, { collection, names, guarded }) {
  const isJson = new Set(collection.fields.filter((field) => field.type === 'json').map((field) => field.name));
  // A text of JSON goes with its quotes: without them, `5` would come back as a number.
  const cell = (name, value) => (isJson.has(name) && typeof value === 'string' ? JSON.stringify(value) : value);
  const line = (record) => names.map((name) => cell(name, record[name]));
  return items.map((record) => lineOf(line(record), { guarded })).join('');
}

function json(items, { names }, first) {
  const text = (record) => JSON.stringify(Object.fromEntries(names.map((name) => [name, record[name]])));
  return `${first ? '' : ',\n'}${items.map(text).join(',\n')}`;
}
