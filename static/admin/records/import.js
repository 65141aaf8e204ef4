// The dialog that brings records from a CSV or JSON file: what is in the file, which column is which field, a trial,
// the import, and what the server says to each row. Loaded by records.js. The file itself is read by import-file.js.

import { ownPage } from '../lib/api.js';
import { mayChange } from '../lib/controls.js';
import { fill, h, uniqueId } from '../lib/dom.js';
import { download } from '../lib/download.js';
import { bytes, count, plural } from '../lib/format.js';
import { refusal, transfer } from '../record/xhr.js';
import { problemList } from './changes.js';
import { lineOf } from '../lib/csv.js';
import { LEFT_OUT, bodyOf, ignored, openFile, targets } from './import-file.js';

const ERRORS_SHOWN = 100;

const UNIQUE_INDEX =
  /^\s*CREATE\s+UNIQUE\s+INDEX[^(]*\(\s*[`"[]?(\w+)[`"\]]?\s*(?:COLLATE\s+\w+\s*)?(?:ASC|DESC)?\s*\)/i;

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

/**
 * `onbegin()` is called before rows go in; afterwards `onchange(created)`, with the number of new records; without it
 * if nobody knows which rows are in.
 */
export function importDialog({ collection, onbegin, onchange }) {
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
    { id: keyId, onchange: () => anew() },
    h('option', { value: '' }, 'Nothing: every row is a new record'),
    keys(collection).map((name) => h('option', { value: name }, name)),
  );
  const trial = h('button', { type: 'button', disabled: true, onclick: () => run(true) }, 'Try it, change nothing');
  const go = h('button', { type: 'submit', class: 'main', disabled: true }, 'Import');
  const close = h('button', { type: 'button', onclick: () => (running ? running.abort() : dialog.close()) }, 'Close');
  const form = h(
    'form',
    {
      onsubmit: (event) => {
        event.preventDefault();
        run(false);
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
      h(
        'p',
        { class: 'hint' },
        'A row with the value of a record changes that record; one with a new value, or with no id, makes one.',
      ),
    ),
    result,
    h('footer', {}, close, trial, go),
  );
  const dialog = h('dialog', { class: 'wide', 'aria-labelledby': title }, form);
  /** Stops what is on its way to the server. */
  let running;
  let looks = 0;

  async function look() {
    const turn = (looks += 1);
    fill(result);
    fill(preview);
    table = undefined;
    enable(false);
    if (!file.files[0]) return;
    try {
      const opened = await openFile(file.files[0], collection);
      if (turn !== looks) return;
      table = opened;
      // A table with ids of its own most likely comes from here.
      key.value = table.mapping.includes('id') ? 'id' : '';
      fill(preview, drawPreview(table, collection, anew));
      enable(true);
    } catch (error) {
      if (turn === looks) complain(`This file can't be read: ${error.message}`);
    }
  }

  const enable = (on) => {
    trial.disabled = go.disabled = !on;
  };
  /** Something else would be imported now. */
  function anew() {
    fill(result);
    enable(Boolean(table));
  }
  const complain = (message) => fill(result, h('p', { class: 'banner problem' }, message));
  const progress = (sent, all) =>
    fill(
      result,
      h('progress', { max: all, value: sent, 'aria-label': 'Sent' }),
      h(
        'p',
        { class: 'small quiet', role: 'status' },
        sent < all ? `${bytes(sent)} of ${bytes(all)} sent` : 'The server reads the rows …',
      ),
    );

  async function run(dryRun) {
    if (running || (!dryRun && !(await mayChange(`Import into ${collection.name}`)))) return;
    running = new AbortController();
    enable(false);
    for (const input of form.querySelectorAll('input, select')) input.disabled = true;
    close.textContent = 'Stop';
    if (!dryRun) onbegin();
    const outcome = await attempt(dryRun).finally(() => {
      running = undefined;
      close.textContent = 'Close';
      for (const input of form.querySelectorAll('input, select')) input.disabled = false;
    });
    // What is in must not go in a second time by a second click.
    enable(dryRun || !outcome || outcome.created + outcome.updated === 0);
    if (outcome) fill(result, drawOutcome(outcome, dryRun, collection));
    if (!dryRun) onchange(outcome?.created);
  }

  /** What the server refuses as a whole is said here; a notice would lie behind the dialog. */
  async function attempt(dryRun) {
    progress(0, table.file.size);
    try {
      const options = { format: table.format, key: key.value, dryRun, signal: running.signal, onprogress: progress };
      return await upload(collection, await bodyOf(table), options);
    } catch (error) {
      const isStopped = error.name === 'AbortError';
      const isUnsure = (isStopped || error.status === 0) && !dryRun;
      const stopped = dryRun ? 'It was stopped.' : 'Nobody waits any more, but the server goes on with what it has.';
      const text = isStopped ? stopped : (error.text ?? error.message);
      complain(isUnsure ? `${text} Some rows may be in already: look before you try again.` : text);
      return null;
    }
  }

  dialog.addEventListener('cancel', (event) => {
    if (running) event.preventDefault();
  });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  file.focus();
}

async function upload(collection, body, { format, key, dryRun, signal, onprogress }) {
  const query = new URLSearchParams({ format, ...(key && { key }), ...(dryRun && { dryRun: '1' }) });
  const headers = { ...ownPage(), 'Content-Type': 'application/octet-stream' };
  const path = `/_/collections/${encodeURIComponent(collection.name)}/import?${query}`;
  const request = await transfer('POST', path, { headers, body, signal, onprogress });
  if (request.status >= 400) throw refusal(request);
  return JSON.parse(request.responseText);
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
  const holdsFiles = (name) => collection.fields.some((field) => field.name === name && field.type === 'file');
  const unplaced = table.names.filter((name, at) => table.mapping[at] === LEFT_OUT && !skipped.has(name));
  const files = unplaced.filter(holdsFiles);
  const lost = unplaced.filter((name) => !holdsFiles(name));
  return [
    h(
      'p',
      { class: 'small quiet preview-about' },
      [
        table.file.name,
        bytes(table.file.size),
        table.format.toUpperCase(),
        table.encoding !== 'utf-8' && table.encoding,
      ]
        .filter(Boolean)
        .join(', '),
      '; the first rows:',
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
    files.length > 0 &&
      h('p', { class: 'hint' }, `Files don't come in with a table: nothing changes in ${files.join(', ')}.`),
  ];
}

function drawOutcome({ created, updated, failed, errors }, dryRun, collection) {
  const made = dryRun ? 'would be created' : 'created';
  const said = `${plural(created, 'record')} ${made}, ${count(updated)} changed, ${count(failed)} refused.`;
  const file = () =>
    download(
      `${collection.name}-refused.csv`,
      [lineOf(['row', 'message']), ...errors.map((one) => lineOf([one.row, one.message]))],
      'text/csv',
    );
  return [
    h('p', { class: `banner ${failed > 0 ? 'warn' : 'good'}` }, dryRun ? `Nothing has changed. ${said}` : said),
    errors.length > 0 && [
      problemList(
        'Refused rows',
        errors.slice(0, ERRORS_SHOWN).map((one) => [h('strong', {}, `Row ${count(one.row)}`), ' ', one.message]),
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
