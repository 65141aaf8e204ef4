// The indexes of a collection: a list, and a dialog that makes one of columns, or of SQL.
//
// Used by the editor of collections.

import { fill, h, icon, iconButton, uniqueId } from '../lib/dom.js';
import { editor } from '../lib/editor.js';
import { ask } from '../lib/feedback.js';
import { checkControl, textControl } from './controls.js';
import { parseIndex, writeIndex } from './index-sql.js';

const RANDOM_CHARS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const random = (length) =>
  [...crypto.getRandomValues(new Uint8Array(length))].map((byte) => RANDOM_CHARS[byte % RANDOM_CHARS.length]).join('');

/** @returns {HTMLElement} the list, which follows the draft */
export function indexList(draft) {
  const list = h('ul', { class: 'schema-indexes', 'aria-label': 'Indexes' });
  const draw = () =>
    fill(
      list,
      draft.value.indexes.map((sql, at) => indexRow(draft, sql, at)),
      draft.value.indexes.length === 0 &&
        h('li', { class: 'quiet' }, 'None. What rules and filters look at is found faster with one.'),
    );
  const change = (indexes) => {
    draft.value.indexes = indexes;
    draft.changed('indexes');
  };
  const indexRow = (_, sql, at) => {
    const index = parseIndex(sql);
    const name = index?.name ?? sql.slice(0, 40);
    return h(
      'li',
      { class: 'schema-index', dataset: { path: `indexes.${at}` } },
      h(
        'div',
        { class: 'grow' },
        h(
          'div',
          { class: 'row' },
          index?.unique && h('span', { class: 'badge accent' }, 'Unique'),
          index
            ? index.columns.map((column) =>
                h('code', { class: 'column' }, [column.name, column.collate, column.sort].filter(Boolean).join(' ')),
              )
            : h('code', {}, sql),
          index?.condition && h('span', { class: 'small quiet' }, 'where ', h('code', {}, index.condition)),
        ),
        index && h('div', { class: 'small quiet mono' }, index.name),
      ),
      iconButton('edit', `Edit the index ${name}`, {
        onclick: () =>
          indexDialog(draft, draft.renamedIndex(sql), (next) => change(draft.value.indexes.with(at, next))),
      }),
      iconButton('trash', `Remove the index ${name}`, { onclick: () => change(draft.value.indexes.toSpliced(at, 1)) }),
    );
  };
  draft.addEventListener('change', ({ detail }) => {
    if (detail === 'indexes') draw();
  });
  draw();
  return h(
    'div',
    {},
    list,
    h(
      'button',
      { type: 'button', onclick: () => indexDialog(draft, null, (sql) => change([...draft.value.indexes, sql])) },
      icon('plus'),
      'Add an index',
    ),
  );
}

/** Asks for an index; `take(sql)` gets it. What is typed isn't lost by Escape without a question. */
async function indexDialog(draft, sql, take) {
  const table = draft.value.name;
  const blank = { unique: false, name: `idx_${random(10)}`, columns: [], condition: '' };
  let index = sql === null ? blank : parseIndex(sql);
  const title = uniqueId('index');
  const parts = h('div', {});
  const problem = h('p', { class: 'banner problem', hidden: true });
  const source = await editor({
    language: 'sql',
    label: 'Statement',
    value: sql ?? '',
    minHeight: '4rem',
    onchange: read,
  });
  let writing = false;

  function write() {
    writing = true;
    source.set(index.columns.length > 0 ? writeIndex(index, table) : '');
    writing = false;
  }
  function read(text) {
    if (writing) return;
    index = text.trim() === '' ? { ...blank } : parseIndex(text);
    drawParts();
  }
  function drawParts() {
    if (!index) {
      fill(parts, h('p', { class: 'hint' }, 'This statement can only be edited as SQL.'));
      return;
    }
    const names = draft.fields.map((field) => field.name).filter(Boolean);
    const picked = (name) => index.columns.findIndex((column) => column.plain && column.name === name);
    const columns = h(
      'div',
      { class: 'row', role: 'group', 'aria-label': 'Columns' },
      names.map((name) =>
        h(
          'button',
          {
            type: 'button',
            class: 'small mono',
            'aria-pressed': String(picked(name) >= 0),
            onclick: () => {
              const at = picked(name);
              if (at >= 0) index.columns.splice(at, 1);
              else index.columns.push({ name, collate: '', sort: '', plain: true });
              write();
              drawParts();
              parts.querySelector(`[data-column="${CSS.escape(name)}"]`)?.focus();
            },
            dataset: { column: name },
          },
          picked(name) >= 0 && index.columns.length > 1 ? `${picked(name) + 1}. ${name}` : name,
        ),
      ),
    );
    fill(
      parts,
      checkControl({
        label: 'Unique',
        hint: 'No two records have the same value.',
        value: index.unique,
        onchange: (on) => {
          index.unique = on;
          write();
        },
      }),
      textControl({
        label: 'Name',
        mono: true,
        value: index.name,
        onchange: (name) => {
          index.name = name;
          write();
        },
      }),
      h('div', { class: 'field' }, h('span', { class: 'label' }, 'Columns, in this order'), columns),
    );
  }
  drawParts();
  const done = () => {
    const text = source.get().trim();
    const parsed = parseIndex(text);
    if (!parsed) {
      problem.textContent = text === '' ? 'Choose at least one column.' : 'This isn’t a CREATE INDEX statement.';
      problem.hidden = false;
      return;
    }
    dialog.close();
    take(text);
  };
  const dialog = h(
    'dialog',
    { class: 'wide-dialog', 'aria-labelledby': title },
    h(
      'form',
      {
        onsubmit: (event) => {
          event.preventDefault();
          done();
        },
      },
      h('h2', { id: title }, sql === null ? 'New index' : 'Edit the index'),
      parts,
      h(
        'div',
        { class: 'field' },
        h('span', { class: 'label' }, 'Statement'),
        source.element,
        h(
          'p',
          { class: 'hint' },
          'Conditions (WHERE), collations (COLLATE NOCASE) and expressions can be written here.',
        ),
      ),
      problem,
      h(
        'footer',
        {},
        h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
        h('button', { type: 'submit', class: 'main' }, sql === null ? 'Add' : 'Use'),
      ),
    ),
  );
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('cancel', async (event) => {
    if (source.get() === (sql ?? '')) return;
    event.preventDefault();
    const question = { title: 'Discard this index?', text: 'What you have typed is lost.', action: 'Discard' };
    if (await ask({ ...question, danger: true })) dialog.close();
  });
  // The editor may have come late, and the button was pressed twice.
  if (document.querySelector('dialog[open]')) return;
  document.body.append(dialog);
  dialog.showModal();
}
