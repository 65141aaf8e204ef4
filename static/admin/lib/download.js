// Files that a page makes and gives the browser to keep.

import { h } from './dom.js';

/** So long a browser may take to begin reading a file. */
const READ_WITHIN_MS = 60_000;

/** Gives the browser a file to keep; `parts` are texts and blobs. */
export function download(name, parts, type) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), READ_WITHIN_MS);
}
