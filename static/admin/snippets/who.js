// Rules in plain words. What it doesn't know it quotes. Called by the page and its operations; decides nothing.

import { h } from '../lib/dom.js';

const SIGNED_IN = '@request.auth.id';

/** The parts of a rule at its top level: `{ join: '&&' | '||' | null, parts }`. Quotes and parentheses count. */
export function split(rule) {
  for (const join of ['||', '&&']) {
    const parts = splitBy(rule, join);
    if (parts.length > 1) return { join, parts };
  }
  return { join: null, parts: [rule.trim()] };
}

function splitBy(rule, join) {
  const parts = [''];
  let depth = 0;
  let quote = '';
  for (let at = 0; at < rule.length; at += 1) {
    const letter = rule[at];
    if (quote) {
      if (letter === '\\') { parts[parts.length - 1] += letter + (rule[at + 1] ?? ''); at += 1; continue; }
      if (letter === quote) quote = '';
    } else if (letter === '"' || letter === '\'') quote = letter;
    else if (letter === '(') depth += 1;
    else if (letter === ')') depth -= 1;
    else if (depth === 0 && rule.startsWith(join, at)) {
      parts.push('');
      at += join.length - 1;
      continue;
    }
    parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim());
}

/** A text in quotes, in which two slashes are nothing else, or a comment. */
const TEXT_OR_COMMENT = /"(?:[^"\\]|\\[^])*"?|'(?:[^'\\]|\\[^])*'?|\/\/.*/g;
const withoutComments = (rule) => rule.replace(TEXT_OR_COMMENT, (found) => found.startsWith('//') ? '' : found);

/** Whether guests may do it. */
export const isOpen = (rule) => rule === '';

const named = (...words) => ({ names: true, words });
const only = (...words) => ({ names: false, words });

/** Who may, as texts and elements; `rule` is `null`, empty, or an expression. */
export function whoMay(rule) {
  if (rule === null || rule === undefined) return ['Superusers only.'];
  const condition = withoutComments(rule).trim();
  if (condition === '') return ['Everybody, also without signing in.'];
  const [first, ...others] = phrase(condition).words;
  return [first[0].toUpperCase() + first.slice(1), ...others, '.'];
}

/** The words for a part of a rule, and whether they say who it is that may. */
function phrase(rule, inside = false) {
  const { join, parts } = split(rule);
  if (join === '||') {
    // Among other conditions, alternatives are clearer as they are written.
    if (inside) return only('if ', code(rule));
    return named(...parts.flatMap((part, at) => [...at > 0 ? [', or '] : [], ...subject(phrase(part, true)).words]));
  }
  const found = join ? allOf(parts) : leaf(parts[0]);
  return inside ? found : subject(found);
}

/** Says that it is everybody where nothing says who. */
const subject = ({ names, words }) => ({ names: true, words: names ? words : ['everybody ', ...words] });

function allOf(parts) {
  const found = parts.map((part) => phrase(part, true));
  // Who is named by a record is signed in.
  const kept = found.filter(({ isAnyone }) => !isAnyone || !found.some((one) => one.names && !one.isAnyone));
  kept.sort((a, b) => Number(Boolean(b.names)) - Number(Boolean(a.names)));
  return { names: kept[0].names, words: kept.flatMap(({ names, words }, at) => at === 0 ? words
      : [names ? ' and ' : ' ', ...words]) };
}

const code = (text) => h('code', {}, text);

function leaf(condition) {
  if (condition.startsWith('(') && closesAtEnd(condition)) return phrase(condition.slice(1, -1).trim(), true);
  const [, left, operator, right] = /^(\S+?)\s*(\?*(?:!=|>=|<=|!~|=|>|<|~))\s*([\s\S]+)$/.exec(condition) ?? [];
  return (left && known(left, operator, right.trim())) || { names: false, words: ['if ', code(condition)] };
}

/** Whether the first parenthesis is closed by the last. */
function closesAtEnd(text) {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    if (depth === 0) return at === text.length - 1;
  }
  return false;
}

function known(left, operator, right) {
  const isEmpty = right === '""' || right === '\'\'' || right === 'null';
  if (left === SIGNED_IN && operator === '!=' && isEmpty) return { ...named('whoever is signed in'), isAnyone: true };
  if (left === SIGNED_IN && operator === '=' && isEmpty) return named('guests');
  if (left === SIGNED_IN && right !== SIGNED_IN) return known(right, operator, left);
  if (!/^(?:[A-Za-z_]|@request\.)/.test(left)) return null;
  if (left === 'id' && right === SIGNED_IN && operator === '=') return named('the account itself');
  if (right === SIGNED_IN && !left.startsWith('@') && operator === '=') return named('whoever is the record’s ',
    code(left));
  if (right === SIGNED_IN && !left.startsWith('@')
    && ['?=', '~', '?~'].includes(operator)) return named('whoever is among the record’s ',
    code(left.replace(/\.id$|:each$/, '')));
  if (left === '@request.auth.collectionName' && operator === '=') return named('accounts of ',
    code(right.slice(1, -1)));
  const body = /^@request\.body\.([\w.]+):(isset|changed)$/.exec(left);
  if (body && operator === '=' && right === 'false') return only(body[2] === 'isset' ? 'without sending '
    : 'without changing ', code(body[1]));
  if (left.startsWith('@request.auth.')) return named('accounts with ',
    code(`${left.slice('@request.auth.'.length)} ${operator} ${right}`));
  if (/^[A-Za-z_][\w.]*$/.test(left) && !right.includes('@request')) return only('for records with ',
    code(`${left} ${operator} ${right}`));
  return null;
}
