// The REST API, as the superuser whose session this is. The cookie counts because the browser says that the request is
// from this server's own page.

/** The server's root, wherever a proxy shows it: this file is /static/@…/admin/lib/api.js. */
export const root = new URL('../../../../', import.meta.url);

/** The whole address of a path of this server. */
export const address = (path) => new URL(path.replace(/^\//, ''), root).href;

/** What the server refused: `status`, `message`, and `data`, the problems of fields by their names. */
export class Refused extends Error {
  constructor(status, body) {
    super(body?.message || `The server answered ${status}.`);
    this.status = status;
    this.data = body?.data ?? {};
    this.body = body;
  }

  /** All that can be told, one problem a line. */
  get text() {
    return [this.message, ...problems(this.data)].join('\n');
  }
}

/** Problems in nested `data`, as lines. */
export function problems(data, path = []) {
  if (data === null || typeof data !== 'object') return [];
  if (typeof data.message === 'string' && typeof data.code === 'string') return [`${path.join('.')}: ${data.message}`];
  return Object.entries(data).flatMap(([key, value]) => problems(value, [...path, key]));
}

/**
 * Sends a request; resolves to the JSON of the answer, `null` where there is none.
 * @param {{ query?: object, body?: object | FormData, signal?: AbortSignal, headers?: object, raw?: boolean }} options
 *   `raw` resolves to the `Response` instead.
 */
export async function send(method, path, { query, body, signal, headers = {}, raw = false } = {}) {
  const url = new URL(address(path));
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(key, value);
  }
  const isForm = body instanceof FormData;
  const request = { method, signal, credentials: 'same-origin', headers: { ...headers } };
  if (body !== undefined) {
    request.body = isForm ? body : JSON.stringify(body);
    if (!isForm) request.headers['Content-Type'] = 'application/json';
  }
  let answer;
  try {
    answer = await fetch(url, request);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refused(0, { message: "The server can't be reached." });
  }
  if (answer.ok && raw) return answer;
  const text = await answer.text();
  const json = text === '' ? null : parse(text);
  if (answer.ok) return json;
  // Whose session has ended is a guest, to whom the server may say no in several ways.
  if ([401, 403, 404].includes(answer.status)) document.dispatchEvent(new CustomEvent('sessiondoubt'));
  throw new Refused(answer.status, json);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 300) };
  }
}

export const get = (path, query, options = {}) => send('GET', path, { query, ...options });
export const post = (path, body, options = {}) => send('POST', path, { body, ...options });
export const patch = (path, body, options = {}) => send('PATCH', path, { body, ...options });
/** The header with the session's token, which what isn't part of the API needs: the addresses below `/_/`. */
export const ownPage = () => JSON.parse(document.body.getAttribute('hx-headers'));

export const put = (path, body, options = {}) => send('PUT', path, { body, ...options });
export const del = (path, options = {}) => send('DELETE', path, options);

/** The path of a collection's records, or of one of them. */
export const records = (collection, id) =>
  `/api/collections/${encodeURIComponent(collection)}/records${id === undefined ? '' : `/${encodeURIComponent(id)}`}`;

/** All pages of a list. */
export async function getAll(path, query = {}) {
  const items = [];
  for (let page = 1; ; page += 1) {
    const found = await get(path, { ...query, page, perPage: 500, skipTotal: 1 });
    items.push(...found.items);
    if (found.items.length < 500) return items;
  }
}
