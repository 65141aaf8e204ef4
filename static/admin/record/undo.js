// Taking a deletion back: what can be made again is kept before it, and made again in an order in which that can be
// done. Used by the panel's deletion and the table's.

import { get, patch, records, Refused } from '../lib/api.js';
import { sendMany } from '../records/changes.js';
import { idsOf, keyOf, relationsOf } from './follow.js';
import { filesOf, keep, room } from './keep.js';
import { store } from './requests.js';
import { isSecret, toState, toWire } from './values.js';

const never = new AbortController().signal;

/** Keeps the files of what can be made again; rejects once `signal` is aborted. */
export async function keepFiles({ gone, lasting }, { signal = never, onprogress = () => {} } = {}) {
  const space = room();
  const kept = new Map();
  for (const [at, one] of gone.entries()) {
    const files = lasting.includes(one) ? [] : filesOf(one.collection, one.record);
    if (files.length > 0) kept.set(keyOf(one), await keep(one.collection, one.record.id, files, { space, signal }));
    signal.throwIfAborted();
    onprogress(at + 1);
  }
  return kept;
}

/** Whether there are files that an undo needs. */
export const withFiles = ({ gone }) => gone.some((one) => filesOf(one.collection, one.record).length > 0);

/** What brings back what is gone. What did not come back by one `run` is tried again by the next. */
export class Undo {
  /** What has come back: records, by their keys. */
  back = new Map();
  /** What was refused by the latest run: `{ collection, record, message }`. */
  failed = [];
  #files;
  #gone;
  #emptied;

  /** `effects` of a deletion, as `follow.js` tells them, and the files that were kept before it. */
  constructor(effects, files) {
    this.pending = effects.gone.filter((one) => !effects.lasting.includes(one));
    this.lost = this.pending.flatMap((one) => files.get(keyOf(one))?.lost ?? []);
    this.#gone = new Set(effects.gone.map(keyOf));
    this.#emptied = effects.emptied;
    this.#files = files;
  }

  get isDone() {
    return this.pending.length === 0 && this.failed.length === 0 && !this.broken;
  }

  /** Never rejects: what went wrong is in `failed` and `broken`. */
  async run({ signal = never, onprogress = () => {} } = {}) {
    this.failed = [];
    this.broken = undefined;
    try {
      await this.#make({ signal, onprogress });
      // What hung on something can't be brought back without it.
      if (this.back.size > 0) await this.#refill(signal);
    } catch (error) {
      // A stop is told by what is missing.
      if (error.name !== 'AbortError') this.broken = error;
    }
  }

  #isMissing(collectionId, id) {
    const key = `${collectionId}/${id}`;
    return this.#gone.has(key) && !this.back.has(key);
  }

  async #make({ signal, onprogress }) {
    for (let waiting = this.pending; waiting.length > 0;) {
      signal.throwIfAborted();
      const awaited = new Set(waiting.map(keyOf));
      const ready = waiting.filter((one) => !this.#waits(one, awaited));
      // Where each waits for another one, the server says what it wants.
      const wave = ready.length > 0 ? ready : waiting;
      const before = this.back.size;
      const progress = { signal, onprogress: (some) => onprogress(before + some) };
      await this.#makeSome(wave, progress);
      waiting = waiting.filter((one) => !wave.includes(one));
    }
  }

  /** Whether a record must have one that is not back yet, but will be. */
  #waits({ collection, record }, awaited) {
    return relationsOf(collection).some((field) => {
      const ids = field.required ? idsOf(record, field) : [];
      return ids.length > 0 && ids.every((id) => awaited.has(`${field.collectionId}/${id}`));
    });
  }

  async #makeSome(wave, { signal, onprogress }) {
    const bodies = new Map(wave.map((one) => [keyOf(one), this.#body(one)]));
    const all = new Map(wave.map((one) => [keyOf(one), one]));
    const isPlain = (one) => !(this.#files.get(keyOf(one))?.size > 0);
    const plain = wave.filter(isPlain);
    const requests = plain.map((one) => ({
      id: keyOf(one),
      method: 'POST',
      url: records(one.collection.name),
      body: bodies.get(keyOf(one)).body,
    }));
    const done = (one, record) => {
      this.back.set(keyOf(one), record);
      this.#emptied = [...this.#emptied, ...bodies.get(keyOf(one)).shortened];
      this.pending = this.pending.filter((other) => other !== one);
    };
    if (requests.length > 0) {
      const outcome = await sendMany(requests, { signal, onprogress });
      for (const { id, body } of outcome.done) done(all.get(id), body);
      for (const { id, message } of outcome.failed) this.failed.push({ ...all.get(id), message });
      if (outcome.broken) throw outcome.broken;
    }
    for (const [at, one] of wave.filter((other) => !isPlain(other)).entries()) {
      signal.throwIfAborted();
      const content = { body: bodies.get(keyOf(one)).body, files: this.#lists(one), signal };
      await this.#attempt(one, async () => done(one, (await store(one.collection, undefined, content)).record));
      onprogress(plain.length + at + 1);
    }
  }

  /** What a record is made of, and the relations of it that want ids that are not back yet. */
  #body({ collection, record }) {
    const body = {};
    const shortened = [];
    for (const field of collection.fields) {
      if (field.type === 'autodate' || field.type === 'file' || isSecret(field)) continue;
      let state = toState(field, record[field.name]);
      if (field.type === 'relation' && state) {
        const left = state.filter((id) => !this.#isMissing(field.collectionId, id));
        if (left.length < state.length)
          shortened.push({ collection, field, target: { id: field.collectionId }, record, left });
        state = left;
      }
      body[field.name] = toWire(field, state);
    }
    return { body, shortened };
  }

  #lists({ collection, record }) {
    const kept = this.#files.get(keyOf({ collection, record }));
    const lists = new Map();
    for (const [field, name] of filesOf(collection, record)) {
      const file = kept.of(field.name, name);
      if (file) lists.set(field.name, [...(lists.get(field.name) ?? []), file]);
    }
    return lists;
  }

  async #refill(signal) {
    for (const one of this.#emptied) {
      signal.throwIfAborted();
      await this.#attempt(one, () => this.#refillOne(one));
    }
  }

  /** Puts ids back where they were, unless somebody has chosen something else meanwhile. */
  async #refillOne(one) {
    const { collection, field, target, record, left } = one;
    const wanted = idsOf(record, field).filter((id) => !this.#isMissing(target.id, id));
    if (wanted.length === left.length) return;
    const path = records(collection.name, record.id);
    const now = idsOf(await get(path), field);
    const isNow = (list) => JSON.stringify(now) === JSON.stringify(list);
    if (isNow(wanted)) return;
    if (!isNow(left))
      throw new Refused(409, { message: `${field.name} has been changed meanwhile, so it was left as it is.` });
    await patch(path, { [field.name]: toWire(field, wanted) });
    one.left = wanted;
  }

  /** Does something for a record; what the server refuses is noted, and the others go on. */
  async #attempt({ collection, record }, action) {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof Refused) || error.status === 0) throw error;
      this.failed.push({ collection, record, message: error.text });
    }
  }
}
