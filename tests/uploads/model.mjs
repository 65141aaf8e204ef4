// One client of the soak test: what it did, what was acknowledged, and what therefore must be there.
//
// No two clients write the same records. A change that wasn't answered may have happened or not, but nothing in between:
// a record has the content of its version, an album is there with all its documents or gone with all of them.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describePicture, png } from '../parity/lib/samples.mjs';

const ALBUMS = '/api/collections/albums/records';
const DOCS = '/api/collections/docs/records';
const MANY_MAX = 6;
const FILE_MAX_BYTES = 300_000;
const THUMB = '60x40';

/** Numbers that look random and follow from a seed (SplitMix64, folded to what JavaScript counts exactly). */
export class Dice {
  constructor(seed) {
    this.state = BigInt(seed);
  }

  roll(below) {
    const mask = (1n << 64n) - 1n;
    this.state = (this.state + 0x9e3779b97f4a7c15n) & mask;
    let z = this.state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    return Number((z ^ (z >> 31n)) % BigInt(below));
  }

  bytes(length) {
    const block = Buffer.from(`${this.roll(2 ** 32)} ${this.roll(2 ** 32)} `);
    return Buffer.alloc(length, block);
  }
}

const hashOf = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** The server could not be reached or went away: nothing is known of what was asked. */
export class Unanswered extends Error {}

export class Client {
  /** `address()` is where the server is now; `done()` is called after each acknowledged change. */
  constructor(number, seed, { address, done }) {
    this.number = number;
    this.dice = new Dice(seed * 1000 + number);
    this.address = address;
    this.done = done;
    this.made = 0;
    this.counts = {};
    /** id of an album → ids of its documents. */
    this.albums = new Map();
    /** id of a document → { album, states }, the states that it may have; `null` stands for none. */
    this.docs = new Map();
    /** What goes on beside the changes: requests for thumbs. */
    this.beside = new Set();
  }

  newId(kind) {
    this.made += 1;
    return `${kind}${String(this.number).padStart(3, '0')}x${String(this.made).padStart(10, '0')}`;
  }

  /** One request; the answer as { status, bytes, json }. */
  async ask(method, path, body) {
    let answer;
    let bytes;
    try {
      const isJson = body !== undefined && !(body instanceof FormData);
      answer = await fetch(this.address() + path, {
        method, body: isJson ? JSON.stringify(body) : body, ...(isJson && { headers: { 'Content-Type': 'application/json' } }),
      });
      bytes = Buffer.from(await answer.arrayBuffer());
    } catch (error) {
      throw new Unanswered(`${method} ${path}`, { cause: error });
    }
    // Turned away unheard or in the middle: as good as no answer.
    if (answer.status === 503) throw new Unanswered(`${method} ${path}: 503`);
    const isJson = (answer.headers.get('content-type') ?? '').startsWith('application/json');
    return { status: answer.status, bytes, json: isJson ? JSON.parse(bytes.toString()) : undefined };
  }

  /** Takes one step, chosen by the dice. */
  async step() {
    const doc = this.anyDoc();
    if (this.albums.size === 0) return this.createAlbum();
    const kind = this.dice.roll(100);
    if (!doc || kind < 25) return this.createDoc();
    if (kind < 29) return this.createAlbum();
    if (kind < 45) return this.change(doc, ['replaced', (state, form) => { state.one = this.file(form, 'one'); }]);
    if (kind < 60) return this.change(doc, ['appended', (state, form) => state.many.push(this.file(form, 'many+'))]);
    if (kind < 66) return this.change(doc, ['list replaced', (state, form) => { state.many = [this.file(form, 'many'), this.file(form, 'many')]; }]);
    if (kind < 74) return this.removeSome(doc);
    if (kind < 78) return this.change(doc, ['cleared', (state, form) => { state.one = undefined; form.append('one', ''); }]);
    if (kind < 82) return this.breakOff();
    if (kind < 90) return this.read(doc);
    if (kind < 97) return this.deleteDoc(doc);
    return this.deleteAlbum();
  }

  count(what) {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
    this.done();
  }

  anyDoc() {
    const ids = [...this.docs.keys()];
    return ids.length === 0 ? undefined : ids[this.dice.roll(ids.length)];
  }

  anyAlbum() {
    return [...this.albums.keys()][this.dice.roll(this.albums.size)];
  }

  /** Puts a file into a form and gives what is remembered of it. */
  file(form, key) {
    const isPicture = this.dice.roll(3) === 0;
    const bytes = isPicture ? png(90 + this.dice.roll(60), 80, this.dice.roll(256)) : this.dice.bytes(this.dice.roll(FILE_MAX_BYTES));
    form.append(key, new Blob([bytes]), `file ${this.number}${isPicture ? '.png' : '.bin'}`);
    return { hash: hashOf(bytes), isPicture };
  }

  async createAlbum() {
    const id = this.newId('a');
    this.albums.set(id, undefined);
    const { status } = await this.ask('POST', ALBUMS, { id });
    assert.equal(status, 200);
    this.albums.set(id, new Set());
    this.count('albums made');
  }

  async createDoc() {
    const [id, album, form] = [this.newId('d'), this.anyAlbum(), new FormData()];
    const state = { version: 1, one: undefined, many: [] };
    for (const [key, value] of Object.entries({ id, album, version: 1 })) form.append(key, String(value));
    if (this.dice.roll(4) > 0) state.one = this.file(form, 'one');
    for (let n = this.dice.roll(3); n > 0; n -= 1) state.many.push(this.file(form, 'many'));
    this.albums.get(album).add(id);
    this.docs.set(id, { album, states: [null, state] });
    this.acknowledge(id, state, await this.ask('POST', DOCS, form));
    this.count('documents made');
  }

  /** Changes a document by a form. */
  async change(id, [what, fill]) {
    const doc = this.docs.get(id);
    const [before] = doc.states;
    const form = new FormData();
    const state = { version: before.version + 1, one: before.one, many: [...before.many] };
    form.append('version', String(state.version));
    fill(state, form);
    if (state.many.length > MANY_MAX) return this.removeSome(id);
    doc.states.push(state);
    this.acknowledge(id, state, await this.ask('PATCH', `${DOCS}/${id}`, form));
    return this.count(`documents ${what}`);
  }

  /** Removes files of the list by name. */
  async removeSome(id) {
    const doc = this.docs.get(id);
    const [before] = doc.states;
    const gone = before.many.filter(() => this.dice.roll(2) === 0);
    const state = { version: before.version + 1, one: before.one, many: before.many.filter((file) => !gone.includes(file)) };
    doc.states.push(state);
    const body = { version: state.version, 'many-': gone.map(({ name }) => name) };
    this.acknowledge(id, state, await this.ask('PATCH', `${DOCS}/${id}`, body));
    this.count('documents that lost files');
  }

  /** From now on the document must be in this state. */
  acknowledge(id, state, { status, json }) {
    assert.equal(status, 200, JSON.stringify(json));
    this.docs.get(id).states = [named(state, json)];
  }

  async deleteDoc(id) {
    const doc = this.docs.get(id);
    this.requestThumb(id);
    doc.states.push(null);
    const { status } = await this.ask('DELETE', `${DOCS}/${id}`);
    assert.equal(status, 204);
    this.forget(id);
    this.count('documents deleted');
  }

  async deleteAlbum() {
    const album = this.anyAlbum();
    this.leaving = album;
    const { status } = await this.ask('DELETE', `${ALBUMS}/${album}`);
    assert.equal(status, 204);
    this.forgetAlbum(album);
    this.count('albums deleted');
  }

  forget(id) {
    this.albums.get(this.docs.get(id).album)?.delete(id);
    this.docs.delete(id);
  }

  forgetAlbum(album) {
    for (const id of this.albums.get(album) ?? []) this.docs.delete(id);
    this.albums.delete(album);
    this.leaving = undefined;
  }

  /** Sends half of an upload and goes away: the record must never be. */
  async breakOff() {
    const [id, album] = [this.newId('d'), this.anyAlbum()];
    const head = [['id', id], ['album', album]].map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
    head.push('--b\r\nContent-Disposition: form-data; name="one"; filename="half.bin"\r\n\r\n');
    let sent = 0;
    const body = new ReadableStream({
      pull: (controller) => {
        if (sent === 3) return controller.error(new Error('gone'));
        sent += 1;
        return controller.enqueue(sent === 1 ? Buffer.from(head.join('')) : this.dice.bytes(50_000));
      },
    });
    const headers = { 'Content-Type': 'multipart/form-data; boundary=b' };
    await assert.rejects(fetch(this.address() + DOCS, { method: 'POST', headers, body, duplex: 'half' }));
    this.docs.set(id, { album, states: [null] });
    await this.verifyDoc(id);
    this.count('uploads broken off');
  }

  /** Reads one document as it must be, and asks for thumbs beside. */
  async read(id) {
    this.requestThumb(id);
    await this.verifyDoc(id);
    this.count('documents read');
  }

  /** Asks for a thumb without waiting for it: what comes next may take the file away meanwhile. */
  requestThumb(id) {
    const one = this.docs.get(id).states[0]?.one;
    if (!one?.isPicture) return;
    const asking = this.ask('GET', `/api/files/docs/${id}/${one.name}?thumb=${THUMB}`)
      .then(({ status, bytes }) => {
        assert.ok(status === 404 || (status === 200 && describePicture(bytes) === `png ${THUMB}`), `${status} ${describePicture(bytes)}`);
        if (status === 200) this.counts['thumbs made'] = (this.counts['thumbs made'] ?? 0) + 1;
      })
      .catch((error) => {
        if (!(error instanceof Unanswered)) this.failure ??= error;
      })
      .finally(() => this.beside.delete(asking));
    this.beside.add(asking);
  }

  /** Finds out what became of changes that weren't answered, and checks that it is one of what may be. */
  async settle() {
    await Promise.all(this.beside);
    if (this.failure) throw this.failure;
    for (const [album, docs] of [...this.albums]) {
      if (docs !== undefined && album !== this.leaving) continue;
      const { status } = await this.ask('GET', `${ALBUMS}/${album}`);
      assert.ok(status === 200 || status === 404, `${status} for an album`);
      if (docs === undefined && status === 200) this.albums.set(album, new Set());
      if (docs === undefined && status === 404) this.albums.delete(album);
      if (docs !== undefined && status === 404) for (const id of docs) this.docs.get(id).states = [null];
      if (docs !== undefined) await this.verifyDocs([...docs]);
      if (docs !== undefined && status === 404) this.forgetAlbum(album);
    }
    this.leaving = undefined;
    await this.verifyDocs([...this.docs].filter(([, { states }]) => states.length > 1 || states[0] === null).map(([id]) => id));
  }

  async verifyDocs(ids) {
    for (const id of ids) await this.verifyDoc(id);
  }

  /** Checks everything that this client knows. */
  async verifyAll() {
    await this.settle();
    for (const album of this.albums.keys()) assert.equal((await this.ask('GET', `${ALBUMS}/${album}`)).status, 200);
    await this.verifyDocs([...this.docs.keys()]);
  }

  /** A document is in one of its states, with all files; from then on it must stay in this one. */
  async verifyDoc(id) {
    const { states } = this.docs.get(id);
    const { status, json } = await this.ask('GET', `${DOCS}/${id}`);
    if (status === 404) {
      assert.ok(states.includes(null), `${id} was acknowledged and is gone`);
      return this.forget(id);
    }
    assert.equal(status, 200);
    const state = states.find((one) => one?.version === json.version);
    assert.ok(state, `${id} has version ${json.version}, not one of ${states.map((one) => one?.version)}`);
    const current = named(state, json);
    const files = [current.one, ...current.many].filter(Boolean);
    for (const { name, hash } of files) {
      const { status: found, bytes } = await this.ask('GET', `/api/files/docs/${id}/${name}`);
      assert.equal(found, 200, `${id}/${name} is listed and isn't served`);
      assert.equal(hashOf(bytes), hash, `${id}/${name} has other content`);
    }
    this.docs.get(id).states = [current];
    return undefined;
  }

  /** The keys of all files that must be in the storage, without the collection's id. */
  storedKeys() {
    return [...this.docs].flatMap(([id, { states: [state] }]) =>
      [state.one, ...state.many].filter(Boolean).map(({ name }) => `${id}/${name}`));
  }
}

/** The state with the names that the server gave; names that are known already must be the same. */
function named(state, { one, many }) {
  assert.equal(many.length, state.many.length, 'the list has another length');
  assert.equal(one !== '', state.one !== undefined, 'a single file where there is none, or none where there is one');
  const withName = (file, name) => {
    assert.ok(file.name === undefined || file.name === name, `${file.name} became ${name}`);
    return { ...file, name };
  };
  return { ...state, one: state.one && withName(state.one, one), many: state.many.map((file, i) => withName(file, many[i])) };
}
