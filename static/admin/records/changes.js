// The same change of many records: by batches where the server takes them, else one after the other; and what is said
// of that. Used by bulk.js, bulk-delete.js, and by what brings deleted records back.

import { Refused, get, post, records as pathOf, send } from '../lib/api.js';
import { h, uniqueId } from '../lib/dom.js';
import { tell, toast } from '../lib/feedback.js';
import { count, plural } from '../lib/format.js';
import { readPage } from '../record/values.js';
import { chunks, oneOf } from './query.js';

/** More than this isn't kept for an undo: fetching it would take longer than the change itself. */
export const KEPT_MAX = 2000;
const CHUNK_MAX = 100;
const IDS_PER_REQUEST = 40;
const FAILURES_SHOWN = 200;

/** How many requests a batch may have; 0 if there are no batches. */
async function batchSize() {
  const { batch } = await get('/api/settings', { fields: 'batch' });
  return batch?.enabled ? Math.min(batch.maxRequests || CHUNK_MAX, CHUNK_MAX) : 0;
}

/**
 * Sends requests `{ id, method, url, body }`, each about one record, and goes on after those that are refused.
 * @returns {Promise<{ done: { id: string, body: any }[], failed: { id: string, status: number, message: string }[],
 *   unsure: string[], left: number, broken?: Error }>}  `unsure` are the ids of what was sent when the connection was
 *   `broken`: the answer may be all that was lost; `left` were not sent, because of that or because somebody has
 *   stopped it
 */
export async function sendMany(requests, { onprogress, signal }) {
  const outcome = { done: [], failed: [], unsure: [] };
  const answered = () => outcome.done.length + outcome.failed.length;
  try {
    const size = await batchSize();
    for (const chunk of chunks(requests, Math.max(size, 1))) {
      if (signal.aborted) break;
      if (size > 1) await sendBatch(chunk, outcome);
      else await sendOne(chunk[0], outcome);
      onprogress(answered());
    }
  } catch (error) {
    // What is done is done: whoever asked for this has to hear of it in any case.
    outcome.broken = error;
  }
  return { ...outcome, left: requests.length - answered() - outcome.unsure.length };
}

/** Whether there was no answer, which doesn't tell whether anything has come of the request. */
const isLost = (error) => error.status === 0;

async function sendBatch(chunk, outcome) {
  try {
    const answers = await post('/api/batch', {
      requests: chunk.map(({ method, url, body }) => ({ method, url, body })),
    });
    outcome.done.push(...chunk.map(({ id }, at) => ({ id, body: answers[at].body })));
  } catch (error) {
    if (isLost(error)) outcome.unsure.push(...chunk.map(({ id }) => id));
    if (!(error instanceof Refused) || isLost(error)) throw error;
    // One of them failed, and so none took effect: find out which.
    for (const request of chunk) await sendOne(request, outcome);
  }
}

async function sendOne({ id, method, url, body }, outcome) {
  try {
    outcome.done.push({ id, body: await send(method, url, { body }) });
  } catch (error) {
    if (isLost(error)) outcome.unsure.push(id);
    if (!(error instanceof Refused) || isLost(error)) throw error;
    outcome.failed.push({ id, status: error.status, message: error.text });
  }
}

/** Says what has become of many changes, and of those that were not tried. `more` follows what was done. */
export function report({ done, failed, unsure, left, broken }, verb, undo, more = '') {
  const options = undo && { action: { label: 'Undo', run: () => undo().catch(tell) } };
  if (failed.length > 0) showFailures(`Not all were ${verb}`, failed);
  if (broken && left + unsure.length > 0) tell(broken);
  if (left > 0) {
    const all = done.length + failed.length + unsure.length + left;
    toast(`${plural(left, 'record')} of ${count(all)} were not ${verb}.`, 'problem');
  }
  // One undo is for all.
  if (unsure.length > 0) toast(maybe(unsure, verb), 'problem', done.length > 0 ? {} : options);
  if (done.length > 0) toast(`${plural(done.length, 'record')} ${verb}.${more}`, 'good', options);
}

/** An undo that is offered twice, by a notice and by a key, is made once, unless it fails. */
export function once(run) {
  let begun;
  return () =>
    (begun ??= run().catch((error) => {
      begun = undefined;
      throw error;
    }));
}

export const maybe = (unsure, verb) => `${plural(unsure.length, 'record')} may have been ${verb}: no answer came.`;

/** Whole records, with everything that the list leaves out, or some fields of them, in the order of their ids. */
export async function fetchWhole(collection, ids, { onprogress = () => {}, signal, fields } = {}) {
  const found = new Map();
  for (const chunk of chunks(ids, IDS_PER_REQUEST)) {
    const query = { filter: oneOf(chunk), perPage: IDS_PER_REQUEST, skipTotal: 1, fields };
    const answer = await send('GET', pathOf(collection.name), { query, signal, raw: true });
    for (const record of readPage(await answer.text(), collection).items) found.set(record.id, record);
    onprogress(found.size);
  }
  return ids.map((id) => found.get(id)).filter(Boolean);
}

/** A dialog that shows how far `run({ onprogress, signal })` is, and can stop it. Resolves to what that resolves to. */
export async function withProgress(title, total, run) {
  const stop = new AbortController();
  const id = uniqueId('progress');
  const bar = h('progress', { max: total || 1, value: 0, 'aria-labelledby': id });
  const said = h('p', { class: 'quiet', role: 'status' }, total ? `0 of ${count(total)}` : 'Beginning …');
  const dialog = h(
    'dialog',
    { 'aria-labelledby': id },
    h('h2', { id }, title),
    bar,
    said,
    h('footer', {}, h('button', { type: 'button', onclick: () => stop.abort() }, 'Stop')),
  );
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    stop.abort();
  });
  document.body.append(dialog);
  dialog.showModal();
  const onprogress = (at) => {
    bar.value = at;
    said.textContent = total ? `${count(at)} of ${count(total)}` : count(at);
  };
  try {
    return await run({ onprogress, signal: stop.signal });
  } finally {
    dialog.close();
    dialog.remove();
  }
}

/** A list of problems that scrolls by itself. */
export const problemList = (label, lines) =>
  h(
    'div',
    { class: 'problem-list', tabindex: 0, role: 'region', 'aria-label': label },
    h(
      'ul',
      {},
      lines.map((line) => h('li', {}, line)),
    ),
  );

/** Lists what has failed, until somebody has read it. */
function showFailures(title, failed) {
  const id = uniqueId('failures');
  const dialog = h(
    'dialog',
    { 'aria-labelledby': id },
    h('h2', { id }, title),
    h('p', {}, `${plural(failed.length, 'record')} could not be changed:`),
    problemList(
      'Refused records',
      failed.slice(0, FAILURES_SHOWN).map((one) => [h('code', {}, one.id), ' ', one.message]),
    ),
    failed.length > FAILURES_SHOWN && h('p', { class: 'small quiet' }, `The first ${FAILURES_SHOWN}.`),
    h('footer', {}, h('button', { type: 'button', class: 'main', onclick: () => dialog.close() }, 'Close')),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
