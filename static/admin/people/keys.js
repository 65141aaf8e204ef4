// The API keys of an account: what there is, new ones, other names, and their end. Called by account.js and
// record/signins.js.

import { del, get, getAll, patch, post, problems, Refused } from '../lib/api.js';
import { fill, h, icon, iconButton, uniqueId } from '../lib/dom.js';
import { ask, busy, clearProblems, panel, showProblems, tell, toast } from '../lib/feedback.js';
import { ago, fromDate, toDate, when } from '../lib/format.js';
import { card, none, table } from './card.js';
import { named, namedQuery } from './names.js';
import { showOnce } from './once.js';

const ACTIONS = ['list', 'view', 'create', 'update', 'delete'];
const DAY_MS = 86_400_000;
const ENDS = [['', 'Never'], ['30', 'In 30 days'], ['90', 'In 90 days'], ['365', 'In a year'], ['date', 'On a date …']];

export function keysCard(account) {
  const { collection, record } = account;
  const made = h('button', { type: 'button', class: 'small', onclick: () => create(account, keys.load) }, icon('plus'),
    'New key');
  const keys = card('API keys', async () => (await get('/api/keys', named(collection, record.id))).items,
    (items, load) => items.length === 0 ? [none('None. A key is for a program, and acts in the account’s name.')]
      : [table('API keys', ['Name', 'May', 'Last used', 'Ends', ''], items.map((one) => row(account, one, load)))],
        [made]);
  return keys;
}

function row(account, key, load) {
  const isOver = key.expires && toDate(key.expires) < new Date();
  return [
    h('span', { title: `Made ${when(key.created)}; id ${key.id}` }, key.name), scopeText(key.scope),
    h('span', { class: 'nowrap', title: when(key.lastUsed) }, ago(key.lastUsed) || 'never'),
    h('span', { class: 'nowrap', title: when(key.expires) }, isOver ? h('span', { class: 'badge warn' }, 'ended')
      : ago(key.expires) || 'never'),
    h('div', { class: 'row key-actions' }, iconButton('edit', `Rename ${key.name}`,
        { onclick: () => rename(account, key, load) }),
      h('button', { type: 'button', class: 'small danger', 'aria-label': `Revoke ${key.name}`, onclick: (event) =>
          revoke(event.currentTarget, account, key, load) }, 'Revoke')),
  ];
}

/** What a key may, short. */
function scopeText(scope) {
  if (scope === null) return 'Whatever the account may';
  const entries = Object.entries(scope);
  return h('div', { class: 'scope' }, entries.map(([name, actions]) => h('div', {}, h('code', {}, name === '*'
          ? 'all collections' : name), ' ', actions.length === ACTIONS.length ? 'everything' : actions.join(', '))));
}

async function revoke(button, { collection, record }, key, load) {
  if (!await ask({ title: `Revoke ${key.name}?`, text: 'Programs that use it are refused from now on. It can’t be '
    + 'brought back.', action: 'Revoke', danger: true })) return;
  await busy(button, async () => {
    await del(`/api/keys/${encodeURIComponent(key.id)}${namedQuery(collection, record.id)}`);
    toast('The key is revoked.');
    await load();
  });
}

/**
 * Sends a form; problems are shown beside their fields, and what belongs to none in a line of its own. If the form was
 * closed meanwhile, a notice says them.
 */
async function submit(form, said, button, action) {
  clearProblems(form);
  fill(said);
  button.disabled = true;
  try {
    await action();
    return true;
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 400 || !form.closest('dialog[open]')) {
      tell(error);
      return false;
    }
    const { scope, ...fields } = error.data;
    const left = [...showProblems(form, fields), ...problems(scope ? { scope } : {})];
    const lines = left.length === 0 && Object.keys(error.data).length === 0 ? [error.message] : left;
    fill(said, lines.map((line) => h('p', { class: 'banner problem' }, line)));
    return false;
  } finally {
    button.disabled = false;
  }
}

function rename({ collection, record }, key, load) {
  const ids = { title: uniqueId('rename'), name: uniqueId('name') };
  const save = h('button', { type: 'submit', class: 'main' }, 'Save');
  const said = h('div', { role: 'alert' });
  const input = h('input', { id: ids.name, name: 'name', value: key.name, autocomplete: 'off' });
  const form = h('form', { onsubmit: async (event) => {
    event.preventDefault();
    const done = await submit(form, said, save,
      () => patch(`/api/keys/${encodeURIComponent(key.id)}${namedQuery(collection, record.id)}`,
      { name: input.value }));
    if (!done) return;
    dialog.close();
    load();
  } }, h('h2', { id: ids.title }, 'Rename the key'), said, h('div', { class: 'field' }, h('label', { for: ids.name },
    'Name'), input),
  h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'), save));
  const dialog = h('dialog', { 'aria-labelledby': ids.title }, form);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  input.select();
}

async function create(account, load) {
  const { collection, record, name: accountName } = account;
  let collections;
  try {
    collections = await getAll('/api/collections', { sort: 'system,name', fields: 'name,type,system' });
  } catch (error) {
    tell(error);
    return;
  }
  const ids = Object.fromEntries(['name', 'ends', 'date'].map((name) => [name, uniqueId(`key-${name}`)]));
  const name = h('input', { id: ids.name, name: 'name', autocomplete: 'off', placeholder: 'Backup script' });
  const ends = h('select', { id: ids.ends, onchange: () => { dateField.hidden = ends.value !== 'date'; } },
    ENDS.map(([value, label]) => h('option', { value, selected: value === '90' }, label)));
  const date = h('input', { id: ids.date, name: 'expires', type: 'datetime-local' });
  const dateField = h('div', { class: 'field', hidden: true }, h('label', { for: ids.date }, 'Ends at'), date);
  const scope = scopeField(collections);
  const said = h('div', { role: 'alert' });
  const save = h('button', { type: 'submit', class: 'main' }, 'Make the key');

  const expires = () => {
    if (ends.value === 'date') return date.value ? fromDate(new Date(date.value)) : null;
    return ends.value === '' ? '' : fromDate(new Date(Date.now() + Number(ends.value) * DAY_MS));
  };
  const isEmpty = () => name.value === '' && scope.isUntouched();
  const mayClose = async () => isEmpty() || ask({ title: 'Close without making the key?', action: 'Close',
      danger: true });

  panel((dialog, close) => {
    const form = h('form', { onsubmit: async (event) => {
      event.preventDefault();
      clearProblems(form);
      if (expires() === null) return showProblems(form, { expires: { message: 'Choose when it ends.' } });
      const wanted = scope.get();
      if (wanted && Object.keys(wanted).length === 0) return fill(said, h('p', { class: 'banner problem' },
          'Choose what the key may do.'));
      let answer;
      const done = await submit(form, said, save, async () => { answer = await post('/api/keys',
            { ...named(collection, record.id), name: name.value, scope: wanted, expires: expires() }); });
      if (!done) return undefined;
      dialog.close();
      load();
      return showOnce({ title: `The key “${answer.name}”`, text: 'It is shown this once. Keep it where programs keep '
        + 'secrets, and send it as a token: Authorization: Bearer …', label: 'API key', secret: answer.key });
    } }, h('div', { class: 'panel-head' }, h('h2', {}, 'New API key'), iconButton('x', 'Close', { onclick: close })),
    h('div', { class: 'panel-body' }, said, h('p', { class: 'quiet' }, `It acts in the name of ${accountName}.`),
      h('div', { class: 'field' }, h('label', { for: ids.name }, 'Name'), name, h('p', { class: 'hint' },
          'What it is for, so that you know it again.')),
      h('div', { class: 'field' }, h('label', { for: ids.ends }, 'Ends'), ends), dateField, scope.element),
    h('div', { class: 'panel-foot' }, h('button', { type: 'button', onclick: close }, 'Cancel'), save));
    return form;
  }, { label: 'New API key', mayClose });
  name.focus();
}

/** Everything, or for each collection which actions. */
function scopeField(collections) {
  const group = uniqueId('scope');
  const whole = radio(group, 'Whatever the account may', false);
  const only = radio(group, 'Only what is ticked here', true);
  const lines = [scopeLine('*', 'all but the system’s', ACTIONS)];
  for (const { name, type } of collections) lines.push(scopeLine(name, name, type === 'view' ? ['list', 'view']
      : ACTIONS));
  const heads = ['Collection', ...ACTIONS].map((name) => h('th', {}, name));
  const allHead = h('th', {}, h('span', { class: 'visually-hidden' }, 'All or none'));
  const table = h('div', { class: 'scroll scope-table', tabindex: '0', role: 'region',
      'aria-label': 'What the key may do' },
    h('table', {}, h('thead', {}, h('tr', {}, heads, allHead)), h('tbody', {}, lines.map((one) => one.element))));
  for (const { input } of [whole, only]) input.addEventListener('change',
    () => { table.hidden = !only.input.checked; });
  const ticked = () => Object.fromEntries(lines.map((one) => [one.name, one.ticked()])
    .filter(([, list]) => list.length > 0));
  return {
    element: h('fieldset', {}, h('legend', {}, 'What it may do'),
      h('p', { class: 'hint' }, 'The rules decide besides, as for the account itself.'), only.element, whole.element,
        table),
    get: () => only.input.checked ? ticked() : null,
    isUntouched: () => only.input.checked && Object.keys(ticked()).length === 0,
  };
}

/** The row of a collection, or of all (`*`), with a box for each action. */
function scopeLine(name, label, actions) {
  const boxes = actions.map((value) => h('input', { type: 'checkbox', 'aria-label': `${label}: ${value}`, value }));
  const toggle = () => {
    const on = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = on;
  };
  const all = h('button', { type: 'button', class: 'small plain', 'aria-label': `${label}: all or none`,
      onclick: toggle }, 'all');
  const cells = ACTIONS.map((_, at) => h('td', { class: 'tick' }, boxes[at]));
  return {
    name, ticked: () => boxes.filter((box) => box.checked).map((box) => box.value),
    element: h('tr', {}, h('td', {}, h(name === '*' ? 'strong' : 'code', {}, label)), cells, h('td', {}, all)),
  };
}

function radio(group, label, checked) {
  const id = uniqueId('choice');
  const input = h('input', { type: 'radio', name: group, id, checked });
  return { input, element: h('div', { class: 'check' }, input, h('label', { for: id }, label)) };
}
