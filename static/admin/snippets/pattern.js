// A text that a regular expression matches, for examples. Called by examples.js; knows what field options use, not all
// that expressions can say: whoever calls gets `null` for what isn't known, and tests the text anyway.

/** Characters that examples like best, by what a class allows. */
const LIKED = [...'abcdefghijklmnopqrstuvwxyz', ...'0123456789', ...'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '-', '_', '.', ' ',
  '/', ':', '@', '#', '+'];
const CLASSES = { d: '[0-9]', w: '[A-Za-z0-9_]', s: '[ ]', D: '[a-z]', W: '[-]', S: '[a-z]' };

/**
 * A text that `pattern` matches and that is `min` to `max` characters long; other `variant`s give other texts.
 * @returns {string | null}
 */
export function sample(pattern, { min = 0, max = Infinity, variant = 0 } = {}) {
  let test;
  try {
    test = new RegExp(pattern);
  } catch {
    return null;
  }
  // More repetitions until the text is long enough.
  for (const more of [3, 1, 0, 2, 4, 5, 6, 8, 12, min, min + 4]) {
    const text = attempt(pattern, more, variant);
    if (text !== null && text.length >= min && text.length <= max && test.test(text)) return text;
  }
  return null;
}

function attempt(pattern, more, variant) {
  const reader = { text: pattern, at: 0, more, random: randomly(variant) };
  try {
    const text = alternatives(reader);
    return reader.at === pattern.length ? text : null;
  } catch {
    return null;
  }
}

/** The same numbers for the same variant: an example must not change while somebody reads it. */
function randomly(seed) {
  let state = (seed + 1) * 0x9e3779b9;
  return (below) => {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) + 0x6d2b79f5;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

function alternatives(reader) {
  const found = [sequence(reader)];
  while (reader.text[reader.at] === '|') {
    reader.at += 1;
    found.push(sequence(reader));
  }
  return found[0];
}

function sequence(reader) {
  let text = '';
  while (reader.at < reader.text.length && !'|)'.includes(reader.text[reader.at])) text += repeated(reader);
  return text;
}

function repeated(reader) {
  const start = reader.at;
  let text = atom(reader);
  const end = reader.at;
  for (let left = times(reader); left !== 1; left -= 1) {
    if (left < 1) return '';
    const after = reader.at;
    reader.at = start;
    text += atom(reader);
    if (reader.at !== end) throw new Error('the same atom ends elsewhere');
    reader.at = after;
  }
  return text;
}

/** How often the atom before is to be there. */
function times(reader) {
  const rest = reader.text.slice(reader.at);
  const [whole, sign, least, comma, most] = /^(?:([*+?])|\{(\d+)(,)?(\d+)?\})[?+]?/.exec(rest) ?? [''];
  reader.at += whole.length;
  if (whole === '') return 1;
  if (sign === '?') return reader.more > 0 ? 1 : 0;
  if (sign === '*') return reader.more;
  if (sign === '+') return Math.max(1, reader.more);
  if (!comma) return Number(least);
  return Math.min(Math.max(Number(least), reader.more), most ? Number(most) : Infinity);
}

function atom(reader) {
  const letter = reader.text[reader.at];
  reader.at += 1;
  if (letter === '^' || letter === '$') return '';
  if (letter === '.') return 'abcdefgh'[reader.random(8)];
  if (letter === '(') return group(reader);
  if (letter === '[') return pick(reader, reader.text.slice(reader.at - 1, classEnd(reader)));
  if (letter !== '\\') return letter;
  const escaped = reader.text[reader.at];
  reader.at += 1;
  if ('bBAzZ'.includes(escaped)) return '';
  if (CLASSES[escaped]) return pick(reader, CLASSES[escaped]);
  if (/[A-Za-z0-9]/.test(escaped)) throw new Error('not known');
  return escaped;
}

function group(reader) {
  const start = /^\?(?::|P?<\w+>)/.exec(reader.text.slice(reader.at))?.[0] ?? '';
  if (start === '' && reader.text[reader.at] === '?') throw new Error('not known');
  reader.at += start.length;
  const text = alternatives(reader);
  if (reader.text[reader.at] !== ')') throw new Error('an open group');
  reader.at += 1;
  return text;
}

/** Moves behind the class, and says where that is. */
function classEnd(reader) {
  let at = reader.at + (reader.text[reader.at] === '^' ? 1 : 0) + 1;
  while (at < reader.text.length && reader.text[at] !== ']') at += reader.text[at] === '\\' ? 2 : 1;
  reader.at = at + 1;
  return reader.at;
}

function pick(reader, source) {
  const allowed = new RegExp(`^${source}$`);
  const fits = LIKED.filter((one) => allowed.test(one));
  if (fits.length === 0) throw new Error('nothing known fits');
  // Whole kinds of characters look better than a mixture.
  const kind = [/[a-z]/, /[0-9]/, /[A-Z]/, /./].find((one) => one.test(fits[0]));
  const same = fits.filter((one) => kind.test(one));
  return same[reader.random(same.length)];
}
