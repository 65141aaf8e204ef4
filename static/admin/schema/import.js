// Definitions of collections into this server. What an import will do is worked out here (`merge.js`), shown in words
// and line by line, and asked about before it is done.
//
// Used by the page that takes definitions out and in.

import { Refused, address, get, getAll, put, records } from '../lib/api.js';
import { lock } from '../lib/controls.js';
import { debounce, fill, h, icon, uniqueId } from '../lib/dom.js';
import { editor } from '../lib/editor.js';
import { busy, heldStill, tell, toast } from '../lib/feedback.js';
import { plural } from '../lib/format.js';
import { MARK, changesBetween } from './changes.js';
import { checkControl } from './controls.js';
import { importProblems } from './import-problems.js';
import { lineDiff, shortened, sideBySide } from './line-diff.js';
import { asText, plan, readImport, withIdsFromHere } from './merge.js';
import { changeList, review } from './review.js';

/** Longer definitions are compared without showing every line. */
const DIFF_MAX_LINES = 4000;

/** The panel, for somebody who has these collections here. */
export async function importPanel(stored) {
  let here = stored;
  const fileId = uniqueId('file');
  const problem = h('div', { class: 'banner problem import-problem', role: 'alert', hidden: true });
  const findings = h('div', { class: 'stack', role: 'region', 'aria-label': 'What the import would do' });
  const button = h(
    'button',
    { type: 'button', class: 'main', disabled: true, onclick: () => run() },
    'Review and import',
  );
  const state = { text: '', deleteMissing: false, adopt: false, collections: null, plan: null };
  const source = await editor({
    language: 'json',
    value: '',
    label: 'Definitions to import',
    placeholder: 'Paste definitions here',
    minHeight: '12rem',
    onchange: debounce(() => source.get() !== state.text && look(), 300),
  });

  function look() {
    const text = source.get();
    state.text = text;
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
            { dataset: { name: one.name } },
            h('span', { class: 'badge problem' }, 'Removed'),
            h('strong', {}, one.name),
            h('span', { class: 'quiet small' }, 'with all its records'),
          ),
        ),
        changed.map(({ before, after }) =>
          h(
            'li',
            { dataset: { name: after.name } },
            h(
              'details',
              {},
              h(
                'summary',
                {},
                h('span', { class: 'badge warn' }, 'Changed'),
                ' ',
                h('strong', {}, before.name),
                losesData(before, after) && [' ', h('span', { class: 'badge problem' }, 'Data goes')],
              ),
              lazily(() => difference(before, after)),
            ),
          ),
        ),
        added.map((one) =>
          h(
            'li',
            { dataset: { name: one.name } },
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
    if (locked.refuses()) return;
    // Others may have changed collections since this page was opened.
    const isFresh = await busy(button, async () => {
      here = await getAll('/api/collections');
    });
    look();
    if (!isFresh || !state.plan || button.disabled) return;
    // What is reviewed is what is imported, whatever is chosen in the panel until then.
    const { collections, deleteMissing, plan: reviewed } = state;
    const { added, changed, removed } = reviewed;
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
        await heldStill(element, () => put('/api/collections/import', { collections, deleteMissing }));
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
    if (refused) showRefusal(refused, reviewed);
  }
  /** Says above what was refused, and beside the collection that it is about. */
  function showRefusal(refused, tried) {
    const found = importProblems(refused.data, tried);
    fill(
      problem,
      h('strong', {}, 'The import was refused; nothing has changed.'),
      found
        ? [
            h('div', {}, h('code', {}, found.collection), ' can’t be imported:'),
            h('ul', {}, found.lines.map((line) => h('li', { class: 'pre-line' }, line))),
          ]
        : h('div', { class: 'pre-line' }, refused.text),
    );
    problem.hidden = false;
    problem.scrollIntoView({ block: 'center' });
    const item = found && findings.querySelector(`[data-name="${CSS.escape(found.collection)}"]`);
    item?.classList.add('refused');
    item?.querySelector('summary')?.append(' ', h('span', { class: 'badge problem' }, 'Refused'));
  }
  async function take(chosen) {
    if (!chosen) return;
    source.set(await chosen.text());
    look();
  }
  const file = h('input', {
    id: fileId,
    type: 'file',
    accept: '.json,application/json',
    class: 'visually-hidden',
    onchange: async () => {
      await take(file.files[0]).catch(tell);
      file.value = '';
    },
  });
  const element = h(
    'div',
    { class: 'transfer-in stack' },
    h(
      'section',
      { class: 'card stack' },
      h(
        'div',
        { class: 'row between' },
        h('h2', {}, 'Definitions'),
        h(
          'span',
          {},
          file,
          h('span', { class: 'hint only-desk' }, 'Paste, drop a file, or '),
          h('label', { for: fileId, class: 'button' }, icon('upload'), 'Open a file'),
        ),
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
  takeDrops(element, take);
  const locked = lock(button);
  return element;
}

/** A file may be let go anywhere over the panel; over the editor, too, which would else take it as text. */
function takeDrops(element, take) {
  const hasFile = (event) => event.dataTransfer?.types.includes('Files');
  const show = (on) => element.classList.toggle('dropping', on);
  element.addEventListener('dragover', (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    show(true);
  });
  element.addEventListener('dragleave', (event) => {
    if (!element.contains(event.relatedTarget)) show(false);
  });
  element.addEventListener(
    'drop',
    (event) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      event.stopPropagation();
      show(false);
      take(event.dataTransfer.files[0]).catch(tell);
    },
    { capture: true },
  );
}

const losesData = (before, after) => changesBetween(before, after).some(({ level }) => level === 'loss');

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
