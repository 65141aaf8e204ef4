// A collection's calls, with its own fields and values that work, and a place to try them. The calls are described in
// snippets/; here they are drawn.

import { get, records, root, address } from './lib/api.js';
import { fill, find, h, icon, iconButton, uniqueId } from './lib/dom.js';
import { copy, tabs, tell } from './lib/feedback.js';
import { kept } from './lib/kept.js';
import { shortcut } from './lib/keys.js';
import { command } from './lib/palette.js';
import { exampleRecord } from './snippets/examples.js';
import { filterExamples, MACROS, OPERATORS } from './snippets/filters.js';
import { operationsOf } from './snippets/operations.js';
import { runner } from './snippets/runner.js';
import { whoMay } from './snippets/who.js';

const LANGUAGES = [['curl', 'curl'], ['js', 'JavaScript'], ['dart', 'Dart']];
const language = kept('language of calls', 'curl');
const RELATED_MAX = 25;

const page = find('[data-preview]');

/** What all operations are made of. */
async function gather() {
  const name = page.dataset.collection;
  const [collection, all, settings] = await Promise.all([get(`/api/collections/${encodeURIComponent(name)}`),
      get('/api/collections', { perPage: 500 }), get('/api/settings')]);
  const path = records(collection.name);
  const found = await get(path, { perPage: 1 }).catch(() => ({ items: [], totalItems: 0 }));
  const ask = {
    taken: async (filter) => (await get(path, { perPage: 1, skipTotal: 1, filter, fields: 'id' })).items.length > 0,
    related: async (id) => (await get(records(id), { perPage: RELATED_MAX, skipTotal: 1, fields: 'id' })).items
      .map((one) => one.id),
  };
  const example = collection.type === 'view' ? { values: {}, files: {}, missing: {} } : await exampleRecord(collection,
    ask);
  return { base: root.href.replace(/\/$/, ''), collection, collections: all.items, record: found.items[0] ?? null,
    total: found.totalItems, example, batch: settings.batch?.enabled === true,
    limited: settings.rateLimits?.enabled === true };
}

// --- one operation ---

const verb = (method) => h('span', { class: `verb ${method.toLowerCase()}` }, method);
const copyButton = (text, label = 'Copy') => h('button', { type: 'button', class: 'small', onclick: () =>
    copy(typeof text === 'function' ? text() : text) }, icon('copy'), label);
const region = (label, ...content) => h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label },
  ...content);

function draw(operation, context, run) {
  const url = `${context.base}${operation.path}`;
  return [
    h('div', { class: 'call-head' }, h('div', { class: 'row between' }, h('h2', { tabindex: '-1' }, operation.label),
        h('button', { type: 'button', class: 'small', onclick: () => { run.take(operation); run.focus(); } },
        icon('play'), 'Try it')),
      h('div', { class: 'endpoint' }, verb(operation.method), h('code', { class: 'grow' }, url),
        copyButton(url, 'Copy URL')),
      operation.disabled && h('p', { class: 'banner warn' }, operation.disabled, ' ', operation.enableAt
        && h('a', { href: address(operation.enableAt[0]) }, operation.enableAt[1]), operation.enableAt && '.')),
    h('div', { class: 'call' },
      h('div', { class: 'stack call-text' }, h('p', {}, operation.about), who(operation), parameters(operation),
        bodyFields(operation), operation.filters && filters(operation, context, run)),
      h('div', { class: 'stack call-code' }, code(operation), answers(operation))),
  ];
}

function who(operation) {
  return h('div', {}, h('h3', {}, 'Who may'), h('p', { class: 'who' }, operation.who ?? whoMay(operation.rule)),
    !operation.who && operation.rule && h('details', {}, h('summary', {}, 'The rule'), h('pre', { class: 'code' },
        operation.rule)));
}

function parameters({ parameters: list }) {
  if (list.length === 0) return null;
  const place = { path: 'in the path', body: 'in the body', header: 'a header' };
  const kind = ({ type, where }) => where === 'call' ? '' : [type, place[where] ?? 'in the query']
    .filter(Boolean).join(', ');
  return h('div', {}, h('h3', {}, 'Parameters'), region('Parameters', h('table', { class: 'small names' },
    h('thead', {}, h('tr', {}, ['Name', 'What it is'].map((name) => h('th', {}, name)))),
    h('tbody', {}, list.map((one) => h('tr', {}, h('td', {}, nameCell(one)), h('td', {}, one.text, ' ',
            h('span', { class: 'quiet' }, kind(one)))))))));
}

const nameCell = (one) => [h('code', {}, one.name), one.required && [' ', h('span', { class: 'badge accent' },
      'needed')]];

function bodyFields({ fields }) {
  if (!fields) return null;
  return h('div', {}, h('h3', {}, 'Body'), region('Fields of the body', h('table', { class: 'small names' },
        h('thead', {}, h('tr', {}, ['Field', 'Type', 'Rules'].map((name) => h('th', {}, name)))),
    h('tbody', {}, fields.map((one) => h('tr', {}, h('td', {}, nameCell(one)), h('td', {}, one.type),
      h('td', {}, one.rules.join('; '), one.help && h('div', { class: 'quiet' }, one.help), one.modifiers?.length > 0
        && h('div', { class: 'quiet' }, 'also ', one.modifiers
        .map((name, at) => [at > 0 && ', ', h('code', {}, name)])),
        one.note && h('div', { class: 'note-warn' }, one.note))))))));
}

function filters(operation, { collection, collections }, run) {
  const attempt = (filter) => {
    run.take({ ...operation, query: { ...operation.query, filter } });
    run.focus();
  };
  return h('div', {}, h('h3', {}, 'Filters'), region('Filters', h('table', { class: 'small' }, h('tbody', {},
    filterExamples(collection, collections).map(({ filter, text }) => h('tr', {}, h('td', {}, h('code', {}, filter)),
        h('td', { class: 'quiet' }, text),
      h('td', { class: 'try' }, iconButton('play', `Try ${filter}`, { onclick: () => attempt(filter) }))))))),
  h('details', {}, h('summary', {}, 'Operators and dates'), h('table', { class: 'small' },
      h('tbody', {}, OPERATORS.map(([signs, text]) => h('tr', {}, h('td', {}, h('code', {}, signs)),
          h('td', {}, text))))),
    h('p', { class: 'hint' }, 'Dates: ', h('code', {}, MACROS), '. Texts stand in quotes; // begins a comment.')));
}

function code(operation) {
  const contents = LANGUAGES.map(([name, label]) => {
    const text = operation.code[name];
    return { name, label, content: [h('div', { class: 'code-box' },
          h('pre', { class: 'code', tabindex: '0', role: 'region', 'aria-label': `${label}: ${operation.label}`,
            'data-snippet': name }, text), copyButton(text)),
      name === 'curl' && text.includes('$TOKEN') && h('p', { class: 'hint' }, 'Before: ', h('code', {}, 'TOKEN=…'),
        ', a token or an API key.'),
      name !== 'curl' && text.includes('\'TOKEN\'') && h('p', { class: 'hint' },
        'In the place of TOKEN stands a token or an API key.'),
      operation.note && h('p', { class: 'hint' }, operation.note)] };
  });
  const chosen = LANGUAGES.find(([name]) => name === language.get())?.[0];
  return tabs(contents.map((one) => ({ ...one, content: h('div', {}, one.content) })), { label: 'Language', chosen,
      onchoose: (name) => language.set(name) }).element;
}

function answers(operation) {
  const list = operation.answers.map((one, at) => ({
    name: `${one.status}-${at}`, label: String(one.status),
    content: h('div', {}, h('p', { class: 'small' }, one.text), one.body !== null && h('div', { class: 'code-box' },
      h('pre', { class: 'code', tabindex: '0', role: 'region', 'aria-label': `Answer ${one.status}` },
        JSON.stringify(one.body, null, 2)), copyButton(() => JSON.stringify(one.body, null, 2)))),
  }));
  return h('div', {}, h('h3', {}, 'Answers'), tabs(list, { label: 'Answers' }).element);
}

// --- the page ---

function build(context) {
  const groups = operationsOf(context);
  const all = groups.flatMap((group) => group.operations);
  const run = runner();
  const place = h('div', { class: 'call-place', id: 'call' });
  const nav = h('nav', { class: 'calls', 'aria-label': 'Calls' }, groups.map((group) => {
    const id = uniqueId('group');
    return h('div', {}, h('h2', { id }, group.name), h('ul', { 'aria-labelledby': id }, group.operations
        .map((one) => h('li', {},
      h('a', { href: `#${one.id}`, class: one.disabled ? 'off' : '', title: one.disabled || undefined,
          'data-call': one.id }, h('span', { class: 'grow' }, one.label), one.disabled && h('span', { class: 'badge' },
          'off'))))));
  }));
  const pickId = uniqueId('pick');
  const pick = h('select', { id: pickId, onchange: () => { location.hash = pick.value; } }, groups
    .map((group) => h('optgroup', { label: group.name }, group.operations.map((one) => h('option', { value: one.id },
          one.disabled ? `${one.label} (off)` : one.label)))));

  const show = (focus) => {
    const operation = all.find((one) => `#${one.id}` === location.hash) ?? all[0];
    for (const link of nav.querySelectorAll('a')) {
      if (link.dataset.call === operation.id) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
    pick.value = operation.id;
    fill(place, draw(operation, context, run));
    run.load(operation);
    if (focus) place.querySelector('h2').focus();
  };
  addEventListener('hashchange', () => show(document.activeElement !== pick));
  fill(page, h('div', { class: 'field calls-pick' }, h('label', { for: pickId }, 'Call'), pick), nav,
    h('div', { class: 'stack' }, place, run.element));
  show(false);

  for (const operation of all) command(`API: ${operation.label}`, () => { location.hash = operation.id; },
    operation.method);
  shortcut('t', 'Try this call', () => run.focus());
}

gather().then(build).catch((error) => {
  tell(error);
  fill(page, h('p', { class: 'banner problem' }, `This page couldn’t be filled: ${error.message}`));
});
