// Open streams of GET /api/realtime on one server, and what has arrived on them.

import http from 'node:http';

const PATIENCE_MS = 5_000;

/** All streams that one world has open, by name. */
export class Streams {
  constructor(world) {
    this.world = world;
    this.open = new Map();
  }

  /** Opens a stream and waits for its first event; the id of the client is saved as `client NAME`. */
  async connect(name) {
    const stream = new Stream(this.world.server);
    this.open.set(name, stream);
    const [first] = await stream.until(() => stream.messages.length > 0, 'the first event');
    stream.messages.length = 0;
    this.world.saved.set(`client ${name}`, first.data.clientId);
    return { event: first.event, idIsClient: first.id === first.data.clientId, data: first.data, headers: stream.headers };
  }

  /**
   * Waits until every stream has as many messages as PocketBase sends (`expected`, by name), then for the messages about
   * `markers`, records that are made after all else, and gives what has come: further messages would have come before.
   */
  async collect(expected, makeMarker) {
    const enough = ([name, stream]) => stream.untilSilent(() => stream.messages.length >= (expected[name] ?? 0));
    await Promise.all([...this.open].map(enough));
    // One more, because a server may send to one client from several threads.
    for (const _ of [1, 2]) {
      const marker = await makeMarker();
      const listening = [...this.open.values()].filter((stream) => stream.hearsMarkers && !stream.ended);
      await Promise.all(listening.map((stream) => stream.untilMarked(marker)));
    }
    return Object.fromEntries([...this.open].map(([name, stream]) => [name, stream.take()]));
  }

  close() {
    this.open.forEach((stream) => stream.close());
  }
}

/** The collection whose records tell that everything before them has arrived. */
export const MARKERS = 'markers';

class Stream {
  constructor({ host, port }) {
    this.messages = [];
    this.markers = new Set();
    this.hearsMarkers = false;
    this.ended = false;
    this.changed = () => {};
    let rest = '';
    this.request = http.get({ host, port, path: '/api/realtime', agent: false }, (response) => {
      this.headers = response.headers;
      response.setEncoding('utf8');
      response.on('data', (text) => {
        const events = (rest + text).split('\n\n');
        rest = events.pop();
        events.forEach((event) => this.receive(event));
        this.changed();
      });
      response.on('close', () => this.end());
    });
    this.request.on('error', () => this.end());
  }

  receive(text) {
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith(':')).map((line) => /^(\w+):(.*)$/.exec(line).slice(1));
    const { id, event, data } = Object.fromEntries(lines);
    if (data === undefined) return;
    const message = { id, event, data: JSON.parse(data) };
    if (event === `${MARKERS}/*`) this.markers.add(message.data.record.id);
    else this.messages.push(message);
  }

  /** Waits until something holds, and fails if it doesn't within a while; gives all messages. */
  async until(holds, what) {
    if (!(await this.untilSilent(holds))) throw new Error(`${what} did not come; there was ${JSON.stringify(this.messages)}`);
    return [...this.messages];
  }

  /** The same, but says whether it holds. */
  untilSilent(holds) {
    return new Promise((done) => {
      const finish = (result) => {
        clearTimeout(timer);
        this.changed = () => {};
        done(result);
      };
      const timer = setTimeout(() => finish(false), PATIENCE_MS);
      this.changed = () => (holds() ? finish(true) : this.ended && finish(false));
      this.changed();
    });
  }

  /** Waits for a marker. A stream without it fails, and isn't waited for again. */
  async untilMarked(marker) {
    this.hearsMarkers = await this.untilSilent(() => this.markers.has(marker));
    if (!this.hearsMarkers) throw new Error('a stream got no marker: it carries nothing any more');
  }

  /** What came since the last time, in an order that doesn't depend on ids. */
  take() {
    const taken = this.messages.splice(0).map(({ event, data }) => ({ event, ...data }));
    const key = (message) => JSON.stringify(message).replace(/[a-z0-9]{15}/g, '<id>').replace(/\d{4}-\d\d-\d\d [\d:.]+Z/g, '<time>');
    return taken.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  end() {
    this.ended = true;
    this.changed();
  }

  close() {
    this.request.destroy();
  }
}
