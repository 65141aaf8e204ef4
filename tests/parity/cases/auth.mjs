// Logging in and tokens. Reference: auth reference 1.1-1.4, 1.8, 2; superusers: 2.5.

import { cheapPassword, cheapUsers, collection, del, field, get, login, patch, post, record, records, userWithLogin } from '../lib/cases.mjs';
import { SUPERUSER } from '../lib/server.mjs';

const auth = (action, target = 'users') => `/api/collections/${target}/${action}`;
const enter = (name, status, body, rest = {}) => post(`log in: ${name}`, auth(`auth-with-password`, rest.target), status, { body, ...rest });
const RIGHT = { identity: 'ada@example.com', password: 'password-1' };

const world = [
  cheapUsers,
  ...userWithLogin('users', 'ada', { name: 'Ada' }),
  ...userWithLogin('users', 'bob', { name: 'Bob', verified: true }),
  collection('plain', {}),
  collection('members', { type: 'auth', listRule: '', viewRule: '', fields: [cheapPassword, field.text('nick'), field.text('exact'), field.text('hush', { hidden: true })], authRule: 'verified = true',
    indexes: ['CREATE UNIQUE INDEX `idx_nick` ON `members` (`nick` COLLATE NOCASE)', 'CREATE UNIQUE INDEX `idx_exact` ON `members` (`exact`)'], passwordAuth: { identityFields: ['nick', 'exact', 'email'] } }),
  record('members', 'eve', { nick: 'Eve', exact: 'EXACT', hush: 'h', email: 'eve@example.com', verified: true, password: 'password-1', passwordConfirm: 'password-1' }),
  record('members', 'mal', { nick: 'mal', exact: 'm', email: 'mal@example.com', password: 'password-1', passwordConfirm: 'password-1' }),
  record('members', 'odd', { nick: 'eve@example.com', exact: 'o', email: 'odd@example.com', verified: true, password: 'password-2', passwordConfirm: 'password-2' }),
  collection('nologin', { type: 'auth', passwordAuth: { enabled: false } }),
  collection('nobody', { type: 'auth', fields: [cheapPassword], authRule: null, listRule: '' }),
  record('nobody', 'nob', { email: 'nob@example.com', password: 'password-1', passwordConfirm: 'password-1' }),
];

const methods = [
  ...['users', '_superusers', 'members', 'nologin', 'nobody'].map((target) => get(`auth-methods of ${target}`, auth('auth-methods', target), 200)),
  get('auth-methods of a base collection', auth('auth-methods', 'plain'), 404), get('auth-methods of a missing collection', auth('auth-methods', 'missing'), 404),
  get('auth-methods with fields', auth('auth-methods'), 200, { query: { fields: 'mfa,otp,password,oauth2' } }), post('auth-methods by POST', auth('auth-methods'), 404, { body: {} }),
];

const logins = [
  enter('right', 200, RIGHT), enter('by collection id', 200, RIGHT, { target: '_pb_users_auth_' }), enter('with a token', 200, RIGHT, { as: 'bob' }), enter('with fields', 200, RIGHT, { query: { fields: 'record.email' } }), enter('with expand', 200, RIGHT, { query: { expand: 'missing' } }),
  enter('nothing', 400, {}), enter('no body', 400, undefined), enter('no password', 400, { identity: 'ada@example.com' }), enter('no identity', 400, { password: 'x' }), enter('too long', 400, { identity: 'i'.repeat(256), password: 'p'.repeat(256) }), enter('longest', 400, { identity: 'i'.repeat(255), password: 'p'.repeat(255) }),
  enter('wrong password', 400, { ...RIGHT, password: 'wrong' }), enter('unknown identity', 400, { ...RIGHT, identity: 'x@example.com' }), enter('identity in capitals', 400, { ...RIGHT, identity: 'ADA@EXAMPLE.COM' }), enter('identity with a space', 400, { ...RIGHT, identity: ' ada@example.com' }), enter('identity with a quote', 400, { identity: "' or 1=1 --", password: 'x' }),
  enter('numbers', 400, { identity: 1, password: 2 }), enter('null', 400, { identity: null, password: null }), enter('keys in other letter case', 200, { Identity: RIGHT.identity, PASSWORD: RIGHT.password }), enter('unknown keys', 200, { ...RIGHT, odd: 1 }),
  enter('identityField', 200, { ...RIGHT, identityField: 'email' }), enter('unknown identityField', 400, { ...RIGHT, identityField: 'name' }), enter('empty identityField', 200, { ...RIGHT, identityField: '' }),
  enter('base collection', 404, RIGHT, { target: 'plain' }), enter('missing collection', 404, RIGHT, { target: 'missing' }), enter('disabled', 403, RIGHT, { target: 'nologin' }), enter('disabled, nothing', 403, {}, { target: 'nologin' }), enter('authRule null', 403, { identity: 'nob@example.com', password: 'password-1' }, { target: 'nobody' }), enter('authRule null, wrong password', 400, { identity: 'nob@example.com', password: 'x' }, { target: 'nobody' }), enter('authRule null as superuser', 200, { identity: 'nob@example.com', password: 'password-1' }, { target: 'nobody', as: 'super' }),
  enter('authRule satisfied', 200, { identity: 'eve@example.com', password: 'password-1' }, { target: 'members' }), enter('authRule not satisfied', 403, { identity: 'mal@example.com', password: 'password-1' }, { target: 'members' }),
  enter('by nick', 200, { identity: 'Eve', password: 'password-1' }, { target: 'members' }), enter('by nick in other case', 200, { identity: 'EVE', password: 'password-1' }, { target: 'members' }), enter('by exact', 200, { identity: 'EXACT', password: 'password-1' }, { target: 'members' }), enter('by exact in other case', 400, { identity: 'exact', password: 'password-1' }, { target: 'members' }),
  enter('email is tried before nick', 400, { identity: 'eve@example.com', password: 'password-2' }, { target: 'members' }), enter('nick that looks like an email', 200, { identity: 'eve@example.com', password: 'password-2', identityField: 'nick' }, { target: 'members' }), enter('identityField of another value', 400, { identity: 'Eve', password: 'password-1', identityField: 'email' }, { target: 'members' }),
  post('log in: multipart', auth('auth-with-password'), 200, { form: [['identity', RIGHT.identity], ['password', RIGHT.password]] }), post('log in: urlencoded', auth('auth-with-password'), 200, { urlencoded: [['identity', RIGHT.identity], ['password', RIGHT.password]] }), get('log in: by GET', auth('auth-with-password'), 404),
];

const refresh = (name, status, rest = {}) => post(`refresh: ${name}`, auth('auth-refresh', rest.target), status, rest);
const refreshing = [
  refresh('as user', 200, { as: 'ada' }), refresh('keeps working', 200, { as: 'ada', save: { 'token of again': 'token' } }), refresh('with the new token', 200, { as: 'again' }), refresh('as guest', 401), refresh('with garbage', 401, { headers: { Authorization: 'x' } }), refresh('of another collection', 403, { as: 'ada', target: 'members' }), refresh('as superuser on users', 403, { as: 'super' }), refresh('as superuser', 200, { as: 'super', target: '_superusers' }),
  refresh('of a base collection as guest', 401, { target: 'plain' }), refresh('of a base collection as user', 403, { as: 'ada', target: 'plain' }), refresh('of a missing collection', 404, { target: 'missing' }), refresh('with expand and fields', 200, { as: 'ada', query: { fields: 'record.id', expand: 'x' } }), refresh('with a body', 200, { as: 'ada', body: { odd: 1 } }),
];

const change = (name, status, who, body, rest = {}) => patch(`change: ${name}`, records('users', `{{${who}}}`), status, { as: who, body, ...rest });
const invalidation = [
  change('without the old password', 400, 'ada', { password: 'password-2', passwordConfirm: 'password-2' }), change('with a wrong old password', 400, 'ada', { password: 'password-2', passwordConfirm: 'password-2', oldPassword: 'x' }), change('with another confirmation', 400, 'ada', { password: 'password-2', passwordConfirm: 'password-3', oldPassword: 'password-1' }), change('too short', 400, 'ada', { password: 'pass', passwordConfirm: 'pass', oldPassword: 'password-1' }),
  refresh('token still works after failed changes', 200, { as: 'ada' }),
  change('right', 200, 'ada', { password: 'password-2', passwordConfirm: 'password-2', oldPassword: 'password-1' }),
  refresh('old token is dead', 401, { as: 'ada' }), get('old token is a guest on rules', records('users'), 200, { as: 'ada' }), enter('old password', 400, RIGHT), login('users', 'ada2', 'ada@example.com', 'password-2'), refresh('new token works', 200, { as: 'ada2' }),
  patch('superuser changes the email', records('users', '{{ada}}'), 200, { as: 'super', body: { email: 'ada2@example.com' } }), refresh('token is dead after an email change', 401, { as: 'ada2' }), login('users', 'ada3', 'ada2@example.com', 'password-2'),
  patch('superuser changes the name only', records('users', '{{ada}}'), 200, { as: 'super', body: { name: 'A' } }), refresh('token lives after a name change', 200, { as: 'ada3' }), patch('superuser renews tokenKey', records('users', '{{ada}}'), 200, { as: 'super', body: { 'tokenKey:autogenerate': '' } }), refresh('token is dead after a new tokenKey', 401, { as: 'ada3' }), login('users', 'ada4', 'ada2@example.com', 'password-2'),
  patch('same email again', records('users', '{{ada}}'), 200, { as: 'super', body: { email: 'ada2@example.com' } }), refresh('token lives after the same email', 200, { as: 'ada4' }),
  patch('new token secret of the collection', '/api/collections/users', 200, { as: 'super', body: { authToken: { secret: 's'.repeat(40) } } }), refresh('token is dead after a new secret', 401, { as: 'ada4' }), login('users', 'ada5', 'ada2@example.com', 'password-2'),
  patch('new authRule', '/api/collections/users', 200, { as: 'super', body: { authRule: 'name != "x"' } }), refresh('token is dead after a new authRule', 401, { as: 'ada5' }), login('users', 'ada6', 'ada2@example.com', 'password-2'),
  patch('authRule that ada fails', '/api/collections/users', 200, { as: 'super', body: { authRule: 'verified = true' } }), enter('authRule that ada fails', 403, { identity: 'ada2@example.com', password: 'password-2' }), login('users', 'bob2', 'bob@example.com', 'password-1'),
  patch('short tokens', '/api/collections/users', 200, { as: 'super', body: { authToken: { duration: 3600 } } }), enter('short token', 200, { identity: 'bob@example.com', password: 'password-1' }), del('bob deletes himself', records('users', '{{bob}}'), 204, { as: 'bob2' }), refresh('deleted user', 401, { as: 'bob2' }), enter('deleted user', 400, { identity: 'bob@example.com', password: 'password-1' }),
];

const supers = records('_superusers');
const superusers = [
  get('superusers as guest', supers, 403), get('superusers as user', supers, 403, { as: 'ada6' }), get('one superuser as guest', `${supers}/x`, 403), post('create a superuser as guest', supers, 403, { body: {} }), get('superusers', supers, 200, { as: 'super' }), enter('superuser with a wrong password', 400, { identity: SUPERUSER.email, password: 'x' }, { target: '_superusers' }),
  del('delete the last superuser', `${supers}/{{super}}`, 400, { as: 'super' }), post('create a superuser', supers, 200, { as: 'super', body: { email: 'second@example.com', verified: false, password: 'password-1', passwordConfirm: 'password-1' }, save: 'second' }), post('create a superuser with a short password', supers, 400, { as: 'super', body: { email: 'third@example.com', password: 'short', passwordConfirm: 'short' } }), login('_superusers', 'second', 'second@example.com', 'password-1'),
  patch('superuser changes another', `${supers}/{{super}}`, 200, { as: 'second', body: { emailVisibility: true } }), patch('superuser changes an own password', `${supers}/{{second}}`, 200, { as: 'second', body: { password: 'password-2', passwordConfirm: 'password-2' } }), get('superuser with a dead token', supers, 403, { as: 'second' }), del('delete the second superuser', `${supers}/{{second}}`, 204, { as: 'super' }), enter('deleted superuser', 400, { identity: 'second@example.com', password: 'password-2' }, { target: '_superusers' }), patch('verified stays true', `${supers}/{{super}}`, 200, { as: 'super', body: { verified: false } }), del('truncate superusers', '/api/collections/_superusers/truncate', 400, { as: 'super' }),
];

export default [...world, ...methods, ...logins, ...refreshing, ...invalidation, ...superusers];
