// The record editor's requests: records with their tags and files, definitions of collections, addresses of files.

import { address, get, post, records, send } from '../lib/api.js';
import { forget, sendFile } from './uploads.js';
import { readRecord } from './values.js';
import { refusal, transfer } from './xhr.js';

const read = async (answer, collection) => ({
  record: readRecord(await answer.text(), collection),
  etag: answer.headers.get('ETag'),
});

/** A record and the tag of its state. */
export async function load(collection, id) {
  return read(await send('GET', records(collection.name, id), { raw: true }), collection);
}

const condition = (etag) => (etag ? { 'If-Match': etag } : {});

const newFiles = (files) => [...files.values()].flat().filter((one) => one instanceof File);

/**
 * Makes or changes a record. `files` are the lists of file fields, each of names that stay and files that are new; with
 * `etag`, the change is made only if nobody else has made one. New files are sent first: until that is done, `signal`
 * stops everything, and nothing has changed. `onprogress(sent, all)` are bytes.
 */
export async function store(collection, id, { body, files = new Map(), etag, signal, onprogress }) {
  const fresh = newFiles(files);
  const lists = await sendFiles(collection, files, fresh, { signal, onprogress });
  const [method, path] = [id ? 'PATCH' : 'POST', records(collection.name, id)];
  if (!lists) return storeAtOnce(collection, method, path, { body, files, etag, signal, onprogress });
  try {
    const answer = await send(method, path, { body: { ...body, ...lists }, headers: condition(etag), raw: true });
    forget(fresh, { isUsed: true });
    return await read(answer, collection);
  } catch (error) {
    const isGone = ([name]) => error.data?.[name]?.code === 'validation_unknown_upload';
    forget(newFiles(new Map([...files].filter(isGone))), { isUsed: true });
    throw error;
  }
}

/** Sends the new ones of all files; resolves to what the fields take, nothing if the server takes no uploads. */
async function sendFiles(collection, files, fresh, { signal, onprogress }) {
  const all = fresh.reduce((sum, file) => sum + file.size, 0);
  let before = 0;
  const lists = {};
  for (const [name, list] of files) {
    lists[name] = [];
    for (const one of list) {
      const isNew = one instanceof File;
      const sent = (bytes) => onprogress?.(before + bytes, all);
      const taken = isNew ? await sendFile(collection, name, one, { signal, onprogress: sent }) : one;
      if (!taken) return undefined;
      if (isNew) before += one.size;
      lists[name].push(taken);
    }
  }
  return lists;
}

/** A record with its files in one request, where the server takes no uploads. */
async function storeAtOnce(collection, method, path, { body, files, etag, signal, onprogress }) {
  const form = new FormData();
  form.append('@jsonPayload', JSON.stringify(body));
  for (const [name, list] of files) {
    for (const one of list) form.append(name, one);
    if (list.length === 0) form.append(name, '');
  }
  const request = await transfer(method, path, { headers: condition(etag), body: form, signal, onprogress });
  if (request.status >= 400) throw refusal(request);
  const saved = { record: readRecord(request.responseText, collection), etag: request.getResponseHeader('ETag') };
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
