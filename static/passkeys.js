// Passkeys in browsers: what a page needs besides HTML. No dependencies, nothing inline, so a strict
// Content-Security-Policy (script-src 'self'; connect-src 'self') is enough.
//
//   import { passkeysWork, signIn, register } from '/static/passkeys.js';
//   await signIn({ collection: 'users' });                    // a token: { record, token }
//   await signIn({ collection: 'users', session: true });     // a session's cookie: { record }
//   await signIn({ collection: 'users', mfaId });             // the second step of a sign-in
//   await register({ name: 'Laptop', proof: { password } });  // { passkey, recoveryCodes }
//
// Pages without code of their own mark a form:
//   <form data-passkey="sign-in" data-collection="users" data-next="/home"> and for a second step data-mfa-id="…"
//   <form data-passkey="register" data-next="/account"> with fields named password, code or recoveryCode, name,
//   and secondFactor (a checkbox); in a sign-in that waits for this, data-mfa-id="…" takes the place of the proof
// A message goes into the form's [data-passkey-error], new recovery codes into its [data-passkey-codes].
// Both are hidden until then, as the form should be until this file runs.

/** Whether this browser has passkeys at all. */
export function passkeysWork() {
  return typeof PublicKeyCredential === 'function' && Boolean(navigator.credentials);
}

/** Signs in; resolves to the server's answer. `signal` and `mediation: 'conditional'` are for autofill. */
export async function signIn({ collection, mfaId, session = false, signal, mediation } = {}) {
  const base = `/api/collections/${encodeURIComponent(collection)}`;
  const { ceremony, publicKey } = await send('POST', `${base}/passkey-options`, mfaId ? { mfaId } : {});
  const request = { publicKey: requestOptions(publicKey), signal };
  if (mediation) request.mediation = mediation;
  const credential = encoded(await navigator.credentials.get(request));
  const query = session ? '?session=cookie' : '';
  return send('POST', `${base}/auth-with-passkey${query}`, { ceremony, credential });
}

/**
 * Registers a passkey for whoever is signed in, by a session's cookie or by `token`. `proof` is one of `{ password }`,
 * `{ code }` and `{ recoveryCode }`; with `mfaId`, a sign-in that waits for this needs none and is complete then.
 */
export async function register({ name, secondFactor = false, proof = {}, mfaId, token, session = false } = {}) {
  const who = mfaId ? { mfaId } : proof;
  const { ceremony, publicKey } = await send('POST', '/api/account/passkeys/options', who, token);
  const credential = encoded(await navigator.credentials.create({ publicKey: creationOptions(publicKey) }));
  const query = session ? '?session=cookie' : '';
  const body = { ceremony, credential, secondFactor };
  if (name) body.name = name;
  if (mfaId) body.mfaId = mfaId;
  return send('POST', `/api/account/passkeys${query}`, body, token);
}

/** The server's answer; errors carry its `status` and its body as `response`. */
async function send(method, path, body, token) {
  const headers = { 'Content-Type': 'application/json' };
  if (token) headers.Authorization = token;
  // From where this file is: the server may be shown below a path.
  const answer = await fetch(new URL(`..${path}`, import.meta.url), { method, headers, body: JSON.stringify(body), credentials: 'same-origin' });
  const response = await answer.json().catch(() => ({}));
  if (answer.ok) return response;
  const details = Object.values(response.data ?? {}).map((field) => field.message);
  throw Object.assign(new Error([response.message, ...details].filter(Boolean).join(' ')), {
    status: answer.status, response,
  });
}

// ------------------------------------------------------------------------------- JSON as WebAuthn level 3 defines it

function bytes(text) {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

function text(buffer) {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function descriptors(list) {
  return list?.map((one) => ({ ...one, id: bytes(one.id) }));
}

function creationOptions(options) {
  return {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: descriptors(options.excludeCredentials) ?? [],
  };
}

function requestOptions(options) {
  return {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: descriptors(options.allowCredentials) ?? [],
  };
}

function encoded(credential) {
  const { response } = credential;
  const made = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    made.attestationObject = text(response.attestationObject);
    made.transports = response.getTransports?.() ?? [];
  } else {
    made.authenticatorData = text(response.authenticatorData);
    made.signature = text(response.signature);
    made.userHandle = response.userHandle?.byteLength ? text(response.userHandle) : null;
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response: made, extensions: {} };
}

// -------------------------------------------------------------------------------------------------- forms of our pages

async function submitted(form) {
  const { passkey, collection, mfaId } = form.dataset;
  if (passkey === 'sign-in') return signIn({ collection, mfaId, session: true });
  const data = new FormData(form);
  const proof = {};
  for (const key of ['password', 'code', 'recoveryCode']) {
    if (data.get(key)) proof[key] = data.get(key);
  }
  return register({ name: data.get('name'), secondFactor: data.has('secondFactor'), proof, mfaId, session: true });
}

function finish(form, answer) {
  const codes = answer.recoveryCodes ?? answer.meta?.recoveryCodes ?? [];
  const list = form.querySelector('[data-passkey-codes]');
  const { next } = form.dataset;
  if (codes.length === 0 || !list) {
    if (next) location.assign(next);
    return;
  }
  // They are shown this once, so the page stays until they have been read.
  list.textContent = codes.join('\n');
  const button = form.querySelector('button');
  for (const part of form.children) part.hidden = part !== button && !part.contains(list);
  for (let at = list; at !== form; at = at.parentElement) at.hidden = false;
  form.addEventListener('submit', () => next && location.assign(next), { once: true });
  form.dataset.passkey = 'done';
  if (button) {
    button.textContent = form.dataset.done ?? button.textContent;
    button.disabled = false;
  }
}

async function run(form) {
  const error = form.querySelector('[data-passkey-error]');
  const button = form.querySelector('button');
  if (error) error.hidden = true;
  if (button) button.disabled = true;
  try {
    finish(form, await submitted(form));
  } catch (failure) {
    // What people decline themselves is no error; the browser has said everything about it.
    if (error && failure.name !== 'NotAllowedError' && failure.name !== 'AbortError') {
      error.textContent = failure.message;
      error.hidden = false;
    }
    if (button) button.disabled = false;
  }
}

if (typeof document !== 'undefined' && passkeysWork()) {
  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.hidden = false;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (form.dataset.passkey !== 'done') run(form);
    });
  }
}
