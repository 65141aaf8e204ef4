// The list of fields: their order, names and marks; each opens to its options (`options.js`).
//
// Used by the editor of collections. Invariants: an entry of the draft has one row as long as it is in the list, so
// that nothing typed is lost; rows are in the order of `draft.entries`.

import { fill, h, icon, iconButton, uniqueId } from '../lib/dom.js';
import { menu } from '../lib/feedback.js';
import { isUniquelyIndexed } from './index-sql.js';
import { ADDABLE, KINDS, blankField, kindIcon, kindLabel } from './kinds.js';
import { optionsOf } from './options.js';

/**
 * @returns {{ element: HTMLElement, rowOf: (field: object) => HTMLElement, open: (field: object) => void,
 *   reveal: (element: HTMLElement) => void }} `reveal` opens the field that an input is in
 */
export function fieldList(draft) {
  const rows = new Map();
  let added;
  const list = h('ol', { class: 'schema-fields', 'aria-label': 'Fields' });
  const live = h('p', { class: 'visually-hidden', 'aria-live': 'polite' });
  const site = { draft, list, live, rows, draw, add };
  function draw() {
    for (const entry of draft.entries) if (!rows.has(entry)) rows.set(entry, fieldRow(site, entry));
    for (const [entry, row] of rows)
      if (!draft.entries.includes(entry)) {
        row.element.remove();
        rows.delete(entry);
      }
    // Only what is out of place moves: an element that moves loses the focus.
    draft.entries.forEach((entry, at) => {
      const { element } = rows.get(entry);
      if (list.children[at] !== element) list.insertBefore(element, list.children[at] ?? null);
    });
    for (const row of rows.values()) row.update();
  }
  function add(field, after) {
    const entry = draft.entry(field, null);
    const dates = draft.entries.findIndex((one) => one.field.type === 'autodate' && !one.field.system);
    const at = after ? draft.entries.indexOf(after) + 1 : dates < 0 ? draft.entries.length : dates;
    draft.entries.splice(at, 0, entry);
    draft.changed();
    draw();
    // Whoever adds the next one is done with the one before; nine open forms are a page that nobody finds through.
    rows.get(added)?.close();
    added = entry;
    rows.get(entry).open();
    rows.get(entry).focus();
  }
  draft.addEventListener('change', () => {
    for (const row of rows.values()) row.update();
  });
  draw();
  const entryOf = (field) => draft.entries.find((entry) => entry.field === field);
  return {
    element: h('div', {}, list, live, addMenu(add)),
    rowOf: (field) => rows.get(entryOf(field))?.element,
    open: (field) => rows.get(entryOf(field))?.open(),
    reveal: (element) => [...rows.values()].find((row) => row.element.contains(element))?.open(),
  };
}

/** The button that offers all kinds. */
function addMenu(add) {
  const choices = h(
    'div',
    { class: 'kinds' },
    ADDABLE.map((type) =>
      h(
        'button',
        {
          type: 'button',
          class: 'plain',
          onclick: () => {
            element.open = false;
            add(blankField(type));
          },
        },
        kindIcon(type),
        h('span', {}, KINDS[type].label, h('span', { class: 'hint' }, KINDS[type].about)),
      ),
    ),
  );
  const element = h(
    'details',
    { class: 'add-field' },
    h('summary', { class: 'button' }, icon('plus'), 'Add a field'),
    choices,
  );
  return element;
}

function freeName(draft, name) {
  const taken = new Set(draft.fields.map((field) => field.name.toLowerCase()));
  const base = name || 'field';
  for (let at = 2; ; at += 1) if (!taken.has(`${base}_${at}`.toLowerCase())) return `${base}_${at}`;
}

function fieldRow(site, entry) {
  const { draft } = site;
  const { field } = entry;
  const id = uniqueId('field');
  const badges = h('span', { class: 'row badges' });
  const body = h('div', { class: 'schema-field-body', id: `${id}-options`, hidden: true });
  const name = h('input', {
    id,
    type: 'text',
    value: field.name,
    class: 'mono',
    placeholder: 'name',
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 100,
    readOnly: field.system,
    'aria-label': 'Name of the field',
    dataset: { path: 'name' },
    oninput: () => {
      // Names are words; a space is almost always meant as one.
      name.value = name.value.replaceAll(/[\s-]/g, '_');
      field.name = name.value;
      draft.changed('name');
    },
  });
  const toggle = iconButton('down', 'Options', {
    'aria-expanded': 'false',
    'aria-controls': body.id,
    onclick: () => (body.hidden ? open() : close()),
  });
  const undo = h('button', { type: 'button', class: 'small', onclick: () => restore() }, icon('undo'), 'Undo');
  const more = menu(`More for this field`, [
    { label: 'Duplicate', run: () => duplicate() },
    !field.system && { label: 'Remove', run: () => remove(), danger: true },
  ]);
  const handle = iconButton('drag', 'Move', {
    class: 'plain icon drag',
    onkeydown: (event) => moveByKey(event),
    onpointerdown: (event) => drag(site, entry, event),
  });
  const element = h(
    'li',
    { class: 'schema-field' },
    h(
      'div',
      { class: 'schema-field-head' },
      handle,
      h('span', { class: 'kind', title: kindLabel(field.type) }, kindIcon(field.type)),
      name,
      badges,
      h('span', { class: 'quiet small kind-name' }, kindLabel(field.type)),
      undo,
      toggle,
      more,
    ),
    body,
  );

  function open() {
    if (body.childElementCount === 0) body.append(optionsOf({ draft, entry, changed: () => draft.changed() }));
    body.hidden = false;
    toggle.setAttribute('aria-expanded', 'true');
  }
  function close() {
    body.hidden = true;
    toggle.setAttribute('aria-expanded', 'false');
  }
  function remove() {
    close();
    draft.remove(entry);
    site.draw();
    if (entry.saved) undo.focus();
  }
  function restore() {
    draft.restore(entry);
    toggle.focus();
  }
  function duplicate() {
    const { id: _, ...copy } = structuredClone(field);
    site.add(
      { ...copy, name: freeName(draft, field.name), system: false, ...(copy.primaryKey ? { primaryKey: false } : {}) },
      entry,
    );
  }
  function moveByKey(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    move(site, entry, draft.entries.indexOf(entry) + step);
    handle.focus();
  }
  function update() {
    element.classList.toggle('removed', entry.removed);
    for (const part of [more, toggle]) part.hidden = entry.removed;
    undo.hidden = !entry.removed;
    name.readOnly = field.system || entry.removed;
    const shown = field.name || 'the new field';
    for (const [part, label] of [
      [handle, `Move ${shown}`],
      [toggle, `Options of ${shown}`],
      [more.firstChild, `More for ${shown}`],
    ]) {
      part.setAttribute('aria-label', label);
      part.title = label;
    }
    name.setAttribute('aria-label', `Name of the field ${entry.saved?.name ?? shown}`);
    fill(
      badges,
      marks(draft, entry).map(([text, kind]) => h('span', { class: `badge ${kind}` }, text)),
    );
  }
  return { element, update, open, close, focus: () => name.focus() };
}

/** What is to be seen of a field at a glance. */
function marks(draft, { field, saved, removed }) {
  if (removed) return [['Removed when saved', 'problem']];
  const renamed = saved && saved.name !== field.name;
  return [
    !saved && !draft.isNew && ['New', 'good'],
    renamed && [`Was ${saved.name}`, 'warn'],
    field.system && ['System', ''],
    field.required && ['Required', 'info'],
    field.hidden && ['Hidden', ''],
    field.presentable && ['Presentable', ''],
    field.nullable && ['NULL', ''],
    draft.value.indexes.some(
      (sql) => isUniquelyIndexed(sql, saved?.name ?? field.name) || isUniquelyIndexed(sql, field.name),
    ) && ['Unique', 'accent'],
  ].filter(Boolean);
}

function move({ draft, draw, live }, entry, to) {
  const from = draft.entries.indexOf(entry);
  if (to < 0 || to >= draft.entries.length || to === from) return;
  draft.entries.splice(from, 1);
  draft.entries.splice(to, 0, entry);
  draft.changed();
  draw();
  live.textContent = `${entry.field.name || 'The new field'} is number ${to + 1} of ${draft.entries.length}.`;
}

/** Moves a row along with the pointer until it is let go; Escape puts it back. */
function drag(site, entry, event) {
  if (event.button !== 0) return;
  event.preventDefault();
  const { draft, rows } = site;
  const { element } = rows.get(entry);
  const start = draft.entries.indexOf(entry);
  const listening = new AbortController();
  element.classList.add('dragged');
  const end = () => {
    listening.abort();
    element.classList.remove('dragged');
  };
  const follow = ({ clientY }) => {
    const at = draft.entries.indexOf(entry);
    const box = (one) => rows.get(one).element.getBoundingClientRect();
    const before = draft.entries[at - 1];
    const after = draft.entries[at + 1];
    if (before && clientY < box(before).top + box(before).height / 2) move(site, entry, at - 1);
    else if (after && clientY > box(after).top + box(after).height / 2) move(site, entry, at + 1);
  };
  const { signal } = listening;
  document.addEventListener('pointermove', follow, { signal });
  document.addEventListener('pointerup', end, { signal });
  document.addEventListener('pointercancel', end, { signal });
  document.addEventListener(
    'keydown',
    (key) => {
      if (key.key !== 'Escape') return;
      move(site, entry, start);
      end();
    },
    { signal },
  );
}
