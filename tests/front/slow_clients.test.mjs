// Clients that want to do harm by doing little: thousands of half-open requests, bodies that never come, answers that
// nobody takes. Everybody else is served all along.
//
//   HOLDALL_BIN=target/debug/holdall node --test tests/front/slow_clients.test.mjs

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { folder, freePort, send, serve, signIn, until, webSocket } from './lib.mjs';

/** As many as this machine's limit of open files allows to both sides, within reason. */
const openFiles = Number(execFileSync('sh', ['-c', 'ulimit -Hn']).toString().trim()) || 1 << 20;
const HALF_OPEN = Math.min(4500, Math.floor((openFiles - 600) / 3) - 400);
const PER_ADDRESS = 250;
const ports = {};
let server;
let root;

/** Starts the program with these limits, in seconds. */
async function start(limits, data) {
  ports.http = await freePort();
  const named = Object.entries(limits).map(([name, seconds]) => [`HOLDALL_CLIENT_${name.toUpperCase()}_SECONDS`, `${seconds}`]);
  const env = { HOLDALL_FRONT: 'always', HOLDALL_HTTP: `127.0.0.1:${ports.http}`, HOLDALL_CONNECTIONS_PER_ADDRESS: `${PER_ADDRESS}` };
  server = await serve({ ...env, ...Object.fromEntries(named) }, { data: join(folder, data) });
  root = await signIn(ports.http);
  const fields = [{ name: 'text', type: 'text' }, { name: 'big', type: 'text', max: 5_000_000 }];
  const rules = Object.fromEntries(['list', 'view', 'create'].map((rule) => [`${rule}Rule`, '']));
  await post('/api/collections', { name: 'notes', type: 'base', fields, ...rules });
}

async function post(path, body, headers = root, from = undefined) {
  const answer = await send(ports.http, { method: 'POST', path, from, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) });
  assert.ok(answer.status < 300, answer.text);
  return answer.json;
}

/** A connection from an address of this machine, on which `text` is sent; `closed` comes true when it is over. */
function open(from, text = '') {
  return new Promise((done, failed) => {
    const socket = connect({ port: ports.http, host: '127.0.0.1', localAddress: from });
    const client = { socket, said: '', closed: false };
    socket.once('error', (error) => (client.closed ? undefined : failed(error)));
    socket.on('error', () => (client.closed = true));
    socket.on('data', (part) => (client.said += part.toString('latin1')));
    socket.on('close', () => (client.closed = true));
    socket.on('end', () => (client.closed = true));
    socket.once('connect', () => {
      if (text) socket.write(text);
      done(client);
    });
  });
}

/** Sends ordinary requests, one after the other, until it is stopped; every one must be answered. */
function ordinary() {
  const agent = new Agent({ keepAlive: true });
  const figures = { answered: 0, stop: false };
  const ask = () => new Promise((done, failed) => {
    const sent = request({ port: ports.http, host: '127.0.0.1', path: '/api/health', agent });
    sent.on('error', (error) => (sent.reusedSocket && error.code === 'ECONNRESET' ? done() : failed(error)));
    sent.on('response', (answer) => answer.resume().on('end', () => {
      assert.equal(answer.statusCode, 200);
      figures.answered += 1;
      done();
    }));
    sent.end();
  });
  figures.done = (async () => {
    while (!figures.stop) await ask();
    agent.destroy();
  })();
  return figures;
}

test('thousands of half-open requests from many addresses end, and others are served all along', async () => {
  // Longer than it takes to open all of them.
  await start({ head: 30, idle: 30, body: 30, write: 30 }, 'many');
  assert.ok(HALF_OPEN >= 2000, `the limit of open files, ${openFiles}, is too low for this test`);
  const others = ordinary();
  const clients = [];
  const heads = [
    '',
    'G',
    'GET /api/health HTTP/1.1\r\nHost: x\r\nX-Long: ',
    'POST /api/collections/notes/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n',
    'POST /api/collections/notes/records HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab',
  ];
  for (let count = 0; count < HALF_OPEN; count += 1) {
    clients.push(open(`127.0.1.${1 + Math.floor(count / PER_ADDRESS)}`, heads[count % heads.length]));
    if (count % 250 === 249) await Promise.all(clients.slice(-250));
  }
  const opened = await Promise.all(clients);
  const alive = () => opened.filter(({ closed }) => !closed);
  assert.ok(alive().length >= 2000, `only ${alive().length} of ${HALF_OPEN} were open at the same time`);
  // Some go on with their heads, a byte now and then, which must not help them.
  const patient = opened.filter((_, at) => at % heads.length === 2);
  const dripping = setInterval(() => patient.forEach(({ socket, closed }) => closed || socket.write('x')), 300);
  const before = others.answered;
  await until(() => `all to end; ${alive().length} are left, such as ${opened.findIndex(({ closed }) => !closed) % heads.length}`, () => alive().length === 0);
  clearInterval(dripping);
  others.stop = true;
  await others.done;
  assert.ok(others.answered > before, 'others were answered meanwhile');
  // Who had sent a whole head was told why.
  const told = opened.filter(({ said }) => said.startsWith('HTTP/1.1 408'));
  assert.ok(told.length > HALF_OPEN / 4, `${told.length} of ${HALF_OPEN} were told`);
  assert.ok(told.every(({ said }) => said.includes('The body took too long to arrive.')));
  assert.ok(opened.every(({ said }) => said === '' || said.startsWith('HTTP/1.1 4')));
  assert.doesNotMatch(server.said, /panicked/);
  await server.stop();
});

test('one address has so many connections, and others as many', async () => {
  await start({ head: 30, idle: 30, body: 30, write: 30 }, 'address');
  const fits = await Promise.all(Array.from({ length: PER_ADDRESS }, () => open('127.0.0.2')));
  const tooMany = await Promise.all(Array.from({ length: 50 }, () => open('127.0.0.2')));
  await until(() => 'the rest to be closed', () => tooMany.every(({ closed }) => closed));
  assert.ok(fits.filter(({ closed }) => closed).length === 0, 'who was there first may stay');
  assert.equal((await send(ports.http, { from: '127.0.0.3' })).status, 200);
  await assert.rejects(send(ports.http, { from: '127.0.0.2' }));
  await server.says('too many connections');
  assert.equal(server.said.match(/too many connections/g).length, 1, 'the log says so once');
  assert.match(server.said, /too many connections.*127\.0\.0\.2|127\.0\.0\.2.*too many connections/);
  fits.forEach(({ socket }) => socket.destroy());
  await until(() => 'room', () => send(ports.http, { from: '127.0.0.2' }).then(({ status }) => status === 200, () => false));
  // A proxy on this machine speaks for many.
  const exempt = await Promise.all(Array.from({ length: PER_ADDRESS + 50 }, () => open('127.0.0.1')));
  assert.equal((await send(ports.http)).status, 200);
  exempt.forEach(({ socket }) => socket.destroy());
  await server.stop();
});

/** For what follows, all limits are short. */
test('a server with short limits', () => start({ head: 4, idle: 5, body: 2, write: 2 }, 'short'));

test('the head of a later request is due as well, and a connection that rests is closed', async () => {
  const whole = 'GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n';
  const [resting, half] = [await open('127.0.0.2', whole), await open('127.0.0.2', whole)];
  for (const client of [resting, half]) await until(() => 'an answer', () => client.said.includes('healthy'));
  half.socket.write('GET /api/hea');
  await until(() => 'both to end', () => resting.closed && half.closed);
});

test('whoever takes nothing of an answer is disconnected', async () => {
  const record = await post('/api/collections/notes/records', { big: 'x'.repeat(4_000_000) });
  const path = `/api/collections/notes/records/${record.id}`;
  const client = await open('127.0.0.2');
  client.socket.pause();
  client.socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(20));
  // It doesn't read, so only what it sends shows it that it is alone.
  const knocking = setInterval(() => client.closed || client.socket.write('G'), 100);
  await until(() => 'the end', () => client.closed);
  clearInterval(knocking);
});

test('streams of realtime may be silent for longer than anything else may take', async () => {
  const client = await open('127.0.0.2', 'GET /api/realtime HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => 'the stream', () => client.said.includes('PB_CONNECT'));
  const { clientId } = JSON.parse(client.said.match(/data:(.*)/)[1]);
  await post('/api/realtime', { clientId, subscriptions: ['notes'] }, {}, '127.0.0.2');
  const ws = await webSocket((await open('127.0.0.2')).socket);
  // Others come, rest, and are closed meanwhile: so all limits have passed.
  const resting = [await open('127.0.0.2', 'GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n')];
  await until(() => 'those who rest to end', () => resting.every(({ closed }) => closed));
  await post('/api/collections/notes/records', { text: 'still heard' }, {});
  await until(() => 'the change', () => client.said.includes('still heard'));
  assert.ok(!client.closed && !ws.socket.destroyed);
  [client.socket, ws.socket].forEach((socket) => socket.destroy());
});

test('slow bodies arrive, if only they don\'t pause', async () => {
  const body = JSON.stringify({ text: 'slowly' });
  const client = await open('127.0.0.2', `POST /api/collections/notes/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`);
  for (const letter of body) {
    client.socket.write(letter);
    // Altogether longer than the limit for one pause.
    await until(() => 'others', async () => (await send(ports.http)).status === 200);
    await new Promise((done) => setTimeout(done, 150));
  }
  await until(() => 'the answer', () => client.said.includes('"slowly"'));
  client.socket.destroy();
});

after(() => {
  assert.doesNotMatch(server.said, /panicked/);
});
