// The editor of a collection: fields and indexes, rules, the query of a view, options of accounts. Also for new ones.
//
// Used by `collection.html` and `new-collection.html`. It keeps a draft (`schema/draft.js`), which the tabs change,
// says what saving will do (`schema/changes.js`), and puts what is refused beside its input (`schema/refusal.js`).

import { address, get, getAll, patch, post } from './lib/api.js';
import { lock } from './lib/controls.js';
import { debounce, fill, find, h, uniqueId } from './lib/dom.js';
import { ask, busy, heldStill, tabs, tell, toast } from './lib/feedback.js';
import { plural } from './lib/format.js';
import { shortcut } from './lib/keys.js';
import { command } from './lib/palette.js';
import { authPanel } from './schema/auth.js';
import { blankOf, copyOf } from './schema/beginning.js';
import { changesBetween, lossBetween } from './schema/changes.js';
import { askAboutTheirs } from './schema/conflict.js';
import { unfinished } from './schema/controls.js';
import { Draft, newCollectionId } from './schema/draft.js';
import { fieldList } from './schema/fields.js';
import { indexList } from './schema/indexes.js';
import { moreMenu } from './schema/more-menu.js';
import { whereIs } from './schema/place.js';
import { queryPanel } from './schema/query.js';
import { clearProblems, showRefusal, showUnfinished } from './schema/refusal.js';
import { review } from './schema/review.js';
import { rulePanel } from './schema/rules.js';

const TYPES = [
  ['base', 'Base', 'Records of any kind.'],
  ['auth', 'Auth', 'Records that can sign in, such as people.'],
  ['view', 'View', 'What a query finds; it can only be read.'],
];

const root = find('[data-collection-editor]');
const path = (name) => `/api/collections/${encodeURIComponent(name)}`;
const page = (name, end = '') => address(`/_/collections/${encodeURIComponent(name)}${end}`);

let draft;
let scaffolds;
let view;
let leaving = false;
let hasSaved = false;

start().catch((error) => {
  tell(error);
  fill(root, h('p', { class: 'banner problem' }, 'The collection couldn’t be loaded. Load the page again.'));
});

async function start() {
  const id = root.dataset.collection;
  const [collections, blanks] = await Promise.all([
    getAll('/api/collections'),
    id ? null : get('/api/collections/meta/scaffolds'),
  ]);
  scaffolds = blanks;
  const saved = collections.find((one) => one.id === id) ?? null;
  const from = new URLSearchParams(location.search).get('from');
  const model = collections.find((one) => one.name === from);
  draft = new Draft(saved, collections, saved ?? (model ? copyOf(model, collections) : blankOf('base', scaffolds)));
  build();
  shortcut('mod+s', 'Save the collection', () => {
    if (!document.querySelector('dialog[open]')) save();
  });
  command('Save this collection', save);
  if (saved) {
    command('Duplicate this collection', () =>
      leave(`${address('/_/new-collection')}?from=${encodeURIComponent(saved.name)}`),
    );
    find('[data-collection-menu]').append(moreMenu(() => draft, leave));
  }
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) lookAround().catch(() => {});
  });
  addEventListener('beforeunload', (event) => {
    if (!leaving && draft.isDirty) event.preventDefault();
  });
}

/** Goes to another page; what isn't saved has been dealt with. */
function leave(to, { unasked = false } = {}) {
  leaving = unasked;
  location.assign(to);
}

// --- the page ---

function build() {
  const chosen = location.hash.slice(1);
  const list = draft.isView ? [queryTab()] : [fieldsTab()];
  list.push({ name: 'rules', label: 'Rules', ...rulePanel(draft) });
  if (draft.isAuth) list.push({ name: 'sign-in', label: 'Sign-in', ...authPanel(draft) });
  const mounted = new Map();
  const mount = (name) => {
    const tab = list.find((one) => one.name === name);
    // Rules and options offer fields, so they are made anew when those are others.
    const fields = name === 'query' ? '' : draft.fields.map((field) => field.name).join();
    if (mounted.get(name)?.fields !== fields)
      mounted.set(name, { fields, done: Promise.resolve(tab.mount?.()).catch(tell) });
    return mounted.get(name).done;
  };
  const bar = tabs(
    list.map(({ name, label, element }) => ({ name, label, content: element })),
    {
      label: 'Parts of the collection',
      chosen: list.some((one) => one.name === chosen) ? chosen : list[0].name,
      onchoose: (name) => {
        history.replaceState(null, '', `#${name}`);
        mount(name);
      },
    },
  );
  const banner = h('div', { class: 'banner problem', role: 'alert', hidden: true });
  const notice = h('div', { class: 'banner warn row between', role: 'status', hidden: true });
  const { rowOf, open, reveal, settle } = list[0];
  view = { root, list, bar, mount, banner, notice, rowOf, open, reveal, settle };
  fill(root, notice, banner, head(), bar.element, saveBar());
  view.shown = mount(list.some((one) => one.name === chosen) ? chosen : list[0].name);
}

function fieldsTab() {
  const fields = fieldList(draft);
  const element = h(
    'div',
    { class: 'stack' },
    h('section', { class: 'card' }, h('h2', {}, 'Fields'), fields.element),
    h('section', { class: 'card', dataset: { path: 'indexes' } }, h('h2', {}, 'Indexes'), indexList(draft)),
  );
  const rowOf = (at, sent) => {
    fields.open(sent[at]);
    return fields.rowOf(sent[at]);
  };
  return { name: 'fields', label: 'Fields', element, rowOf, open: fields.open, reveal: fields.reveal };
}

const queryTab = () => ({ name: 'query', label: 'Query', ...queryPanel(draft) });

function head() {
  const id = uniqueId('name');
  const input = h('input', {
    id,
    class: 'mono',
    type: 'text',
    value: draft.value.name,
    maxlength: 255,
    autocomplete: 'off',
    spellcheck: 'false',
    readOnly: draft.value.system,
    placeholder: 'articles',
    dataset: { path: 'name' },
    oninput: () => {
      input.value = input.value.replaceAll(/[\s-]/g, '_');
      draft.value.name = input.value;
      draft.changed();
    },
  });
  const hint = draft.value.system ? 'A collection of the system keeps its name.' : 'Letters, digits and underscores.';
  return h(
    'section',
    { class: 'collection-head' },
    h('div', { class: 'field' }, h('label', { for: id }, 'Name'), input, h('p', { class: 'hint' }, hint)),
    draft.isNew
      ? typeChoice()
      : h(
          'div',
          { class: 'field' },
          h('span', { class: 'label' }, 'Type'),
          h(
            'p',
            { class: 'type-fixed' },
            TYPES.find(([type]) => type === draft.value.type)[1],
            ' ',
            h('span', { class: 'hint' }, 'It can’t change.'),
          ),
        ),
  );
}

function typeChoice() {
  const name = uniqueId('type');
  return h(
    'fieldset',
    { class: 'field', dataset: { path: 'type' } },
    h('legend', {}, 'Type'),
    h(
      'div',
      { class: 'types' },
      TYPES.map(([type, label, about]) =>
        h(
          'label',
          { class: 'type' },
          h('input', {
            type: 'radio',
            name,
            value: type,
            checked: draft.value.type === type,
            onchange: () => changeType(type),
          }),
          h('span', {}, label, h('span', { class: 'hint' }, about)),
        ),
      ),
    ),
  );
}

/** What of a new collection comes along when it gets another type, or comes back after one that has none of it. */
let remembered = { fields: [], indexes: [], rules: {}, viewQuery: '' };
const WRITING = ['createRule', 'updateRule', 'deleteRule'];

function changeType(type) {
  const { value, start } = draft;
  if (value.type !== 'view') {
    const isBlank = (field) => field.system || ['created', 'updated'].includes(field.name);
    remembered = {
      ...remembered,
      fields: draft.fields.filter((field) => !isBlank(field)),
      indexes: value.indexes.filter((sql) => !scaffolds[value.type].indexes.includes(sql)),
      rules: Object.fromEntries(WRITING.map((key) => [key, value[key]])),
    };
  } else remembered.viewQuery = value.viewQuery;
  const { name, id, listRule, viewRule } = value;
  const next = { ...blankOf(type, scaffolds), name, id, listRule, viewRule };
  if (type !== 'view') {
    Object.assign(next, remembered.rules);
    next.fields.splice(-2, 0, ...remembered.fields);
    next.indexes.push(...remembered.indexes);
  } else next.viewQuery = remembered.viewQuery;
  draft = new Draft(null, draft.collections, next);
  draft.start = start;
  build();
  root.querySelector(`input[value="${type}"]`).focus();
}

function saveBar() {
  const status = h('span', { class: 'quiet', role: 'status' });
  const look = h('button', { type: 'button', class: 'plain', onclick: () => showChanges() }, 'Show changes');
  const back = h('button', { type: 'button', onclick: () => discard() }, 'Discard');
  const button = h(
    'button',
    { type: 'button', class: 'main', 'aria-keyshortcuts': 'Control+S', onclick: () => save() },
    draft.isNew ? 'Create' : 'Save',
  );
  view.button = button;
  const update = () => {
    const dirty = draft.isDirty;
    const changes = dirty && !draft.isNew ? changesBetween(draft.saved, draft.definition()).length : 0;
    status.textContent = draft.isNew ? 'Not stored yet' : dirty ? plural(changes, 'change') : 'No changes';
    look.hidden = draft.isNew || !dirty;
    back.hidden = draft.isNew || !dirty;
    button.disabled = !draft.isNew && !dirty;
  };
  update();
  const later = debounce(update, 120);
  draft.addEventListener('change', later);
  const bar = h('div', { class: 'save-bar' }, h('span', { class: 'grow' }, status), look, back, button);
  // Who has saved once has unlocked it.
  view.locked = hasSaved ? { refuses: () => false } : lock(button);
  return bar;
}

async function discard() {
  if (
    !(await ask({
      title: 'Discard all changes?',
      text: 'The collection is shown as it is stored.',
      action: 'Discard',
      danger: true,
    }))
  )
    return;
  draft = new Draft(draft.saved, draft.collections);
  build();
}

// --- saving ---

const changes = () => changesBetween(draft.saved, draft.definition());
const loss = () => lossBetween(draft.saved, draft.definition());

async function showChanges() {
  if (!(await takeTyped())) return;
  if (await review(changes(), { loss: loss() })) await send();
}

async function save() {
  if (view.button.getAttribute('aria-busy') === 'true' || !(await takeTyped())) return;
  if (!draft.isNew && !draft.isDirty) {
    toast('There is nothing to save.');
    return;
  }
  if (view.locked.refuses()) return;
  const needsReview = !draft.isNew && changes().some(({ level }) => level !== 'plain');
  if (needsReview && !(await review(changes(), { loss: loss() }))) return;
  await send();
}

/** Takes what is just being typed into the draft; resolves to whether everything that is typed is a value. */
async function takeTyped() {
  const typing = document.activeElement;
  if (root.contains(typing) && typing.matches('input')) {
    // Some inputs give their text away only when they are left.
    typing.blur();
    typing.focus();
  }
  clearProblems(view);
  // What goes with a view's query is known only when that has been tried.
  if (view.settle && !draft.isNew && draft.isDirty) {
    const place = whereIs(root);
    await busy(view.button, () => heldStill(root, view.settle));
    await place.back();
  }
  const left = unfinished(root).filter(({ input }) => !input.closest('.schema-field.removed'));
  if (left.length > 0) showUnfinished(view, left);
  return left.length === 0;
}

async function send() {
  if (view.locked.refuses()) return;
  clearProblems(view);
  const sent = draft.fields;
  const place = whereIs(root);
  let refused = null;
  await busy(view.button, async () => {
    try {
      done(await heldStill(root, () => (draft.isNew ? post('/api/collections', draft.body()) : change())), place.open);
    } catch (error) {
      if (error.status === 400) refused = error;
      else if (isElsewhere(error)) await meetStored();
      else throw error;
    }
  });
  if (refused) await showRefusal(view, refused, sent);
  await view.shown;
  await place.back();
}

/** Changes the collection, if it is still what the draft was made of. */
const change = () =>
  patch(path(draft.saved.id), draft.body(), { headers: { 'If-Match': `"${draft.saved.updated}"` } });

/** Whether a change was refused because somebody else has changed or deleted the collection. */
const isElsewhere = ({ status }) => !draft.isNew && (status === 412 || status === 404);

/** The collection isn't what the draft was made of any more: the draft becomes what is decided about that. */
async function meetStored() {
  const theirs = await get(path(draft.saved.id)).catch((error) => {
    if (error.status === 404) return null;
    throw error;
  });
  if (theirs === null) await makeAnew();
  else await meet(theirs);
}

/** Somebody else has saved it: both are put together, or one takes the other's place, to be looked at before saving. */
async function meet(theirs) {
  const others = draft.collections.map((one) => (one.id === theirs.id ? theirs : one));
  const start = await askAboutTheirs(draft.saved, draft.definition(), theirs, page(theirs.name, '/edit'));
  if (!start) return;
  draft = new Draft(theirs, others, start);
  build();
  toast('Look it through, then save it.');
}

/** Somebody else has deleted it. */
async function makeAnew() {
  const yes = await ask({
    title: 'Somebody else has deleted this collection',
    text: 'It went with its records. What you have here can become a new collection without any.',
    action: 'Make it anew',
  });
  if (!yes) return;
  scaffolds ??= await get('/api/collections/meta/scaffolds');
  const [old, id] = [draft.saved.id, newCollectionId()];
  const others = draft.collections.filter((one) => one.id !== old);
  const fields = draft.fields.map((field) => (field.collectionId === old ? { ...field, collectionId: id } : field));
  draft = new Draft(null, others, { ...draft.definition(), fields, id });
  draft.start = '';
  build();
}

/** Whoever comes back to this tab learns what has been saved elsewhere meanwhile, and may choose from what is new. */
async function lookAround() {
  const collections = await getAll('/api/collections');
  if (document.querySelector('dialog[open]') || view.button.getAttribute('aria-busy') === 'true') return;
  draft.collections = collections;
  draft.changed('collections');
  if (draft.isNew) return;
  const stored = collections.find((one) => one.id === draft.saved.id);
  // It may have been saved here while the list was on its way; dates are texts that can be compared.
  if (stored && stored.updated <= draft.saved.updated) return;
  if (stored && !draft.isDirty) {
    draft = new Draft(stored, collections);
    build();
    toast('Somebody else has saved this collection. This is what it is now.');
    return;
  }
  view.notice.hidden = false;
  fill(
    view.notice,
    `Somebody else has ${stored ? 'saved' : 'deleted'} this collection while you worked on it.`,
    h('button', { type: 'button', onclick: () => meetStored().catch(tell) }, 'What now?'),
  );
}

/** It is stored; these fields, by their names, are open in the page. */
function done(stored, open) {
  hasSaved = true;
  if (draft.isNew) return leave(page(stored.name), { unasked: true });
  if (stored.name !== draft.saved.name) return leave(page(stored.name, `/edit${location.hash}`), { unasked: true });
  draft = new Draft(
    stored,
    draft.collections.map((one) => (one.id === stored.id ? stored : one)),
  );
  const scrolled = window.scrollY;
  build();
  for (const field of draft.fields) if (open.includes(field.name)) view.open?.(field);
  window.scrollTo(0, scrolled);
  toast('Saved.');
  return undefined;
}
