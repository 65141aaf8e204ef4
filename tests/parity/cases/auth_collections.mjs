// The options of auth collections and how they are validated. Reference: 2.3, 2.8; auth reference 1.1, 2.1.

import { collection, field, fingerprints, get, patch, post, record, records } from '../lib/cases.mjs';

const C = '/api/collections';
const asSuper = (rest) => ({ as: 'super', ...rest });
const create = (name, status, body) => {
  const model = { name: `of_${name.replace(/\W+/g, '_')}`, type: 'auth', ...body };
  return post(`create: ${name}`, C, status, asSuper({ body: model, save: `c:${model.name}` }));
};
const update = (name, target, status, body, rest = {}) => patch(`update: ${name}`, `${C}/${target}`, status, asSuper({ body, ...rest }));

const creates = [
  create('defaults', 200, {}),
  create('with fields', 200, { fields: [field.text('nick'), field.number('age')] }),
  create('weaker tokenKey', 200, { fields: [field.text('tokenKey', { required: false, hidden: false, min: 10, max: 40, autogeneratePattern: '[a-z]{20}' })] }),
  create('weaker password', 200, { fields: [field.password('password', { required: false, hidden: false, min: 3, cost: 5 })] }),
  create('optional hidden email', 200, { fields: [field.email('email', { required: false, hidden: true, onlyDomains: ['a.com'] })] }),
  create('email as text', 200, { fields: [field.text('email')] }),
  create('verified as text', 200, { fields: [field.text('verified')] }),
  create('reserved names', 400, { fields: [field.text('passwordConfirm'), field.text('oldPassword')] }),
  create('unique index on a name', 200, { fields: [field.text('nick')], indexes: ['CREATE UNIQUE INDEX `idx_nick` ON `x` (`nick` COLLATE NOCASE)'], passwordAuth: { identityFields: ['nick', 'email'] } }),
  create('own index on email', 200, { indexes: ['CREATE UNIQUE INDEX `idx_my_email` ON `x` (`email`)'] }),
  create('plain index on email', 200, { indexes: ['CREATE INDEX `idx_plain_email` ON `x` (`email`)'] }),
  create('rules', 200, { authRule: 'verified = true', manageRule: '@request.auth.id != ""', listRule: '' }),
  create('authRule null', 200, { authRule: null }),
  create('authRule broken', 400, { authRule: 'missing = 1' }),
  create('manageRule empty', 400, { manageRule: '' }),
  create('manageRule broken', 400, { manageRule: '(' }),
  create('login without fields', 400, { passwordAuth: { enabled: true, identityFields: [] } }),
  create('login with an unknown field', 400, { passwordAuth: { enabled: true, identityFields: ['missing', 'email'] } }),
  create('login with a field without index', 400, { fields: [field.text('nick')], passwordAuth: { enabled: true, identityFields: ['nick'] } }),
  create('login with a composite index', 400, { fields: [field.text('nick')], indexes: ['CREATE UNIQUE INDEX `idx_comp` ON `x` (`nick`, `email`)'], passwordAuth: { identityFields: ['nick'] } }),
  create('login disabled', 200, { passwordAuth: { enabled: false, identityFields: [] } }),
  create('mfa with one method', 400, { mfa: { enabled: true } }),
  create('mfa with two methods', 200, { mfa: { enabled: true, duration: 60 }, otp: { enabled: true } }),
  create('mfa duration', 400, { mfa: { enabled: true, duration: 5 }, otp: { enabled: true } }),
  create('mfa duration too long', 400, { mfa: { enabled: true, duration: 86401 }, otp: { enabled: true } }),
  create('mfa rule', 400, { mfa: { enabled: true, rule: 'missing = 1' }, otp: { enabled: true } }),
  create('mfa off, all wrong', 200, { mfa: { enabled: false, duration: 1, rule: 'missing = 1' } }),
  create('otp limits', 400, { otp: { enabled: true, duration: 5, length: 3 } }),
  create('otp off, all wrong', 200, { otp: { enabled: false, duration: 5, length: 3 } }),
  create('otp template', 400, { otp: { enabled: true, emailTemplate: { subject: '', body: '' } } }),
  create('token limits', 400, { authToken: { duration: 9, secret: 'short' }, fileToken: { duration: 94670857 } }),
  create('token of zero', 400, { authToken: { duration: 0 } }),
  create('tokens', 200, { authToken: { duration: 100, secret: 'x'.repeat(40) }, passwordResetToken: { duration: 10 }, emailChangeToken: { duration: 11 }, verificationToken: { duration: 12 }, fileToken: { duration: 13 } }),
  create('templates', 400, { verificationTemplate: { subject: '', body: '' }, resetPasswordTemplate: { subject: '' }, authAlert: { enabled: false, emailTemplate: { subject: '', body: '' } } }),
  create('own templates', 200, { verificationTemplate: { subject: 'S {APP_NAME}', body: 'B {TOKEN}' } }),
  create('template of a wrong type', 400, { verificationTemplate: 'x' }),
  create('oauth2 unknown provider', 400, { oauth2: { enabled: true, providers: [{ name: 'odd', clientId: 'a', clientSecret: 'b' }] } }),
  create('oauth2 twice', 400, { oauth2: { enabled: true, providers: [{ name: 'github', clientId: 'a', clientSecret: 'b' }, { name: 'github', clientId: 'a', clientSecret: 'b' }] } }),
  create('oauth2 without ids', 400, { oauth2: { enabled: true, providers: [{ name: 'github' }] } }),
  create('oauth2 bad addresses', 400, { oauth2: { enabled: true, providers: [{ name: 'oidc', clientId: 'a', clientSecret: 'b', authURL: 'x', tokenURL: '//', userInfoURL: ' ' }] } }),
  create('oauth2 off, all wrong', 200, { oauth2: { enabled: false, providers: [{ name: 'odd' }] } }),
  create('oauth2', 200, { oauth2: { enabled: true, providers: [{ name: 'github', clientId: 'a', clientSecret: 'b' }, { name: 'google', clientId: 'c', clientSecret: 'd', pkce: false, displayName: 'G' }], mappedFields: { name: 'missing', id: '' } } }),
];

const own = 'of_defaults';
const updates = [
  get('view: weaker tokenKey', `${C}/of_weaker_tokenKey`, 200, asSuper()),
  update('tokenKey is forced', own, 200, { fields: [field.text('tokenKey', { id: 'text2504183744', required: false, hidden: false, system: false, min: 10 })] }),
  update('remove all fields', own, 200, { fields: [] }),
  update('remove the indexes', own, 200, { indexes: [] }),
  update('remove an index that login needs', 'of_unique_index_on_a_name', 400, { indexes: [] }),
  update('remove a field that login needs', 'of_unique_index_on_a_name', 400, { fields: [], indexes: [] }),
  update('remove both', 'of_unique_index_on_a_name', 200, { fields: [], indexes: [], passwordAuth: { identityFields: ['email'] } }),
  update('rename password', own, 400, { fields: [field.password('secret', { id: 'password901924565', system: true })] }),
  update('email becomes optional', own, 200, { fields: [field.email('email', { id: 'email3885137012', system: true, required: false })] }),
  update('only one key of passwordAuth', own, 200, { passwordAuth: { enabled: false } }),
  update('it is merged', own, 200, { passwordAuth: { enabled: true } }),
  update('only one key of mfa', own, 200, { mfa: { duration: 30 } }),
  update('only the duration of a token', own, 200, { authToken: { duration: 1000 } }),
  update('empty secret', own, 400, { authToken: { secret: '' } }),
  update('null option', own, 200, { mfa: null }),
  update('option of a wrong type', own, 400, { mfa: 'x' }),
  update('provider keeps its secret', 'of_oauth2', 200, { oauth2: { providers: [{ name: 'github', clientId: 'z' }, { name: 'google', clientId: 'c' }] } }),
  update('more providers than secrets', 'of_oauth2', 400, { oauth2: { providers: [{ name: 'github', clientId: 'z' }, { name: 'google', clientId: 'c' }, { name: 'gitlab', clientId: 'e' }] } }),
  update('fewer providers', 'of_oauth2', 200, { oauth2: { providers: [{ name: 'google' }] } }),
  update('mapped field that exists', 'of_with_fields', 200, { oauth2: { mappedFields: { name: 'nick', username: 'missing' } } }),
  update('auth to base', own, 400, { type: 'base' }),
  update('authRule', own, 200, { authRule: 'verified = true' }),
  update('manageRule to empty', own, 400, { manageRule: '' }),
  update('manageRule', own, 200, { manageRule: '@request.auth.verified = true' }),
  update('manageRule to null', own, 200, { manageRule: null }),
];

const system = ['_externalAuths', '_authOrigins', '_mfas', '_otps'];
const refs = (name, status, target, body) => post(`${target}: ${name}`, records(target), status, asSuper({ body }));
const systemRecords = [
  record('of_with_fields', 'member', { email: 'm@example.com', password: 'password-1', passwordConfirm: 'password-1' }),
  collection('base1', {}),
  ...system.map((name) => get(`${name} as guest`, records(name), 200)),
  ...system.map((name) => post(`create in ${name} as guest`, records(name), 403, { body: {} })),
  ...system.map((name) => refs('nothing', 400, name, {})),
  ...system.map((name) => refs('wrong collection', 400, name, { collectionRef: 'missing', recordRef: 'x', provider: 'github', providerId: '1', fingerprint: 'f', method: 'm', password: '12345678' })),
  ...system.map((name) => refs('base collection', 400, name, { collectionRef: '{{c:base1}}', recordRef: 'x', provider: 'github', providerId: '1', fingerprint: 'f', method: 'm', password: '12345678' })),
  ...system.map((name) => refs('missing record', 400, name, { collectionRef: '{{c:of_with_fields}}', recordRef: 'x', provider: 'github', providerId: '1', fingerprint: 'f', method: 'm', password: '12345678' })),
  ...system.map((name) => refs('right', 200, name, { collectionRef: '{{c:of_with_fields}}', recordRef: '{{member}}', provider: 'github', providerId: '1', fingerprint: 'f', method: 'm', password: '12345678' })),
  refs('twice', 400, '_externalAuths', { collectionRef: '{{c:of_with_fields}}', recordRef: '{{member}}', provider: 'github', providerId: '1' }),
  refs('unknown provider', 400, '_externalAuths', { collectionRef: '{{c:of_with_fields}}', recordRef: '{{member}}', provider: 'odd', providerId: '1' }),
  ...system.map((name) => get(`${name} as superuser`, records(name), 200, asSuper({ mask: fingerprints }))),
  patch('new password drops mfas and origins', records('of_with_fields', '{{member}}'), 200, asSuper({ body: { password: 'password-2', passwordConfirm: 'password-2' } })),
  ...system.map((name) => get(`${name} after a new password`, records(name), 200, asSuper({ query: { fields: 'id,recordRef' } }))),
];

export default [...creates, ...updates, ...systemRecords];
