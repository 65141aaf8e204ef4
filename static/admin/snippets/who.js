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

/** Whether guests may do it. */
export const isOpen = (rule) => rule === '';

/** Who may, as texts and elements; `rule` is `null`, empty, or an expression. */
export function whoMay(rule) {
  if (rule === null || rule === undefined) return ['Superusers only.'];
  if (rule.trim() === '') return ['Everybody, also without signing in.'];
  return [...phrase(rule.replace(/\/\/.*$/gm, '').trim(), true), '.'];
}

function phrase(rule, first = false) {
  const { join, parts } = split(rule);
  if (!join) return leaf(parts[0], first);
  const word = join === '||' ? ', or ' : ' and ';
  return parts.flatMap((part, at) => {
    const isFirst = first && at === 0;
    const words = phrase(part, isFirst);
    return at === 0 ? words : [word, ...words];
  });
}

const code = (text) => h('code', {}, text);
const up = (words, first) => first && typeof words[0] === 'string' ? [words[0][0].toUpperCase() + words[0].slice(1), ...words.slice(1)] : words;

function leaf(condition, first) {
  if (condition.startsWith('(') && condition.endsWith(')') && splitBy(condition, '\0').length === 1 && closesAtEnd(condition)) {
    return phrase(condition.slice(1, -1).trim(), first);
  }
  const [, left, operator, right] = /^(\S+?)\s*(\?*(?:!=|>=|<=|!~|=|>|<|~))\s*([\s\S]+)$/.exec(condition) ?? [];
  return up((left && known(left, operator, right.trim())) || ['if ', code(condition)], first);
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
  if (left === SIGNED_IN && operator === '!=' && isEmpty) return ['whoever is signed in'];
  if (left === SIGNED_IN && operator === '=' && isEmpty) return ['guests'];
  if (left === SIGNED_IN) return known(right, operator, left);
  if (left === 'id' && right === SIGNED_IN && operator === '=') return ['the account itself'];
  if (right === SIGNED_IN && operator === '=') return ['whoever is the record’s ', code(left)];
  if (right === SIGNED_IN && ['?=', '~', '?~'].includes(operator)) return ['whoever is among the record’s ', code(left.replace(/\.id$|:each$/, ''))];
  if (left === '@request.auth.collectionName' && operator === '=') return ['accounts of ', code(right.slice(1, -1))];
  const body = /^@request\.body\.([\w.]+):(isset|changed)$/.exec(left);
  if (body && operator === '=' && right === 'false') return [body[2] === 'isset' ? 'without sending ' : 'without changing ', code(body[1])];
  if (left.startsWith('@request.auth.')) return ['accounts with ', code(`${left.slice('@request.auth.'.length)} ${operator} ${right}`)];
  if (/^[A-Za-z_][\w.]*$/.test(left) && !right.includes('@request')) return ['for records with ', code(`${left} ${operator} ${right}`)];
  return null;
}
