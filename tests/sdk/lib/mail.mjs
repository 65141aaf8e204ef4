// A real mail server for tests, with certificates made for the occasion, and what it needs to read the mails it gets.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';

const WAIT_MS = 90_000;

/** The name and password that the mail server knows. */
export const MAIL_USER = { user: 'holdall', pass: 'mail-password-1' };

/** An authority and a certificate of it for localhost: { caFile, key, cert }; `remove()` deletes the files. */
export function makeCertificates() {
  const dir = mkdtempSync(join(tmpdir(), 'holdall-test-ca-'));
  const file = (name) => join(dir, name);
  const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', file('ca.key'), '-out', file('ca.pem'), '-days', '2', '-subj', '/CN=Test authority',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign');
  openssl('req', ...key, '-keyout', file('server.key'), '-out', file('server.csr'), '-subj', '/CN=localhost');
  writeFileSync(file('extensions'), 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n');
  openssl('x509', '-req', '-in', file('server.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial',
    '-out', file('server.pem'), '-days', '2', '-extfile', file('extensions'));
  return {
    caFile: file('ca.pem'), key: readFileSync(file('server.key')), cert: readFileSync(file('server.pem')),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/**
 * Starts a mail server. `options` are those of smtp-server; `refuse` is an address that it has no mailbox for. It knows
 * { port, mails, logins, close, next }: mails and names of logins so far, and a wait for the next mail to an address.
 */
export async function startMailServer({ port = 0, refuse, ...options }) {
  const [mails, logins] = [[], []];
  const server = new SMTPServer({
    logger: false, authOptional: true, disableReverseLookup: true, ...options,
    onAuth({ username, password }, session, done) {
      logins.push({ username, secure: session.secure });
      const right = username === MAIL_USER.user && password === MAIL_USER.pass;
      done(right ? null : Object.assign(new Error('no such login'), { responseCode: 535 }), right ? { user: username } : undefined);
    },
    onRcptTo({ address }, session, done) {
      done(address === refuse ? Object.assign(new Error('no such mailbox'), { responseCode: 550 }) : null);
    },
    onData(stream, session, done) {
      const chunks = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          ...parse(Buffer.concat(chunks).toString('utf8')), secure: session.secure, user: session.user,
          envelope: { from: mailFrom.address, to: rcptTo.map(({ address }) => address) },
        });
        done();
      });
    },
  });
  // A client that breaks off, as it should from a server that it does not trust, is no fault of this one.
  server.on('error', () => {});
  await new Promise((listening, failed) => {
    server.server.once('error', failed);
    server.listen(port, '127.0.0.1', listening);
  });
  const seen = new Set();
  return {
    port: server.server.address().port, mails, logins,
    close: () => new Promise((closed) => { server.close(closed); }),
    next: (address) => waitFor(`a mail to ${address}`, () => {
      const mail = mails.find((one) => one.envelope.to.includes(address) && !seen.has(one));
      if (mail) seen.add(mail);
      return mail;
    }),
  };
}

/** Asks again and again until `look` finds something. */
export async function waitFor(what, look) {
  const deadline = Date.now() + WAIT_MS;
  while (Date.now() < deadline) {
    const found = await look();
    if (found) return found;
    await new Promise((again) => { setTimeout(again, 20); });
  }
  throw new Error(`${what} did not come within ${WAIT_MS} ms`);
}

/** A mail as { headers, raw, text, html }; header names in lower case. */
function parse(raw) {
  const [headers, body] = parsePart(raw);
  const boundary = /boundary="([^"]+)"/.exec(headers['content-type'])?.[1];
  const parts = boundary ? body.split(`--${boundary}`).slice(1, -1).map((part) => parsePart(part.replace(/^\r\n/, ''))) : [];
  const find = (type) => parts.find(([{ 'content-type': is }]) => is.startsWith(type));
  return { raw, headers, text: decode(find('text/plain')), html: decode(find('text/html')) };
}

function parsePart(raw) {
  const end = raw.indexOf('\r\n\r\n');
  const lines = raw.slice(0, end).replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  return [headers, raw.slice(end + 4)];
}

function decode(part) {
  if (!part) return undefined;
  const [headers, body] = part;
  switch (headers['content-transfer-encoding']) {
    case 'base64': return Buffer.from(body, 'base64').toString('utf8');
    case 'quoted-printable': {
      const bytes = body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
      return Buffer.from(bytes, 'latin1').toString('utf8');
    }
    default: return body;
  }
}

/** The token of the link in a mail. */
export const tokenIn = (mail) => {
  const token = /\?token=([\w.-]+)/.exec(mail.text)?.[1];
  if (!token) throw new Error(`there is no link in ${mail.text}`);
  return token;
};
