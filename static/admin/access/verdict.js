// The answer to a question: whether it is allowed, why, and the rule with what each of its clauses said. Colours repeat
// what stands there as text.

import { fill, h } from '../lib/dom.js';
import { count, plural } from '../lib/format.js';

const NOT_LOOKED_AT =
  'Rate limits, addresses that superusers may come from, and what would follow from a deletion are not looked at.';

/** Draws the answer. */
export function verdict(place, told) {
  const kind = told.allowed ? 'good' : 'problem';
  fill(place,
    h('div', { class: `verdict ${kind}` },
      h('p', { class: 'verdict-word' }, told.allowed ? 'Allowed' : 'Not allowed'),
      h('p', { class: 'verdict-status' }, `${who(told.who)} ${told.action}: the API answers ${told.status}`,
        told.status === 200 && !told.allowed && ' without this record'),
      h('p', { class: 'verdict-reason' }, withCode(told.reason))),
    told.notes.map((note) => h('p', { class: 'banner warn' }, note)),
    rule(told),
    told.clauses && clauses(told.clauses),
    told.answer && more('Answer of the API', told.answer),
    told.shown && more('What they would see', told.shown),
    h('p', { class: 'hint' }, NOT_LOOKED_AT));
}

/** A sentence, what stands between backticks as code. */
const withCode = (text) => text.split('`').map((part, at) => (at % 2 === 1 ? h('code', {}, part) : part));

function who(told) {
  if (told.type === 'record') return `${told.email || told.id} of ${told.collection},`;
  if (told.type === 'key') return `The key ${told.name},`;
  return 'A guest,';
}

const code = (label, kind, ...text) =>
  h('pre', { class: `code ${kind}`, tabindex: 0, role: 'region', 'aria-label': label }, text);

const more = (label, json) =>
  h('details', { class: 'more' }, h('summary', {}, label), code(label, '', JSON.stringify(json, null, 2)));

/** The comparisons because of which a tree is true or false: without any of them, it might have been otherwise. */
function deciding(clause) {
  if (clause.holds === null) return [];
  if (clause.parts.length === 0) return [clause];
  const alike = clause.parts.filter((part) => part.holds === clause.holds);
  // One part is enough for "or" to be true and for "and" to be false; else it takes all of them.
  const isOneEnough = (clause.join === '||') === clause.holds;
  const which = isOneEnough ? [alike.find((part) => part.needed) ?? alike[0]].filter(Boolean) : alike;
  return which.flatMap(deciding);
}

function rule({ rule: { name, text, applies }, clauses: tree }) {
  const head = h('h3', {}, name, !applies && text && [' ', h('span', { class: 'badge' }, 'not looked at')]);
  const box = (content) => h('section', { class: 'rule-box' }, head, content);
  if (text === null) return box(h('p', { class: 'quiet' }, 'No rule: only superusers.'));
  if (text === '') return box(h('p', { class: 'quiet' }, 'Empty: everybody.'));
  return box(code('Rule', 'rule-text', tree ? marked(text, tree) : text));
}

/** The comparisons of a tree, in the order of the text. */
function leaves(clause) {
  return clause.parts.length === 0 ? [clause] : clause.parts.flatMap(leaves);
}

/** The rule's text, its comparisons marked. */
function marked(text, tree) {
  const pieces = [];
  const decide = new Set(deciding(tree));
  let at = 0;
  for (const leaf of leaves(tree)) {
    const mark = h('mark', { class: `${mood(leaf)}${decide.has(leaf) ? ' decides' : ''}`, title: said(leaf) },
      text.slice(leaf.from, leaf.to));
    pieces.push(text.slice(at, leaf.from), mark);
    at = leaf.to;
  }
  return [...pieces, text.slice(at)];
}

function mood(clause) {
  if (clause.holds === null) return 'counted';
  if (!clause.needed) return 'skipped';
  return clause.holds ? 'holds' : 'fails';
}

function said(clause) {
  if (clause.holds === null) return plural(clause.matches, 'record');
  if (!clause.needed) return `not needed (${clause.holds})`;
  return clause.holds ? 'true' : 'false';
}

const APART = 'Each part holds for some related record, but no single one for all of them.';
const SIGNS = { holds: '✓', fails: '✗', skipped: '–', counted: '#' };

function clauses(tree) {
  const decide = new Set(deciding(tree));
  return h('section', { 'aria-label': 'Clauses' }, h('h3', {}, 'Clauses'),
    h('ul', { class: 'clauses' }, item(tree, decide)));
}

function item(clause, decide) {
  const kind = mood(clause);
  const chain = () => h('span', { class: 'quiet' }, clause.join === '&&' ? 'All of these' : 'One of these');
  return h('li', { class: decide.has(clause) ? 'decides' : '' },
    h('div', { class: 'clause' },
      h('span', { class: `said ${kind}` }, h('span', { 'aria-hidden': 'true' }, SIGNS[kind]), ' ', said(clause)),
      clause.join ? chain() : h('code', {}, clause.text),
      decide.has(clause) && h('span', { class: 'badge accent' }, 'decides')),
    values(clause),
    clause.apart && h('p', { class: 'hint' }, APART),
    clause.parts.length > 0 && h('ul', {}, clause.parts.map((part) => item(part, decide))));
}

const OPERATOR = /^((?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^'"=<>!~?])*)\??(?:!=|>=|<=|!~|=|~|>|<)(.*)$/s;
/** The two sides of a comparison as the rule has them. */
function sides(text) {
  const [, left, right] = OPERATOR.exec(text) ?? [null, 'left', 'right'];
  return [left.trim(), right.trim()];
}

/** What the two sides were, where that is known and isn't what stands there anyway. */
function values({ text, left, right }) {
  const [first, second] = sides(text);
  const known = [[first, left, second], [second, right, first]].filter(([, side]) => side !== null);
  if (known.length === 0) return null;
  const told = ([name, { value }, other], at) =>
    [at > 0 && ' · ', h('code', {}, name), ' is ', value === '' ? 'empty' : h('code', {}, shown(value, other))];
  return h('p', { class: 'hint' }, known.map(told));
}

/** The database knows no true and false; what is compared with these is meant to be one of them. */
const shown = (value, other) => (/^(?:true|false)$/.test(other) && (value === 0 || value === 1) ? String(value === 1)
  : JSON.stringify(value));
