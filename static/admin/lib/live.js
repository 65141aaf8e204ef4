// Changes as they happen: one stream of events for the page, with topics that come and go.

import { address, post } from './api.js';

let source;
let client;
let first = true;
const listeners = new Map();

/**
 * Calls `action({ action, record })` for each event of a topic: `posts/*`, `posts/ID`. Returns what ends that.
 * Whoever has missed events (the connection broke) hears `action: 'gap'`.
 */
export function watch(topic, action) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(action);
  if (source) subscribe();
  else open();
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
    subscribe();
    if (!first) for (const set of listeners.values()) for (const action of set) action({ action: 'gap' });
    first = false;
  });
}

// A connection belongs to the session that it was made with.
document.addEventListener('sessionbegun', () => {
  if (!source) return;
  source.close();
  client = undefined;
  open();
});

const heard = new Set();
async function subscribe() {
  if (!client) return;
  for (const topic of listeners.keys()) {
    if (heard.has(topic)) continue;
    heard.add(topic);
    source.addEventListener(topic, (event) => {
      const data = JSON.parse(event.data);
      for (const action of listeners.get(topic) ?? []) action(data);
    });
  }
  await post('/api/realtime', { clientId: client, subscriptions: [...listeners.keys()] }).catch(() => {});
}
