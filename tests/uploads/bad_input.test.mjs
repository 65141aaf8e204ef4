// Uploads that no client would send, against the real program over bare sockets: each is answered with an error that says
// what is wrong, stores nothing, and the next request is served.
//
//   HOLDALL_BIN=target/debug/holdall node --test tests/uploads/bad_input.test.mjs

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { encodeForm } from '../parity/lib/request.mjs';
import { GIF_ANIMATED, JPEG_TURNED, describePicture, png, pngOf } from '../parity/lib/samples.mjs';
import { SUPERUSER, startServer } from '../parity/lib/server.mjs';

const PATIENCE_MS = 60_000;
const POLL_MS = 20;
const DOCS = '/api/collections/docs/records';
const MB = 1 << 20;
/** What the fields of `docs` allow: two files of a megabyte; the rest of a body may have 32 MB. */
const BODY_MAX_BYTES = 34 * MB;
/** Of a body that is refused, the server reads so much more to be heard. */
const DRAINED_MAX_BYTES = 128 * MB;
/** What may lie in the buffers of both ends of a connection, which systems let grow. */
const SOCKET_BUFFERS_BYTES = 64 * MB;
/** What the server may take besides the pages of its program: some bodies, and what comes of them. */
const MEMORY_MAX_MB = 170;

// What the allocator keeps for a moment, in case that it is wanted again, is not what this is about.
const server = await startServer('holdall', { MIMALLOC_PURGE_DELAY: '0' });
after(() => server.stop());
const call = async (method, path, { body, token } = {}) => {
  const isForm = body instanceof FormData;
  const headers = { ...(token && { Authorization: token }), ...(body && !isForm && { 'Content-Type': 'application/json' }) };
  return fetch(server.url + path, { method, headers, body: isForm || !body ? body : JSON.stringify(body) });
};
const { token } = await (await call('POST', '/api/collections/_superusers/auth-with-password', {
  body: { identity: SUPERUSER.email, password: SUPERUSER.password },
})).json();
const created = await call('POST', '/api/collections', { token, body: {
  name: 'docs', type: 'base', listRule: '', viewRule: '', createRule: '', updateRule: '', deleteRule: '',
  fields: [{ name: 'title', type: 'text' }, { name: 'f', type: 'file', maxSize: MB, thumbs: ['60x40', '4000x4000', '0x50'] }, { name: 'g', type: 'file', maxSize: MB }],
} });
assert.equal(created.status, 200, await created.clone().text());

// What every test leaves behind: a server that serves, and a folder with nothing in it that isn't listed.
afterEach(async () => {
  assert.equal(server.exited(), false, server.output());
  assert.equal((await call('GET', '/api/health')).status, 200);
  assert.doesNotMatch(server.output(), /panicked/);
  await nothingIsLeftOver();
  const form = new FormData();
  form.append('f', new Blob(['next']), 'next.txt');
  const next = await call('POST', DOCS, { body: form });
  assert.equal(next.status, 200, 'the next upload is taken');
  await removeAll();
});

async function removeAll() {
  const { items } = await (await call('GET', `${DOCS}?perPage=500`)).json();
  for (const { id } of items) assert.equal((await call('DELETE', `${DOCS}/${id}`)).status, 204);
}

/** All files below a folder of the data folder, by path. */
function filesIn(folder) {
  try {
    return readdirSync(join(server.dataDir, folder), { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(server.dataDir.length + 1));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Files that are stored, or on their way, and that no record lists; thumbs of those that are listed may be there. */
async function leftOver() {
  const { items } = await (await call('GET', `${DOCS}?perPage=500`)).json();
  const listed = items.flatMap(({ id, collectionId, f, g }) => [f, g].filter(Boolean).map((name) => `storage/${collectionId}/${id}/${name}`));
  const fits = (path) => listed.includes(path) || listed.includes(path.replace(/\/thumbs_([^/]+)\/[^/]+$/, '/$1'));
  return [...filesIn('storage'), ...filesIn('uploads')].filter((path) => !fits(path));
}

const nothingIsLeftOver = () => until(leftOver, (left) => left.length === 0, 'left over');

async function until(look, fits, what) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    if (fits(seen)) return seen;
    assert.ok(Date.now() < deadline, `${what}: ${JSON.stringify(seen).slice(0, 500)}`);
    await new Promise((next) => setTimeout(next, POLL_MS));
  }
}

const howMany = async () => (await (await call('GET', DOCS)).json()).totalItems;

/** Sends pieces one after the other until the server answers or closes, or they end. Gives the answer and how much was sent. */
function exchange(pieces) {
  return new Promise((done, failed) => {
    const socket = connect(server.port, server.host);
    let [received, sentBytes, isOver] = ['', 0, false];
    const finish = () => {
      isOver = true;
      clearTimeout(timer);
      socket.destroy();
      done({ ...parseAnswer(received), sentBytes });
    };
    const timer = setTimeout(() => failed(new Error(`neither an answer nor the end after ${sentBytes} bytes`)), PATIENCE_MS);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (parseAnswer(received).isWhole) finish();
    });
    socket.on('close', finish);
    // A connection that breaks while we send ends with `close`, too.
    socket.on('error', () => {});
    const iterator = pieces[Symbol.iterator]();
    const next = () => {
      while (!isOver) {
        const { value, done: sentAll } = iterator.next();
        if (sentAll) return undefined;
        sentBytes += value.length;
        if (!socket.write(value)) return void socket.once('drain', next);
      }
      return undefined;
    };
    socket.on('connect', next);
  });
}

function parseAnswer(text) {
  const [, status, rest] = /^HTTP\/1\.1 (\d{3}) [\s\S]*?\r\n\r\n([\s\S]*)$/.exec(text) ?? [];
  if (status === '100') return parseAnswer(rest);
  const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? NaN);
  const isWhole = rest !== undefined && rest.length >= length;
  // Another answer may follow.
  return { status: status && Number(status), body: isWhole ? rest.slice(0, length) : rest, isWhole };
}

/** An answer with this status, or one of these, and the envelope. */
function isRefused(answer, ...statuses) {
  assert.ok(statuses.includes(answer.status), `${answer.status}, not ${statuses}: ${answer.body?.slice(0, 300)}`);
  const json = JSON.parse(answer.body);
  assert.deepEqual(Object.keys(json), ['data', 'message', 'status']);
  assert.equal(json.status, answer.status);
  assert.ok(json.message.length > 0);
  return json;
}

const head = (headers, path = DOCS) => Buffer.from(`POST ${path} HTTP/1.1\r\nHost: a\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`);
const MULTIPART = 'Content-Type: multipart/form-data; boundary=b';
/** A whole request with this body. */
const whole = (body, type = MULTIPART) => [head([type, `Content-Length: ${body.length}`].filter(Boolean)), body];
const part = (disposition, content, more = '') => Buffer.from(`--b\r\nContent-Disposition: ${disposition}\r\n${more}\r\n${content}\r\n`, 'latin1');
const filePart = (name, content = 'content', key = 'f') => part(`form-data; name="${key}"; filename="${name}"`, content);
const END = Buffer.from('--b--\r\n');
const form = (...parts) => Buffer.concat([...parts, END]);
/** The most that the server ever had, without the pages of its own program, which is large without optimisation. */
function memoryMb() {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  const [peak, program] = ['VmHWM', 'RssFile'].map((name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)[1]));
  return (peak - program) / 1024;
}

describe('forms that are no forms', () => {
  const broken = {
    'no boundary': [form(filePart('a.txt')), 'Content-Type: multipart/form-data'],
    'an empty boundary': [form(filePart('a.txt')), 'Content-Type: multipart/form-data; boundary='],
    'a boundary that never comes': [form(filePart('a.txt')), 'Content-Type: multipart/form-data; boundary=other'],
    'a boundary with a quote that doesn\'t end': [form(filePart('a.txt')), 'Content-Type: multipart/form-data; boundary="b'],
    'no last boundary': [filePart('a.txt')],
    'no end of the last content': [filePart('a.txt').subarray(0, -4)],
    'the end within the head of a part': [Buffer.from('--b\r\nContent-Disposition: form-data; name="f"; filen')],
    'the end within a boundary': [Buffer.concat([filePart('a.txt'), Buffer.from('--')])],
    'only a boundary': [Buffer.from('--b\r\n')],
    'nothing but garbage': [Buffer.from(Array.from({ length: 5000 }, (_, n) => (n * 7919) % 256))],
    'an empty body that is announced as a form': [Buffer.from('\r\n')],
    'a line in the head without a colon': [Buffer.from('--b\r\nnonsense\r\n\r\nx\r\n--b--\r\n')],
    'a NUL in the name of a field': [form(part('form-data; name="ti\0tle"', 'x'))],
    'a NUL in a text': [form(part('form-data; name="title"', 'a\0b'))],
    'a text that isn\'t UTF-8': [form(part('form-data; name="title"', '\xff\xfe'))],
    'the name of a file that isn\'t UTF-8': [form(filePart('na\xefve.txt'))],
    'the name of a field that isn\'t UTF-8': [form(filePart('a.txt', 'content', 'f\xef'))],
    'a head of a megabyte': [form(part('form-data; name="f"; filename="a.txt"', 'x', `X-Long: ${'x'.repeat(MB)}\r\n`))],
    'a file name of a megabyte': [form(filePart('x'.repeat(MB)))],
    '10,000 parts': [form(...Array.from({ length: 10_000 }, () => part('form-data; name="title"', 'x')))],
    '10,000 files': [form(...Array.from({ length: 10_000 }, () => filePart('a.txt', 'x')))],
    '10,000 files that nobody asked for': [form(...Array.from({ length: 10_000 }, (_, n) => filePart('a.txt', 'x', `k${n}`)))],
    'another multipart type': [form(filePart('a.txt')), 'Content-Type: multipart/mixed; boundary=b'],
  };
  for (const [name, [body, type]] of Object.entries(broken)) {
    test(name, async () => {
      isRefused(await exchange(whole(body, type)), 400, 413);
      assert.equal(await howMany(), 0);
    });
  }

  const odd = {
    'a form without parts': END,
    'a form in a form': form(Buffer.from('--b\r\nContent-Disposition: form-data; name="f"\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n'
      + '--c\r\nContent-Disposition: file; filename="a.txt"\r\n\r\ncontent\r\n--c--\r\n\r\n')),
    'a part without a name': form(part('form-data; filename="a.txt"', 'x')),
    'a part without a disposition': form(Buffer.from('--b\r\nContent-Type: text/plain\r\n\r\nx\r\n')),
    'another disposition': form(part('attachment; name="f"; filename="a.txt"', 'x')),
    'the same name twice in one part': form(part('form-data; name="title"; name="f"; filename="a.txt"', 'x')),
    'a head over several lines': form(part('form-data;\r\n name="f";\r\n filename="a.txt"', 'x')),
    'text before and after': Buffer.concat([Buffer.from('before\r\n'), form(part('form-data; name="title"', 'x')), Buffer.from('after')]),
    'an encoding': form(part('form-data; name="f"; filename="a.txt"', 'eA==', 'Content-Transfer-Encoding: base64\r\n')),
    'a charset': form(part('form-data; name="title"', 'x', 'Content-Type: text/plain; charset=utf-16\r\n')),
    'only line feeds': Buffer.from('--b\nContent-Disposition: form-data; name="title"\n\nx\n--b--\n'),
  };
  for (const [name, body] of Object.entries(odd)) {
    test(`${name} is taken, or refused with a reason`, async () => {
      const answer = await exchange(whole(body));
      if (answer.status !== 200) isRefused(answer, 400);
      assert.equal(await howMany(), answer.status === 200 ? 1 : 0);
    });
  }
});

describe('bodies without end', () => {
  const chunked = (type = MULTIPART) => head([type, 'Transfer-Encoding: chunked'].filter(Boolean));
  const chunk = (bytes) => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
  function* endless(type, first, piece) {
    yield chunked(type);
    if (first.length > 0) yield chunk(first);
    const again = chunk(piece);
    for (;;) yield again;
  }
  function* upTo(mostBytes, pieces) {
    let sentBytes = 0;
    for (const piece of pieces) {
      yield piece;
      sentBytes += piece.length;
      if (sentBytes > mostBytes) return;
    }
  }
  const filler = Buffer.alloc(64 << 10, 'x');
  const endings = {
    'a file': [MULTIPART, Buffer.from('--b\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n'), filler],
    'a file that nobody asked for': [MULTIPART, Buffer.from('--b\r\nContent-Disposition: form-data; name="x"; filename="a.bin"\r\n\r\n'), filler],
    'a text': [MULTIPART, Buffer.from('--b\r\nContent-Disposition: form-data; name="title"\r\n\r\n'), filler],
    'a text of line feeds': [MULTIPART, Buffer.from('--b\r\nContent-Disposition: form-data; name="title"\r\n\r\n'), Buffer.alloc(64 << 10, '\r\n')],
    'a text of almost boundaries': [MULTIPART, Buffer.from('--b\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n'), Buffer.alloc(64 << 10, '\r\n--')],
    'the head of a part': [MULTIPART, Buffer.from('--b\r\nX-Long: '), filler],
    'what comes before the first part': [MULTIPART, Buffer.alloc(0), filler],
    parts: [MULTIPART, Buffer.alloc(0), Buffer.concat(Array.from({ length: 500 }, () => part('form-data; name="title"', 'x')))],
    files: [MULTIPART, Buffer.alloc(0), Buffer.concat(Array.from({ length: 500 }, () => filePart('a.txt')))],
    JSON: ['Content-Type: application/json', Buffer.from('{"title":"'), filler],
    'a urlencoded form': ['Content-Type: application/x-www-form-urlencoded', Buffer.from('title='), filler],
    'an unknown type': ['Content-Type: x/y', Buffer.alloc(0), filler],
  };
  for (const [name, [type, first, piece]] of Object.entries(endings)) {
    test(name, async () => {
      // A client that never stops to listen may miss the answer, but it comes to an end.
      const cut = await exchange(endless(type, first, piece));
      if (cut.isWhole) isRefused(cut, 400, 413);
      const most = BODY_MAX_BYTES + DRAINED_MAX_BYTES + SOCKET_BUFFERS_BYTES;
      assert.ok(cut.sentBytes < most, `the server took ${cut.sentBytes} bytes`);
      // One that stops where it has sent more than it may gets it.
      isRefused(await exchange(upTo(BODY_MAX_BYTES + MB, endless(type, first, piece))), 400, 413);
      assert.equal(await howMany(), 0);
    });
  }

  test('what comes after the last part of a form is not waited for', async () => {
    const answer = await exchange(endless(MULTIPART, form(part('form-data; name="title"', 'x')), filler));
    if (answer.isWhole) assert.equal(answer.status, 200);
    assert.equal(await howMany(), 1);
  });

  test('the server stayed small', () => assert.ok(memoryMb() < MEMORY_MAX_MB, `${memoryMb()} MB`));
});

describe('sizes', () => {
  test('a body that is announced as too large is refused at once', async () => {
    isRefused(await exchange([head([MULTIPART, `Content-Length: ${2 ** 40}`]), filePart('a.txt')]), 413);
  });

  test('a file that is larger than its field takes', async () => {
    const answer = await exchange(whole(form(filePart('large.bin', 'x'.repeat(MB + 1)))));
    assert.equal(isRefused(answer, 400).data.f.code, 'validation_file_size_limit');
  });

  test('a file of exactly the size', async () => {
    assert.equal((await exchange(whole(form(filePart('large.bin', 'x'.repeat(MB)))))).status, 200);
  });

  test('lengths that don\'t fit', async () => {
    const body = form(filePart('a.txt'));
    // Less is announced than sent: what follows is no request.
    const answer = await exchange([head([MULTIPART, `Content-Length: ${body.length - 10}`]), body]);
    isRefused(answer, 400);
    assert.equal(await howMany(), 0);
  });
});

describe('clients that go away or stop', () => {
  /** Announces more than it sends, and leaves the connection open. */
  function stall(headers, sent) {
    return new Promise((stalled, failed) => {
      const socket = connect(server.port, server.host, () => socket.write(Buffer.concat([head(headers), sent]), () => stalled(socket)));
      socket.on('error', failed);
    });
  }
  const started = Buffer.concat([filePart('first.txt', 'x'.repeat(100_000)), Buffer.from('--b\r\nContent-Disposition: form-data; name="g"; filename="a.bin"\r\n\r\n'), Buffer.alloc(200_000, 'x')]);

  test('uploads that are broken off leave nothing', async () => {
    for (const bytes of [1, 50, 200, 90_000, 150_000, 300_000]) {
      const socket = await stall([MULTIPART, `Content-Length: ${MB}`], started.subarray(0, bytes));
      if (bytes > 150_000) await until(async () => filesIn('uploads'), (files) => files.length > 0, 'something has arrived');
      socket.destroy();
      await nothingIsLeftOver();
    }
    assert.equal(await howMany(), 0);
  });

  test('uploads that are broken off by a reset leave nothing', async () => {
    const socket = await stall([MULTIPART, 'Transfer-Encoding: chunked'], Buffer.concat([Buffer.from('20000\r\n'), started.subarray(0, 131_072), Buffer.from('\r\n20000\r\n'), started.subarray(0, 1000)]));
    await until(async () => filesIn('uploads'), (files) => files.length > 0, 'something has arrived');
    socket.resetAndDestroy();
    await nothingIsLeftOver();
    assert.equal(await howMany(), 0);
  });

  test('half a connection that is closed is half an upload', async () => {
    const socket = await stall([MULTIPART, `Content-Length: ${MB}`], started);
    socket.end();
    await new Promise((closed) => socket.on('close', closed).resume());
    await nothingIsLeftOver();
    assert.equal(await howMany(), 0);
  });

  test('many that stop in the middle keep nobody from being served', async () => {
    const sockets = await Promise.all(Array.from({ length: 100 }, () => stall([MULTIPART, `Content-Length: ${MB}`], started)));
    await until(async () => filesIn('uploads'), (files) => files.length >= 100, 'all have begun');
    for (let n = 0; n < 20; n += 1) {
      const answer = await exchange(whole(form(filePart(`beside ${n}.txt`))));
      assert.equal(answer.status, 200);
      const { collectionId, id, f } = JSON.parse(answer.body);
      assert.equal(await (await call('GET', `/api/files/${collectionId}/${id}/${f}`)).text(), 'content');
    }
    assert.equal(await howMany(), 20);
    sockets.forEach((socket) => socket.destroy());
    await nothingIsLeftOver();
  });
});

describe('names of files', () => {
  const names = [
    '../../../../tmp/holdall-escaped.txt', '/etc/passwd', '..\\..\\windows.txt', 'C:\\windows\\system32\\x.dll', '....//....//x.txt', '.', '..', '...', '....', '/',
    '//', './.', '.attrs', 'x.attrs', 'thumbs_x', 'CON', 'NUL.txt', 'aux', '%00.txt', '%2e%2e%2fx.txt', '..%2fx', 'a%0d%0ab.txt', 'x'.repeat(300), 'x'.repeat(5000), '.'.repeat(500),
    `${'a.'.repeat(400)}txt`, '<script>alert(1)</script>.html', '"; DROP TABLE docs; --.txt'.replaceAll('"', '\\"'), "'or 1=1--", '$(reboot).sh', '`id`.txt', '=cmd|calc.csv',
    '-rf', '~', '~root', ' ', '\t', '   .txt', 'a\tb.txt', '\u202etxt.exe', 'name;filename=x.txt', 'a&b?c#d.txt',
  ];
  for (const name of names) {
    test(JSON.stringify(name.slice(0, 60)) + (name.length > 60 ? ` (${name.length})` : ''), async () => {
      const answer = await exchange(whole(form(part(`form-data; name="f"; filename="${name}"`, 'content'))));
      assert.equal(answer.status, 200, answer.body);
      const { collectionId, id, f } = JSON.parse(answer.body);
      assert.match(f, /^[\w][\w.*+=#-]{0,149}$/);
      // What the test before this one left goes in the background.
      const stored = await until(async () => filesIn('storage'), (files) => files.length === 1, 'there is one file');
      assert.deepEqual(stored, [`storage/${collectionId}/${id}/${f}`]);
      const served = await call('GET', `/api/files/docs/${id}/${encodeURIComponent(f)}`);
      assert.equal(await served.text(), 'content');
      assert.equal(served.headers.get('content-disposition'), `attachment; filename="${f}"`);
      assert.equal(served.headers.get('x-content-type-options'), 'nosniff');
    });
  }

  test('what is no name is refused or left out', async () => {
    for (const disposition of ['filename="a\0b.txt"', 'filename="a\rb.txt"', 'filename="\x7f\x01.txt"', 'filename="\xff\xfe\xfd.txt"', 'filename="\xc0\xae\xc0\xae\xc0\xaf.txt"', 'filename="\\"', 'filename="\\\\"', "filename*=UTF-8''a%00b.txt", "filename*=UTF-8''a%0d%0aX-Evil:%201.txt", "filename*=UTF-8''..%2f..%2fb.txt", "filename*=utf-16''x"]) {
      const answer = await exchange(whole(form(part(`form-data; name="f"; ${disposition}`, 'content'))));
      if (answer.status !== 200) {
        isRefused(answer, 400);
        continue;
      }
      const { id, f } = JSON.parse(answer.body);
      assert.match(f, /^([\w][\w.*+=#-]{0,149})?$/, disposition);
      if (f) assert.equal((await call('GET', `/api/files/docs/${id}/${f}`)).headers.get('x-evil'), null);
    }
  });

  test('ids that lead elsewhere', async () => {
    for (const id of ['../../../x', '..', '.', 'a/b', 'a\\\\b', '/etc/x', `${'a'.repeat(14)}/`, 'AAAAAAAAAAAAAAA']) {
      const answer = await exchange(whole(form(part('form-data; name="id"', id), filePart('a.txt'))));
      isRefused(answer, 400);
    }
    assert.equal(await howMany(), 0);
  });

  test('addresses that lead elsewhere', async () => {
    const { collectionId, id, f } = JSON.parse((await exchange(whole(form(filePart('there.txt'))))).body);
    const there = `/api/files/${collectionId}/${id}`;
    for (const path of [`${there}/..%2f${id}%2f${f}`, `${there}/%2e%2e%2f${id}%2f${f}`, `/api/files/${collectionId}/..%2f${collectionId}%2f${id}/${f}`, `/api/files/..%2fstorage%2f${collectionId}/${id}/${f}`,
      `/api/files/${collectionId}/${id}%2f${f}/x`, `${there}/..%5c${f}`, `${there}/${f}%00.png`, `${there}/%00`, `${there}/${f}%2f`, `${there}/${f}/..%2f..`, '/api/files/..%2f../..%2f../data.db',
      `/api/files/${collectionId}/..%2f..%2f../data.db`, `${there}/data.db`, `${there}/${f}?thumb=../../x`, `${there}/${f}?thumb=%00`]) {
      const answer = await exchange([Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)]);
      if (path.includes('?thumb=..')) assert.deepEqual([answer.status, answer.body], [200, 'content'], path);
      else isRefused(answer, 400, 404);
    }
  });
});

describe('pictures that are none, or too many', () => {
  const huge = (width, height, rows) => pngOf(width, height, rows);
  const gifOf = (width, height) => {
    const bytes = Buffer.from(GIF_ANIMATED);
    bytes.writeUInt16LE(width, 6);
    bytes.writeUInt16LE(height, 8);
    return bytes;
  };
  const jpegOf = (width, height) => {
    const bytes = Buffer.from(JPEG_TURNED);
    const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
    bytes.writeUInt16BE(height, frame + 5);
    bytes.writeUInt16BE(width, frame + 7);
    return bytes;
  };
  const zeros = deflateSync(Buffer.alloc(64 * MB));
  const bombs = {
    'a PNG of 65,000 by 65,000': huge(65_000, 65_000, zeros),
    'a PNG of 2 thousand million by 2 thousand million': huge(2 ** 31 - 1, 2 ** 31 - 1, zeros),
    'a PNG of no size': huge(0, 0, zeros),
    'a PNG of one row of 60 million': huge(60_000_000, 1, zeros),
    'a PNG of 60 million rows': huge(1, 30_000_000, zeros),
    'a PNG with more rows than it says': huge(10, 10, zeros),
    'a PNG with rows that are no data': huge(100, 100, Buffer.alloc(1000, 'x')),
    'a PNG that ends early': png(500, 500).subarray(0, 100),
    'a GIF of 65,535 by 65,535': gifOf(65_535, 65_535),
    'a GIF of no size': gifOf(0, 0),
    'a JPEG of 65,535 by 65,535': jpegOf(65_535, 65_535),
    'a JPEG of no size': jpegOf(0, 0),
    'a JPEG that ends early': JPEG_TURNED.subarray(0, JPEG_TURNED.length / 2),
    'a WebP that only begins': Buffer.from('RIFF\xff\xff\xff\x7fWEBPVP8 \xff\xff\xff\x7f', 'latin1'),
    'a PNG that only begins': png(1, 1).subarray(0, 8),
    'a GIF that only begins': Buffer.from('GIF89a'),
  };

  for (const [name, bytes] of Object.entries(bombs)) {
    test(name, async () => {
      assert.ok(bytes.length < MB, `${bytes.length} bytes`);
      const { body, type } = encodeForm([['f', { file: 'picture', bytes }]], 'b');
      const answer = await exchange(whole(body, `Content-Type: ${type}`));
      assert.equal(answer.status, 200, answer.body);
      const { id, f } = JSON.parse(answer.body);
      const thumbs = await Promise.all(['60x40', '4000x4000', '0x50', '100x100', ''].map((size) => call('GET', `/api/files/docs/${id}/${f}?thumb=${size}`)));
      for (const thumb of thumbs) {
        assert.equal(thumb.status, 200);
        const served = Buffer.from(await thumb.arrayBuffer());
        // The original, or a thumb where there was enough to make one of.
        assert.ok(served.equals(bytes) || describePicture(served) !== 'no picture', 'neither the original nor a thumb');
      }
    });
  }

  test('many pictures at the same time', async () => {
    const ids = [];
    for (const bytes of [bombs['a PNG of 65,000 by 65,000'], bombs['a PNG of one row of 60 million'], png(900, 900), JPEG_TURNED, GIF_ANIMATED]) {
      const { body, type } = encodeForm([['f', { file: 'picture', bytes }]], 'b');
      ids.push(JSON.parse((await exchange(whole(body, `Content-Type: ${type}`))).body));
    }
    const asked = Array.from({ length: 200 }, (_, n) => call('GET', `/api/files/docs/${ids[n % 5].id}/${ids[n % 5].f}?thumb=${['60x40', '0x50', '100x100', '4000x4000'][n % 4]}`));
    const beside = await call('GET', '/api/health');
    assert.equal(beside.status, 200);
    for (const answer of await Promise.all(asked)) {
      assert.equal(answer.status, 200);
      await answer.arrayBuffer();
    }
  });
});
