// The log of requests. PocketBase writes it every three seconds, so whoever looks for an entry asks until it is there.

import { cheapUsers, del, get, head, post, put, records, userWithLogin } from '../lib/cases.mjs';

const LOGS = '/api/logs';
/** What is each server's own affair: how long it took, and what it tells of a cause. */
const own = (path) => ({ [`${path}data.execTime`]: /^[0-9.]+$/, [`${path}data.details`]: /^/, [`${path}data.error`]: /^./ });
const list = (name, query, rest = {}) => get(name, LOGS, 200, { as: 'super', query, ...rest });
const about = (url, sort = 'created') => ({ filter: `data.url ~ '${url}'`, sort });
const found = (name, url, rest = {}) =>
  list(name, { ...about(url), ...rest.query }, { until: 'items.0', mask: own('items.0.'), ...rest, query: { ...about(url), ...rest.query } });

export default [
  cheapUsers,
  ...userWithLogin('users', 'ada'),

  // Who may.
  ...[['guest', 401], ['ada', 403]].flatMap(([as, status]) => [
    get(`list as ${as}`, LOGS, status, { as }),
    get(`stats as ${as}`, `${LOGS}/stats`, status, { as }),
    get(`view as ${as}`, `${LOGS}/unknown`, status, { as }),
    del(`truncate as ${as}`, LOGS, status, { as }),
  ]),

  // What an entry looks like.
  get('a request that goes well', '/api/health?mark=well', 200, { headers: { 'User-Agent': 'parity', Referer: 'http://a.b/c?d=e' } }),
  found('its entry', 'mark=well', { save: { entry: 'items.0.id' } }),
  get('the same by id', `${LOGS}/{{entry}}`, 200, { as: 'super', mask: own('') }),
  get('parts of it', `${LOGS}/{{entry}}`, 200, { as: 'super', query: { fields: 'data.url,level' } }),
  get('unknown entry', `${LOGS}/unknown`, 404, { as: 'super' }),
  get('a request that fails', records('missing'), 404, { query: { mark: 'fails' } }),
  found('its entry is an error', 'mark=fails'),
  head('HEAD', '/api/health?mark=head', 200),
  found('HEAD is logged as such', 'mark=head'),
  get('as a user', records('users'), 200, { as: 'ada', query: { mark: 'user', filter: "name != 'ü'" } }),
  found('the entry names the collection', 'mark=user'),
  get('as a superuser', records('users'), 200, { as: 'super', query: { mark: 'root' } }),
  found('the entry names the superusers', 'mark=root'),
  get('a very long address', `/api/health?mark=long&x=${'y'.repeat(4000)}`, 200, { headers: { 'User-Agent': 'z'.repeat(3000) } }),
  found('the entry is cut', 'mark=long', { query: { fields: 'data.url,data.userAgent' } }),
  put('a method that isn\'t there', '/api/health?mark=put', 404),
  found('is logged', 'mark=put'),
  post('a mail to nobody', '/api/collections/users/request-password-reset?mark=nobody', 204, { body: { email: 'nobody@example.com' } }),
  found('is an error although the answer is none', 'mark=nobody', { query: { fields: 'level,message,data.status' } }),

  // Finding.
  ...[1, 2, 3].map((n) => get(`request ${n} of three`, `/api/health?three=${n}`, 200)),
  list('all three are there', about('three='), { until: 'items.2', query: { ...about('three='), fields: 'message,level' } }),
  list('sorted the other way', { ...about('three=', '-message'), fields: 'message' }),
  list('second page', { ...about('three=', 'message'), page: 2, perPage: 2, fields: 'message' }),
  list('without a total', { ...about('three=', 'message'), skipTotal: 1, fields: 'message' }),
  list('a page behind the end', { ...about('three='), page: 9 }),
  list('by status', { filter: "data.status = 404 && data.url ~ 'mark=fails'", fields: 'message' }),
  list('by level', { filter: "level > 0 && data.url ~ 'mark='", sort: 'message', fields: 'message,level' }),
  list('by message', { filter: "message ~ 'three=2'", fields: 'message' }),
  list('by time', { filter: "created > @yearStart && created > '2020-01-01' && data.url ~ 'three=1'", fields: 'message' }),
  list('by what no entry has', { filter: "data.nothing != null && data.url ~ 'three='", fields: 'message' }),
  list('by null', { filter: "data.nothing = null && data.url ~ 'three='", sort: 'message', fields: 'message' }),
  list('sorted by a part of the data', { ...about('three=', '-data.status,-data.url'), fields: 'message' }),
  list('sorted by row', { ...about('three=', '-@rowid'), fields: 'message' }),
  ...['nonsense', 'updated > 1', 'rowid > 0', 'level =', 'collectionId = 1'].map((filter) =>
    get(`filter that isn't one: ${filter}`, LOGS, 400, { as: 'super', query: { filter } })),
  ...['nothing', 'rowid'].map((sort) => get(`sort by ${sort}`, LOGS, 400, { as: 'super', query: { sort } })),
  get('page that is no number', LOGS, 400, { as: 'super', query: { page: 'x' } }),

  // Counting.
  get('stats', `${LOGS}/stats`, 200, { as: 'super', query: { filter: "data.url ~ 'three='" } }),
  get('stats of nothing', `${LOGS}/stats`, 200, { as: 'super', query: { filter: "data.url ~ 'nowhere'" } }),
  get('parts of stats', `${LOGS}/stats`, 200, { as: 'super', query: { filter: "data.url ~ 'three='", fields: 'total' } }),
  get('stats with a filter that isn\'t one', `${LOGS}/stats`, 400, { as: 'super', query: { filter: 'nonsense' } }),

  // Looking isn't logged, failing to look is.
  list('looking leaves no entry', { filter: "data.method = 'GET' && data.url ~ '/api/logs' && data.status = 200" }),
  list('failing does', { filter: "data.url = '/api/logs/unknown' && data.status = 404", fields: 'message' }, { until: 'items.0' }),

  // Emptying.
  del('truncate', LOGS, 204, { as: 'super' }),
  list('nothing is left of before', about('three=')),
  list('and the deletion itself isn\'t logged', { filter: "data.method = 'DELETE' && data.status = 204" }),
];
