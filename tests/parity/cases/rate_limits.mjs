// Rate limits: which label counts a request, audiences, what is counted apart. Limits turn on with the first case that
// sets them and are set anew, with fresh counts, by each.

import { OPEN, cheapUsers, collection, get, patch, post, records, userWithLogin } from '../lib/cases.mjs';

/** PocketBase is told by its settings. */
export const environment = { HOLDALL_BATCH_ENABLED: 'true' };

const HEALTH = '/api/health';

/** Sets the limits: `label max`, with an audience in between if there is one. */
const limits = (name, ...list) => patch(`limits: ${name}`, '/api/settings', 200, {
  as: 'super', query: { fields: 'rateLimits' },
  body: { rateLimits: { enabled: true, rules: list.map(([label, maxRequests, audience = '']) => ({ label, maxRequests, audience, duration: 600 })) } },
});

/** The same request several times; `statuses` are what it is answered with. */
const several = (name, path, statuses, rest = {}) => statuses.map((status, i) => get(`${name} (${i + 1})`, path, status, rest));

/** Requests of a batch. */
const create = (name) => ({ method: 'POST', url: records(name), body: { t: 'x' } });
const upsert = (name) => ({ ...create(name), method: 'PUT' });
const remove = (name) => ({ method: 'DELETE', url: records(name, 'unknown') });

const batch = (name, status, requests, more = {}) => post(name, '/api/batch', status, { body: { requests }, ...more });

export default [
  patch('batches are switched on', '/api/settings', 200, {
    as: 'super', only: 'pocketbase', body: { batch: { enabled: true, maxRequests: 50, timeout: 3 } },
  }),
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

  limits('escaped paths', [HEALTH, 1], [records('open'), 1]),
  get('an escaped letter', '/api/%68ealth', 200, { mask: { message: /healthy/ } }),
  get('the same path', HEALTH, 429),
  get('an escaped name', records('%6fpen'), 200),
  get('the same name', records('open'), 429),

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

  limits('a tag, and batches', ['*:create', 2]),
  batch('as many as may be', 200, [create('open'), create('open')]),
  batch('the next batch has one too many', 400, [create('open')]),
  batch('another collection, the third is one too many', 400, [create('other'), create('other'), create('other')]),
  batch('nothing was left by that', 400, [create('other')]),
  batch('another tag in a batch', 400, [remove('open')]),
  ...[200, 200, 429].map((status, i) => post(`requests by themselves are counted apart (${i + 1})`, records('open'), status, { body: { t: 'x' } })),
  batch('a superuser has no limit', 200, [create('open'), create('open'), create('open')], { as: 'super' }),
  batch('a collection that there is not', 400, [create('nothing')]),

  limits('a tag of one collection, and batches', ['open:create', 1]),
  batch('the others are not limited', 400, [create('other'), create('other'), create('open'), create('open')]),

  limits('a tag, and upserts', ['*:create', 1], ['PUT /api/', 9]),
  batch('an upsert that creates is a create', 400, [upsert('open'), create('open')]),

  limits('a path of collections, and batches', ['/api/collections/', 1]),
  batch('an action', 200, [create('open')]),
  batch('each action apart', 400, [remove('open')]),
  batch('the same action', 400, [upsert('open')]),

  limits('a prefix, and batches', ['/api/', 3]),
  batch('below the prefix', 400, [create('open'), create('open'), create('open'), create('open')]),
  batch('another collection below it', 200, [create('other')]),
  batch('the last batch', 200, [create('other')]),
  batch('a batch too many', 429, [create('other')]),

  limits('a method, and batches', ['POST /api/', 1]),
  batch('items with the method', 400, [create('open'), create('open')]),
  batch('the batch itself', 429, [remove('open')]),

  limits('paths, and batches', [`POST ${records('open')}`, 1], [records('other', 'unknown'), 1]),
  batch('an item with a path', 400, [create('open'), create('open')]),
  batch('an item with the path of a record (1)', 400, [remove('other')]),
  batch('an item with the path of a record (2)', 400, [remove('other')]),

  limits('guests only, and batches', ['*:create', 1, '@guest']),
  batch('a batch of an account', 200, [create('open'), create('open')], { as: 'ada' }),
  batch('a batch of a guest', 400, [create('open'), create('open')]),

  limits('what comes after a failure', ['*:create', 1]),
  batch('it fails at the first', 400, [remove('open'), create('open')]),
  batch('what followed was not counted', 400, [create('open'), remove('open')]),
  batch('what preceded was', 400, [create('open')]),

  patch('limits are off', '/api/settings', 200, { as: 'super', query: { fields: 'rateLimits.enabled' }, body: { rateLimits: { enabled: false } } }),
  ...several('nobody is counted', HEALTH, [200, 200, 200]),
];
