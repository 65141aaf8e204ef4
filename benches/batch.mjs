#!/usr/bin/env node
// How many records per second come in by batches, beside PocketBase.
//
//   HOLDALL_BIN=target/release/holdall POCKETBASE_BIN=… node benches/batch.mjs [rounds] [records per batch]
//
// Both servers run at the same time and take turns, one batch at a time, so that a drift of the machine's speed hits
// both alike. Each is told to take batches that large: Holdall by its environment, PocketBase by its settings. Everything
// else is as it comes, so Holdall syncs each batch to disk (synchronous=FULL) before it answers. Two kinds of batches:
// plain records by a superuser, and records whose create rule and relation are checked, by somebody who is signed in.
// Printed are medians of records per second and the ratio to PocketBase.

import http from 'node:http';
import { SUPERUSER, startServer } from '../tests/parity/lib/server.mjs';

const rounds = Number(process.argv[2] ?? 20);
const size = Number(process.argv[3] ?? 1000);
const PASSWORD = 'password-1';
const programs = ['holdall', 'pocketbase'];

class Server {
  constructor(server) {
    this.server = server;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  }

  /** Sends text, and resolves to the answer's text and how long it took. */
  send(method, path, text, token) {
    return new Promise((done, failed) => {
      const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
      if (token) headers.Authorization = token;
      const { host, port } = this.server;
      const begin = performance.now();
      const request = http.request({ host, port, method, path, headers, agent: this.agent }, (response) => {
        let answer = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => { answer += chunk; });
        response.on('end', () => {
          const ms = performance.now() - begin;
          if (response.statusCode >= 300) failed(new Error(`${this.server.name}: ${method} ${path}: ${answer.slice(0, 500)}`));
          else done({ ms, answer });
        });
      });
      request.on('error', failed);
      request.end(text);
    });
  }

  async json(method, path, body, token) {
    const { answer } = await this.send(method, path, JSON.stringify(body), token);
    return answer === '' ? undefined : JSON.parse(answer);
  }

  async prepare() {
    const signIn = (collection, identity, password) =>
      this.json('POST', `/api/collections/${collection}/auth-with-password`, { identity, password });
    this.root = (await signIn('_superusers', SUPERUSER.email, SUPERUSER.password)).token;
    if (this.server.name === 'pocketbase') {
      await this.json('PATCH', '/api/settings', { batch: { enabled: true, maxRequests: size, timeout: 60 } }, this.root);
    }
    const user = { email: 'ann@example.com', password: PASSWORD, passwordConfirm: PASSWORD };
    await this.json('POST', '/api/collections/users/records', user, this.root);
    const { token, record } = await signIn('users', user.email, PASSWORD);
    [this.user, this.userId] = [token, record.id];
    const dates = [{ name: 'created', type: 'autodate', onCreate: true }, { name: 'updated', type: 'autodate', onCreate: true, onUpdate: true }];
    const fields = [{ name: 'title', type: 'text', max: 200 }, { name: 'score', type: 'number' }, { name: 'done', type: 'bool' }];
    await this.json('POST', '/api/collections', { name: 'plain', type: 'base', fields: [...fields, ...dates] }, this.root);
    const author = { name: 'author', type: 'relation', collectionId: '_pb_users_auth_', maxSelect: 1, required: true };
    await this.json('POST', '/api/collections', {
      name: 'ruled', type: 'base', fields: [...fields, author, ...dates], createRule: '@request.auth.id != "" && author = @request.auth.id',
      indexes: ['CREATE INDEX idx_ruled_author ON ruled (author, created)'],
    }, this.root);
  }

  /** One batch; records per second. */
  async batch(kind, round) {
    const more = kind === 'ruled' ? { author: this.userId } : {};
    const requests = Array.from({ length: size }, (_, at) => ({
      method: 'POST', url: `/api/collections/${kind}/records`, body: { title: `record ${at} of round ${round}`, score: at, done: at % 2 === 0, ...more },
    }));
    const { ms, answer } = await this.send('POST', '/api/batch', JSON.stringify({ requests }), kind === 'ruled' ? this.user : this.root);
    if (JSON.parse(answer).length !== size) throw new Error(`${this.server.name} answered something else`);
    return size / (ms / 1000);
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
const started = await Promise.all(programs.map((program) => startServer(program, {
  HOLDALL_BATCH_ENABLED: 'true', HOLDALL_BATCH_MAX_REQUESTS: String(size), HOLDALL_BATCH_TIMEOUT_MS: '60000',
})));
const servers = started.map((server) => new Server(server));
try {
  for (const server of servers) await server.prepare();
  console.log(`${rounds} rounds of ${size} records\n`);
  for (const kind of ['plain', 'ruled']) {
    const found = servers.map(() => []);
    // The first rounds warm the servers up and don't count.
    for (let round = -3; round < rounds; round += 1) {
      for (const [at, server] of servers.entries()) {
        const rate = await server.batch(kind, round);
        if (round >= 0) found[at].push(rate);
      }
    }
    const [ours, theirs] = found.map(median);
    const figures = programs.map((program, at) => `${program} ${Math.round(median(found[at])).toLocaleString('en').padStart(8)}/s`);
    console.log(`${kind.padEnd(6)} ${figures.join('   ')}   ${(ours / theirs).toFixed(1)}×`);
  }
} finally {
  servers.forEach(({ agent }) => agent.destroy());
  await Promise.all(started.map((server) => server.stop()));
}
