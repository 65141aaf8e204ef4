// Definitions of collections out of this server, and into it. Records are not part of it.
//
// Used by `transfer.html`. Not here: the import (`schema/import.js`).

import { getAll } from './lib/api.js';
import { fill, find, h, icon } from './lib/dom.js';
import { download } from './lib/download.js';
import { copy, tabs, tell } from './lib/feedback.js';
import { plural } from './lib/format.js';
import { checkControl } from './schema/controls.js';
import { importPanel } from './schema/import.js';

const FILE_NAME = 'collections.json';
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
    shown ??= importPanel(here).then((panel) => fill(into, panel), tell);
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
  const give = () => download(FILE_NAME, [text()], 'application/json');
  const buttons = [
    h('button', { type: 'button', onclick: () => copy(text()) }, icon('copy'), 'Copy'),
    h('button', { type: 'button', class: 'main', onclick: () => give() }, icon('download'), 'Download'),
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
