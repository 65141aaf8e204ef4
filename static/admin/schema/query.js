// The query of a view: SQL with completion of tables and columns, and what comes out of it.
//
// Used by the editor of collections. The preview is a dry run on the server, which stores nothing.

import { Refused, post } from '../lib/api.js';
import { fill, h } from '../lib/dom.js';
import { editor } from '../lib/editor.js';
import { tell } from '../lib/feedback.js';
import { kindIcon, kindLabel } from './kinds.js';
import { placesOf } from './query-place.js';

/** How the server's refusals begin; the page needs no such beginning. */
const REFUSED = /^The query can't be used for a view: /;
const CELL_MAX_CHARS = 80;

/**
 * @returns {{ element: HTMLElement, mount: () => Promise<void>, settle: () => Promise<void> }} `settle` resolves when
 *   the draft's fields are those of its query, if it can have any
 */
export function queryPanel(draft) {
  const slot = h('div', { dataset: { path: 'viewQuery' } });
  const problem = h('p', { class: 'banner problem', role: 'status', hidden: true });
  const result = h('div', { class: 'stack' });
  let running = null;
  let derived = draft.isNew ? '' : draft.value.viewQuery;

  /** Tries the query, once at a time; resolves to what is wrong with it, and where. */
  function preview() {
    const query = draft.value.viewQuery;
    if (running?.query === query) return running.outcome;
    running?.controller.abort();
    const controller = new AbortController();
    const run = { query, controller };
    running = run;
    run.outcome = attempt(query, controller.signal).finally(() => {
      if (running === run) running = null;
    });
    return run.outcome;
  }
  async function attempt(query, signal) {
    problem.hidden = true;
    if (query.trim() === '') {
      fill(result);
      return [];
    }
    result.setAttribute('aria-busy', 'true');
    try {
      const found = await post('/api/collections/meta/dry-run-view', { query }, { signal });
      draft.derive(found.fields);
      derived = query;
      show(found);
      result.removeAttribute('aria-busy');
      return [];
    } catch (error) {
      if (error.name === 'AbortError') return [];
      result.removeAttribute('aria-busy');
      fill(result);
      if (!(error instanceof Refused) || error.status !== 400) {
        tell(error);
        return [];
      }
      const message = error.message.replace(REFUSED, '');
      problem.textContent = `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
      problem.hidden = false;
      return placesOf(query, message).map((place) => ({ ...place, message }));
    }
  }
  async function settle() {
    if (draft.value.viewQuery !== derived) await preview();
  }
  function show({ fields, sample }) {
    fill(
      result,
      h('h3', {}, 'Fields'),
      h(
        'ul',
        { class: 'row derived' },
        fields.map((field) =>
          h('li', { class: 'badge', title: kindLabel(field.type) }, kindIcon(field.type), field.name),
        ),
      ),
      h('h3', {}, 'First records'),
      sample.length === 0
        ? h('p', { class: 'quiet' }, 'No record comes out of this query at the moment.')
        : sampleTable(fields, sample),
    );
  }
  const element = h(
    'div',
    { class: 'columns query' },
    h(
      'section',
      { class: 'card stack' },
      h('h2', {}, 'Query'),
      slot,
      problem,
      h(
        'div',
        { class: 'row' },
        h('button', { type: 'button', onclick: () => preview() }, 'Preview'),
        h('span', { class: 'hint' }, h('kbd', {}, 'Ctrl Enter')),
      ),
    ),
    h('section', { class: 'card stack', 'aria-label': 'Preview' }, h('h2', {}, 'What comes out'), result),
    h('section', { class: 'card stack' }, h('h2', {}, 'What a query has to be like'), caveats()),
  );
  const mount = async () => {
    const schema = Object.fromEntries(
      draft
        .all()
        .filter((one) => one.name)
        .map((one) => [one.name, one.fields.map((field) => field.name)]),
    );
    const made = await editor({
      language: 'sql',
      value: draft.value.viewQuery ?? '',
      label: 'Query of the view',
      schema,
      minHeight: '10rem',
      onrun: preview,
      placeholder: 'SELECT id, name FROM tools',
      onchange: (text) => {
        draft.value.viewQuery = text;
        draft.changed();
      },
      // It is asked when typing pauses.
      check: preview,
    });
    slot.prepend(made.element);
  };
  return { element, mount, settle };
}

function sampleTable(fields, sample) {
  return h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'First records of the view' },
    h(
      'table',
      { class: 'small' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          fields.map((field) => h('th', { scope: 'col' }, field.name)),
        ),
      ),
      h(
        'tbody',
        {},
        sample.map((record) =>
          h(
            'tr',
            {},
            fields.map((field) => h('td', {}, cell(record[field.name]))),
          ),
        ),
      ),
    ),
  );
}

function cell(value) {
  const text = value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > CELL_MAX_CHARS ? `${text.slice(0, CELL_MAX_CHARS)}…` : text;
}

const code = (text) => h('code', {}, text);
const caveats = () =>
  h(
    'ul',
    { class: 'hint caveats' },
    h(
      'li',
      {},
      'One SELECT, with a column ',
      code('id'),
      ' that is unique and never empty: ',
      code('(ROW_NUMBER() OVER()) AS id'),
      ' makes one where there is none.',
    ),
    h('li', {}, 'No ', code('*'), '; expressions need a name: ', code('count(*) AS total'), '.'),
    h(
      'li',
      {},
      'A column of a collection keeps its kind. Of what is calculated, only ',
      code('count(…)'),
      ', ',
      code('total(…)'),
      ' and ',
      code('CAST(… AS REAL | INT | TEXT | BOOL)'),
      ' are known; all else is JSON.',
    ),
    h('li', {}, 'Hidden fields stay hidden. Records of a view can’t be changed, and tell nobody in real time.'),
  );
