// `CREATE INDEX` statements, read and written as text. Tolerant: what isn't understood is edited as SQL only, and the
// server has the last word.

const NAME = '(?:`((?:[^`]|``)+)`|"((?:[^"]|"")+)"|\\[([^\\]]+)\\]|(\\w+))';
const FRAME = new RegExp(
  `^\\s*create\\s+(unique\\s+)?index\\s+(?:if\\s+not\\s+exists\\s+)?(?:main\\s*\\.\\s*)?${NAME}` +
    `\\s+on\\s+(?:\`\`|${NAME})\\s*\\(`,
  'i',
);
const COLUMN = new RegExp(`^${NAME}((?:\\s+collate\\s+\\w+)?)((?:\\s+(?:asc|desc))?)$`, 'i');

const first = (...names) => names.find((name) => name !== undefined);

/** `name` as it is written in a statement. */
export const quote = (name) => `\`${name.replaceAll('`', '``')}\``;

/**
 * Reads a statement.
 * @returns {{ unique: boolean, name: string, columns: object[], condition: string } | null} each column has `name`,
 *   `collate`, `sort`, and `plain`, whether its name is one and not an expression
 */
export function parseIndex(sql) {
  const frame = FRAME.exec(sql);
  if (!frame) return null;
  const inside = insideOf(sql, frame[0].length);
  if (!inside) return null;
  const columns = inside.pieces.map((piece) => {
    const found = COLUMN.exec(piece.trim());
    if (!found) return { name: piece.trim(), collate: '', sort: '', plain: false };
    return {
      name: first(...found.slice(1, 5)),
      collate: found[5].trim(),
      sort: found[6].trim().toUpperCase(),
      plain: true,
    };
  });
  if (columns.some((column) => column.name === '')) return null;
  const rest = /^\s*(?:where\s+([\s\S]+?))?\s*;?\s*$/i.exec(sql.slice(inside.end));
  if (!rest) return null;
  return { unique: Boolean(frame[1]), name: first(...frame.slice(2, 6)), columns, condition: rest[1] ?? '' };
}

/** What is between the parenthesis that has just been opened and its end, cut at commas. */
function insideOf(sql, start) {
  const pieces = [''];
  let depth = 0;
  let quoted = '';
  for (let at = start; at < sql.length; at += 1) {
    const sign = sql[at];
    if (quoted) {
      if (sign === quoted) quoted = '';
    } else if ('\'"`'.includes(sign)) quoted = sign;
    else if (sign === '(') depth += 1;
    else if (sign === ')') {
      if (depth === 0) return { pieces, end: at + 1 };
      depth -= 1;
    } else if (sign === ',' && depth === 0) {
      pieces.push('');
      continue;
    }
    pieces[pieces.length - 1] += sign;
  }
  return null;
}

/** Writes a statement. */
export function writeIndex({ unique, name, columns, condition }, table) {
  const parts = columns.map((column) =>
    [column.plain ? quote(column.name) : column.name, column.collate, column.sort].filter(Boolean).join(' '),
  );
  const where = condition ? ` WHERE ${condition}` : '';
  return `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${quote(name)} ON ${quote(table)} (${parts.join(', ')})${where}`;
}

/** Whether an index needs this column: has it, or speaks of it in an expression or a condition. */
export function mentions(sql, column) {
  const index = parseIndex(sql);
  if (!index) return false;
  const word = new RegExp(`(?<![\\w$])${column.replaceAll(/\W/g, '\\$&')}(?![\\w$])`, 'i');
  const speaks = (text) => word.test(text.replaceAll(/'(?:[^']|'')*'/g, ''));
  return speaks(index.condition) || index.columns.some((one) =>
    one.plain ? one.name.toLowerCase() === column.toLowerCase() : speaks(one.name));
}

const WORDS = /'(?:[^']|'')*'|`(?:[^`]|``)*`|"(?:[^"]|"")*"|\[[^\]]*\]|\w+\b(?!\s*\()/g;

/** The statement with other names of columns, of which `names` has the new by the old, in small letters. */
export function withColumns(sql, names) {
  const head = FRAME.exec(sql)?.[0];
  if (!head) return sql;
  const renamed = sql.slice(head.length).replaceAll(WORDS, (word) => {
    const next = names.get(word.replaceAll(/^[`"[]|[`"\]]$/g, '').toLowerCase());
    return next === undefined ? word : quote(next);
  });
  return head + renamed;
}

/** Whether this is a unique index over nothing but this column. */
export function isUniquelyIndexed(sql, column) {
  const index = parseIndex(sql);
  return Boolean(
    index?.unique &&
    index.columns.length === 1 &&
    index.columns[0].plain &&
    index.columns[0].name.toLowerCase() === column.toLowerCase(),
  );
}
