// The simulator: who, what, on which record; and below it the answer. The server decides (POST /_/access/simulate);
// here is only the form.

import { Refused, get, ownPage, post } from '../lib/api.js';
import { fill, h, uniqueId } from '../lib/dom.js';
import { editor } from '../lib/editor.js';
import { busy, clearProblems, showProblems, toast } from '../lib/feedback.js';
import { shortcut } from '../lib/keys.js';
import { picker } from './picker.js';
import { writeState } from './state.js';
import { verdict } from './verdict.js';

const ACTIONS = [['list', 'List'], ['view', 'View'], ['create', 'Create'], ['update', 'Update'], ['delete', 'Delete']];
const OF_ACCOUNTS = [['auth', 'Sign in (auth rule)'], ['manage', 'Manage (manage rule)']];
const KINDS = [['guest', 'A guest'], ['record', 'An account'], ['key', 'An API key']];
const CONTEXTS = ['default', 'oauth2', 'otp', 'password', 'realtime', 'protectedFile', 'expand', 'batch'];

const option = ([value, label]) => h('option', { value }, label);

function field(label, control, hint) {
  const id = uniqueId('ask');
  control.id = id;
  return h('div', { class: 'field' }, h('label', { for: id }, label), control, hint && h('p', { class: 'hint' }, hint));
}

function labelOf({ name, type, system }) {
  if (system) return `${name} (system)`;
  return type === 'view' ? `${name} (view)` : name;
}

/** Lines of `name: value` as an object. */
function lines(text) {
  const pairs = text.split('\n').map((line) => line.trim()).filter(Boolean).map((line) => {
    const at = line.indexOf(':');
    return at < 0 ? [line, ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  });
  return Object.fromEntries(pairs);
}

/** Draws the simulator; resolves to a function that asks a question by itself. */
export async function simulator(place, collections, state) {
  const byName = (name) => collections.find((one) => one.name === name || one.id === name);
  const authCollections = collections.filter((one) => one.type === 'auth');

  const who = h('select', { name: 'who', onchange: () => drawWho() }, KINDS.map(option));
  const whoCollection = h('select', { onchange: () => account.show(byName(whoCollection.value)) },
    authCollections.map(({ name }) => option([name, name])));
  const account = picker({ label: 'Account' });
  const keyList = h('datalist', { id: uniqueId('keys') });
  const key = h('input', { list: keyList.id, autocomplete: 'off' });
  const action = h('select', { name: 'action', onchange: () => drawAction() });
  const collection = h('select', { name: 'collection', onchange: () => drawCollection() },
    collections.map((one) => option([one.name, labelOf(one)])));
  const record = picker({ label: 'Record', name: 'record' });
  const body = await editor({
    language: 'json',
    label: 'Body',
    value: state.body || '{\n  \n}',
    minHeight: '7rem',
    onrun: () => form.requestSubmit(),
  });
  const bodyField = h('div', { class: 'field' }, h('span', { class: 'label' }, 'Body'), body.element,
    h('p', { class: 'hint' }, 'What the request would send. Nothing is stored.'));
  const query = h('textarea', { name: 'query', class: 'mono', rows: 2 }, state.query);
  const headers = h('textarea', { name: 'headers', class: 'mono', rows: 2 }, state.headers);
  const context = h('select', { name: 'context' }, CONTEXTS.map((name) => option([name, name])));
  const go = h('button', { type: 'submit', class: 'main' }, 'Simulate');
  const answer = h('section', { class: 'answer', 'aria-live': 'polite', 'aria-label': 'Answer' },
    h('div', { class: 'empty' }, h('h2', {}, 'Would they be let in?'),
      h('p', {}, 'Choose who asks for what. The answer names the clause that decides, and nothing is written.')));

  const whoPart = h('div');
  const accountPart = h('div', {}, field('Accounts of', whoCollection), account.element);
  const keyPart = h('div', {}, field('Key', key, 'Its id or its name.'), keyList);
  const more = h('details', { class: 'more', open: Boolean(state.query || state.headers || state.context) },
    h('summary', {}, 'What else rules see of the request'),
    field('Query', query, 'A line for each: name: value'),
    field('Headers', headers, 'A line for each: name: value'),
    field('Context', context));
  const onsubmit = (event) => {
    event.preventDefault();
    send();
  };
  const form = h('form', { class: 'card ask', novalidate: true, onsubmit },
    h('h2', {}, 'Who'), field('Who asks', who), whoPart,
    h('h2', {}, 'What'), h('div', { class: 'fields' }, field('Collection', collection), field('Action', action)),
    record.element, bodyField, more, h('div', { class: 'row end' }, go));
  fill(place, h('div', { class: 'simulator' }, form, answer));

  function drawWho() {
    fill(whoPart, who.value === 'record' && accountPart, who.value === 'key' && keyPart);
    const wanted = state.whoId;
    state.whoId = '';
    return who.value === 'record' ? account.show(byName(whoCollection.value), wanted) : undefined;
  }

  function drawCollection() {
    const found = byName(collection.value);
    const chosen = action.value || state.action || 'view';
    const all = found.type === 'auth' ? [...ACTIONS, ...OF_ACCOUNTS] : ACTIONS;
    fill(action, all.map(option));
    action.value = all.some(([name]) => name === chosen) ? chosen : 'view';
    const wanted = state.record;
    state.record = '';
    const loaded = record.show(found, wanted);
    drawAction();
    return loaded;
  }

  function drawAction() {
    record.element.hidden = action.value === 'create';
    record.allowNone(action.value === 'list' ? 'All of them: count' : undefined);
    bodyField.hidden = !['create', 'update'].includes(action.value);
  }

  /** What is asked, or nothing if the body isn't JSON. */
  function question() {
    const asked = { who: { type: who.value }, action: action.value, collection: collection.value };
    if (who.value === 'record') Object.assign(asked.who, { collection: whoCollection.value, id: account.value() });
    if (who.value === 'key') asked.who.key = key.value.trim();
    if (action.value !== 'create') asked.record = record.value();
    if (!bodyField.hidden) asked.body = body.get().trim() === '' ? {} : JSON.parse(body.get());
    asked.query = lines(query.value);
    asked.headers = lines(headers.value);
    asked.context = context.value;
    return asked;
  }

  function remember(asked) {
    writeState({
      who: who.value === 'guest' ? '' : who.value,
      whoCollection: asked.who.collection,
      whoId: asked.who.id,
      key: asked.who.key,
      action: asked.action,
      collection: asked.collection,
      record: asked.record,
      body: asked.body && JSON.stringify(asked.body),
      query: query.value.trim(),
      headers: headers.value.trim(),
      context: context.value === 'default' ? '' : context.value,
    });
  }

  async function send() {
    clearProblems(form);
    let asked;
    try {
      asked = question();
    } catch {
      bodyField.append(h('p', { class: 'problem' }, 'This is no JSON.'));
      return;
    }
    remember(asked);
    await busy(go, async () => {
      try {
        verdict(answer, await post('/_/access/simulate', asked, { headers: ownPage() }));
        answer.scrollIntoView({ block: 'nearest' });
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 400) throw error;
        const left = showProblems(form, error.data);
        const isTold = left.length === 0 && Object.keys(error.data).length > 0;
        if (!isTold) toast([error.message, ...left].join('\n'), 'problem');
      }
    });
  }

  async function take(from) {
    who.value = from.who || 'guest';
    if (from.whoCollection && byName(from.whoCollection)) whoCollection.value = byName(from.whoCollection).name;
    key.value = from.key || '';
    if (byName(from.collection)) collection.value = byName(from.collection).name;
    if (from.context) context.value = from.context;
    Object.assign(state, { whoId: from.whoId ?? '', record: from.record ?? '', action: from.action ?? '' });
    action.value = '';
    await Promise.all([drawWho(), drawCollection()]);
  }

  // Nothing is asked about something else than the address says.
  const unknown = [state.whoCollection, state.collection].find((name) => name && !byName(name));
  if (unknown) toast(`There is no collection ${unknown}.`, 'problem');
  const isAsked = state.action && state.collection && state.tab !== 'exposure' && !unknown;
  await take({ ...state });
  // Only a help: keys of others are typed.
  const offer = (found) => fill(keyList, found.items.map((one) => h('option', { value: one.id }, one.name)));
  get('/api/keys').then(offer, () => {});
  shortcut('mod+enter', 'Simulate', () => form.requestSubmit());
  if (isAsked) await send();

  return async (asked) => {
    await take(asked);
    form.querySelector('[name="who"]').focus();
  };
}
