// The page SQL: statements that the owner types, read-only unless they say otherwise, and their results. Where one ends
// is told by `ops/sql-text`, what is completed `ops/sql-complete`, results `ops/sql-result`, what was typed before
// `ops/typed-before`.

import { Refused, del, getAll, post } from './lib/api.js';
import { fill, find, h } from './lib/dom.js';
import { editor } from './lib/editor.js';
import { ask, tell } from './lib/feedback.js';
import { count, duration, plural } from './lib/format.js';
import { shortcut } from './lib/keys.js';
import { command } from './lib/palette.js';
import { sqlCompletion } from './ops/sql-complete.js';
import { downloads, plan, resultTable } from './ops/sql-result.js';
import { canGoOn, isChange, statementsOf } from './ops/sql-text.js';
import { past as typedPast, typedBefore } from './ops/typed-before.js';

const HISTORY = 'sql';
const NAMES_CHANGE = /\b(?:insert|update|delete|replace)\b/i;
/** More rows than these aren't drawn on one page. */
const ROWS_MAX = 20_000;
const CLOCK_MS = 200;

const at = (name) => find(`[data-${name}]`);
const [result, changes, warning, runLabel, clock] = ['result', 'changes', 'warning', 'run-label', 'clock'].map(at);
const [runButton, explainButton, cancelButton] = ['run', 'explain', 'cancel'].map(at);
/** What is running: `{ abort, begun, name, isCancelled }`. */
let running = null;

const schema = {};
const text = await editor({
  language: 'sql',
  label: 'SQL statement',
  minHeight: '9rem',
  placeholder: 'SELECT …',
  complete: sqlCompletion(schema),
  onrun: () => run(),
  value: new URLSearchParams(location.search).get('query') ?? typedPast(HISTORY).get()[0] ?? '',
});
at('editor').append(text.element);
text.view.focus();
const past = typedBefore(at('history'), {
  key: HISTORY,
  label: 'History',
  onchoose(query) {
    text.set(query);
    text.view.focus();
  },
});
// Without names there is less to complete, and nothing else.
getAll('/api/collections', { fields: 'name,fields.name' })
  .catch(() => [])
  .then((all) => {
    for (const { name, fields } of all) schema[name] = fields.map((field) => field.name);
  });

/** What a statement like the one that was run may have at most. */
function showLimits({ rows, seconds }) {
  at('limits').textContent = `At most ${count(rows)} rows at a time, and ${plural(seconds, 'second')}.`;
}

/** What is marked, or else everything. */
function statement() {
  const { from, to, empty } = text.view.state.selection.main;
  const marked = empty ? '' : text.view.state.sliceDoc(from, to).trim();
  return { query: marked || text.get().trim(), isPart: marked !== '' };
}
const showLabel = () => {
  runLabel.textContent = statement().isPart ? 'Run selection' : 'Run';
};
for (const event of ['keyup', 'pointerup', 'focusin']) document.addEventListener(event, showLabel);

/** Says what went wrong; with `keep`, above the rows that are shown. */
function problem(words, { keep = false } = {}) {
  if (!keep) result.replaceChildren();
  result.querySelector(':scope > .banner')?.remove();
  result.prepend(h('p', { class: 'banner problem', role: 'alert' }, words));
}

async function run({ explain = false } = {}) {
  if (running) return;
  const { query } = statement();
  const statements = statementsOf(query);
  if (statements.length === 0) {
    problem('Type a statement first.');
    return;
  }
  const readOnly = explain || !changes.checked || !isChange(statements);
  if (!readOnly) {
    const content = h(
      'pre',
      { class: 'code sql-asked', tabindex: 0, role: 'region', 'aria-label': 'Statement' },
      query,
    );
    if (!(await ask({ title: 'Change rows?', text: "This can't be undone.", content, action: 'Run', danger: true })))
      return;
  }
  // Without the comments in front, which the server would take for the first word.
  const answer = await send({ query: statements.join(';\n'), readOnly, explain });
  if (!answer) return;
  past.add(query);
  showLimits(answer.limits);
  if (explain) fill(result, plan(answer.rows));
  else show(answer, statements);
}

/** Sends a statement while the page shows that it runs; `null` if there is no answer, which is told (see `problem`). */
async function send(body, place) {
  const abort = new AbortController();
  const name = crypto.getRandomValues(new Uint32Array(4)).join('-');
  const pressed = document.activeElement;
  running = { abort, begun: performance.now(), name, isCancelled: false };
  showRunning();
  try {
    return await post('/api/sql', { ...body, name }, { signal: abort.signal });
  } catch (error) {
    if (error.name === 'AbortError')
      problem(
        [
          'Nobody waits for it any more. The server may go on with it until it is done or its time is up',
          body.readOnly ? '.' : ', so that what was to change may have changed all the same: look.',
        ],
        place,
      );
    else {
      if (!(error instanceof Refused)) tell(error);
      problem([error.text ?? error.message, ' ', outcome(error, body)], place);
    }
    return null;
  } finally {
    running = null;
    showRunning();
    // The button that was pressed was disabled meanwhile, and one to cancel is hidden now.
    if ([document.body, cancelButton].includes(document.activeElement))
      (pressed === text.element ? text.view : pressed).focus();
  }
}

/** What a failure means for what was to change. Only the server itself knows for certain that nothing has. */
function outcome({ status, body: answer }, { query, readOnly }) {
  const isRefusal = status >= 400 && status < 500 && answer?.status === status;
  if (!readOnly) return isRefusal ? 'Nothing has changed.' : 'It may have been done all the same: look.';
  return (
    isRefusal &&
    changes.checked &&
    NAMES_CHANGE.test(query) &&
    'Changes are made only if the first word is INSERT, UPDATE, DELETE or REPLACE.'
  );
}

/** Ends what is running, and the answer to it says so. Who doesn't want to wait for that cancels once more. */
async function cancel() {
  if (!running) return;
  const { abort, name, isCancelled } = running;
  if (isCancelled) {
    abort.abort();
    return;
  }
  running.isCancelled = true;
  showRunning();
  try {
    // As long as nothing runs under this name, the answer is on its way, or the request still is.
    while (running?.name === name && !(await isEnded(name))) await new Promise((soon) => setTimeout(soon, CLOCK_MS));
  } catch {
    abort.abort();
  }
}

const isEnded = (name) =>
  del(`/api/sql/${name}`).then(
    () => true,
    (error) => {
      if (error.status === 404) return false;
      throw error;
    },
  );

function showRunning() {
  const on = running !== null;
  for (const button of [runButton, explainButton]) button.disabled = on;
  cancelButton.hidden = !on;
  cancelButton.textContent = running?.isCancelled ? 'Stop waiting' : 'Cancel';
  clock.textContent = on ? duration(Math.max(performance.now() - running.begun, CLOCK_MS)) : '';
  if (on) {
    result.setAttribute('aria-busy', 'true');
    setTimeout(() => {
      if (running) showRunning();
    }, CLOCK_MS);
  } else result.removeAttribute('aria-busy');
}

/** Draws an answer to statements. */
function show(answer, statements) {
  const took = duration(answer.execTime);
  if (answer.columns.length === 0) {
    fill(result, h('p', { class: 'banner good' }, `${plural(answer.affectedRows, 'row')} changed, in ${took}.`));
    return;
  }
  const facts = `${plural(answer.rows.length, 'row')}${answer.truncated ? ', and there are more' : ''}, in ${took}`;
  const more =
    answer.truncated &&
    answer.rows.length < ROWS_MAX &&
    canGoOn(statements) &&
    h(
      'button',
      { type: 'button', class: 'small', dataset: { more: '' }, onclick: () => loadMore(answer, statements) },
      'Load more',
    );
  fill(
    result,
    h(
      'div',
      { class: 'row between sql-facts' },
      h('span', { class: 'row' }, h('span', { class: 'quiet', role: 'status' }, facts), more),
      answer.rows.length > 0 && h('div', { class: 'menu-place' }, downloads(answer)),
    ),
    answer.rows.length > 0 &&
      h('div', { class: 'scroll result', tabindex: 0, role: 'region', 'aria-label': 'Result' }, resultTable(answer)),
  );
}

/** The rows after those that are shown, of the same question. */
async function loadMore(shown, [question]) {
  if (running) return;
  const query = `SELECT * FROM (\n${question}\n) LIMIT -1 OFFSET ${shown.rows.length}`;
  const next = await send({ query, readOnly: true }, { keep: true });
  if (!next) return;
  const rows = [...shown.rows, ...next.rows];
  show({ ...next, columns: shown.columns, rows, execTime: shown.execTime + next.execTime }, [question]);
  // The button that was pressed is another one now, or gone.
  if (document.activeElement === document.body) find('[data-more], .result', result).focus();
}

runButton.addEventListener('click', () => run());
explainButton.addEventListener('click', () => run({ explain: true }));
cancelButton.addEventListener('click', cancel);
changes.addEventListener('change', () => {
  warning.hidden = !changes.checked;
});
shortcut('e', 'Type a statement', () => text.view.focus());
command('Run this statement', () => run(), 'SQL');
command('Explain this statement', () => run({ explain: true }), 'SQL');
