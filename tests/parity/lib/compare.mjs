// Compares the two answers to one case. What has to differ between two servers is normalised first:
// ids, times close to now, tokens, human messages, texts of mails and pictures of providers. All else must be equal,
// the order of keys included, because clients that diff JSON see it (only where `fields` picks, PocketBase's is random).

import { createHash } from 'node:crypto';
import { describePicture } from './samples.mjs';

const HEADERS = [
  'content-type', 'location', 'vary', 'cache-control', 'content-encoding', 'content-disposition', 'allow',
  'x-content-type-options', 'x-frame-options', 'x-xss-protection', 'cross-origin-opener-policy',
  'access-control-allow-origin', 'access-control-allow-methods', 'access-control-allow-headers',
  'access-control-allow-credentials', 'access-control-expose-headers', 'access-control-max-age',
];

/** Further ones that count where a file is served. */
const FILE_HEADERS = [
  'content-length', 'content-range', 'accept-ranges', 'content-security-policy', 'last-modified',
];

/** Ids of records, and what is random in the names of stored files; `pbc_` begins ids that aren't random. */
const ID = /((?<![A-Za-z0-9])[a-z0-9]{15}(?![A-Za-z0-9])|(?<=(?<!pbc)_)[a-z0-9]{10}(?=[.";]|$))/;
const TIME = /\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
const TOKEN = /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/g;
const NOW_WITHIN_MS = 10 * 60_000;
const TOKEN_LIFE_STEP_S = 60;
const KEY_ORDER = ' order of keys';
const ERROR_CODE = /\.code$/;
const HTTP_DATE = /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/;
const BOUNDARY = /^multipart\/byteranges; boundary="?([^"]+)"?$/;
const MAIL_TEXT = /(Template|\bemailTemplate)\.(subject|body)$/;

/** Pairs of ids that stand for the same thing on both sides. One id never stands for two things. */
export class IdPairs {
  constructor() {
    this.leftToRight = new Map();
    this.rightToLeft = new Map();
  }

  /** Ids that a case file writes out are the same on both sides and can't be paired with anything else. */
  fix(text) {
    for (const [id] of text.matchAll(new RegExp(ID, 'g'))) this.match(id, id);
  }

  match(left, right) {
    if (!this.leftToRight.has(left) && !this.rightToLeft.has(right)) {
      this.leftToRight.set(left, right);
      this.rightToLeft.set(right, left);
    }
    return this.leftToRight.get(left) === right;
  }
}

/** The differences between two answers as readable lines; none when they agree. */
export function differences(testCase, left, right, pairs) {
  const found = [];
  const differ = (where, a, b) => found.push({ where, left: a, right: b });
  if (left.status !== right.status) differ('status', left.status, right.status);
  for (const name of headersOf(testCase)) {
    const [a, b] = [left, right].map((answer) => headerOf(answer, name));
    if (!sameText(a ?? '', b ?? '', pairs)) differ(`header ${name}`, a, b);
  }
  if (testCase.file && left.json === undefined) {
    const [a, b] = [left, right].map((answer) => describeBytes(testCase, answer));
    if (a !== b) differ('file', a, b);
  } else if (left.json === undefined || right.json === undefined || testCase.rawBody) {
    const [a, b] = [left, right].map((answer) => (testCase.anyText ? answer.text !== '' : text(answer.text)));
    if (a !== b && !sameText(String(a), String(b), pairs)) differ('body text', a, b);
  } else {
    const [a, b] = [left, right].map((answer) => normalise(answer.json, '', rulesOf(testCase, answer)));
    compareValues('$', a, b, pairs, differ);
  }
  return anyKeyOrder(testCase) ? found.filter(({ where }) => !where.endsWith(KEY_ORDER)) : found;
}

/** A picture that was made for the answer is as large as it is: its bytes are nobody's business. */
function headersOf({ file, alsoHeaders = [] }) {
  const ofFile = FILE_HEADERS.filter((name) => file !== 'picture' || name !== 'content-length');
  return [...HEADERS, ...(file ? ofFile : []), ...alsoHeaders];
}

function headerOf({ headers }, name) {
  const value = headers[name];
  if (name === 'last-modified' && HTTP_DATE.test(value)) return '<date>';
  // Its length depends on that of the boundary.
  if (name === 'content-length' && BOUNDARY.test(headers['content-type'])) return '<length>';
  return name === 'content-type' ? value?.replace(BOUNDARY, 'multipart/byteranges; boundary=<boundary>') : value;
}

/** The content of a file by length and hash, or of a picture by format and size, where a case says `file: 'picture'`. */
function describeBytes({ file, method }, { headers, bytes }) {
  if (file === 'picture' && method !== 'HEAD') return describePicture(bytes);
  const [, boundary] = BOUNDARY.exec(headers['content-type'] ?? '') ?? [];
  if (boundary !== undefined) return describeParts(bytes.toString('latin1').split(`--${boundary}`));
  return `${bytes.length} bytes, sha256 ${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The parts of an answer with several ranges; the order of a part's headers is nobody's business either. */
function describeParts([before, ...parts]) {
  const described = parts.map((part) => {
    const [head, ...content] = part.split('\r\n\r\n');
    return [head.split('\r\n').sort().join('\n').trim(), ...content];
  });
  return JSON.stringify([before.trim(), ...described]);
}

/** Also if it is a request within a batch that picks. */
function anyKeyOrder({ query, path, body, form, anyKeyOrder: wanted }) {
  const names = Array.isArray(query) ? query.map(([name]) => name) : Object.keys(query ?? {});
  const sent = path.startsWith('/api/batch') ? JSON.stringify([body, form]) : '';
  return wanted || names.includes('fields') || `${path}${sent}`.includes('fields=');
}

/** What is normalised by place, not by form: messages of errors and whatever the case masks. */
function rulesOf(testCase, answer) {
  const isError = answer.status >= 400;
  const isHealth = testCase.path.startsWith('/api/health');
  return { messages: isError || isHealth, mask: testCase.mask ?? {}, mailTexts: !testCase.exactTexts };
}

function normalise(value, path, rules) {
  const masked = rules.mask[path.replace(/^\./, '')];
  if (masked) return masked.test(String(value)) ? `<like ${masked}>` : `<unlike ${masked}: ${JSON.stringify(value)}>`;
  if (Array.isArray(value)) return value.map((item, index) => normalise(item, `${path}.${index}`, rules));
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, normalise(item, `${path}.${key}`, rules)]));
  }
  if (typeof value !== 'string') return value;
  if (rules.messages && path.endsWith('.message')) return value === '' ? '<no message>' : '<message>';
  if (rules.mailTexts && MAIL_TEXT.test(path)) return value === '' ? '<no text>' : '<text>';
  if (value.startsWith('<svg')) return '<picture>';
  return text(value);
}

/** Replaces what is random or bound to the clock inside a text; ids stay, they are paired later. */
function text(value) {
  return value
    .replace(TOKEN, describeToken)
    .replace(TIME, (time) => (isAboutNow(time) ? `<now as ${time.replace(/\d/g, '0')}>` : time))
    .replace(/_clone_\w{4}(?!\w)/g, '_clone_<random>')
    .replace(/(`idx_(?:tokenKey|email)_)[A-Za-z0-9]{10}`/g, '$1<random>`');
}

const isAboutNow = (time) => Math.abs(new Date(time.replace(' ', 'T')) - Date.now()) < NOW_WITHIN_MS;

/** A token as its header and claims in one order, with the expiry as the life that is left, rounded. */
function describeToken(token) {
  const [header, claims] = token.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
  const life = Math.round((claims.exp - Date.now() / 1000) / TOKEN_LIFE_STEP_S) * TOKEN_LIFE_STEP_S;
  const parts = Object.entries({ ...header, ...claims, exp: `in ${life} s` }).sort(([a], [b]) => (a < b ? -1 : 1));
  return `<token ${JSON.stringify(Object.fromEntries(parts))}>`;
}

function compareValues(path, left, right, pairs, differ) {
  if (Array.isArray(left) && Array.isArray(right)) {
    if (left.length !== right.length) differ(`${path}.length`, left.length, right.length);
    for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
      compareValues(`${path}[${i}]`, left[i], right[i], pairs, differ);
    }
  } else if (isObject(left) && isObject(right)) {
    compareObjects(path, left, right, pairs, differ);
  } else if (typeof left === 'string' && typeof right === 'string') {
    // A code of an error is never paired with another one, however much its end looks like that of a stored name.
    if (ERROR_CODE.test(path) ? left !== right : !sameText(left, right, pairs)) differ(path, left, right);
  } else if (left !== right) {
    differ(path, left, right);
  }
}

function compareObjects(path, left, right, pairs, differ) {
  const [leftKeys, rightKeys] = [Object.keys(left), Object.keys(right)];
  for (const key of leftKeys.filter((name) => !(name in right))) differ(`${path}.${key}`, left[key], undefined);
  for (const key of rightKeys.filter((name) => !(name in left))) differ(`${path}.${key}`, undefined, right[key]);
  const [common, commonRight] = [leftKeys.filter((key) => key in right), rightKeys.filter((key) => key in left)];
  if (common.join() !== commonRight.join()) differ(`${path}${KEY_ORDER}`, common.join(), commonRight.join());
  for (const key of common) compareValues(`${path}.${key}`, left[key], right[key], pairs, differ);
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Equal up to ids, which have to be the same pair wherever they meet. */
function sameText(left, right, pairs) {
  const [leftParts, rightParts] = [left, right].map((value) => value.split(ID));
  if (leftParts.length !== rightParts.length) return false;
  return leftParts.every((part, i) => (i % 2 ? pairs.match(part, rightParts[i]) : part === rightParts[i]));
}

/** The lines that a person reads: the request, every difference, and both bodies. */
export function explain(testCase, found, names, answers) {
  const shown = (value) => (value === undefined ? '(absent)' : JSON.stringify(value));
  const body = ({ status, text: raw }) => `${status} ${raw.length > 1500 ? `${raw.slice(0, 1500)}…` : raw}`;
  return [
    `${testCase.method} ${testCase.path} as ${testCase.as ?? 'guest'}`,
    ...['query', 'body', 'form', 'urlencoded', 'raw'].filter((key) => testCase[key] !== undefined)
      .map((key) => `  ${key}: ${JSON.stringify(testCase[key])?.slice(0, 500)}`),
    ...found.map((one) => `  ${one.where}\n    ${names[0]}: ${shown(one.left)}\n    ${names[1]}: ${shown(one.right)}`),
    ...answers.map((answer, i) => `  ${names[i]} answered: ${body(answer)}`),
  ].join('\n');
}
