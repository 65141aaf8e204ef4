// Files on their way to the server, in parts: the API's resumable uploads. What has arrived is not sent again after a
// broken line, a stop, or a save that was refused. Used by `requests.js`; what a field takes is checked in `files.js`.

import { Refused } from '../lib/api.js';
import { refusal, transfer } from './xhr.js';

const PATH = '/api/uploads';
const PART_BYTES = 8 << 20;
const TYPE = 'application/offset+octet-stream';
/** An earlier request that has lost its client may hold an upload for some seconds. */
const [TRIES, PAUSE_MS] = [12, 400];

/** Of each file, the uploads that were begun and not used: the place that one is for, and its id. */
const begun = new WeakMap();
let isOff = false;

const placeOf = (collection, field) => `${collection.id}/${field}`;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const headers = (more) => ({ 'Tus-Resumable': '1.0.0', ...more });
const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/**
 * Sends a file for a field; resolves to what the field takes for it, or to nothing where uploads are switched off.
 * @param {{ signal?: AbortSignal, onprogress: (sent: number) => void }} options
 */
export async function sendFile(collection, field, file, { signal, onprogress }) {
  if (isOff) return undefined;
  const known = begun.get(file)?.get(placeOf(collection, field));
  let sent = known && (await standing(known, signal));
  const id = sent === undefined ? await begin(collection, field, file, signal) : known;
  if (!id) return undefined;
  sent ??= 0;
  for (let tries = 0; sent < file.size; ) {
    onprogress(sent);
    const from = sent;
    const request = await transfer('PATCH', `${PATH}/${id}`, {
      headers: headers({ 'Upload-Offset': String(from), 'Content-Type': TYPE }),
      body: file.slice(from, from + PART_BYTES),
      signal,
      onprogress: (bytes) => onprogress(from + bytes),
    });
    if (request.status === 204) {
      sent = Number(request.getResponseHeader('Upload-Offset'));
      tries = 0;
      continue;
    }
    tries += 1;
    if (![409, 423].includes(request.status) || tries > TRIES) throw beside(field, file, refusal(request));
    await pause(PAUSE_MS);
    sent = (await standing(id, signal)) ?? 0;
  }
  onprogress(file.size);
  return `upload:${id}`;
}

/** How much of an upload has arrived; nothing if there is no such upload any more. */
async function standing(id, signal) {
  const request = await transfer('HEAD', `${PATH}/${id}`, { headers: headers(), signal });
  return request.status === 200 ? Number(request.getResponseHeader('Upload-Offset')) : undefined;
}

async function begin(collection, field, file, signal) {
  const said = { collection: collection.id, field, filename: file.name };
  const request = await transfer('POST', PATH, {
    headers: headers({
      'Upload-Length': String(file.size),
      'Upload-Metadata': Object.entries(said).map(([key, value]) => `${key} ${base64(value)}`).join(','),
    }),
    signal,
  });
  // Superusers may write everywhere, so nothing else forbids it.
  isOff = request.status === 403;
  if (isOff) return undefined;
  if (request.status !== 201) throw beside(field, file, refusal(request));
  const id = request.getResponseHeader('Location').split('/').at(-1);
  if (!begun.has(file)) begun.set(file, new Map());
  begun.get(file).set(placeOf(collection, field), id);
  return id;
}

/** A refusal that is told beside the field. */
function beside(field, file, error) {
  const message = `${file.name}: ${error.message}`;
  const data = { [field]: { code: 'upload', message } };
  return new Refused(error.status, { message: 'A file was not taken.', data });
}

/** Forgets what was begun for these files: a record has taken it, or nobody will; then the server forgets it, too. */
export function forget(files, { isUsed }) {
  for (const file of files) {
    for (const id of begun.get(file)?.values() ?? [])
      // Should this fail, it goes when its time is up.
      if (!isUsed) transfer('DELETE', `${PATH}/${id}`, { headers: headers() }).catch(() => {});
    begun.delete(file);
  }
}
