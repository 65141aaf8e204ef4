// The record editor's requests: records with their tags, uploads that tell how far they are, tokens for files.

import { address, get, post, records, Refused, send } from '../lib/api.js';
import { readRecord } from './values.js';

const read = async (answer, collection) => ({
  record: readRecord(await answer.text(), collection),
  etag: answer.headers.get('ETag'),
});

/** A record and the tag of its state. */
export async function load(collection, id) {
  return read(await send('GET', records(collection.name, id), { raw: true }), collection);
}

const condition = (etag) => (etag ? { 'If-Match': etag } : {});

/**
 * Makes or changes a record. `files` are the lists of file fields, each of names that stay and files that are new; with
 * `etag`, the change is made only if nobody else has made one.
 */
export async function store(collection, id, { body, files = new Map(), etag, onprogress }) {
  const [method, path] = [id ? 'PATCH' : 'POST', records(collection.name, id)];
  if (![...files.values()].some((list) => list.some((one) => one instanceof File))) {
    const names = Object.fromEntries([...files].map(([name, list]) => [name, list]));
    return read(
      await send(method, path, { body: { ...body, ...names }, headers: condition(etag), raw: true }),
      collection,
    );
  }
  const form = new FormData();
  form.append('@jsonPayload', JSON.stringify(body));
  for (const [name, list] of files) {
    for (const one of list) form.append(name, one);
    if (list.length === 0) form.append(name, '');
  }
  const saved = await upload(method, path, form, { etag, onprogress, collection });
  return inOrder(collection, saved, files);
}

/** New files come behind those that stay; where they shall stand elsewhere, the record is told so now. */
async function inOrder(collection, saved, files) {
  const body = {};
  for (const [name, list] of files) {
    const names = saved.record[name];
    if (!Array.isArray(names)) continue;
    const made = names.filter((one) => !list.includes(one));
    const wanted = list.map((one) => (one instanceof File ? made.shift() : one));
    if (wanted.some((one, at) => one !== names[at])) body[name] = wanted;
  }
  if (Object.keys(body).length === 0) return saved;
  return store(collection, saved.record.id, { body, etag: saved.etag });
}

/** `fetch` can't tell how far an upload is. */
function upload(method, path, form, { etag, onprogress, collection }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, address(path));
    for (const [name, value] of Object.entries(condition(etag))) request.setRequestHeader(name, value);
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) onprogress?.(event.loaded / event.total);
    });
    request.addEventListener('error', () => reject(new Refused(0, { message: "The server can't be reached." })));
    request.addEventListener('load', () => {
      if (request.status < 400) {
        resolve({ record: readRecord(request.responseText, collection), etag: request.getResponseHeader('ETag') });
        return;
      }
      reject(new Refused(request.status, parsed(request.responseText)));
    });
    request.send(form);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 300) };
  }
}

const definitions = new Map();
/** The definition of a collection, asked for once. */
export function definition(id) {
  if (!definitions.has(id)) {
    const asked = get(`/api/collections/${encodeURIComponent(id)}`);
    definitions.set(id, asked);
    asked.catch(() => definitions.delete(id));
  }
  return definitions.get(id);
}

const TOKEN_MS = 60_000;
let token;
/** A token for protected files. It is good for longer than it is kept here. */
export function fileToken() {
  if (!token || token.until < Date.now()) {
    token = { until: Date.now() + TOKEN_MS, asked: post('/api/files/token', {}).then((answer) => answer.token) };
    token.asked.catch(() => {
      token = undefined;
    });
  }
  return token.asked;
}

/** The address of a file. */
export function fileAddress(collection, id, name, query = {}) {
  const url = new URL(address(`/api/files/${[collection.id, id, name].map(encodeURIComponent).join('/')}`));
  for (const [key, value] of Object.entries(query)) if (value) url.searchParams.set(key, value);
  return url.href;
}

/** A text in a filter. */
export const quoted = (text) => `"${text.replace(/[\\"]/g, '\\$&')}"`;
