// Short ways to write cases down. A case is plain data; see README.md for its keys.

import { SUPERUSER } from './server.mjs';

const withMethod = (method) => (name, path, status, rest = {}) => ({ name, method, path, status, ...rest });

export const get = withMethod('GET');
export const head = withMethod('HEAD');
export const options = withMethod('OPTIONS');
export const post = withMethod('POST');
export const put = withMethod('PUT');
export const patch = withMethod('PATCH');
export const del = withMethod('DELETE');

/** The address of a collection's records. */
export const records = (collection, id) => `/api/collections/${collection}/records${id === undefined ? '' : `/${id}`}`;

/** Creates a collection as the superuser. */
export const collection = (name, model, rest = {}) =>
  post(`create collection ${name}`, '/api/collections', 200, { as: 'super', body: { name, ...model }, save: `c:${name}`, ...rest });

/** Creates a record as the superuser; its id is saved as `saveAs`. */
export const record = (collectionName, saveAs, body) =>
  post(`create ${collectionName} record ${saveAs}`, records(collectionName), 200, { as: 'super', body, save: saveAs });

/** Creates a user with a password, and logs it in; later cases act as it with `as: who`. */
export const userWithLogin = (collectionName, who, extra = {}) => [
  record(collectionName, who, {
    email: `${who}@example.com`, password: 'password-1', passwordConfirm: 'password-1', ...extra,
  }),
  login(collectionName, who, `${who}@example.com`, 'password-1'),
];

/** Logs in and keeps the token for `as: who`. */
export const login = (collectionName, who, identity, password) =>
  post(`log in to ${collectionName} as ${who}`, `/api/collections/${collectionName}/auth-with-password`, 200, {
    body: { identity, password }, save: { [`token of ${who}`]: 'token', [who]: 'record.id' },
  });

/** The first case of every file: the superuser logs in. */
export const loginAsSuperuser = login('_superusers', 'super', SUPERUSER.email, SUPERUSER.password);

/** Makes hashing cheap for the users of a file that logs in often; the fields of a fresh install stay as they are. */
export const cheapUsers = patch('users get cheap passwords', '/api/collections/users', 200, { as: 'super', body: { fields: [
  { name: 'password', type: 'password', id: 'password901924565', system: true, hidden: true, required: true, min: 8, cost: 4 },
  { name: 'name', type: 'text', max: 255 }, { name: 'avatar', type: 'file', maxSelect: 1 },
  { name: 'created', type: 'autodate', onCreate: true }, { name: 'updated', type: 'autodate', onCreate: true, onUpdate: true },
] } });

/** The password field of an auth collection with cheap hashing. */
export const cheapPassword = { name: 'password', type: 'password', min: 8, cost: 4 };

/** Field definitions, written short: field.text('title', { required: true }). */
export const field = new Proxy({}, {
  get: (_, type) => (name, extra = {}) => ({ name, type, ...extra }),
});

/** Fingerprints of devices in lists of `_authOrigins`: which hash they are is each server's own affair. */
export const fingerprints = Object.fromEntries([0, 1, 2, 3].map((at) => [`items.${at}.fingerprint`, /^([0-9a-f]{32}|f)$/]));

/** Open to everybody. */
export const OPEN = { listRule: '', viewRule: '', createRule: '', updateRule: '', deleteRule: '' };
