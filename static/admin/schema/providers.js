// The services that people can sign in with: a list, a picker of known ones, and a dialog for the settings of each.
//
// Used by the options of auth collections. Secrets are written and never shown: the server doesn't give them out. A
// provider keeps its secret by its name, so one that is sent without stays as it is.

import { Refused, address, get, post } from '../lib/api.js';
import { fill, h, icon, iconButton, uniqueId } from '../lib/dom.js';
import { ask, busy, copy, tell, toast } from '../lib/feedback.js';
import { areaControl, chipsControl, numberControl, seconds, selectControl, textControl } from './controls.js';
import { clear, show } from './problems.js';

/** Half a year, which is the longest that Apple takes. */
const APPLE_SECRET_SECONDS = 15_777_000;
const NEEDS_URLS = ['mailcow', 'oidc', 'oidc2', 'oidc3'];
const isOidc = (name) => name.startsWith('oidc');
const CLAIMS = [
  ['', 'What Microsoft Graph says (mail)'],
  ['any_verified', 'Any verified claim'],
  ['verified_primary_email', 'verified_primary_email'],
  ['email_and_xms_edov', 'email, if xms_edov says so'],
  ['email', 'email'],
];

let known = null;
const allProviders = () => (known ??= get('/api/collections/meta/oauth2-providers'));
const blank = (name) => ({
  name,
  clientId: '',
  authURL: '',
  tokenURL: '',
  userInfoURL: '',
  displayName: '',
  pkce: null,
  extra: null,
});

/** The server's own picture of a service, as an image: in an image, no script of an SVG runs. */
function logo({ logo: svg }) {
  if (!svg) return null;
  const picture = h('img', {
    alt: '',
    width: 24,
    height: 24,
    class: 'logo',
    src: `data:image/svg+xml,${encodeURIComponent(svg)}`,
  });
  picture.addEventListener('error', () => picture.remove());
  return picture;
}

/** A service's name; with its key where several have the same. */
const nameOf = (info, all) =>
  all.some((one) => one !== info && one.displayName === info.displayName)
    ? `${info.displayName} (${info.name})`
    : info.displayName;

/** @returns {HTMLElement} */
export function providerList(draft) {
  const { oauth2 } = draft.value;
  const list = h('ul', { class: 'providers' });
  const add = h('button', { type: 'button', onclick: () => pick().catch(tell) }, icon('plus'), 'Add a service');
  const element = h('div', { class: 'field', dataset: { path: 'oauth2.providers' } }, list, h('div', {}, add));
  const changed = () => {
    draft.changed();
    draw().catch(tell);
  };

  async function draw() {
    const names = await allProviders();
    fill(
      list,
      oauth2.providers.map((provider, at) => {
        const info = names.find((one) => one.name === provider.name) ?? { displayName: provider.name };
        const label = provider.displayName || info.displayName;
        return h(
          'li',
          { dataset: { path: `oauth2.providers.${at}` } },
          logo(info),
          h(
            'span',
            { class: 'grow' },
            label,
            ' ',
            h('span', { class: 'quiet small' }, provider.clientId || 'not set up'),
          ),
          iconButton('edit', `Set up ${label}`, { onclick: () => settings(provider, info) }),
          iconButton('trash', `Remove ${label}`, { onclick: () => remove(at, label) }),
        );
      }),
      oauth2.providers.length === 0 && h('li', { class: 'quiet' }, 'None yet.'),
    );
  }
  async function remove(at, label) {
    if (
      !(await ask({
        title: `Remove ${label}?`,
        text: 'People can’t sign in with it any more once the collection is saved. Its secret goes with it.',
        action: 'Remove',
        danger: true,
      }))
    )
      return;
    oauth2.providers.splice(at, 1);
    changed();
  }
  async function pick() {
    const free = (await allProviders()).filter((one) => !oauth2.providers.some((used) => used.name === one.name));
    const title = uniqueId('pick');
    const results = h('div', { class: 'provider-grid' });
    const search = h('input', {
      type: 'search',
      placeholder: 'Search',
      'aria-label': 'Search services',
      oninput: () => show(),
    });
    const show = () => {
      const wanted = search.value.trim().toLowerCase();
      const found = free.filter((one) => `${one.displayName} ${one.name}`.toLowerCase().includes(wanted));
      fill(
        results,
        found.map((info) =>
          h(
            'button',
            {
              type: 'button',
              onclick: () => {
                dialog.close();
                settings(blank(info.name), info, true);
              },
            },
            logo(info),
            nameOf(info, free),
          ),
        ),
        found.length === 0 && h('p', { class: 'quiet' }, 'None has this name. Services of your own: OpenID Connect.'),
      );
    };
    const dialog = h(
      'dialog',
      { 'aria-labelledby': title },
      h('h2', { id: title }, 'Add a service'),
      search,
      results,
      h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel')),
    );
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    show();
    dialog.showModal();
    search.focus();
  }
  function settings(provider, info, isNew = false) {
    const next = structuredClone(provider);
    const title = uniqueId('provider');
    const stored = draft.saved?.oauth2?.providers.some((one) => one.name === provider.name);
    const dialog = h(
      'dialog',
      { class: 'wide-dialog', 'aria-labelledby': title },
      h(
        'form',
        {
          onsubmit: (event) => {
            event.preventDefault();
            // Sometimes a service takes an option back; an empty set of them is none.
            if (next.extra && Object.keys(next.extra).length === 0) next.extra = null;
            if (isNew) oauth2.providers.push(next);
            else oauth2.providers[oauth2.providers.indexOf(provider)] = next;
            dialog.close();
            changed();
          },
        },
        h('h2', { id: title }, info.displayName),
        providerForm(next, stored),
        h(
          'footer',
          {},
          h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
          h('button', { type: 'submit', class: 'main' }, isNew ? 'Add' : 'Use'),
        ),
      ),
    );
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }
  draw().catch(tell);
  return element;
}

function providerForm(next, stored) {
  const to = (key) => ({
    value: next[key],
    path: key,
    onchange: (value) => {
      next[key] = value;
    },
  });
  const extra = (key) => ({
    path: `extra.${key}`,
    value: next.extra?.[key] ?? '',
    onchange: (value) => {
      next.extra = { ...next.extra, [key]: value };
      if (value === '' || value.length === 0) delete next.extra[key];
    },
  });
  const secret = h('input', {
    id: uniqueId('secret'),
    type: 'password',
    autocomplete: 'new-password',
    placeholder: next.clientSecret ? 'Typed already' : stored ? 'Stored. Type to replace it' : '',
    oninput: () => {
      if (secret.value === '') delete next.clientSecret;
      else next.clientSecret = secret.value;
    },
  });
  const redirect = address('/api/oauth2-redirect');
  const addresses = [
    textControl({ ...to('authURL'), label: 'Address to sign in', placeholder: 'https://' }),
    textControl({ ...to('tokenURL'), label: 'Address of tokens', placeholder: 'https://' }),
    textControl({ ...to('userInfoURL'), label: 'Address of profiles', placeholder: 'https://' }),
  ];
  return h(
    'div',
    {},
    h(
      'div',
      { class: 'field' },
      h('span', { class: 'label' }, 'Redirect address to register there'),
      h(
        'div',
        { class: 'row' },
        h('code', { class: 'grow' }, redirect),
        iconButton('copy', 'Copy the redirect address', { onclick: () => copy(redirect) }),
      ),
    ),
    h(
      'div',
      { class: 'fields' },
      textControl({ ...to('clientId'), label: 'Client id' }),
      h('div', { class: 'field' }, h('label', { for: secret.id }, 'Client secret'), secret),
    ),
    next.name === 'apple' && appleSecret(next, secret),
    isOidc(next.name) &&
      h(
        'div',
        { class: 'fields' },
        textControl({
          ...extra('issuer'),
          label: 'Issuer',
          placeholder: 'https://id.example.com/realms/main',
          hint: 'The short way: addresses and keys are read from there.',
        }),
        textControl({ ...extra('jwksURL'), label: 'Address of keys', placeholder: 'https://' }),
        chipsControl({ ...extra('issuers'), value: next.extra?.issuers ?? [], label: 'Issuers that count' }),
      ),
    next.name === 'microsoft' &&
      selectControl({ ...extra('idTokenEmailClaim'), label: 'Where the e-mail address comes from', choices: CLAIMS }),
    h(
      'div',
      { class: 'fields' },
      textControl({ ...to('displayName'), label: 'Name that people see' }),
      selectControl({
        ...to('pkce'),
        label: 'PKCE',
        value: next.pkce === null || next.pkce === undefined ? '' : String(next.pkce),
        choices: [
          ['', 'As usual for the service'],
          ['true', 'Yes'],
          ['false', 'No'],
        ],
        onchange: (text) => {
          next.pkce = text === '' ? null : text === 'true';
        },
      }),
    ),
    h(
      'details',
      { open: NEEDS_URLS.includes(next.name) || Boolean(next.authURL || next.tokenURL || next.userInfoURL) },
      h('summary', {}, 'Addresses of a server of your own'),
      h('div', { class: 'fields' }, addresses),
    ),
  );
}

/** Apple takes a token that is signed with a key of theirs in place of a secret; the server makes one. */
function appleSecret(next, secret) {
  const body = { teamId: '', keyId: '', privateKey: '', duration: APPLE_SECRET_SECONDS };
  const to = (key) => ({ value: body[key], path: key, onchange: (value) => Object.assign(body, { [key]: value }) });
  const form = h(
    'details',
    {},
    h('summary', {}, 'Make the secret of a key'),
    h(
      'div',
      { class: 'fields' },
      textControl({ ...to('teamId'), label: 'Team id' }),
      textControl({ ...to('keyId'), label: 'Key id' }),
      numberControl({ ...to('duration'), label: 'Good for', said: (value) => seconds(value) || 'In seconds.' }),
      areaControl({ ...to('privateKey'), class: 'wide', label: 'Private key (PEM)', mono: true, rows: 4 }),
    ),
    h('button', { type: 'button', onclick: (event) => make(event.currentTarget) }, 'Make the secret'),
  );
  async function make(button) {
    clear(form);
    await busy(button, async () => {
      try {
        const path = '/api/settings/apple/generate-client-secret';
        const made = await post(path, { ...body, clientId: next.clientId });
        next.clientSecret = made.secret;
        secret.value = made.secret;
        form.open = false;
        toast('Made. It is stored when the collection is saved; make another before it ends.');
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 400) throw error;
        const { left } = show(form, error.data);
        toast([error.message, ...left].join('\n'), 'problem');
      }
    });
  }
  return form;
}
