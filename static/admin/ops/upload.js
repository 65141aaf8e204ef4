// Sends a backup from a file, and shows how far it has come. Called by the page Backups.

import { Refused, address } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { toast } from '../lib/feedback.js';
import { bytes } from '../lib/format.js';
import { formDialog, labelled } from './form-dialog.js';

/** `fetch` doesn't tell how much was sent, so this is the older way. */
function sendFile(file, onprogress, abort) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    abort.run = () => request.abort();
    request.open('POST', address('/api/backups/upload'));
    request.upload.addEventListener('progress', (event) => onprogress(event.loaded, event.total));
    request.addEventListener('load', () => {
      if (request.status < 300) {
        resolve();
        return;
      }
      let body;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        body = { message: request.responseText.slice(0, 300) };
      }
      reject(new Refused(request.status, body));
    });
    request.addEventListener('error', () => reject(new Refused(0, { message: 'The server can\'t be reached.' })));
    request.addEventListener('abort', () => reject(new DOMException('Cancelled', 'AbortError')));
    const form = new FormData();
    form.append('file', file);
    request.send(form);
  });
}

/** Asks for the file and sends it; resolves to its name, `null` if nothing was sent. */
export async function uploadBackup() {
  const input = h('input', { type: 'file', name: 'file', accept: '.zip,application/zip' });
  const progress = h('progress', { class: 'wide-progress', max: 1, value: 0, 'aria-label': 'Sent' });
  const words = h('p', { class: 'quiet small', role: 'status' });
  const meter = h('div', { hidden: true }, progress, words);
  const abort = {};
  let name = null;
  const done = await formDialog({
    title: 'Upload a backup', action: 'Upload',
    content: [labelled('File', input, 'A zip file that Holdall has made. It is tested once it is here.'), meter],
    mayClose() {
      abort.run?.();
      return true;
    },
    async submit() {
      const [file] = input.files;
      if (!file) throw new Refused(400, { message: '',
        data: { file: { code: 'validation_required', message: 'Choose a file.' } } });
      meter.hidden = false;
      try {
        await sendFile(file, (sent, total) => {
          progress.max = total;
          progress.value = sent;
          words.textContent = sent < total ? `${bytes(sent)} of ${bytes(total)}`
            : 'Sent. The server puts it in place …';
        }, abort);
      } finally {
        meter.hidden = true;
        abort.run = null;
      }
      name = file.name;
      toast(`${name} was sent, and is being tested.`);
    },
  });
  return done ? name : null;
}
