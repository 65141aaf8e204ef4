// What accounts do by mail. Reference: auth reference 1.7, 1.10-1.12. PocketBase has no mail server here, so mails that it
// would have to send before it answers are left to the SDK tests; one-time codes are put in place by the superuser.

import { cheapPassword, cheapUsers, collection, get, login, patch, post, record, records, userWithLogin } from '../lib/cases.mjs';

const path = (action, target = 'users') => `/api/collections/${target}/${action}`;
const call = (action, name, status, body, rest = {}) => post(`${action}: ${name}`, path(action, rest.target), status, { body, ...rest });

// Tokens that nobody signed: only what they say about themselves can be looked at.
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const forged = (claims) => `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ collectionId: '_pb_users_auth_', id: 'missingmissing1', exp: 4e9, ...claims })}.c2lnbmF0dXJl`;
const TOKENS = {
  garbage: 'x',
  'of no kind': forged({ type: 'x' }),
  'without an address': forged({ type: 'verification' }),
  'for verification': forged({ type: 'verification', email: 'ada@example.com' }),
  'for a reset': forged({ type: 'passwordReset', email: 'ada@example.com' }),
  'for a new address': forged({ type: 'emailChange', email: 'ada@example.com', newEmail: 'new@example.com' }),
  'for a taken address': forged({ type: 'emailChange', email: 'ada@example.com', newEmail: 'bob@example.com' }),
  'of the past': forged({ type: 'verification', email: 'ada@example.com', exp: 1 }),
};
const withTokens = (action, body, rest = {}) => Object.entries(TOKENS).map(([name, token]) => call(action, `token ${name}`, 400, { ...body, token }, rest));

const world = [
  cheapUsers,
  ...userWithLogin('users', 'ada', { name: 'Ada' }),
  ...userWithLogin('users', 'bob', { name: 'Bob', verified: true }),
  collection('plain', {}),
  collection('coded', { type: 'auth', fields: [cheapPassword], otp: { enabled: true, duration: 300, length: 6 }, listRule: '', viewRule: '' }),
  record('coded', 'cyd', { email: 'cyd@example.com', password: 'password-1', passwordConfirm: 'password-1' }),
  record('coded', 'dan', { email: 'dan@example.com', verified: true, password: 'password-1', passwordConfirm: 'password-1' }),
  collection('twice', { type: 'auth', fields: [cheapPassword], otp: { enabled: true, duration: 300, length: 6 }, mfa: { enabled: true, duration: 300 } }),
  collection('nologin', { type: 'auth', passwordAuth: { enabled: false } }),
  get('auth-methods with codes', path('auth-methods', 'coded'), 200),
  get('auth-methods with codes and second factors', path('auth-methods', 'twice'), 200),
];

const addresses = (action, okStatus, rest = {}) => [
  call(action, 'nothing', 400, {}, rest), call(action, 'no body', 400, undefined, rest),
  call(action, 'no address', 400, { email: 'x' }, rest), call(action, 'too long', 400, { email: `${'x'.repeat(250)}@example.com` }, rest),
  call(action, 'a number', 400, { email: 1 }, rest), call(action, 'null', 400, { email: null }, rest), call(action, 'a list', 400, { email: ['ada@example.com'] }, rest),
  call(action, 'unknown address', okStatus, { email: 'nobody@example.com' }, rest),
  call(action, 'unknown address as user', okStatus, { email: 'nobody@example.com' }, { ...rest, as: 'bob' }),
  call(action, 'key in capitals', okStatus, { EMAIL: 'nobody@example.com' }, rest),
  post(`${action}: form`, path(action, rest.target), okStatus, { urlencoded: [['email', 'nobody@example.com']] }),
  post(`${action}: base collection`, path(action, 'plain'), 404, { body: { email: 'x' } }), post(`${action}: missing collection`, path(action, 'missing'), 404, { body: {} }),
  get(`${action}: by GET`, path(action, rest.target), 404),
];

const verification = [
  ...addresses('request-verification', 204),
  call('request-verification', 'known', 204, { email: 'ada@example.com' }), call('request-verification', 'known, again', 204, { email: 'ada@example.com' }),
  call('request-verification', 'verified', 204, { email: 'bob@example.com' }),
  call('request-verification', 'superusers', 400, { email: 'x' }, { target: '_superusers' }), call('request-verification', 'superusers, nothing', 400, {}, { target: '_superusers' }),
  call('confirm-verification', 'nothing', 400, {}), call('confirm-verification', 'no body', 400, undefined),
  ...withTokens('confirm-verification', {}),
  call('confirm-verification', 'the token of a sign-in', 400, { token: '{{token of ada}}' }),
  call('confirm-verification', 'superusers', 400, { token: 'x' }, { target: '_superusers' }), call('confirm-verification', 'base collection', 404, { token: 'x' }, { target: 'plain' }),
];

const reset = [
  ...addresses('request-password-reset', 204),
  call('request-password-reset', 'no passwords', 400, { email: 'nobody@example.com' }, { target: 'nologin' }), call('request-password-reset', 'no passwords, nothing', 400, {}, { target: 'nologin' }),
  call('request-password-reset', 'superusers', 204, { email: 'nobody@example.com' }, { target: '_superusers' }),
  call('confirm-password-reset', 'nothing', 400, {}), call('confirm-password-reset', 'no body', 400, undefined),
  ...withTokens('confirm-password-reset', { password: 'password-2', passwordConfirm: 'password-2' }),
  call('confirm-password-reset', 'only a token', 400, { token: 'x' }), call('confirm-password-reset', 'short', 400, { token: TOKENS['for a reset'], password: 'x', passwordConfirm: 'x' }),
  call('confirm-password-reset', 'different', 400, { token: TOKENS['for a reset'], password: 'password-2', passwordConfirm: 'password-3' }),
  call('confirm-password-reset', 'no confirmation', 400, { token: TOKENS['for a reset'], password: 'password-2' }),
  call('confirm-password-reset', 'only a confirmation', 400, { token: TOKENS['for a reset'], passwordConfirm: 'password-2' }),
  call('confirm-password-reset', 'too long', 400, { token: TOKENS['for a reset'], password: 'x'.repeat(256), passwordConfirm: 'x'.repeat(256) }),
  call('confirm-password-reset', 'the token of a sign-in', 400, { token: '{{token of ada}}', password: 'password-2', passwordConfirm: 'password-2' }),
  call('confirm-password-reset', 'base collection', 404, {}, { target: 'plain' }), call('confirm-password-reset', 'no passwords', 400, { token: 'x', password: 'password-2', passwordConfirm: 'password-2' }, { target: 'nologin' }),
  call('confirm-password-reset', 'no passwords, nothing', 400, {}, { target: 'nologin' }),
];

const change = (name, status, body, rest = {}) => call('request-email-change', name, status, body, rest);
const address = [
  change('guest', 401, { newEmail: 'x' }), change('guest of a base collection', 401, {}, { target: 'plain' }), change('guest of a missing collection', 404, {}, { target: 'missing' }),
  change('superuser', 403, {}, { as: 'super' }), change('of another collection', 403, {}, { as: 'ada', target: 'coded' }), change('of a base collection', 403, {}, { as: 'ada', target: 'plain' }),
  change('superusers', 400, { newEmail: 'new@example.com' }, { as: 'super', target: '_superusers' }), change('superusers, nothing', 400, {}, { as: 'super', target: '_superusers' }),
  change('nothing', 400, {}, { as: 'ada' }), change('no address', 400, { newEmail: 'x' }, { as: 'ada' }), change('too long', 400, { newEmail: `${'x'.repeat(250)}@example.com` }, { as: 'ada' }),
  change('the same', 400, { newEmail: 'ada@example.com' }, { as: 'ada' }), change('taken', 400, { newEmail: 'bob@example.com' }, { as: 'ada' }),
  call('confirm-email-change', 'nothing', 400, {}), call('confirm-email-change', 'no body', 400, undefined), call('confirm-email-change', 'no password', 400, { token: TOKENS['for a new address'] }), call('confirm-email-change', 'no token', 400, { password: 'x' }),
  call('confirm-email-change', 'garbage and no password', 400, { token: 'x' }), call('confirm-email-change', 'long password', 400, { token: TOKENS['for a new address'], password: 'x'.repeat(101) }), call('confirm-email-change', 'garbage and a long password', 400, { token: 'x', password: 'x'.repeat(101) }),
  ...withTokens('confirm-email-change', { password: 'password-1' }),
  call('confirm-email-change', 'the token of a sign-in', 400, { token: '{{token of ada}}', password: 'password-1' }),
  call('confirm-email-change', 'base collection', 404, {}, { target: 'plain' }), call('confirm-email-change', 'superusers', 400, { token: 'x', password: 'x' }, { target: '_superusers' }), call('confirm-email-change', 'superusers, nothing', 400, {}, { target: '_superusers' }),
];

const coded = { target: 'coded' };
const otp = (saveAs, owner, more = {}, target = 'coded') => record('_otps', saveAs, { collectionRef: `{{c:${target}}}`, recordRef: `{{${owner}}}`, password: '123456', ...more });
const enter = (name, status, body, rest = coded) => call('auth-with-otp', name, status, body, rest);
const codes = [
  ...addresses('request-otp', 200, coded),
  call('request-otp', 'no codes', 403, {}), call('request-otp', 'superusers', 403, {}, { target: '_superusers' }),
  enter('no codes', 403, {}, {}), enter('base collection', 404, {}, { target: 'plain' }), enter('missing collection', 404, {}, { target: 'missing' }),
  enter('nothing', 400, {}), enter('no body', 400, undefined), enter('no code', 400, { otpId: 'x' }), enter('no id', 400, { password: 'x' }), enter('too long', 400, { otpId: 'x'.repeat(256), password: 'x'.repeat(72) }), enter('longest', 400, { otpId: 'x'.repeat(255), password: 'x'.repeat(71) }),
  enter('missing', 400, { otpId: 'missingmissing1', password: '123456' }),
  otp('o1', 'cyd'), otp('o2', 'cyd', { sentTo: 'other@example.com' }), otp('o3', 'cyd', { sentTo: 'cyd@example.com' }), otp('o4', 'dan', { sentTo: 'dan@example.com' }),
  enter('wrong code', 400, { otpId: '{{o1}}', password: '123457' }),
  enter('of another collection', 400, { otpId: '{{o1}}', password: '123456' }, { target: 'twice' }),
  enter('sent to nobody', 200, { otpId: '{{o1}}', password: '123456' }), enter('used up', 400, { otpId: '{{o1}}', password: '123456' }),
  enter('sent to somebody else', 200, { otpId: '{{o2}}', password: '123456' }, { ...coded, save: { 'token of cyd': 'token' } }),
  post('the token works', path('auth-refresh', 'coded'), 200, { as: 'cyd' }), login('coded', 'cyd1', 'cyd@example.com', 'password-1'),
  enter('sent to the address', 200, { otpId: '{{o3}}', password: '123456' }, { ...coded, save: { 'token of cyd2': 'token' } }),
  post('the token from before is dead', path('auth-refresh', 'coded'), 401, { as: 'cyd' }), post('the new token works', path('auth-refresh', 'coded'), 200, { as: 'cyd2' }),
  post('the password is gone', path('auth-with-password', 'coded'), 400, { body: { identity: 'cyd@example.com', password: 'password-1' } }),
  get('the codes are gone', records('_otps'), 200, { as: 'super', query: { filter: "recordRef = '{{cyd}}'" } }),
  enter('verified already', 200, { otpId: '{{o4}}', password: '123456' }), login('coded', 'dan1', 'dan@example.com', 'password-1'),
  otp('o5', 'dan'), otp('o6', 'dan'), enter('with fields', 200, { otpId: '{{o5}}', password: '123456' }, { ...coded, query: { fields: 'record.email' } }),
  ...[1, 2, 3].map((at) => enter(`guess ${at}`, 400, { otpId: '{{o6}}', password: '000000' })), enter('right, but too many guesses', 429, { otpId: '{{o6}}', password: '123456' }),
  enter('missing ids are not guesses', 400, { otpId: 'missingmissing1', password: '123456' }),
  record('coded', 'eve', { email: 'eve@example.com', password: 'password-1', passwordConfirm: 'password-1' }),
  otp('o7', 'eve', { sentTo: 'eve@example.com' }), patch('codes of short life', '/api/collections/coded', 200, { as: 'super', body: { authRule: 'verified = true' } }),
  enter('a code verifies before the auth rule is asked', 200, { otpId: '{{o7}}', password: '123456' }),
  record('twice', 'flo', { email: 'flo@example.com', password: 'password-1', passwordConfirm: 'password-1' }),
];

export default [...world, ...verification, ...reset, ...address, ...codes];
