// All collections: a list with figures and who may do what, a diagram, and one kind of rule side by side.
//
// Used by `collections.html`.

import { address, get, getAll, records } from './lib/api.js';
import { fill, find, h, icon, uniqueId } from './lib/dom.js';
import { tabs, tell } from './lib/feedback.js';
import { count } from './lib/format.js';
import { shortcut } from './lib/keys.js';
import { command } from './lib/palette.js';
import { checkControl } from './schema/controls.js';
import { AUTH_RULES, RULES, inShort, inWords } from './schema/rule-words.js';

/** How many collections are counted at once. */
const COUNTING = 3;
/** With more collections than this, the diagram begins without their fields. */
const ALL_FIELDS_MAX = 16;
/** How columns are set; a phone has no room for all of them. */
const CLASSES = { Type: 'only-desk', Fields: 'number only-desk', Records: 'number' };
const SYSTEM_KEY = 'holdall.collections.system';

const root = find('[data-collections-overview]');
const page = (collection, end = '') => address(`/_/collections/${encodeURIComponent(collection.name)}${end}`);
const open = (path) => location.assign(address(path));

let collections = [];
let system = localStorage.getItem(SYSTEM_KEY) === 'yes';
let rule = 'listRule';
/** `null` until somebody has chosen. */
let withFields = null;
/** Records of each collection by id, as text; kept while the page is open. */
const totals = new Map();

const shown = () =>
  collections
    .filter((one) => system || !one.system)
    .toSorted((a, b) => a.system - b.system || a.name.localeCompare(b.name));

start().catch((error) => {
  tell(error);
  fill(root, h('p', { class: 'banner problem' }, 'The collections couldn’t be loaded. Load the page again.'));
});

async function start() {
  collections = await getAll('/api/collections');
  const panels = { list: h('div', {}), diagram: h('div', {}), rules: h('div', {}) };
  const draw = {
    list: () => drawList(panels.list),
    diagram: () => drawDiagram(panels.diagram),
    rules: () => drawRules(panels.rules),
  };
  const hash = location.hash.slice(1);
  let current = Object.hasOwn(panels, hash) ? hash : 'list';
  const show = () => Promise.resolve(draw[current]()).catch(tell);
  const bar = tabs(
    [
      ['list', 'List'],
      ['diagram', 'Diagram'],
      ['rules', 'Rules'],
    ].map(([name, label]) => ({ name, label, content: panels[name] })),
    {
      label: 'Ways to look at collections',
      chosen: current,
      onchoose: (name) => {
        current = name;
        history.replaceState(null, '', `#${name}`);
        show();
      },
    },
  );
  const tools = h(
    'div',
    { class: 'row between overview-tools' },
    checkControl({
      label: 'Collections of the system',
      value: system,
      onchange: (on) => {
        system = on;
        localStorage.setItem(SYSTEM_KEY, on ? 'yes' : 'no');
        show();
      },
    }),
    h(
      'div',
      { class: 'row' },
      h('a', { class: 'button', href: address('/_/transfer') }, 'Import and export'),
      h(
        'a',
        { class: 'button main', href: address('/_/new-collection'), dataset: { control: '' } },
        icon('plus'),
        'New collection',
      ),
    ),
  );
  fill(root, tools, bar.element);
  show();
  shortcut('n', 'New collection', () => open('/_/new-collection'));
  command('New collection', () => open('/_/new-collection'));
  command('Import and export collections', () => open('/_/transfer'));
}

const nameCell = (one) =>
  h('th', { scope: 'row' }, h('a', { class: 'named', href: page(one) }, icon(one.type), h('span', {}, one.name)));
const ruleBadge = (value) => {
  const [label, kind] = inShort(value);
  return h('span', { class: `badge ${kind}`, title: value || inWords(value) }, label);
};
const scroll = (label, ...children) =>
  h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label }, children);

// --- list ---

function drawList(panel) {
  const list = shown();
  if (list.length === 0) {
    fill(
      panel,
      h(
        'div',
        { class: 'empty' },
        h('h2', {}, 'No collections yet'),
        h('p', {}, 'A collection is a kind of record: articles, orders, people.'),
      ),
    );
    return;
  }
  const head = ['Collection', 'Type', 'Fields', 'Records', ...RULES.map(([, label]) => label), ''];
  fill(
    panel,
    scroll(
      'Collections',
      h(
        'table',
        { class: 'collections' },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            head.map((label) =>
              h(
                'th',
                { scope: 'col', class: CLASSES[label] },
                label || h('span', { class: 'visually-hidden' }, 'Edit'),
              ),
            ),
          ),
        ),
        h('tbody', {}, list.map(row)),
      ),
    ),
  );
  countAll(list).catch(tell);
}

function row(one) {
  return h(
    'tr',
    {},
    nameCell(one),
    h('td', { class: CLASSES.Type }, one.type),
    h('td', { class: CLASSES.Fields }, count(one.fields.length)),
    h('td', { class: CLASSES.Records, dataset: { total: one.id } }, totals.get(one.id) ?? '…'),
    RULES.map(([key]) =>
      h(
        'td',
        {},
        one.type === 'view' && !['listRule', 'viewRule'].includes(key)
          ? h('span', { class: 'quiet', title: 'Views can only be read' }, '–')
          : ruleBadge(one[key]),
      ),
    ),
    h(
      'td',
      { class: 'right' },
      h(
        'a',
        {
          class: 'button plain icon small',
          href: page(one, '/edit'),
          'aria-label': `Edit ${one.name}`,
          title: `Edit ${one.name}`,
        },
        icon('edit'),
      ),
    ),
  );
}

async function countAll(list) {
  const waiting = list.filter((one) => !totals.has(one.id));
  const work = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      // A view whose query fails can't be counted; the rest can.
      const total = await get(records(one.name), { perPage: 1, fields: 'id' }).then(
        ({ totalItems }) => count(totalItems),
        () => '?',
      );
      totals.set(one.id, total);
      const cell = root.querySelector(`[data-total="${CSS.escape(one.id)}"]`);
      if (cell) cell.textContent = total;
    }
  };
  await Promise.all(Array.from({ length: COUNTING }, work));
}

// --- diagram ---

async function drawDiagram(panel) {
  const { diagram } = await import('./schema/diagram.js');
  const list = shown();
  // Many collections with all their fields are more than can be looked at.
  withFields ??= list.length <= ALL_FIELDS_MAX;
  const slot = h('div', {});
  const said = h('span', { class: 'quiet small', role: 'status' });
  let picture;
  const draw = () => {
    picture = diagram(list, { fields: withFields });
    fill(slot, picture.element);
  };
  const find = h('input', {
    type: 'search',
    'aria-label': 'Find in the diagram',
    placeholder: 'Find a collection',
    oninput: () => {
      const found = picture.find(find.value);
      said.textContent = find.value.trim() === '' ? '' : `${count(found)} found`;
    },
  });
  draw();
  fill(
    panel,
    h(
      'div',
      { class: 'row diagram-head' },
      find,
      said,
      checkControl({
        label: 'All fields',
        value: withFields,
        onchange: (on) => {
          withFields = on;
          draw();
          picture.find(find.value);
        },
      }),
      h(
        'p',
        { class: 'hint only-desk grow right' },
        'Drag or arrow keys move, Ctrl and wheel or + and − zoom, 0 shows all; a click opens.',
      ),
    ),
    slot,
  );
}

// --- rules ---

function drawRules(panel) {
  const id = uniqueId('rule');
  const kinds = [...RULES, ...AUTH_RULES, ['mfa', 'Second step', 'Which accounts need a second step to sign in.']];
  const valueOf = (one) => (rule === 'mfa' ? (one.mfa?.enabled ? one.mfa.rule : undefined) : one[rule]);
  const about = h('p', { class: 'hint' });
  const body = h('tbody', {});
  const draw = () => {
    about.textContent = kinds.find(([key]) => key === rule)[2];
    const auth = ['authRule', 'manageRule', 'mfa'].includes(rule);
    const written = !['listRule', 'viewRule'].includes(rule);
    const list = shown().filter((one) => (!auth || one.type === 'auth') && !(written && one.type === 'view'));
    fill(
      body,
      list.map((one) => {
        const value = valueOf(one);
        return h(
          'tr',
          {},
          nameCell(one),
          h('td', {}, value === undefined ? h('span', { class: 'badge' }, 'Off') : ruleBadge(value)),
          h(
            'td',
            {},
            value
              ? h('code', { class: 'rule-text' }, value)
              : h('span', { class: 'quiet' }, value === undefined ? '' : inWords(value)),
          ),
          h(
            'td',
            { class: 'right' },
            h(
              'a',
              {
                class: 'button plain icon small',
                href: page(one, rule === 'mfa' ? '/edit#sign-in' : '/edit#rules'),
                'aria-label': `Edit the rules of ${one.name}`,
              },
              icon('edit'),
            ),
          ),
        );
      }),
      list.length === 0 && h('tr', {}, h('td', { colspan: 4, class: 'quiet' }, 'No collection has this rule.')),
    );
  };
  draw();
  fill(
    panel,
    h(
      'div',
      { class: 'field rule-pick' },
      h('label', { for: id }, 'Rule'),
      h(
        'select',
        {
          id,
          onchange: (event) => {
            rule = event.target.value;
            draw();
          },
        },
        kinds.map(([key, label]) => h('option', { value: key, selected: key === rule }, label)),
      ),
      about,
    ),
    scroll(
      'Rules',
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ['Collection', 'Who', 'Rule'].map((label) => h('th', { scope: 'col' }, label)),
            h('th', { scope: 'col' }, h('span', { class: 'visually-hidden' }, 'Edit')),
          ),
        ),
        body,
      ),
    ),
  );
}
