// The two places in which files are kept, and what the tests do with either.

import { request } from 'node:http';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { SUPERUSER, runBeside, startServer } from '../../parity/lib/server.mjs';
import { startS3 } from './s3.mjs';

/** Starts Holdall with its files in `place`: 'local' or 's3'. */
export async function startWith(place) {
  const s3 = place === 's3' ? await startS3() : undefined;
  const environment = s3?.environment ?? {};
  let server = await startServer('holdall', environment);
  const folder = join(server.dataDir, 'storage');
  const objects = s3 ? s3.objects : () => listFolder(folder);
  const login = await fetch(`${server.url}/api/collections/_superusers/auth-with-password`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ identity: SUPERUSER.email, password: SUPERUSER.password }),
  });
  const { token } = await login.json();
  return {
    get server() {
      return server;
    },
    /** Ends the server as a power cut would, and starts it again. */
    killAndRestart: async () => {
      server = await server.killAndRestart();
    },
    objects,
    /** Puts an object where no record knows of it. */
    put: s3 ? s3.put : async (key, content) => {
      await mkdir(dirname(join(folder, key)), { recursive: true });
      await writeFile(join(folder, key), content);
    },
    /** `holdall files check`, beside the running server. */
    check: (...flags) => runBeside('holdall', server, ['files', 'check', ...flags], environment),
    /** A request as the superuser; the body is JSON or a form. */
    call: async (method, path, body) => {
      const isForm = body instanceof FormData;
      const headers = { Authorization: token, ...(isForm || !body ? {} : { 'Content-Type': 'application/json' }) };
      return fetch(server.url + path, { method, headers, body: isForm || !body ? body : JSON.stringify(body) });
    },
    stop: async () => {
      await server.stop();
      await s3?.stop();
    },
  };
}

async function listFolder(folder) {
  let entries;
  try {
    entries = await readdir(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    // A folder inside went with the last file in it, while it was read.
    if (error.code === 'ENOENT') return listFolder(folder);
    throw error;
  }
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name))).sort();
}

/** Waits until `look` yields what `fits`; fails with what it yielded last. */
export async function until(look, fits, what) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const seen = await look();
    if (fits(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`${what}: ${JSON.stringify(seen)}`);
    await new Promise((next) => setTimeout(next, 20));
  }
}

/** Sends a file of `sizeBytes` under the key `f`, made on the way, so that it is nowhere as a whole; yields the answer. */
export function sendLarge(url, sizeBytes) {
  const head = '--largelargelarge\r\nContent-Disposition: form-data; name="f"; filename="large.bin"\r\n\r\n';
  const tail = '\r\n--largelargelarge--\r\n';
  const piece = Buffer.alloc(1 << 20, 0x5a);
  return new Promise((answered, failed) => {
    const sending = request(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'multipart/form-data; boundary=largelargelarge',
        'Content-Length': head.length + sizeBytes + tail.length,
      },
    }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => { text += chunk; });
      answer.on('end', () => answered({ status: answer.statusCode, body: JSON.parse(text) }));
    });
    sending.on('error', failed);
    sending.write(head);
    let left = sizeBytes;
    const next = () => {
      while (left > 0) {
        const size = Math.min(left, piece.length);
        left -= size;
        if (!sending.write(piece.subarray(0, size))) return void sending.once('drain', next);
      }
      sending.end(tail);
    };
    next();
  });
}

/** Announces a file of a GB, sends `sizeBytes` of it, and goes away. */
export function breakOff(url, sizeBytes) {
  return new Promise((gone) => {
    const sending = request(url, {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=b', 'Content-Length': 2 ** 30 },
    });
    sending.on('error', () => gone());
    sending.on('close', () => gone());
    sending.write('--b\r\nContent-Disposition: form-data; name="f"; filename="large.bin"\r\n\r\n');
    sending.write(Buffer.alloc(sizeBytes), () => sending.destroy());
  });
}

/** The most memory that a process ever had, in MB. */
export async function peakMemoryMb(pid) {
  return Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}
