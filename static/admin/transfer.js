// Definitions of collections out of this server, and into it. Records are not part of it.
//
// Used by `transfer.html`. What an import will do is worked out here (`schema/merge.js`) and shown before it is done.

import { Refused, address, get, getAll, put, records } from './lib/api.js';
import { debounce, fill, find, h, icon, uniqueId } from './lib/dom.js';
import { download } from './lib/download.js';
import { editor } from './lib/editor.js';
import { busy, copy, tabs, tell, toast } from './lib/feedback.js';
import { plural } from './lib/format.js';
import { MARK, changesBetween } from './schema/changes.js';
import { checkControl } from './schema/controls.js';
import { lineDiff, shortened, sideBySide } from './schema/line-diff.js';
import { asText, plan, readImport, withIdsFromHere } from './schema/merge.js';
import { changeList, review } from './schema/review.js';

const FILE_NAME = 'collections.json';
/** Longer definitions are compared without showing every line. */
const DIFF_MAX_LINES = 4000;
const root = find('[data-transfer]');

let here = [];

start().catch((error) => {
  tell(error);
  fill(root, h('p', { class: 'banner problem' }, 'The collections couldn’t be loaded. Load the page again.'));
});

async function start() {
  here = await getAll('/api/collections');
  const chosen = location.hash === '#import' ? 'import' : 'export';
  const into = h('div', {});
  // The editor is large; whoever only takes definitions out doesn't need it.
  let shown = null;
  const showImport = () => {
    shown ??= importPanel().then((panel) => fill(into, panel), tell);
    return shown;
  };
  const bar = tabs(
    [
      { name: 'export', label: 'Export', content: exportPanel() },
      { name: 'import', label: 'Import', content: into },
    ],
    {
      label: 'Direction',
      chosen,
      onchoose: (name) => {
        history.replaceState(null, '', `#${name}`);
        if (name === 'import') showImport();
      },
    },
  );
  if (chosen === 'import') showImport();
  fill(
    root,
    h('p', { class: 'quiet' }, 'Fields, rules, indexes and options; not records, and no secrets.'),
    bar.element,
  );
}

// --- out ---

function exportPanel() {
  const own = here.filter((one) => !one.system);
  const listed = [...own, ...here.filter((one) => one.system)];
  const chosen = new Set(own.map((one) => one.id));
  const preview = h('pre', { class: 'code tall', tabindex: '0', role: 'region', 'aria-label': 'Definitions' });
  const summary = h('p', { class: 'quiet', role: 'status' });
  const text = () =>
    JSON.stringify(
      here.filter((one) => chosen.has(one.id)),
      null,
      2,
    );
  const buttons = [
    h('button', { type: 'button', onclick: () => copy(text()) }, icon('copy'), 'Copy'),
    h('button', { type: 'button', class: 'main', onclick: () => download(FILE_NAME, [text()], 'application/json') }, icon('download'), 'Download'),
  ];
  const draw = () => {
    preview.textContent = text();
    summary.textContent = `${plural(chosen.size, 'collection')} chosen`;
    for (const button of buttons) button.disabled = chosen.size === 0;
  };
  const boxes = listed.map((one) =>
    checkControl({
      label: one.name,
      hint: one.system ? 'system' : one.type === 'base' ? '' : one.type,
      value: chosen.has(one.id),
      onchange: (on) => {
        if (on) chosen.add(one.id);
        else chosen.delete(one.id);
        draw();
      },
    }),
  );
  const every = (list) => () => {
    chosen.clear();
    for (const one of list) chosen.add(one.id);
    boxes.forEach((box, at) => {
      box.querySelector('input').checked = chosen.has(listed[at].id);
    });
    draw();
  };
  draw();
  return h(
    'div',
    { class: 'transfer' },
    h(
      'section',
      { class: 'card' },
      h('h2', {}, 'Which'),
      h(
        'div',
        { class: 'row presets' },
        [
          ['All own', own],
          ['All', here],
          ['None', []],
        ].map(([label, list]) => h('button', { type: 'button', class: 'small', onclick: every(list) }, label)),
      ),
      h('div', { class: 'transfer-list' }, boxes),
    ),
    h(
      'section',
      { class: 'card stack' },
      h('div', { class: 'row between' }, summary, h('div', { class: 'row' }, buttons)),
      preview,
    ),
  );
}

// --- in ---

async function importPanel() {
  const fileId = uniqueId('file');
  const problem = h('p', { class: 'banner problem pre-line', role: 'alert', hidden: true });
  const findings = h('div', { class: 'stack', role: 'region', 'aria-label': 'What the import would do' });
  const button = h(
    'button',
    { type: 'button', class: 'main', disabled: true, onclick: () => run() },
    'Review and import',
  );
  const state = { deleteMissing: false, adopt: false, collections: null, plan: null };
  const source = await editor({
    language: 'json',
    value: '',
    label: 'Definitions to import',
    placeholder: 'Paste definitions here',
    minHeight: '12rem',
    onchange: debounce(() => look(), 300),
  });

  function look() {
    const text = source.get();
    problem.hidden = true;
    state.plan = null;
    button.disabled = true;
    if (text.trim() === '') return fill(findings);
    try {
      const read = readImport(text);
      state.collections = state.adopt ? withIdsFromHere(here, read) : read;
      state.plan = plan(here, state.collections, state.deleteMissing);
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
      return fill(findings);
    }
    const { added, changed, removed } = state.plan;
    button.disabled = added.length + changed.length + removed.length === 0;
    return fill(findings, report(state.plan, readClashes(text)));
  }
  const readClashes = (text) => plan(here, readImport(text), false).clashes;
  function report({ added, changed, removed, unchanged }, clashes) {
    return [
      clashes.length > 0 &&
        h(
          'div',
          { class: 'banner warn' },
          `${clashes.map((one) => one.there.name).join(', ')}: here a collection of this name has another id. `,
          checkControl({
            label: 'Take them for the same, with the ids of this server',
            value: state.adopt,
            onchange: (on) => {
              state.adopt = on;
              look();
            },
          }),
        ),
      h(
        'p',
        { role: 'status' },
        `${added.length} added, ${changed.length} changed, ${removed.length} removed, ${unchanged.length} as they are.`,
      ),
      h(
        'ul',
        { class: 'import-list' },
        removed.map((one) =>
          h(
            'li',
            {},
            h('span', { class: 'badge problem' }, 'Removed'),
            h('strong', {}, one.name),
            h('span', { class: 'quiet small' }, 'with all its records'),
          ),
        ),
        changed.map(({ before, after }) =>
          h(
            'li',
            {},
            h(
              'details',
              {},
              h('summary', {}, h('span', { class: 'badge warn' }, 'Changed'), ' ', h('strong', {}, before.name)),
              lazily(() => difference(before, after)),
            ),
          ),
        ),
        added.map((one) =>
          h(
            'li',
            {},
            h(
              'details',
              {},
              h('summary', {}, h('span', { class: 'badge good' }, 'Added'), ' ', h('strong', {}, one.name)),
              lazily(() => h('pre', { class: 'code', tabindex: '0' }, asText(one))),
            ),
          ),
        ),
      ),
    ];
  }
  async function run() {
    const { added, changed, removed } = state.plan;
    const changes = [
      ...removed.map((one) => ({
        level: 'loss',
        text: `Deletes the collection ${MARK}${one.name}${MARK}`,
        count:
          one.type === 'view'
            ? undefined
            : async () =>
                `with ${plural((await get(records(one.name), { perPage: 1, fields: 'id' })).totalItems, 'record')}`,
      })),
      ...changed.flatMap(({ before, after }) =>
        changesBetween(before, after).map((change) => ({
          ...change,
          text: `${MARK}${before.name}${MARK}: ${change.text}`,
        })),
      ),
      ...added.map((one) => ({ level: 'plain', text: `Adds the collection ${MARK}${one.name}${MARK}.` })),
    ];
    if (!(await review(changes, { title: 'What the import will do', action: 'Import' }))) return;
    let refused = null;
    await busy(button, async () => {
      try {
        await put('/api/collections/import', { collections: state.collections, deleteMissing: state.deleteMissing });
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 400) throw error;
        refused = error;
        return;
      }
      toast('Imported.', 'good', {
        action: { label: 'Show collections', run: () => location.assign(address('/_/collections')) },
      });
      here = await getAll('/api/collections');
    });
    look();
    if (!refused) return;
    problem.textContent = refused.text;
    problem.hidden = false;
    problem.scrollIntoView({ block: 'center' });
  }
  const file = h('input', {
    id: fileId,
    type: 'file',
    accept: '.json,application/json',
    class: 'visually-hidden',
    onchange: async () => {
      const [chosen] = file.files;
      if (!chosen) return;
      source.set(await chosen.text());
      file.value = '';
      look();
    },
  });
  return h(
    'div',
    { class: 'transfer-in stack' },
    h(
      'section',
      { class: 'card stack' },
      h(
        'div',
        { class: 'row between' },
        h('h2', {}, 'Definitions'),
        h('span', {}, file, h('label', { for: fileId, class: 'button' }, icon('upload'), 'Open a file')),
      ),
      h('div', { class: 'tall' }, source.element),
      problem,
      checkControl({
        label: 'Delete what isn’t in it',
        hint: 'Collections and fields of this server that are missing from the definitions go, with their data.',
        value: false,
        onchange: (on) => {
          state.deleteMissing = on;
          look();
        },
      }),
    ),
    h(
      'section',
      { class: 'card stack' },
      h('div', { class: 'row between' }, h('h2', {}, 'What it would do'), button),
      findings,
    ),
  );
}

/** Content of a `details` that is made when it is opened. */
function lazily(make) {
  const slot = h('div', {});
  queueMicrotask(() =>
    slot.closest('details')?.addEventListener('toggle', () => {
      if (slot.childElementCount === 0) slot.append(make());
    }),
  );
  return slot;
}

/** What changes in a collection: in words, and line by line. */
function difference(before, after) {
  const [left, right] = [asText(before), asText(after)];
  const words = changeList(changesBetween(before, after));
  if (left.split('\n').length + right.split('\n').length > DIFF_MAX_LINES) return h('div', {}, words);
  const rows = shortened(sideBySide(lineDiff(left, right)));
  const line = (row) =>
    row.kind === 'skip'
      ? h('tr', { class: 'skip' }, h('td', { colspan: 2 }, `${plural(row.count, 'line')} the same`))
      : h(
          'tr',
          {},
          h('td', { class: row.kind === 'changed' && row.left !== null ? 'gone' : '' }, row.left ?? ''),
          h('td', { class: row.kind === 'changed' && row.right !== null ? 'new' : '' }, row.right ?? ''),
        );
  return h(
    'div',
    {},
    words,
    h(
      'div',
      { class: 'scroll diff', tabindex: '0', role: 'region', 'aria-label': `Differences of ${before.name}` },
      h(
        'table',
        {},
        h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Here'), h('th', { scope: 'col' }, 'After the import'))),
        h('tbody', {}, rows.map(line)),
      ),
    ),
  );
}
