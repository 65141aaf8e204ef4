// One case on one server: placeholders resolved, request sent, answer read. Knows nothing of the other server.
//
// Requests go through node:http, not fetch: fetch would normalise paths, refuse bodies on GET and hide headers.

import http from 'node:http';

const TIMEOUT_MS = 20_000;
const POLL_MS = 100;

/** What one server knows in one case file: its address, the values saved by cases, the tokens of those who logged in. */
export class World {
  constructor(server) {
    this.server = server;
    this.saved = new Map();
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  }

  close() {
    this.agent.destroy();
  }

  /** Replaces every `{{name}}` in a string, array or object. An unknown name is the author's mistake and throws. */
  resolve(value) {
    if (typeof value === 'string') return value.replace(/\{\{([^{}]+)\}\}/g, (_, name) => this.lookUp(name));
    if (Array.isArray(value)) return value.map((item) => this.resolve(item));
    if (value && typeof value === 'object' && !Buffer.isBuffer(value)) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.resolve(key), this.resolve(item)]));
    }
    return value;
  }

  lookUp(name) {
    if (!this.saved.has(name)) throw new Error(`{{${name}}} was not saved by an earlier case on ${this.server.name}`);
    return this.saved.get(name);
  }

  /** Keeps the parts of an answer that a case names in `save`: 'name' means the id, { name: 'a.b' } a path. */
  save(wanted, body) {
    const paths = typeof wanted === 'string' ? { [wanted]: 'id' } : wanted;
    for (const [name, path] of Object.entries(paths)) {
      const value = path.split('.').reduce((at, key) => at?.[key], body);
      if (typeof value === 'string') this.saved.set(name, value);
    }
  }
}

/** Sends a case, again and again if it waits for something: until there is something at the path `until` of the body. */
export async function sendUntil(world, testCase) {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const answer = await sendCase(world, testCase);
    const found = !testCase.until || testCase.until.split('.').reduce((at, key) => at?.[key], answer.json) !== undefined;
    // PocketBase counts and lists side by side: what came between the two is listed and not counted.
    const counted = !(answer.json?.items?.length > answer.json?.totalItems) || answer.json.totalItems < 0;
    if (found && counted) return answer;
    if (Date.now() > deadline) throw new Error(`${world.server.name}: nothing at ${testCase.until} after ${TIMEOUT_MS} ms: ${answer.text}`);
    await new Promise((next) => setTimeout(next, POLL_MS));
  }
}

/** Sends a case and returns { status, headers, bytes, text, json }, where `json` is undefined for anything but JSON. */
export async function sendCase(world, testCase) {
  const { body, type } = encodeBody(world, testCase);
  const headers = { ...(type && { 'Content-Type': type }), ...world.resolve(testCase.headers ?? {}) };
  if (testCase.as && testCase.as !== 'guest') headers.Authorization ??= world.lookUp(`token of ${testCase.as}`);
  const answer = await send(world, testCase.method, fullPath(world, testCase), headers, body);
  const isJson = (answer.headers['content-type'] ?? '').startsWith('application/json');
  return { ...answer, json: isJson && answer.text !== '' ? parse(answer.text) : undefined };
}

function fullPath(world, { path, query }) {
  const pairs = Array.isArray(query) ? query : Object.entries(query ?? {});
  const parts = pairs.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(world.resolve(value))}`);
  return world.resolve(path) + (parts.length ? `?${parts.join('&')}` : '');
}

/** The body in the form that the case asks for: `body` JSON, `form` multipart, `urlencoded`, or `raw` with its `type`. */
function encodeBody(world, { body, form, urlencoded, raw, type }) {
  if (body !== undefined) return { body: JSON.stringify(world.resolve(body)), type: 'application/json' };
  if (urlencoded) {
    const pairs = urlencoded.map((pair) => pair.map((text) => encodeURIComponent(world.resolve(text))).join('='));
    return { body: pairs.join('&'), type: 'application/x-www-form-urlencoded' };
  }
  if (form) return encodeForm(form.map(([name, value, file]) => [name, world.resolve(file === undefined ? value : { file, bytes: value })]));
  return { body: raw === undefined ? undefined : world.resolve(raw), type };
}

/** Multipart. A value is a text or a file, `{ file, type, bytes }`; names are written as they are, unescaped. */
export function encodeForm(form, boundary = 'parity-boundary') {
  const part = ([name, value]) => {
    const isFile = typeof value === 'object';
    const head = [
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"`, isFile ? `; filename="${value.file}"` : '',
      isFile && value.type ? `\r\nContent-Type: ${value.type}` : '', '\r\n\r\n',
    ];
    return [Buffer.from(head.join('')), Buffer.from(isFile ? value.bytes : String(value)), Buffer.from('\r\n')];
  };
  const body = Buffer.concat([...form.flatMap(part), Buffer.from(`--${boundary}--\r\n`)]);
  return { body, type: `multipart/form-data; boundary=${boundary}` };
}

function send(world, method, path, headers, body) {
  return new Promise((answered, failed) => {
    if (body !== undefined && headers['Content-Length'] === undefined) headers['Content-Length'] = Buffer.byteLength(body);
    const { host, port } = world.server;
    const request = http.request({ host, port, method, path, headers, agent: world.agent, timeout: TIMEOUT_MS });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    request.on('error', (error) => failed(new Error(`${world.server.name}: ${error.message}`)));
    request.on('response', (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', failed);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        answered({ status: response.statusCode, headers: response.headers, bytes, text: bytes.toString('utf8') });
      });
    });
    request.end(body);
  });
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    return { 'not valid JSON': error.message };
  }
}
