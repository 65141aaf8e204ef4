// What only records of auth collections have: address, password, verified; and what can be done with an account.

import { fill, h, uniqueId } from '../lib/dom.js';
import { ask, tell } from '../lib/feedback.js';
import { mayReset, pageOf } from '../people/names.js';
import { control } from './fields.js';
import { passwordInput } from './secrets.js';

const isSuperusers = (collection) => collection.name === '_superusers';

/** The block of an account in the form. */
export function accountControls(collection, context) {
  const fieldOf = (name) => collection.fields.find((field) => field.name === name);
  const email = control(fieldOf('email'), context);
  const password = newPassword(fieldOf('password'), context);
  const controls = [email, password];
  const switches = h('div', { class: 'fields' });
  if (!isSuperusers(collection)) {
    const visible = control(
      {
        ...fieldOf('emailVisibility'),
        help: fieldOf('emailVisibility').help || 'Whoever sees the record sees the address.',
      },
      context,
    );
    const verified = control(
      { ...fieldOf('verified'), help: fieldOf('verified').help || 'The address is known to be theirs.' },
      context,
    );
    asked(verified, context);
    controls.push(visible, verified);
    switches.append(visible.element, verified.element);
  }
  return {
    controls,
    element: h(
      'fieldset',
      { class: 'record-account' },
      h('legend', {}, 'Account'),
      email.element,
      switches,
      password.element,
    ),
  };
}

/** Whether an address is verified isn't changed in passing. */
function asked(verified, context) {
  const input = verified.element.querySelector('input');
  input.addEventListener('click', async (event) => {
    event.preventDefault();
    // While it is being clicked, the box is as it would be afterwards.
    const on = input.checked;
    const text = on
      ? 'Whoever signed in with it by another service before, unverified, loses that link.'
      : 'Rules may keep out whoever is not verified.';
    if (
      !(await ask({
        title: on ? 'Say that the address is verified?' : 'Say that the address is not verified?',
        text,
        action: on ? 'Verified' : 'Not verified',
      }))
    )
      return;
    verified.set(on);
    context.onchange();
  });
}

/** The account's password, typed twice; for accounts that are there, only if it shall be another. */
function newPassword(field, { onchange, isNew }) {
  const [passwordId, confirmId] = [uniqueId('password'), uniqueId('confirm')];
  const { input, element } = passwordInput({
    label: 'password',
    oninput: () => {
      mirror();
      onchange();
    },
    max: field.max,
  });
  const confirm = h('input', {
    id: confirmId,
    type: 'password',
    name: 'passwordConfirm',
    autocomplete: 'new-password',
    oninput: () => {
      isMirrored = false;
      onchange();
    },
  });
  let isMirrored = true;
  // A generated password is seen, so it needs not be typed again.
  const mirror = () => {
    if (input.type === 'text' && isMirrored) confirm.value = input.value;
  };
  input.id = passwordId;
  input.setAttribute('name', 'password');
  const [wrong, wrongConfirm] = [
    h('p', { class: 'problem', hidden: true, id: uniqueId('problem') }),
    h('p', { class: 'problem', hidden: true, id: uniqueId('problem') }),
  ];
  const inputs = h(
    'div',
    { class: 'fields record-password' },
    h(
      'div',
      { class: 'field' },
      h('label', { for: passwordId }, 'Password'),
      element,
      field.min && h('p', { class: 'hint' }, `At least ${field.min} characters.`),
      wrong,
    ),
    h('div', { class: 'field' }, h('label', { for: confirmId }, 'Password again'), confirm, wrongConfirm),
  );
  const change = h('input', {
    type: 'checkbox',
    role: 'switch',
    onchange: () => {
      draw();
      onchange();
      if (change.checked) input.focus();
    },
  });
  const draw = () => {
    inputs.hidden = !isNew && !change.checked;
  };
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
    element: h(
      'div',
      {},
      !isNew && h('label', { class: 'record-switch' }, change, h('span', {}, 'Change the password')),
      inputs,
    ),
    get: () => (inputs.hidden ? '' : input.value),
    confirmed: () => confirm.value,
    set: () => {
      [input.value, confirm.value, change.checked, isMirrored] = ['', '', false, true];
      draw();
    },
    check: () =>
      !inputs.hidden && change.checked && input.value === ''
        ? 'Type the new password, or switch the change off.'
        : undefined,
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

/** The entries of the record's menu that only accounts have. */
export function accountActions(collection, record) {
  // What few do is loaded when they do it.
  const withAccount = (action) => async () => {
    try {
      const [{ accountOf }, does] = await Promise.all([import('./signins.js'), import('../people/actions.js')]);
      await action(await accountOf(collection, record()), does);
    } catch (error) {
      tell(error);
    }
  };
  return [
    !isSuperusers(collection) &&
      record().email &&
      !record().verified && {
        label: 'Send verification mail',
        run: withAccount((account, does) => does.sendMail('verification', account)),
      },
    mayReset({ collection, record: record() }) && {
      label: 'Send password reset mail',
      run: withAccount((account, does) => does.sendMail('reset', account)),
    },
    { label: 'Impersonate', run: withAccount((account, does) => does.impersonate(collection, record())) },
    { label: 'End every sign-in', run: withAccount((account, does) => does.endAll(account)) },
    { label: 'Open the account’s page', run: () => location.assign(pageOf(collection, record().id)) },
  ];
}
