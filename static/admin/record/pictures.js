// Pictures in rich texts that are pasted or dropped: until the record is saved they are files of one of its fields, and
// in the text stands an address that only this page knows. Used by the control of rich texts and by `saving.js`.

import { fileAddress } from './requests.js';

const files = new Map();

/** A new picture's address for now. */
export function waitFor(file) {
  const known = [...files].find(([, one]) => one === file);
  if (known) return known[0];
  const url = URL.createObjectURL(file);
  files.set(url, file);
  return url;
}

/** Whether such a picture's file is not stored yet. */
export const isWaiting = (src) => files.has(src);

/** The files that a text waits for. */
export const waitingIn = (html) => [...files].filter(([url]) => html.includes(url)).map(([, file]) => file);

/** A text without the pictures that it waits for: `url` is of letters that mean nothing in patterns but dots. */
export function withoutWaiting(html) {
  let text = html;
  for (const url of files.keys())
    text = text.replace(new RegExp(`<img src="${url.replaceAll('.', '\\.')}"[^>]*>`, 'g'), '');
  return text;
}

/** Where the files are that were sent with a record: by the addresses that they had till then. */
export function addressesOf(collection, record, sent) {
  const found = new Map();
  for (const [name, list] of sent) {
    const names = [record[name]].flat();
    for (const [at, one] of list.entries()) {
      const url = [...files].find(([, file]) => file === one)?.[0];
      if (url) found.set(url, fileAddress(collection, record.id, names[at]));
    }
  }
  return found;
}

/** A text with its pictures' addresses. */
export function withAddresses(html, addresses) {
  let text = html;
  for (const [url, address] of addresses) text = text.replaceAll(`"${url}"`, `"${address}"`);
  return text;
}
