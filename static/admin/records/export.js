// The dialog that writes everything which the filter selects to a file, page by page. Loaded by records.js.

import { get, records as pathOf } from '../lib/api.js';
import { h, uniqueId } from '../lib/dom.js';
import { download } from '../lib/download.js';
import { tell, toast } from '../lib/feedback.js';
import { plural } from '../lib/format.js';
import { withProgress } from './changes.js';
import { lineOf } from './csv.js';

const PAGE_ROWS = 500;
/** Parts of the file are put together as blobs, which the browser may keep on disk. */
const PART_TYPE = 'application/octet-stream';

/** `columns` are those that the table shows, `all` all; `total` is `null` as long as nobody has counted. */
export function exportDialog({ collection, columns, all, filter, sort, total }) {
  const title = uniqueId('export');
  const names = { format: uniqueId('format'), which: uniqueId('which') };
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
    h('h2', { id: title }, `Export ${total === null ? 'records' : plural(total, 'record')}`),
    h('p', { class: 'quiet' }, filter ? 'Only what the filter selects.' : 'All of the collection.'),
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
    const options = {
      collection,
      names: chosen,
      filter,
      sort,
      total,
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

async function* pages({ collection, filter, sort, names }, signal) {
  const path = pathOf(collection.name);
  const query = { filter, sort, perPage: PAGE_ROWS, fields: names.join(',') };
  for (let cursor = ''; ;) {
    const found =
      cursor === ''
        ? await get(`${path}?cursor=`, query, { signal })
        : await get(path, { ...query, cursor }, { signal });
    if (found.items.length > 0) yield found.items;
    cursor = found.nextCursor;
    if (!cursor) return;
  }
}

const csv = (items, { names, guarded }) =>
  items
    .map((record) =>
      lineOf(
        names.map((name) => record[name]),
        { guarded },
      ),
    )
    .join('');

function json(items, { names }, first) {
  const text = (record) => JSON.stringify(Object.fromEntries(names.map((name) => [name, record[name]])));
  return `${first ? '' : ',\n'}${items.map(text).join(',\n')}`;
}
