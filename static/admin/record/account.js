// What only records of auth collections have: address, password, verified; and how people sign in to them.

import { address, del, getAll, patch, post, records, root } from '../lib/api.js';
import { fill, h, uniqueId } from '../lib/dom.js';
import { ask, busy, copy, tell, toast } from '../lib/feedback.js';
import { count, when } from '../lib/format.js';
import { control } from './fields.js';
import { quoted } from './requests.js';
import { passwordInput } from './secrets.js';

export const isSuperusers = (collection) => collection.name === '_superusers';

/** The block of an account in the form. */
export function accountControls(collection, context) {
  const fieldOf = (name) => collection.fields.find((field) => field.name === name);
  const email = control(fieldOf('email'), context);
  const password = newPassword(fieldOf('password'), context);
  const controls = [email, password];
  const switches = h('div', { class: 'fields' });
  if (!isSuperusers(collection)) {
    const visible = control({ ...fieldOf('emailVisibility'), help: fieldOf('emailVisibility').help || 'Whoever sees the record sees the address.' }, context);
    const verified = control({ ...fieldOf('verified'), help: fieldOf('verified').help || 'The address is known to be theirs.' }, context);
    asked(verified, context);
    controls.push(visible, verified);
    switches.append(visible.element, verified.element);
  }
  return { controls, element: h('fieldset', { class: 'record-account' }, h('legend', {}, 'Account'), email.element, switches, password.element) };
}

/** Whether an address is verified isn't changed in passing. */
function asked(verified, context) {
  const input = verified.element.querySelector('input');
  input.addEventListener('click', async (event) => {
    event.preventDefault();
    // While it is being clicked, the box is as it would be afterwards.
    const on = input.checked;
    const text = on ? 'Whoever signed in with it by another service before, unverified, loses that link.' : 'Rules may keep out whoever is not verified.';
    if (!(await ask({ title: on ? 'Say that the address is verified?' : 'Say that the address is not verified?', text, action: on ? 'Verified' : 'Not verified' }))) return;
    verified.set(on);
    context.onchange();
  });
}

/** The account's password, typed twice; for accounts that are there, only if it shall be another. */
function newPassword(field, { onchange, isNew }) {
  const [passwordId, confirmId] = [uniqueId('password'), uniqueId('confirm')];
  const { input, element } = passwordInput({ label: 'password', oninput: () => { mirror(); onchange(); }, max: field.max });
  const confirm = h('input', { id: confirmId, type: 'password', name: 'passwordConfirm', autocomplete: 'new-password', oninput: () => { isMirrored = false; onchange(); } });
  let isMirrored = true;
  // A generated password is seen, so it needs not be typed again.
  const mirror = () => { if (input.type === 'text' && isMirrored) confirm.value = input.value; };
  input.id = passwordId;
  input.setAttribute('name', 'password');
  const [wrong, wrongConfirm] = [h('p', { class: 'problem', hidden: true, id: uniqueId('problem') }), h('p', { class: 'problem', hidden: true, id: uniqueId('problem') })];
  const inputs = h('div', { class: 'fields record-password' },
    h('div', { class: 'field' }, h('label', { for: passwordId }, 'Password'), element, field.min && h('p', { class: 'hint' }, `At least ${field.min} characters.`), wrong),
    h('div', { class: 'field' }, h('label', { for: confirmId }, 'Password again'), confirm, wrongConfirm));
  const change = h('input', { type: 'checkbox', role: 'switch', onchange: () => { draw(); onchange(); if (change.checked) input.focus(); } });
  const draw = () => { inputs.hidden = !isNew && !change.checked; };
  draw();
  const say = (place, target, message) => {
    place.hidden = !message;
    fill(place, message ?? '');
    message ? target.setAttribute('aria-invalid', 'true') : target.removeAttribute('aria-invalid');
    target.setAttribute('aria-describedby', place.id);
  };
  return {
    field,
    answersFor: ['passwordConfirm'],
    element: h('div', {}, !isNew && h('label', { class: 'record-switch' }, change, h('span', {}, 'Change the password')), inputs),
    get: () => (inputs.hidden ? '' : input.value),
    confirmed: () => confirm.value,
    set: () => {
      [input.value, confirm.value, change.checked, isMirrored] = ['', '', false, true];
      draw();
    },
    check: () => (!inputs.hidden && change.checked && input.value === '' ? 'Type the new password, or switch the change off.' : undefined),
    focus: () => (wrong.hidden && !wrongConfirm.hidden ? confirm : input).focus(),
    problem: (message, name = 'password') => {
      if (!message) {
        say(wrong, input, null);
        say(wrongConfirm, confirm, null);
      } else if (name === 'passwordConfirm') say(wrongConfirm, confirm, message);
      else say(wrong, input, message);
    },
  };
}

const base = (collection) => `/api/collections/${encodeURIComponent(collection.name)}`;

/** The entries of the record's menu that only accounts have. */
export function accountActions(collection, record) {
  const mail = (kind, said) => async () => {
    try {
      await post(`${base(collection)}/${kind}`, { email: record().email });
      toast(said);
    } catch (error) {
      tell(error);
    }
  };
  return [
    !isSuperusers(collection) && record().email && !record().verified && { label: 'Send verification mail', run: mail('request-verification', 'The mail is on its way, unless one has been sent in the last two minutes.') },
    record().email && { label: 'Send password reset mail', run: mail('request-password-reset', 'The mail is on its way, unless one has been sent in the last two minutes.') },
    { label: 'Impersonate', run: () => impersonate(collection, record()) },
    { label: 'End all sign-ins', run: () => endAll(collection, record()) },
    { label: 'Sessions and keys', run: () => location.assign(peopleAddress(collection, record())) },
  ];
}

const peopleAddress = (collection, record) => address(`/_/people?${new URLSearchParams({ collection: collection.name, record: record.id })}`);

async function endAll(collection, record) {
  const text = 'All sessions and tokens of this account end at once, on every device.';
  if (!(await ask({ title: 'End all sign-ins?', text, action: 'End all', danger: true }))) return;
  try {
    await patch(records(collection.name, record.id), { 'tokenKey:autogenerate': '' });
    toast('All sign-ins have ended.');
  } catch (error) {
    tell(error);
  }
}

/** A text in a line of code. */
const code = (text) => JSON.stringify(text).replace(/\$/g, '\\$');

/** Makes a token with which one is that account, and shows how to use it. */
export function impersonate(collection, record) {
  const [id, seconds] = [uniqueId('impersonate'), uniqueId('seconds')];
  const usual = collection.authToken?.duration ?? 0;
  const result = h('div', { class: 'stack' });
  const wrong = h('p', { class: 'problem', id: uniqueId('problem'), hidden: true });
  const input = h('input', { id: seconds, type: 'number', min: 0, step: 1, name: 'duration', placeholder: `${usual}`, 'aria-describedby': wrong.id });
  const go = h('button', { type: 'submit', class: 'main' }, 'Make a token');
  const snippet = (label, text) => h('div', {}, h('div', { class: 'row between' }, h('h3', {}, label), h('button', { type: 'button', class: 'small', 'aria-label': `Copy ${label}`, onclick: () => copy(text) }, 'Copy')),
    h('pre', { class: 'code', tabindex: 0, role: 'region', 'aria-label': label }, text));
  const dialog = h('dialog', { class: 'record-impersonate', 'aria-labelledby': id }, h('form', {
    novalidate: true,
    onsubmit: (event) => {
      event.preventDefault();
      wrong.hidden = true;
      busy(go, async () => {
        try {
          const made = await post(`${base(collection)}/impersonate/${encodeURIComponent(record.id)}`, { duration: Number(input.value) });
          const until = made.token ? `For ${count(Number(input.value) || usual)} seconds from now. It can't be renewed.` : '';
          const host = root.href.replace(/\/$/, '');
          fill(result, h('p', { class: 'banner good' }, until), snippet('Token', made.token),
            snippet('JavaScript', `import PocketBase from 'pocketbase';\n\nconst pb = new PocketBase(${JSON.stringify(host)});\npb.authStore.save(${JSON.stringify(made.token)});`),
            snippet('Dart', `import 'package:pocketbase/pocketbase.dart';\n\nfinal pb = PocketBase(${code(host)});\npb.authStore.save(${code(made.token)}, null);`));
        } catch (error) {
          if (!error.data?.duration) throw error;
          wrong.hidden = false;
          fill(wrong, error.data.duration.message);
        }
      });
    },
  }, h('h2', { id }, 'Impersonate ', record.email || record.id), h('p', {}, 'Makes a token with which requests count as this account\'s.'),
  h('div', { class: 'field' }, h('label', { for: seconds }, 'Good for, in seconds'), input, h('p', { class: 'hint' }, `Empty for what the collection sets: ${count(usual)}.`), wrong), result,
  h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, 'Close'), go)));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
}

/** How somebody signs in: accounts elsewhere, second factors, sessions. `load` fills it. */
export function signIns(collection, record) {
  const list = h('div', {}, h('p', { class: 'quiet' }, 'Loading …'));
  const where = { collection: collection.name, record: record.id };
  const reset = h('button', {
    type: 'button', class: 'danger',
    onclick: async () => {
      const text = 'Authenticator app, passkeys as second factor and recovery codes are taken away. For people who have lost them: make sure that it is them.';
      if (!(await ask({ title: 'Remove all second factors?', text, action: 'Remove', danger: true }))) return;
      busy(reset, async () => {
        try {
          await del('/api/account/factors', { query: where });
          toast('The second factors are gone.');
        } catch (error) {
          if (error.status !== 404) throw error;
          toast('This account has no second factors.');
        }
      });
    },
  }, 'Remove all second factors');
  async function load() {
    try {
      const filter = `collectionRef = ${quoted(collection.id)} && recordRef = ${quoted(record.id)}`;
      const found = await getAll(records('_externalAuths'), { filter, sort: 'provider' });
      fill(list, found.length === 0 ? h('p', { class: 'quiet' }, 'None. Accounts of other services appear here once somebody has signed in with one.')
        : h('ul', { class: 'record-items' }, found.map((one) => row(one))));
    } catch (error) {
      fill(list, h('p', { class: 'quiet' }, 'They could not be loaded.'));
      tell(error);
    }
  }
  const row = (one) => {
    const unlink = h('button', {
      type: 'button', class: 'small danger', 'aria-label': `Unlink ${one.provider}`,
      onclick: async () => {
        if (!(await ask({ title: `Unlink ${one.provider}?`, text: 'They can\'t sign in with that account any more, until they link it again.', action: 'Unlink', danger: true }))) return;
        if (await busy(unlink, () => del(records('_externalAuths', one.id)))) load();
      },
    }, 'Unlink');
    return h('li', {}, h('div', { class: 'grow' }, h('span', { class: 'record-name' }, one.provider), h('span', { class: 'quiet small' }, `${one.providerId} · since ${when(one.created)}`)), unlink);
  };
  const element = h('div', { class: 'record-signing' },
    h('section', {}, h('h3', {}, 'Linked accounts of other services'), list),
    h('section', {}, h('h3', {}, 'Second factors'), h('p', { class: 'quiet' }, 'Only their owner sees which there are.'), reset),
    h('section', {}, h('h3', {}, 'Sessions, API keys, devices'), h('p', {}, h('a', { href: peopleAddress(collection, record) }, 'Show them under People and keys'))));
  return { element, load };
}

