// The last requests of the runner, in this browser for each superuser. Tokens, keys and passwords are never kept:
// neither the credential that a request was sent with, nor values in its query or body that are named like one.

import { keptOfOwner } from '../lib/kept.js';

const KEPT_MAX = 20;
const requests = keptOfOwner('requests', []);
const SECRET = /passw|token|secret|code|credential|verifier|^key$|apikey|authorization/i;
/** What looks like a token or an API key, wherever it stands. */
const TOKEN = /eyJ[\w-]{8,}\.[\w-]+\.[\w-]+|holdall_[a-z0-9]{15}_\w+/g;

/** The requests, newest first. */
export const past = () => requests.get()
  .filter((one) => typeof one?.path === 'string' && typeof one.method === 'string');

/** Adds a request: `{ method, path, query: [[name, value]], body, as, status, ms }`; `body` is JSON as text. */
export function remember(request) {
  const { method, path, as, status, ms } = request;
  const entry = { method, path: clean(path), query: request.query.map(([name, value]) => [name, SECRET.test(name) ? ''
        : clean(value)]), body: withoutSecrets(request.body), as, status, ms, at: new Date().toISOString() };
  const isSame = (one) => JSON.stringify([one.method, one.path, one.query, one.body,
      one.as]) === JSON.stringify([entry.method, entry.path, entry.query, entry.body, entry.as]);
  requests.set([entry, ...past().filter((one) => !isSame(one))].slice(0, KEPT_MAX));
}

export const forget = () => requests.set([]);

const clean = (text) => text.replace(TOKEN, '');

function withoutSecrets(text) {
  if (!text) return '';
  try {
    return JSON.stringify(JSON.parse(text, (name, value) => {
      if (SECRET.test(name) && (typeof value === 'string' || typeof value === 'number')) return '';
      return typeof value === 'string' ? clean(value) : value;
    }), null, 2);
  } catch {
    // What isn't JSON can't be cleaned.
    return '';
  }
}
