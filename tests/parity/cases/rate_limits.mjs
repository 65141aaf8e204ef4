// Rate limits: which label counts a request, audiences, what is counted apart. Limits turn on with the first case that
// sets them and are set anew, with fresh counts, by each.

import { OPEN, cheapUsers, collection, get, patch, post, records, userWithLogin } from '../lib/cases.mjs';

const HEALTH = '/api/health';

/** Sets the limits: `label max`, with an audience in between if there is one. */
const limits = (name, ...list) => patch(`limits: ${name}`, '/api/settings', 200, {
  as: 'super', query: { fields: 'rateLimits' },
  body: { rateLimits: { enabled: true, rules: list.map(([label, maxRequests, audience = '']) => ({ label, maxRequests, audience, duration: 600 })) } },
});

/** The same request several times; `statuses` are what it is answered with. */
const several = (name, path, statuses, rest = {}) => statuses.map((status, i) => get(`${name} (${i + 1})`, path, status, rest));

export default [
  cheapUsers,
  ...userWithLogin('users', 'ada'),
  collection('open', { type: 'base', ...OPEN, fields: [{ name: 't', type: 'text' }] }),
  collection('other', { type: 'base', ...OPEN, fields: [{ name: 't', type: 'text' }] }),

  limits('a prefix', ['/api/', 2]),
  ...several('a path below', HEALTH, [200]),
  ...several('a collection has counts of its own', records('open'), [200, 200, 429]),
  ...several('the path goes on', HEALTH, [200, 429]),
  ...several('superusers are not counted', HEALTH, [200, 200], { as: 'super', anyKeyOrder: true }),
  get('what there is not is not found', records('nothing'), 404),

  limits('exactly a path', [HEALTH, 1]),
  ...several('that path', HEALTH, [200, 429]),
  ...several('no other', records('open'), [200, 200]),

  limits('a tag', ['*:list', 1]),
  ...several('by name', records('open'), [200, 429]),
  ...several('another collection', records('other'), [200, 429]),
  get('another tag', records('open', 'unknown'), 404),

  limits('a tag of one collection', ['open:list', 1], ['*:list', 2]),
  ...several('the collection', records('open'), [200, 429]),
  ...several('the others', records('other'), [200, 200, 429]),

  limits('signing in', ['*:auth', 1]),
  post('sign in (1)', '/api/collections/users/auth-with-password', 400, { body: { identity: 'x', password: 'y' } }),
  post('sign in (2)', '/api/collections/users/auth-with-password', 429, { body: { identity: 'x', password: 'y' } }),
  post('to another collection', '/api/collections/_superusers/auth-with-password', 400, { body: { identity: 'x', password: 'y' } }),

  limits('a method', ['GET /api/', 1], ['/api/', 3]),
  ...several('with the method', HEALTH, [200, 429]),
  ...several('in a collection', records('open'), [200, 429]),

  limits('guests only', ['*:list', 1, '@guest']),
  ...several('a guest', records('open'), [200, 429]),
  ...several('an account', records('open'), [200, 200], { as: 'ada' }),

  limits('accounts only, and a prefix', ['*:list', 1, '@auth'], ['/api/', 2]),
  ...several('a guest falls through', records('open'), [200, 200, 429]),
  ...several('an account does not', records('open'), [200, 429], { as: 'ada' }),

  patch('limits are off', '/api/settings', 200, { as: 'super', query: { fields: 'rateLimits.enabled' }, body: { rateLimits: { enabled: false } } }),
  ...several('nobody is counted', HEALTH, [200, 200, 200]),
];
