// The options of a collection whose records sign in: by what, with what second step, for how long, with which mails.
//
// Used by the editor of collections. Providers of OAuth2 are in `providers.js`, mails in `mails.js`, the rules for
// signing in and managing in `rules.js`. Each part writes into the draft at once.

import { fill, h, icon, uniqueId } from '../lib/dom.js';
import { ask } from '../lib/feedback.js';
import { checkControl, numberControl, seconds, setControl } from './controls.js';
import { isUniquelyIndexed } from './index-sql.js';
import { mails } from './mails.js';
import { providerList } from './providers.js';
import { ruleEditor } from './rules.js';

const SECRET_CHARS = 50;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const TOKENS = [
  ['authToken', 'Sign-in tokens', 'Tokens of apps and SDKs; browsers have sessions.'],
  ['verificationToken', 'Links that confirm addresses'],
  ['passwordResetToken', 'Links for new passwords'],
  ['emailChangeToken', 'Links for new addresses'],
  ['fileToken', 'Tokens for protected files'],
];

const at = (value, path) => path.split('.').reduce((one, key) => one[key], value);
const randomSecret = () => {
  const bytes = crypto.getRandomValues(new Uint32Array(SECRET_CHARS));
  return [...bytes].map((number) => LETTERS[number % LETTERS.length]).join('');
};
const length = (value) => seconds(value) || 'In seconds.';

/** The panel with all options. */
export function authPanel(draft) {
  const element = h('div', { class: 'stack' });
  const superusers = draft.value.name === '_superusers';
  const mount = async () =>
    fill(
      element,
      h('div', { class: 'columns' }, password(draft), codes(draft), await secondStep(draft), alert(draft)),
      !superusers && oauth2(draft),
      tokens(draft),
      sessions(draft),
      mails(draft),
    );
  return { element, mount };
}

/** A card whose content is there while its switch is on. */
function switched(draft, path, { title, label, always = false }, content) {
  const option = at(draft.value, path);
  const inner = h('div', { class: 'switched', hidden: !option.enabled }, content);
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, title),
    checkControl({
      label,
      value: option.enabled,
      path: `${path}.enabled`,
      disabled: always,
      onchange: (on) => {
        option.enabled = on;
        inner.hidden = !on;
        draft.changed();
      },
    }),
    inner,
  );
}

function to(draft, path) {
  const keys = path.split('.');
  const key = keys.pop();
  const holder = keys.reduce((one, name) => one[name], draft.value);
  return {
    value: holder[key],
    path,
    onchange: (value) => {
      holder[key] = value;
      draft.changed();
    },
  };
}

function password(draft) {
  const slot = h('div', {});
  const draw = () => {
    const chosen = draft.value.passwordAuth.identityFields;
    const unique = draft.fields
      .filter(
        (field) =>
          field.name &&
          field.name !== 'tokenKey' &&
          draft.value.indexes.some((sql) => isUniquelyIndexed(sql, field.name)),
      )
      .map((field) => field.name);
    fill(
      slot,
      setControl({
        ...to(draft, 'passwordAuth.identityFields'),
        label: 'What people type as their name',
        hint: 'Fields with a unique index of their own. COLLATE NOCASE in the index ignores capitals.',
        choices: [...new Set([...chosen, ...unique])],
      }),
    );
  };
  draft.addEventListener('change', ({ detail }) => {
    if (detail === 'indexes' || detail === 'name') draw();
  });
  draw();
  return switched(
    draft,
    'passwordAuth',
    { title: 'Password', label: 'Sign in with a password', always: draft.value.name === '_superusers' },
    slot,
  );
}

const codes = (draft) =>
  switched(
    draft,
    'otp',
    { title: 'One-time code', label: 'Sign in with a code by mail' },
    h(
      'div',
      { class: 'fields' },
      numberControl({ ...to(draft, 'otp.duration'), label: 'A code is good for', said: length }),
      numberControl({ ...to(draft, 'otp.length'), label: 'Digits', hint: '4 or more.' }),
    ),
  );

async function secondStep(draft) {
  const rule = await ruleEditor({
    draft,
    key: 'mfa.rule',
    value: draft.value.mfa.rule,
    label: 'Who needs a second step',
    placeholder: 'Empty: everybody',
    onchange: (text) => {
      draft.value.mfa.rule = text;
      draft.changed();
    },
  });
  return switched(
    draft,
    'mfa',
    { title: 'Second step', label: 'Ask for a second way to sign in' },
    h(
      'div',
      {},
      h('p', { class: 'hint' }, 'Two of password, other services and one-time code have to be on.'),
      numberControl({ ...to(draft, 'mfa.duration'), label: 'Time for the second step', said: length }),
      h('div', { class: 'field' }, h('span', { class: 'label' }, 'Who needs it'), rule.element),
    ),
  );
}

const alert = (draft) =>
  h(
    'section',
    { class: 'card' },
    h('h2', {}, 'Notice'),
    checkControl({ ...to(draft, 'authAlert.enabled'), label: 'Write to people about sign-ins from new places' }),
  );

function oauth2(draft) {
  const map = draft.value.oauth2.mappedFields;
  const names = () => draft.fields.filter((field) => field.name && !field.system);
  const pick = (key, label, types) => {
    const id = uniqueId('mapped');
    const choices = names()
      .filter((field) => types.includes(field.type))
      .map((field) => field.name);
    return h(
      'div',
      { class: 'field' },
      h('label', { for: id }, label),
      h(
        'select',
        {
          id,
          dataset: { path: `oauth2.mappedFields.${key}` },
          onchange: (event) => {
            map[key] = event.target.value;
            draft.changed();
          },
        },
        h('option', { value: '', selected: !map[key] }, 'Not taken'),
        [...new Set([...choices, ...(map[key] ? [map[key]] : [])])].map((name) =>
          h('option', { value: name, selected: map[key] === name }, name),
        ),
      ),
    );
  };
  return switched(
    draft,
    'oauth2',
    { title: 'Other services (OAuth2)', label: 'Sign in with an account elsewhere' },
    h(
      'div',
      {},
      providerList(draft),
      h(
        'details',
        { open: Object.values(map).some(Boolean) },
        h('summary', {}, 'What new accounts take from the service'),
        h(
          'div',
          { class: 'fields' },
          pick('name', 'Full name', ['text']),
          pick('username', 'User name', ['text']),
          pick('id', 'Id', ['text']),
          pick('avatarURL', 'Address of the picture', ['url', 'text', 'file']),
        ),
      ),
    ),
  );
}

function tokens(draft) {
  const rows = TOKENS.map(([key, label, hint]) => {
    const button = h('button', { type: 'button', class: 'small', onclick: () => toggle() });
    const tell = () => {
      const ends = Boolean(draft.value[key].secret);
      button.setAttribute('aria-pressed', String(ends));
      button.setAttribute('aria-label', `End all issued: ${label}`);
      fill(button, ends ? [icon('undo'), 'Ends all when saved'] : 'End all issued');
    };
    async function toggle() {
      if (draft.value[key].secret) delete draft.value[key].secret;
      else if (
        await ask({
          title: `End all issued: ${label.toLowerCase()}?`,
          text: [
            'A new secret makes every one of them invalid once the collection is saved.',
            key === 'authToken' ? 'Everybody has to sign in again.' : '',
          ].join(' '),
          action: 'End them',
          danger: true,
        })
      )
        draft.value[key].secret = randomSecret();
      tell();
      draft.changed();
    }
    tell();
    return h(
      'div',
      { class: 'token' },
      numberControl({
        ...to(draft, `${key}.duration`),
        label,
        said: (value) => [length(value), hint].filter(Boolean).join('. '),
      }),
      !draft.isNew && button,
    );
  });
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, 'How long what is issued is good'),
    h('div', { class: 'fields tokens' }, rows),
  );
}

/** Holdall's own: sessions of browsers. The key is missing while it says nothing. */
function sessions(draft) {
  const value = { idleDuration: 0, maxDuration: 0, endOnChange: [], ...draft.value.sessions };
  const set = (key) => (one) => {
    value[key] = one;
    const empty = !value.idleDuration && !value.maxDuration && value.endOnChange.length === 0;
    // A stored one is taken back by zeros; only what was never stored may be left out.
    if (empty && !draft.saved?.sessions) delete draft.value.sessions;
    else draft.value.sessions = { ...value };
    draft.changed();
  };
  const said = (number) => seconds(number) || 'Empty: as the configuration says.';
  const names = draft.fields
    .filter(
      (field) =>
        field.name && !['id', 'password', 'tokenKey', 'email'].includes(field.name) && field.type !== 'autodate',
    )
    .map((field) => field.name);
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, 'Sessions of browsers'),
    h(
      'div',
      { class: 'fields' },
      numberControl({
        label: 'A session may rest',
        value: value.idleDuration,
        path: 'sessions.idleDuration',
        onchange: set('idleDuration'),
        said,
      }),
      numberControl({
        label: 'And lasts at most',
        value: value.maxDuration,
        path: 'sessions.maxDuration',
        onchange: set('maxDuration'),
        said,
      }),
    ),
    setControl({
      label: 'End everything when one of these changes',
      hint: 'Such as a role: a new value ends all sessions, tokens and API keys of the account.',
      value: value.endOnChange,
      choices: [...new Set([...names, ...value.endOnChange])],
      path: 'sessions.endOnChange',
      onchange: set('endOnChange'),
      none: 'There are no fields for this.',
    }),
  );
}
