// Where a text stops being JSON. Browsers say it in words of their own, and not always where.

const SPACE = /[ \t\n\r]*/y;
const TOKEN = new RegExp(
  [
    /[{}[\],:]/,
    // In runs rather than one by one: browsers remember each choice, and give up on long texts.
    /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/,
    /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/,
    /true|false|null/,
  ]
    .map((one) => one.source)
    .join('|'),
  'y',
);
const CLOSING = { '{': '}', '[': ']' };

/** The place of the first character that no JSON can have there, or of the end if something is missing; -1 if none. */
export function mistakeAt(text) {
  const open = [];
  let want = 'value';
  let at = 0;
  for (;;) {
    SPACE.lastIndex = at;
    SPACE.exec(text);
    at = SPACE.lastIndex;
    if (at >= text.length) return open.length > 0 || want !== 'end' ? text.length : -1;
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    want = token && after(token, want, open);
    if (!want) return at;
    at = TOKEN.lastIndex;
  }
}

/** What may follow a token where something is wanted; nothing if the token may not be there. */
function after(token, want, open) {
  const isClosing = token === open.at(-1) && (want === 'end' || want === 'first value' || want === 'first key');
  if (isClosing) {
    open.pop();
    return 'end';
  }
  if (want === 'end') return token === ',' && open.length > 0 ? (open.at(-1) === '}' ? 'key' : 'value') : undefined;
  if (want === 'colon') return token === ':' ? 'value' : undefined;
  if (want.endsWith('key')) return token[0] === '"' ? 'colon' : undefined;
  if (CLOSING[token]) {
    open.push(CLOSING[token]);
    return token === '{' ? 'first key' : 'first value';
  }
  return '}],:'.includes(token) ? undefined : 'end';
}

/** A place in a text as people count: `line 2, column 7`. */
export function lineAndColumn(text, at) {
  const before = text.slice(0, at).split('\n');
  return `line ${before.length}, column ${before.at(-1).length + 1}`;
}
