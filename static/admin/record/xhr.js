// Requests that tell how far their body is, which `fetch` can't.

import { address, Refused } from '../lib/api.js';

/**
 * Sends a body. Resolves to the request, answered, whatever the server says; rejects with `Refused` if it can't be
 * reached, and with an `AbortError` once `signal` is aborted.
 * @param {{ headers?: object, body?: any, signal?: AbortSignal, onprogress?: (sent: number, all: number) => void }}
 *   options
 */
export function transfer(method, path, { headers = {}, body, signal, onprogress } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    signal?.throwIfAborted();
    request.open(method, address(path));
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener('progress', (event) => onprogress?.(event.loaded, event.total));
    request.addEventListener('error', () => reject(new Refused(0, { message: "The server can't be reached." })));
    request.addEventListener('abort', () => reject(new DOMException('It was stopped.', 'AbortError')));
    request.addEventListener('load', () => resolve(request));
    request.addEventListener('loadend', () => signal?.removeEventListener('abort', stop));
    signal?.addEventListener('abort', stop);
    request.send(body);
  });
}

/** What the server refused, as an error. */
export function refusal(request) {
  try {
    return new Refused(request.status, JSON.parse(request.responseText));
  } catch {
    return new Refused(request.status, { message: request.responseText.slice(0, 300) });
  }
}
