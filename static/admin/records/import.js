// The dialog that brings records from a CSV or JSON file: what is in the file, which column is which field, a trial,
// the import, and what the server says to each row. Loaded by records.js. The server reads the file; this one only
// looks at it, and writes it anew if its columns have other names.

import { Refused, address, ownPage } from '../lib/api.js';
import { fill, h, uniqueId } from '../lib/dom.js';
import { download } from '../lib/download.js';
import { busy, toast } from '../lib/feedback.js';
import { bytes, plural } from '../lib/format.js';
import { delimiterOf, lineOf, parse } from './csv.js';

const ROWS_SHOWN = 5;
const ERRORS_SHOWN = 100;
/** Enough of a large file to see its first rows. */
const LOOKED_AT_BYTES = 256 * 1024;
const LEFT_OUT = '';

/** What stands in the file may be one of these, though it isn't imported. */
const ignored = (collection) =>
  new Set([
    'collectionId',
    'collectionName',
    'expand',
    ...collection.fields.filter((field) => field.type === 'autodate').map((field) => field.name),
  ]);

const targets = (collection) =>
  collection.fields
    .filter((field) => !['autodate', 'file'].includes(field.type) && field.name !== 'tokenKey')
    .map((field) => field.name);

const UNIQUE_INDEX = /^\s*CREATE\s+UNIQUE\s+INDEX[^(]*\(\s*[`"[]?(\w+)[`"\]]?\s*(?:COLLATE\s+\w+\s*)?(?:ASC|DESC)?\s*\)/i;

/** Fields by which a row can be recognised: the id, and those with a unique index of their own. */
function keys(collection) {
  const unique = (name) => collection.indexes.some((index) => UNIQUE_INDEX.exec(index)?.[1] === name);
  return [
    'id',
    ...collection.fields
      .map((field) => field.name)
      .filter((name) => name !== 'id' && name !== 'tokenKey' && unique(name)),
  ];
}

/** `onchange()` is called after rows have gone in. */
export function importDialog({ collection, onchange }) {
  const title = uniqueId('import');
  const [fileId, keyId] = [uniqueId('file'), uniqueId('key')];
  const preview = h('div', { class: 'stack' });
  const result = h('div', { 'aria-live': 'polite' });
  let table;
  const file = h('input', {
    type: 'file',
    id: fileId,
    accept: '.csv,.tsv,.json,.jsonl,text/csv,application/json',
    onchange: look,
  });
  const key = h(
    'select',
    { id: keyId, onchange: () => fill(result) },
    h('option', { value: '' }, 'Nothing: every row is a new record'),
    keys(collection).map((name) => h('option', { value: name }, name)),
  );
  const trial = h(
    'button',
    { type: 'button', disabled: true, onclick: () => run(trial, true) },
    'Try it, change nothing',
  );
  const go = h('button', { type: 'submit', class: 'main', disabled: true }, 'Import');
  const form = h(
    'form',
    {
      onsubmit: (event) => {
        event.preventDefault();
        run(go, false);
      },
    },
    h('h2', { id: title }, `Import into ${collection.name}`),
    h('div', { class: 'field' }, h('label', { for: fileId }, 'CSV or JSON file'), file),
    preview,
    h(
      'div',
      { class: 'field' },
      h('label', { for: keyId }, 'Recognise records by'),
      key,
      h('p', { class: 'hint' }, 'A row with the value of a record that is there changes that record.'),
    ),
    result,
    h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, 'Close'), trial, go),
  );
  const dialog = h('dialog', { class: 'wide', 'aria-labelledby': title }, form);

  async function look() {
    fill(result);
    fill(preview);
    table = undefined;
    trial.disabled = go.disabled = true;
    if (!file.files[0]) return;
    try {
      table = await open(file.files[0], collection);
    } catch (error) {
      fill(result, h('p', { class: 'banner problem' }, `This file can't be read: ${error.message}`));
      return;
    }
    fill(
      preview,
      drawPreview(table, collection, () => fill(result)),
    );
    trial.disabled = go.disabled = false;
  }

  function run(button, dryRun) {
    fill(result);
    return busy(button, async () => {
      const outcome = await attempt(dryRun);
      if (!outcome) return;
      fill(result, drawOutcome(outcome, dryRun, collection));
      if (dryRun || outcome.created + outcome.updated === 0) return;
      toast(`${plural(outcome.created, 'record')} created, ${outcome.updated} changed.`);
      onchange();
    });
  }

  /** What the server refuses as a whole is said here; a notice would lie behind the dialog. */
  async function attempt(dryRun) {
    try {
      return await upload(collection, await body(table), { format: table.format, key: key.value, dryRun });
    } catch (error) {
      fill(result, h('p', { class: 'banner problem' }, error instanceof Refused ? error.text : error.message));
      return null;
    }
  }

  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  file.focus();
}

/** `{ file, format, names, rows, mapping }`: the first rows, and for each name in the file the field that it fills. */
async function open(file, collection) {
  const start = await file.slice(0, LOOKED_AT_BYTES).text();
  const format = /^\s*[[{]/.test(start) && !/\.(csv|tsv)$/i.test(file.name) ? 'json' : 'csv';
  const delimiter = delimiterOf(start);
  const all = format === 'csv' ? parse(start, { delimiter, most: ROWS_SHOWN + 1 }) : await jsonRows(file, start);
  const names = format === 'csv' ? (all.shift() ?? []) : [...new Set(all.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) throw new Error('There is nothing in this file.');
  const rows = format === 'csv' ? all : all.map((row) => names.map((name) => row[name]));
  const known = targets(collection);
  const fits = (name) =>
    known.find((one) => one === name.trim()) ??
    known.find(
      (one) =>
        one.toLowerCase() ===
        name
          .trim()
          .toLowerCase()
          .replace(/[\s-]+/g, '_'),
    ) ??
    LEFT_OUT;
  return { file, format, delimiter, names, rows, mapping: names.map(fits) };
}

/** An array, or an object a line. The beginning is enough only for the latter. */
async function jsonRows(file, start) {
  const text = start.trimStart();
  if (!text.startsWith('['))
    return text
      .split('\n')
      .slice(0, ROWS_SHOWN)
      .filter((line) => line.trim())
      .map((line) => JSON.parse(line));
  const all = JSON.parse(await file.text());
  return all.slice(0, ROWS_SHOWN);
}

function drawPreview(table, collection, onmap) {
  const skipped = ignored(collection);
  const options = (chosen) => [
    h('option', { value: LEFT_OUT, selected: chosen === LEFT_OUT }, 'Leave out'),
    ...targets(collection).map((name) => h('option', { value: name, selected: name === chosen }, name)),
  ];
  const heads = table.names.map((name, at) =>
    h(
      'th',
      {},
      h('div', {}, name),
      h(
        'select',
        {
          'aria-label': `Field for ${name}`,
          onchange: (event) => {
            table.mapping[at] = event.target.value;
            onmap();
          },
        },
        options(table.mapping[at]),
      ),
    ),
  );
  const text = (value) =>
    value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const lost = table.names.filter((name, at) => table.mapping[at] === LEFT_OUT && !skipped.has(name));
  return [
    h(
      'p',
      { class: 'small quiet' },
      `${table.file.name}, ${bytes(table.file.size)}, ${table.format.toUpperCase()}; the first rows:`,
    ),
    h(
      'div',
      { class: 'scroll preview', tabindex: 0, role: 'region', 'aria-label': 'The first rows of the file' },
      h(
        'table',
        {},
        h('thead', {}, h('tr', {}, heads)),
        h(
          'tbody',
          {},
          table.rows.map((row) =>
            h(
              'tr',
              {},
              table.names.map((_, at) => h('td', {}, text(row[at]))),
            ),
          ),
        ),
      ),
    ),
    lost.length > 0 &&
      h(
        'p',
        { class: 'banner warn' },
        `No field has the name of ${lost.join(', ')}: choose one, or leave the column out.`,
      ),
  ];
}

/** The file itself, or the same rows under the fields' names. */
async function body(table) {
  const { file, format, names, mapping, delimiter } = table;
  const used = mapping.filter((name) => name !== LEFT_OUT);
  if (used.length === 0) throw new Error('No column of the file has a field.');
  const twice = used.find((name, at) => used.indexOf(name) !== at);
  if (twice) throw new Error(`Two columns are to fill ${twice}.`);
  if (names.every((name, at) => name === mapping[at]) && (format === 'json' || delimiter === ',')) return file;
  const text = await file.text();
  if (format === 'csv') return rewriteCsv(text, table);
  const rows = text.trimStart().startsWith('[')
    ? JSON.parse(text)
    : text
        .split('\n')
        .filter((line) => line.trim())
        .map((line) => JSON.parse(line));
  const place = new Map(names.map((name, at) => [name, mapping[at]]));
  const renamed = (row) =>
    Object.fromEntries(
      Object.entries(row)
        .map(([name, value]) => [place.get(name) ?? name, value])
        .filter(([name]) => name !== LEFT_OUT),
    );
  return JSON.stringify(rows.map(renamed));
}

function rewriteCsv(text, { mapping, delimiter }) {
  const [, ...rows] = parse(text, { delimiter });
  const kept = mapping.map((name, at) => [name, at]).filter(([name]) => name !== LEFT_OUT);
  return [kept.map(([name]) => name), ...rows.map((row) => kept.map(([, at]) => row[at] ?? ''))]
    .map((row) => lineOf(row))
    .join('');
}

async function upload(collection, sent, { format, key, dryRun }) {
  const url = new URL(address(`/_/collections/${encodeURIComponent(collection.name)}/import`));
  url.searchParams.set('format', format);
  if (key) url.searchParams.set('key', key);
  if (dryRun) url.searchParams.set('dryRun', '1');
  const headers = {
    ...ownPage(),
    'Content-Type': 'application/octet-stream',
  };
  let answer;
  try {
    answer = await fetch(url, { method: 'POST', body: sent, headers, credentials: 'same-origin' });
  } catch {
    throw new Refused(0, { message: "The server can't be reached." });
  }
  const json = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, json);
  return json;
}

function drawOutcome({ created, updated, failed, errors }, dryRun, collection) {
  const made = dryRun ? 'would be created' : 'created';
  const said = `${plural(created, 'record')} ${made}, ${updated} changed, ${failed} refused.`;
  const file = () =>
    download(
      `${collection.name}-refused.csv`,
      [lineOf(['row', 'message']), ...errors.map((one) => lineOf([one.row, one.message]))],
      'text/csv',
    );
  return [
    h('p', { class: `banner ${failed > 0 ? 'warn' : 'good'}` }, dryRun ? `Nothing has changed. ${said}` : said),
    errors.length > 0 && [
      h(
        'ul',
        { class: 'problem-list', tabindex: 0, role: 'region', 'aria-label': 'Refused rows' },
        errors.slice(0, ERRORS_SHOWN).map((one) => h('li', {}, h('strong', {}, `Row ${one.row}`), ' ', one.message)),
      ),
      h(
        'p',
        { class: 'small quiet' },
        errors.length > ERRORS_SHOWN && `The first ${ERRORS_SHOWN}. `,
        failed > errors.length && `The server tells ${errors.length} of ${failed}. `,
        h('button', { type: 'button', class: 'small', onclick: file }, 'Download these'),
      ),
    ],
  ];
}
