// Changes as they happen: one stream of events for the page, with topics that come and go.

import { address, post } from './api.js';

/** So long after something went wrong it is tried again. */
const RETRY_MS = 3000;
/** So long a tab that nobody looks at goes on listening. Browsers allow few connections to a server, for all tabs. */
const HIDDEN_MS = 60_000;

let source;
let client;
let first = true;
const listeners = new Map();
/** Wishes are sent one after the other: the server keeps to the one that comes last. */
let asking = Promise.resolve();

/**
 * Calls `action({ action, record })` for each event of a topic: `posts/*`, `posts/ID`. Returns what ends that.
 * Whoever has missed events (the connection broke) hears `action: 'gap'`.
 */
export function watch(topic, action) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(action);
  if (source) subscribe();
  else if (!document.hidden) open();
  return () => {
    listeners.get(topic)?.delete(action);
    if (listeners.get(topic)?.size === 0) listeners.delete(topic);
    subscribe();
  };
}

function open() {
  source = new EventSource(address('/api/realtime'));
  heard.clear();
  source.addEventListener('PB_CONNECT', (event) => {
    client = JSON.parse(event.data).clientId;
    // What was asked of the connection before may never be answered.
    asking = Promise.resolve();
    subscribe();
    if (!first) for (const set of listeners.values()) for (const action of set) action({ action: 'gap' });
    first = false;
  });
  // A browser comes back by itself from lost connections, but not from an answer that is no stream, as a proxy gives
  // one while the server restarts.
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) later(reopen);
  });
}

function rest() {
  source?.close();
  client = undefined;
}

/** A tab that nobody looks at does so when somebody does. */
function reopen() {
  rest();
  if (!document.hidden) open();
}

let waiting;
function later(action) {
  clearTimeout(waiting);
  waiting = setTimeout(action, RETRY_MS);
}

// A tab that is opened behind others waits until it is looked at.
let resting;
document.addEventListener('visibilitychange', () => {
  clearTimeout(resting);
  if (document.hidden) resting = setTimeout(rest, HIDDEN_MS);
  else if (source?.readyState === EventSource.CLOSED) reopen();
  else if (!source && listeners.size > 0) {
    // What the page shows is as old as the tab.
    first = false;
    open();
  }
});

// A connection belongs to the session that it was made with.
document.addEventListener('sessionbegun', () => {
  if (source) reopen();
});

const heard = new Set();
function subscribe() {
  asking = asking.then(ask);
}

async function ask() {
  if (!client) return;
  for (const topic of listeners.keys()) {
    if (heard.has(topic)) continue;
    heard.add(topic);
    source.addEventListener(topic, (event) => {
      const data = JSON.parse(event.data);
      for (const action of listeners.get(topic) ?? []) action(data);
    });
  }
  const asked = client;
  await post('/api/realtime', { clientId: client, subscriptions: [...listeners.keys()] }).catch(({ status }) => {
    // The server knows the client no more, or couldn't be asked.
    if (client !== asked) return;
    if (status === 404) later(reopen);
    else if (status === 0 || status >= 500) later(subscribe);
  });
}
