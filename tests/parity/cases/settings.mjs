// Settings: who may, merging, what is refused, masking, and the doors to try them out.

import { cheapUsers, get, patch, post, userWithLogin } from '../lib/cases.mjs';

const SETTINGS = '/api/settings';
const TEST_S3 = `${SETTINGS}/test/s3`;
const TEST_MAIL = `${SETTINGS}/test/email`;
const APPLE = `${SETTINGS}/apple/generate-client-secret`;

const set = (name, body, status = 200, more = {}) => patch(name, SETTINGS, status, { as: 'super', body, ...more });
const rule = (label, more = {}) => ({ label, maxRequests: 1, duration: 1, ...more });
const rules = (...list) => ({ rateLimits: { rules: list } });

/** What every server calls itself, so that whole answers can be compared. */
const NAMES = { meta: { appName: 'Parity', appURL: 'http://parity.test', senderName: 'Parity', senderAddress: 'parity@parity.test', accentColor: '#1055c9' } };

const pem = (text) => `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----`;
const apple = { clientId: 'c', teamId: '1234567890', keyId: '1234567890', duration: 10 };

export default [
  cheapUsers,
  ...userWithLogin('users', 'ada'),
  ...[['guest', 401], ['ada', 403]].flatMap(([as, status]) => [
    get(`view as ${as}`, SETTINGS, status, { as }),
    patch(`change as ${as}`, SETTINGS, status, { as, body: { meta: { appName: 'x' } } }),
    post(`try S3 as ${as}`, TEST_S3, status, { as, body: {} }),
    post(`try mail as ${as}`, TEST_MAIL, status, { as, body: {} }),
    post(`secret for Apple as ${as}`, APPLE, status, { as, body: {} }),
  ]),
  set('names', NAMES),
  get('view', SETTINGS, 200, { as: 'super' }),
  get('view some', SETTINGS, 200, { as: 'super', query: { fields: 'meta.appName,smtp' } }),
  patch('change and view some', SETTINGS, 200, { as: 'super', body: { logs: { maxDays: 7 } }, query: { fields: 'logs.maxDays' } }),
  set('nothing', {}),
  set('unknown keys', { foo: 1, meta: { bar: 2 } }),
  set('lists are replaced', { trustedProxy: { headers: ['X-Real-IP', '', null], useLeftmostIP: true } }),
  set('a list of nothing', { trustedProxy: { headers: null, useLeftmostIP: false } }),
  set('superusers from here', { superuserIPs: ['127.0.0.1', '::1', '10.0.0.0/8'] }),
  set('superusers from everywhere', { superuserIPs: null }),
  set('secrets', { smtp: { password: 'hush' }, s3: { secret: 'hush' }, backups: { s3: { secret: 'hush' } } }),
  get('secrets are not shown', SETTINGS, 200, { as: 'super' }),

  ...[
    ['a part that is null', { meta: null }],
    ['a value that is null', { meta: { appName: null } }],
    ['empty names', { meta: { appName: '', senderName: '' } }],
    ['all of meta', { meta: { appName: '', senderName: '', appURL: 'x', senderAddress: 'a', accentColor: 'red' } }],
    ['a colour', { meta: { accentColor: '#12345g' } }],
    ['a long name', { meta: { appName: 'x'.repeat(256) } }],
    ['smtp without values', { smtp: { enabled: true, host: '', port: 0, authMethod: 'X', localName: 'a b' } }],
    ['smtp with wrong values', { smtp: { enabled: true, host: 'a b', port: -1, authMethod: 'plain', localName: 'a' } }],
    ['s3 without values', { s3: { enabled: true, secret: '' } }],
    ['s3 with an endpoint that is none', { s3: { enabled: true, endpoint: 'a b', bucket: 'b', region: 'r', accessKey: 'a', secret: 's' } }],
    ['backups without an expression', { backups: { cron: 'x' } }],
    ['backups of which none is kept', { backups: { cron: '* * * * *', cronMaxKeep: 0 } }],
    ['backups on s3 without values', { backups: { s3: { enabled: true, secret: '' } } }],
    ['batch', { batch: { enabled: true, maxRequests: 0, timeout: 0, maxBodySize: -1 } }],
    ['batch while it is off', { batch: { enabled: false, maxRequests: -1, timeout: -1 } }],
    ['logs', { logs: { maxDays: -1, minLevel: -100 } }],
    ['rate limits without any', { rateLimits: { enabled: true, rules: [] } }],
    ['rate limits with wrong values', { rateLimits: { enabled: true, rules: [
      { label: '' }, { label: 'a b', maxRequests: 0, duration: 0 }, rule('/x', { audience: 'foo' }),
    ] } }],
    ['rate limits while they are off', { rateLimits: { enabled: false, rules: [{ label: '' }] } }],
    ['the same limit twice', rules(rule('/x'), rule('/x'))],
    ['a limit for guests, then for all', rules(rule('/z', { audience: '@guest' }), rule('/z'))],
    ['a limit for all, then for accounts', rules(rule('/z'), rule('/z', { audience: '@auth' }))],
    ['labels', rules(rule('*:x y'), rule('*'), rule('GET  /x'), rule('us-ers:x'))],
    ['excluded addresses', { rateLimits: { excludedIPs: ['1.2.3.4', '1.2.3.0/24', '::1', 'x', '1.2.3.4/99', ''] } }],
    ['superusers from nowhere', { superuserIPs: ['x'] }],
    ['a number for a text', { meta: { appName: 5 } }],
    ['a text for a part', { meta: 'x' }],
    ['a text for a number', { smtp: { port: '25' } }],
    ['a fraction', { smtp: { port: 2.5 } }],
    ['a text for a flag', { logs: { logIP: 'true' } }],
    ['a list for everything', []],
  ].map(([name, body]) => set(`refused: ${name}`, body, 400)),
  set('limits for guests and for accounts', rules(rule('/y', { audience: '@guest' }), rule('/y', { audience: '@auth' }))),
  set('labels that are right', rules(rule('POST /api/x'), rule('users:list'), rule('users'), rule('get /api/x'), rule('nope:list'))),
  get('view after it all', SETTINGS, 200, { as: 'super' }),

  post('try S3: nothing', TEST_S3, 400, { as: 'super', body: {} }),
  post('try S3: something else', TEST_S3, 400, { as: 'super', body: { filesystem: 'x' } }),
  post('try S3: files', TEST_S3, 400, { as: 'super', body: { filesystem: 'storage' } }),
  post('try S3: backups', TEST_S3, 400, { as: 'super', body: { filesystem: 'backups' } }),
  post('try mail: nothing', TEST_MAIL, 400, { as: 'super', body: {} }),
  post('try mail: wrong', TEST_MAIL, 400, { as: 'super', body: { email: 'x', template: 'y' } }),
  post('try mail: no such collection', TEST_MAIL, 400, { as: 'super', body: { email: 'a@b.co', template: 'otp', collection: 'nope' } }),
  post('try mail: two addresses', TEST_MAIL, 400, { as: 'super', body: { email: 'a@b.co,c@d.co', template: 'otp' } }),
  post('try mail: no server', TEST_MAIL, 400, { as: 'super', body: { email: 'a@b.co', template: 'otp', collection: 'users' } }),
  post('Apple: nothing', APPLE, 400, { as: 'super', body: {} }),
  post('Apple: short', APPLE, 400, { as: 'super', body: { ...apple, teamId: '1', keyId: '1', privateKey: 'x', duration: 0 } }),
  post('Apple: too long a life', APPLE, 400, { as: 'super', body: { ...apple, privateKey: pem('AAAA'), duration: 99999999 } }),
  post('Apple: no key', APPLE, 400, { as: 'super', body: { ...apple, privateKey: pem('AAAA') } }),
];
