// The calls about accounts: what auth collections have besides records. Called by preview.js through operations.js. As
// in records.js, an operation is data.

import { empty, forbidden, invalid, missing, ok, unauthenticated } from './answers.js';
import { curl, dart, dartOf, dartStart, js, jsOf, jsStart, jsValue } from './code.js';
import { publicRecord, sampleRecord } from './examples.js';

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9…';
const field = (name, type, text, required = true) => ({ name, type, where: 'body', required, text });
const MFA_ID = field('mfaId', 'text', 'For the second of two steps: what the 401 of the first one said.', false);
const EXPAND = { name: 'expand', type: 'text', text: 'Related records with the account.' };
const SESSION = { name: 'session', type: 'text', text: 'With cookie, the answer sets a session’s cookie instead of '
  + 'having a token.' };

/** The operations of an auth collection. */
export function accountOperations(context) {
  if (context.collection.type !== 'auth') return [];
  const isSuper = context.collection.name === '_superusers';
  return [
    methods(context), password(context), oauth2(context), ...otp(context), refresh(context),
    ...(isSuper ? [] : verification(context)), ...reset(context), ...(isSuper ? [] : emailChange(context)),
      impersonate(context),
    sessions(context), totp(context), passkeys(context), keys(context),
  ];
}

const pathOf = ({ collection }, end) => `/api/collections/${encodeURIComponent(collection.name)}/${end}`;
const account = ({ collection, record, example }) => record ? publicRecord(collection, record)
  : publicRecord(collection, sampleRecord(collection, example.values));
const signedIn = (context) => ok({ record: account(context), token: TOKEN },
  'Signed in. With ?session=cookie there is a cookie instead of the token.');
const emailOf = ({ record }) => record?.email || 'ada@example.com';
const second = () => ({ status: 401, text: 'A second step is needed. Send mfaId with it, within ten minutes.',
    body: { mfaId: 'k2v5f0x8s1p9qwe', factors: ['totp', 'recoveryCode'] } });
const optionsAt = ({ collection }) => [`/_/collections/${encodeURIComponent(collection.name)}/edit`,
  'Change the collection’s options'];
const ANYBODY = ['Everybody, also without signing in.'];
const OWNER = ['The account itself, signed in by a token or a session.'];

/** What all calls share that only send a body to a path: the code for each language. */
function simple(context, { end, body, token = false, jsCall, dartCall }) {
  const { base } = context;
  return {
    curl: curl({ base, method: 'POST', path: pathOf(context, end), body, token }),
    js: jsStart(base, token) + jsCall, dart: dartStart(base, token) + dartCall,
  };
}

function methods(context) {
  const { base, collection } = context;
  return {
    id: 'auth-methods', label: 'Sign-in methods', group: 'Signing in', method: 'GET',
      path: pathOf(context, 'auth-methods'), who: ANYBODY,
    about: 'Which ways to sign in this collection has, for a page that offers them.', parameters: [],
    answers: [ok({ password: { identityFields: collection.passwordAuth.identityFields,
            enabled: collection.passwordAuth.enabled }, oauth2: { providers: [], enabled: collection.oauth2.enabled },
            mfa: { enabled: collection.mfa.enabled, duration: collection.mfa.enabled ? collection.mfa.duration : 0 },
            otp: { enabled: collection.otp.enabled, duration: collection.otp.enabled ? collection.otp.duration : 0 } },
            'The methods.')],
    code: {
      curl: curl({ base, path: pathOf(context, 'auth-methods'), token: false }),
      js: `${jsStart(base, false)}const methods = await ${jsOf(context)}.listAuthMethods();\n`
        + `console.log(methods);`,
      dart: `${dartStart(base, false)}final methods = await ${dartOf(context)}.listAuthMethods();`,
    },
  };
}

function password(context) {
  const { collection } = context;
  const identity = collection.passwordAuth.identityFields?.[0] ?? 'email';
  const body = { identity: String(context.record?.[identity] || emailOf(context)), password: 'YOUR_PASSWORD' };
  return {
    id: 'auth-with-password', label: 'With a password', group: 'Signing in', method: 'POST',
      path: pathOf(context, 'auth-with-password'), body, who: authWho(context),
    disabled: collection.passwordAuth.enabled ? '' : 'Signing in with a password is switched off for this collection.',
      enableAt: optionsAt(context),
    about: `Signs in with a password and one of: ${(collection.passwordAuth.identityFields ?? []).join(', ')}.`,
    parameters: [field('identity', 'text', 'What identifies the account.'), field('password', 'text', 'Its password.'),
      field('identityField', 'text', 'In which field to look; without it, in all of them.', false), MFA_ID, EXPAND,
        SESSION],
    answers: [signedIn(context), invalid('The account or the password is wrong.', {}, 'The sign-in failed.'), second(),
      forbidden('The collection’s sign-in rule doesn’t hold.')],
    code: simple(context, {
      end: 'auth-with-password', body,
      jsCall: 'const { record, token } = '
        + `await ${jsOf(context)}.authWithPassword(${js(body.identity)}, ${js(body.password)});\n`
        + `console.log(record.id, pb.authStore.isValid);\n\npb.authStore.clear(); // signs out`,
      dartCall: 'final signedIn = '
        + `await ${dartOf(context)}.authWithPassword(${dart(body.identity)}, ${dart(body.password)});\n`
        + `print(signedIn.record.id);`,
    }),
  };
}

const authWho = ({ collection }) => collection.authRule === null
  ? ['Nobody: this collection’s sign-in rule keeps everybody out.']
  : collection.authRule ? ['Accounts for which the sign-in rule holds.'] : ANYBODY;

function oauth2(context) {
  const { collection } = context;
  const providers = (collection.oauth2.providers ?? []).map((one) => one.name);
  const name = providers[0] ?? 'github';
  const body = { provider: name, code: 'CODE', codeVerifier: 'VERIFIER',
    redirectURL: `${context.base}/api/oauth2-redirect` };
  const off = !collection.oauth2.enabled ? 'Signing in with other services is switched off for this collection.'
    : providers.length === 0 ? 'No service is set up for this collection.' : '';
  return {
    id: 'auth-with-oauth2', label: 'With another service', group: 'Signing in', method: 'POST',
      path: pathOf(context, 'auth-with-oauth2'), body, who: authWho(context),
    disabled: off, enableAt: optionsAt(context),
    about: `Signs in with OAuth2${providers.length > 0 ? ` (${providers.join(', ')})` : ''}. In browsers, the SDK `
      + 'opens the window and '
      + 'does the rest; the request itself is what comes at the end. Who signs in for the first time gets an account, '
      + 'if the create rule lets them.',
    parameters: [field('provider', 'text', 'Its name, as the sign-in methods say it.'),
      field('code', 'text', 'What the service gave.'), field('codeVerifier', 'text', 'Of the sign-in methods.'),
      field('redirectURL', 'text', 'The same as the service was told.'), field('createData', 'object',
        'Fields of a new account.', false), MFA_ID, EXPAND, SESSION],
    answers: [ok({ record: account(context), token: TOKEN, meta: { id: '1234', name: 'Ada', email: emailOf(context),
            avatarURL: '', isNew: false } }, 'Signed in.'),
            invalid('The service refused, or the account can’t be made.'), second()],
    code: simple(context, {
      end: 'auth-with-oauth2', body,
      jsCall: `// Call this in a click, or the browser blocks the window.\n`
        + `const { record, meta } = await ${jsOf(context)}.authWithOAuth2({ provider: ${js(name)} });\n`
        + `console.log(record.id, meta.isNew);`,
      dartCall: `final signedIn = await ${dartOf(context)}.authWithOAuth2(${dart(name)}, (url) async {\n`
        + `  await launchUrl(url); // of the package url_launcher\n});`,
    }),
  };
}

function otp(context) {
  const { collection } = context;
  const off = collection.otp.enabled ? '' : 'One-time codes by mail are switched off for this collection.';
  const request = { email: emailOf(context) };
  const sign = { otpId: 'OTP_ID', password: '12345678'.slice(0, collection.otp.length || 8) };
  const calls = {
    js: `const { otpId } = await ${jsOf(context)}.requestOTP(${js(request.email)});\n\n`
      + `// … the code is in the mail:\n`
      + `const { record } = await ${jsOf(context)}.authWithOTP(otpId, ${js(sign.password)});\n`
      + `console.log(record.id);`,
    dart: `final request = await ${dartOf(context)}.requestOTP(${dart(request.email)});\n`
      + `final signedIn = await ${dartOf(context)}.authWithOTP(request.otpId, ${dart(sign.password)});`,
  };
  return [
    { id: 'request-otp', label: 'Ask for a code', group: 'Signing in', method: 'POST',
      path: pathOf(context, 'request-otp'), body: request, who: ANYBODY, disabled: off, enableAt: optionsAt(context),
      about: 'Sends a one-time code by mail. The answer is the same whether there is such an account or not.',
        parameters: [field('email', 'text', 'The account’s address.')],
      answers: [ok({ otpId: 'k2v5f0x8s1p9qwe' }, 'The mail is on its way, if there is such an account.'),
        invalid('The address isn’t one.'), { status: 429, text: 'Too many codes were asked for.',
        body: { data: {}, message: 'Too many requests.', status: 429 } }],
      code: simple(context, { end: 'request-otp', body: request, jsCall: calls.js, dartCall: calls.dart }) },
    { id: 'auth-with-otp', label: 'With a code', group: 'Signing in', method: 'POST',
      path: pathOf(context, 'auth-with-otp'), body: sign, who: authWho(context), disabled: off,
      enableAt: optionsAt(context),
      about: 'Signs in with the code of the mail. Whoever has it has read it, so the address counts as confirmed.',
      parameters: [field('otpId', 'text', 'Of the answer before.'), field('password', 'text', 'The code.'), MFA_ID,
        EXPAND, SESSION],
      answers: [signedIn(context), invalid('The code is wrong or old.'), second()],
      code: simple(context, { end: 'auth-with-otp', body: sign, jsCall: calls.js, dartCall: calls.dart }) },
  ];
}

function refresh(context) {
  const { collection } = context;
  return {
    id: 'auth-refresh', label: 'Refresh', group: 'Signing in', method: 'POST', path: pathOf(context, 'auth-refresh'),
      who: ['Accounts of this collection, with a token that still works. Not API keys.'],
    about: 'A new token for one that hasn’t ended, and the account as it is now.', parameters: [EXPAND],
    answers: [signedIn(context), unauthenticated(), forbidden('The token is of another collection.')],
    code: simple(context, { end: 'auth-refresh', token: true,
        jsCall: `const { record } = await ${jsOf(context)}.authRefresh();\n`
          + 'console.log(record.id, pb.authStore.token);',
        dartCall: `final signedIn = await ${dartOf(context)}.authRefresh();` }),
  };
}

/** Two calls: the one that sends a mail, and the one that the mail's link makes. */
function byMail(context, { start, startLabel, startBody, startText, startToken, end, endLabel, endBody, endParameters,
    endText, calls, who }) {
  const { collection } = context;
  const camel = (path) => path.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
  const call = (path, list, quote) =>
    `await pb.collection(${quote(collection.name)}).${camel(path)}(${list.map(quote).join(', ')});`;
  const both = (quote, comment) =>
    `${call(start, Object.values(startBody), quote)}\n\n${comment}\n${call(end, calls, quote)}`;
  const make = (id, label, body, about, parameters, answers, token, whoCan) => ({
    id, label, group: 'By mail', method: 'POST', path: pathOf(context, id), body, who: whoCan, about, parameters,
      answers,
    code: simple(context, { end: id, body, token, jsCall: both(js, '// … with the token of the link in the mail:'),
        dartCall: both(dart, '// … with the token of the link in the mail:') }),
  });
  const [name] = Object.keys(startBody);
  return [
    make(start, startLabel, startBody, startText, [field(name, 'text', name === 'email' ? 'The account’s address.'
          : 'The new address.')], [empty('The mail is on its way, if there is somebody to send it to.'),
          invalid('The address isn’t one.')], startToken, who ?? ANYBODY),
    make(end, endLabel, endBody, endText, endParameters, [empty('Done.'), invalid('The token is wrong or old.',
          { token: { code: 'validation_invalid_token', message: 'This link doesn’t work any more.' } })], false,
          ['Whoever has the token of the mail.']),
  ];
}

const MAIL_TOKEN = field('token', 'text', 'Of the link in the mail.');

const verification = (context) => byMail(context, {
  start: 'request-verification', startLabel: 'Ask to confirm', startBody: { email: emailOf(context) },
    startText: 'Sends a mail with a link that confirms the address. Nothing is sent to confirmed accounts.',
  end: 'confirm-verification', endLabel: 'Confirm an address', endBody: { token: 'TOKEN_OF_THE_MAIL' },
    endParameters: [MAIL_TOKEN], endText: 'Marks the address as confirmed.', calls: ['TOKEN_OF_THE_MAIL'],
});

const reset = (context) => byMail(context, {
  start: 'request-password-reset', startLabel: 'Forgotten password', startBody: { email: emailOf(context) },
    startText: 'Sends a mail with a link that sets a new password.',
  end: 'confirm-password-reset', endLabel: 'Set a new password', endBody: { token: 'TOKEN_OF_THE_MAIL',
    password: 'NEW_PASSWORD', passwordConfirm: 'NEW_PASSWORD' },
  endParameters: [MAIL_TOKEN, field('password', 'text', 'The new password.'), field('passwordConfirm', 'text',
      'The same.')], endText: 'Sets the password. Everything that was signed in ends.', calls: ['TOKEN_OF_THE_MAIL',
      'NEW_PASSWORD', 'NEW_PASSWORD'],
});

const emailChange = (context) => byMail(context, {
  start: 'request-email-change', startLabel: 'Ask for a new address', startBody: { newEmail: 'new@example.com' },
    startToken: true, who: OWNER, startText: 'Sends a mail to the new address.',
  end: 'confirm-email-change', endLabel: 'Set a new address', endBody: { token: 'TOKEN_OF_THE_MAIL',
    password: 'YOUR_PASSWORD' },
  endParameters: [MAIL_TOKEN, field('password', 'text', 'The account’s password.')],
    endText: 'Changes the address. Everything that was signed in ends.', calls: ['TOKEN_OF_THE_MAIL', 'YOUR_PASSWORD'],
});

function impersonate(context) {
  const { collection, record } = context;
  const id = record?.id ?? 'RECORD_ID';
  const body = { duration: 3600 };
  return {
    id: 'impersonate', label: 'Impersonate', group: 'For superusers', method: 'POST',
      path: pathOf(context, `impersonate/${encodeURIComponent(id)}`), body, who: ['Superusers only.'],
    about: 'A token of somebody else’s account, to see what they see. It can’t be renewed.',
    parameters: [{ name: 'id', type: 'text', where: 'path', required: true, text: 'The account’s id.' },
      field('duration', 'number', 'Seconds; 0 is what tokens of the collection last.', false), EXPAND],
    answers: [ok({ record: account(context), token: TOKEN }, 'The token.'), unauthenticated(),
      forbidden('Not a superuser.'), missing('There is no such account.')],
    code: simple(context, { end: `impersonate/${encodeURIComponent(id)}`, body, token: true,
        jsCall: `const client = await ${jsOf(context)}.impersonate(${js(id)}, 3600);\n`
          + 'console.log(client.authStore.token);',
        dartCall: `final client = await ${dartOf(context)}.impersonate(${dart(id)}, 3600);` }),
  };
}

/** Where curl keeps cookies (`c`), or finds them (`b`). */
const cookies = (letter) => [`-${letter} cookies.txt`];

function sessions(context) {
  const { base, collection } = context;
  const path = pathOf(context, 'auth-with-password');
  const query = { session: 'cookie' };
  const body = { identity: emailOf(context), password: 'YOUR_PASSWORD' };
  return {
    id: 'sessions', label: 'Sessions', group: 'Holdall’s own', method: 'GET', path: '/api/sessions', who: OWNER,
    about: 'Browsers on this server’s own pages need no token: sign in with ?session=cookie at any way to sign in, '
      + 'and the cookie, which scripts can’t read, does the rest. These calls show and end what an account is signed '
      + 'in with.',
    parameters: [{ name: 'GET /api/session', type: '', where: 'call',
        text: 'Who is signed in; for guests, record is null.' }, { name: 'POST /api/session/logout', type: '',
        where: 'call', text: 'Signs out; with {"everywhere": true} everything ends.' },
      { name: 'GET /api/sessions', type: '', where: 'call', text: 'The account’s sessions.' },
        { name: 'DELETE /api/sessions/{id}', type: '', where: 'call', text: 'Ends one.' },
        { name: 'DELETE /api/sessions', type: '', where: 'call',
        text: 'Ends all others, and all tokens and API keys.' },
      { name: 'collection, record', type: 'texts', text: 'Superusers name somebody else’s account with these.' }],
    answers: [ok({ items: [{ id: 'k2v5f0x8s1p9qwe', device: 'Firefox on Linux', userAgent: 'Mozilla/5.0 …',
              ip: '192.0.2.1', created: '2030-01-31 12:00:00.000Z', lastUsed: '2030-01-31 12:00:00.000Z',
              idleUntil: '2030-02-07 12:00:00.000Z', expires: '2030-03-02 12:00:00.000Z', current: true }] },
              'The sessions.'), unauthenticated()],
    code: {
      curl: `# Keep the cookie in a file …\n`
        + `${curl({ base, method: 'POST', path, query, body, token: false, flags: cookies('c') })}\n\n`
        + `# … and send it along.\n${curl({ base, path: '/api/sessions', token: false, flags: cookies('b') })}`,
      js: `// On a page of this server; no SDK is needed.\n`
        + `const sent = await fetch(${js(`${base}${path}?session=cookie`)}, {\n  method: 'POST',\n`
        + `  headers: { 'Content-Type': 'application/json' },\n  body: JSON.stringify(${jsValue(body, '  ')}),\n});\n`
        + `if (!sent.ok) throw new Error(sent.status);\n\n`
        + `const { record } = await (await fetch(${js(`${base}/api/session`)})).json();\n`
        + `const { items } = await (await fetch(${js(`${base}/api/sessions`)})).json();\n`
        + `await fetch(${js(`${base}/api/session/logout`)}, { method: 'POST' });`,
      dart: `${dartStart(base)}// Apps keep tokens; this shows what else the account is signed in with.\n`
        + `final sessions = await pb.send('/api/sessions');\n`
        + `await pb.send('/api/sessions', method: 'DELETE'); // ends all others`,
    },
  };
}

function totp(context) {
  const { base, collection } = context;
  const body = { mfaId: 'MFA_ID', code: '123456' };
  const path = pathOf(context, 'auth-with-totp');
  return {
    id: 'auth-with-totp', label: 'Authenticator and recovery codes', group: 'Holdall’s own', method: 'POST', path, body,
      who: ['Whoever has made the first step.'],
    about: 'Where an account has a second factor, the first step answers 401 with mfaId and factors. This is the '
      + 'second step; auth-with-recovery-code takes the same body.',
    parameters: [field('mfaId', 'text', 'Of the first step.'),
      field('code', 'text', 'Six digits of the app, or a recovery code.'), EXPAND, SESSION,
      { name: 'GET /api/account/factors', type: '', where: 'call', text: 'What the account has set up.' },
        { name: 'POST /api/account/totp', type: '', where: 'call',
        text: 'Begins to set up an app; the body proves the owner by password, code or recoveryCode.' },
      { name: 'POST /api/account/totp/confirm', type: '', where: 'call',
        text: 'With its first code the app counts; the answer has the recovery codes.' },
        { name: 'DELETE /api/account/totp', type: '', where: 'call', text: 'Removes the app.' },
      { name: 'POST /api/account/recovery-codes', type: '', where: 'call', text: 'Ten new codes.' }],
    answers: [signedIn(context), invalid('The code is wrong, or the first step is too long ago.')],
    code: {
      curl: `${curl({ base, method: 'POST', path, body, token: false })}\n\n# Or with a recovery code:\n`
        + curl({ base, method: 'POST', path: pathOf(context, 'auth-with-recovery-code'),
            body: { ...body, code: 'abcd-efgh-…' }, token: false }),
      js: `${jsStart(base, false)}try {\n`
        + `  await ${jsOf(context)}.authWithPassword(${js(emailOf(context))}, 'YOUR_PASSWORD');\n`
        + `} catch (error) {\n  const { mfaId } = error.response;\n  if (!mfaId) throw error;\n`
        + `  const body = { mfaId, code: prompt('Code of your authenticator app') };\n`
        + `  const { token, record } = await pb.send(${js(path)}, { method: 'POST', body });\n`
        + `  pb.authStore.save(token, record);\n}`,
      dart: `${dartStart(base, false)}try {\n`
        + `  await ${dartOf(context)}.authWithPassword(${dart(emailOf(context))}, 'YOUR_PASSWORD');\n`
        + `} on ClientException catch (e) {\n  final mfaId = e.response['mfaId'];\n  if (mfaId == null) rethrow;\n`
        + `  final answer = await pb.send(${dart(path)}, method: 'POST', body: {'mfaId': mfaId, 'code': '123456'});\n`
        + `  pb.authStore.save(answer['token'], RecordModel.fromJson(answer['record']));\n}`,
    },
  };
}

function passkeys(context) {
  const { base, collection } = context;
  const path = pathOf(context, 'passkey-options');
  return {
    id: 'auth-with-passkey', label: 'Passkeys', group: 'Holdall’s own', method: 'POST', path, body: {},
      who: authWho(context),
    about: 'Signs in with a passkey, without a password. The first call gets a question for the browser, the second '
      + 'one takes its answer. Browsers offer passkeys over HTTPS and at localhost only.',
    parameters: [MFA_ID, { name: 'POST …/auth-with-passkey', type: '', where: 'call',
        text: 'Takes ceremony and credential, and answers as every sign-in.' },
      { name: 'POST /api/account/passkeys/options', type: '', where: 'call',
        text: 'Begins a new passkey of the account that is signed in.' }, { name: 'POST /api/account/passkeys',
        type: '', where: 'call', text: 'Stores it: ceremony, credential, name, secondFactor.' },
      { name: 'PATCH, DELETE /api/account/passkeys/{id}', type: '', where: 'call', text: 'Renames or removes one.' }],
    answers: [ok({ ceremony: 'k2v5f0x8s1p9qwe', publicKey: { challenge: '…', rpId: 'localhost' } },
        'What the browser makes a credential of.'), invalid('There are no passkeys at this address.')],
    code: {
      curl: curl({ base, method: 'POST', path, body: {}, token: false }),
      js: `// In a browser, on a page of this server:\nimport { signIn } from ${js(`${base}/static/passkeys.js`)};\n\n`
        + `await signIn({ collection: ${js(collection.name)}, session: true });`,
      dart: `${dartStart(base, false)}// The credential comes from a package for passkeys.\n`
        + `final options = await pb.send(${dart(path)}, method: 'POST', body: {});\n`
        + `final answer = await pb.send(${dart(pathOf(context, 'auth-with-passkey'))}, method: 'POST', body: {\n`
        + `  'ceremony': options['ceremony'],\n  'credential': credential,\n});`,
    },
  };
}

function keys(context) {
  const { base, collection } = context;
  const body = { name: 'Backup script', scope: { [collection.name]: ['list', 'view'] },
    expires: '2030-01-31 12:00:00.000Z' };
  return {
    id: 'keys', label: 'API keys', group: 'Holdall’s own', method: 'POST', path: '/api/keys', body, who: OWNER,
    about: 'A key is for programs: it is sent as a token is, and acts for its owner within its scope. The answer has '
      + 'it, this once.',
    parameters: [field('name', 'text', 'What it is for.'), field('scope', 'object',
        'Collections, or * for all, with list, view, create, update, delete; null is whatever the owner may.'),
        field('expires', 'date', 'Without it, the key doesn’t end by itself.', false),
      field('collection, record', 'text', 'Superusers name somebody else’s account with these.', false),
      { name: 'GET /api/keys', type: '', where: 'call', text: 'The account’s keys, without what they are.' },
        { name: 'PATCH /api/keys/{id}', type: '', where: 'call', text: 'Renames one.' },
        { name: 'DELETE /api/keys/{id}', type: '', where: 'call', text: 'Ends one.' }],
    answers: [ok({ id: 'k2v5f0x8s1p9qwe', ...body, created: '2030-01-01 12:00:00.000Z', lastUsed: '',
          key: 'holdall_k2v5f0x8s1p9qwe_…' }, 'The key.'), invalid('The name, the scope or the date isn’t valid.',
          { name: { code: 'validation_required', message: 'This can’t be empty.' } }),
          unauthenticated('Nobody is signed in, or it is a key that asks.')],
    code: {
      curl: curl({ base, method: 'POST', path: '/api/keys', body }),
      js: `${jsStart(base)}const { key } = await pb.send('/api/keys', {\n  method: 'POST',\n`
        + `  body: ${jsValue(body, '  ')},\n});\nconsole.log(key); // shown this once`,
      dart: `${dartStart(base)}final made = await pb.send('/api/keys', method: 'POST', body: {\n`
        + `  'name': 'Backup script',\n  'scope': {${dart(collection.name)}: ['list', 'view']},\n});\n`
        + `print(made['key']); // shown this once`,
    },
  };
}
