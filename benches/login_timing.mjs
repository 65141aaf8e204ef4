#!/usr/bin/env node
// How long it takes to be told that a sign-in failed, for accounts that exist and for those that don't.
//
//   HOLDALL_BIN=target/release/holdall node benches/login_timing.mjs [rounds]
//
// SERVER=pocketbase (with POCKETBASE_BIN) measures PocketBase instead. The server is started with an empty folder and
// with limits that let this many failures through. Kinds of requests take turns, one at a time, so that a drift of the
// machine's speed hits all of them alike. Printed are medians, the spread of the middle half, and the ratio to the first
// row of each group. A ratio that stays within the spread tells nothing; tests/http/equal_work.rs proves the same by
// counting work.

import http from 'node:http';
import { SUPERUSER, startServer } from '../tests/parity/lib/server.mjs';

const rounds = Number(process.argv[2] ?? 300);
const PASSWORD = 'password-1';
const server = await startServer(process.env.SERVER ?? 'holdall', {
  HOLDALL_LOGIN_FAILURES_PER_ACCOUNT: '1000000', HOLDALL_LOGIN_FAILURES_PER_ADDRESS: '1000000',
});
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

/** Sends a body; resolves to [milliseconds, status, answer]. */
function post(path, body, token) {
  return new Promise((done, failed) => {
    const text = JSON.stringify(body);
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
    if (token) headers.Authorization = token;
    const begin = performance.now();
    const request = http.request({ host: server.host, port: server.port, method: 'POST', path, headers, agent }, (response) => {
      let answer = '';
      response.on('data', (chunk) => { answer += chunk; });
      response.on('end', () => done([performance.now() - begin, response.statusCode, answer]));
    });
    request.on('error', failed);
    request.end(text);
  });
}

const signIn = '/api/collections/users/auth-with-password';
const wrong = (identity) => () => post(signIn, { identity, password: 'wrong' });

/** Groups of requests whose times must not differ: [what, request, status]. */
const GROUPS = [
  [
    ['wrong password', wrong('known@example.com'), 400],
    ['unknown address', wrong('nobody@example.com'), 400],
    ['unknown address, another each time', () => wrong(`nobody${Math.random()}@example.com`)(), 400],
    ['not an address', wrong('nobody'), 400],
  ],
  [
    ['reset for a known address', () => post('/api/collections/users/request-password-reset', { email: 'known@example.com' }), 204],
    ['reset for an unknown one', () => post('/api/collections/users/request-password-reset', { email: 'nobody@example.com' }), 204],
  ],
  [
    ['verification for a known address', () => post('/api/collections/users/request-verification', { email: 'known@example.com' }), 204],
    ['verification for an unknown one', () => post('/api/collections/users/request-verification', { email: 'nobody@example.com' }), 204],
  ],
];

const sorted = (values) => [...values].sort((a, b) => a - b);
const quantile = (values, at) => sorted(values)[Math.floor((values.length - 1) * at)];

async function measure(group) {
  const times = group.map(() => []);
  // The first rounds warm the server up and don't count.
  for (let round = -5; round < rounds; round += 1) {
    for (const [at, [what, request, status]] of group.entries()) {
      const [ms, answered, text] = await request();
      if (answered !== status) throw new Error(`${what}: ${answered} ${text}`);
      if (round >= 0) times[at].push(ms);
    }
  }
  const first = quantile(times[0], 0.5);
  for (const [at, [what]] of group.entries()) {
    const [low, median, high] = [0.25, 0.5, 0.75].map((part) => quantile(times[at], part));
    const figures = `${median.toFixed(2).padStart(8)} ms   ${low.toFixed(2)} – ${high.toFixed(2)}   × ${(median / first).toFixed(3)}`;
    console.log(`${what.padEnd(36)} ${figures}`);
  }
  console.log();
}

try {
  const [, , body] = await post('/api/collections/_superusers/auth-with-password', { identity: SUPERUSER.email, password: SUPERUSER.password });
  const user = { email: 'known@example.com', password: PASSWORD, passwordConfirm: PASSWORD };
  const [, status, text] = await post('/api/collections/users/records', user, JSON.parse(body).token);
  if (status !== 200) throw new Error(text);
  console.log(`${server.name}, ${rounds} rounds\n`);
  for (const group of GROUPS) await measure(group);
} finally {
  agent.destroy();
  await server.stop();
}
