// What can be completed in a statement: tables, their columns (those of tables that it names first), aliases, and the
// words of SQL. Called by the page SQL. Nothing here touches the page.

const list = (text) => text.trim().split(/\s*,\s*/);
const KEYWORDS = list(`
  SELECT, FROM, WHERE, GROUP BY, ORDER BY, HAVING, LIMIT, OFFSET, JOIN, LEFT JOIN, ON, USING, AS, AND, OR,
  NOT, IN, IS NULL, IS NOT NULL, LIKE, BETWEEN, EXISTS, CASE, WHEN, THEN, ELSE, END, DISTINCT, UNION, UNION ALL, WITH,
  ASC, DESC, INSERT INTO, VALUES, UPDATE, SET, DELETE FROM`);
const FUNCTIONS = list(`
  count, sum, avg, min, max, total, group_concat, length, lower, upper, substr, replace, trim, round,
  abs, coalesce, ifnull, nullif, iif, date, datetime, strftime, julianday, json_extract, json_each, json_array_length`);
/** Words that stand after a table's name without being an alias of it. */
const NO_ALIAS = new Set(list(`
  where, group, order, having, limit, join, left, inner, cross, natural, on, using, set, values,
  union, except, intersect, as, select, default`));
const TABLE = /["`[]?(\w+)["`\]]?(?:\s+(?:as\s+)?(\w+))?/.source;
const NAMED = new RegExp(`(?:\\b(?:from|join|update|into)\\s+|,\\s*)${TABLE}`, 'gi');

/** The tables that a statement names, by the names that it may call them. */
function namedTables(text, schema) {
  const byLower = new Map(Object.keys(schema).map((name) => [name.toLowerCase(), name]));
  const found = new Map();
  for (const [, name, alias] of text.matchAll(NAMED)) {
    const table = byLower.get(name.toLowerCase());
    if (!table) continue;
    found.set(table.toLowerCase(), table);
    if (alias && !NO_ALIAS.has(alias.toLowerCase())) found.set(alias.toLowerCase(), table);
  }
  return found;
}

/** A name as SQLite takes it. */
const quoted = (name) => (/^[A-Za-z_]\w*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);
const option = (label, type, boost, detail) => ({ label, type, boost, detail, apply: quoted(label) });

/** A completion source of CodeMirror's for tables as `{ table: columns }`. */
export const sqlCompletion = (schema) => (context) => {
  const text = context.state.doc.toString();
  const tables = namedTables(text, schema);
  const member = context.matchBefore(/\w+\.\w*/);
  if (member) {
    const [of] = member.text.split('.');
    const table =
      tables.get(of.toLowerCase()) ?? Object.keys(schema).find((name) => name.toLowerCase() === of.toLowerCase());
    if (!table) return null;
    return {
      from: member.from + of.length + 1,
      validFor: /^\w*$/,
      options: schema[table].map((name) => option(name, 'property', 0)),
    };
  }
  const word = context.matchBefore(/\w*/);
  if (!word || (word.from === word.to && !context.explicit)) return null;
  // Inside of a text nothing is offered.
  if ((text.slice(0, word.from).match(/'/g)?.length ?? 0) % 2 === 1) return null;
  const columns = new Map();
  for (const table of new Set(tables.values())) for (const name of schema[table]) columns.set(name, table);
  const wantsTable = /\b(?:from|join|into|update)\s+$/i.test(text.slice(0, word.from));
  return {
    from: word.from,
    validFor: /^\w*$/,
    options: [
      ...[...columns].map(([name, table]) => option(name, 'property', wantsTable ? -10 : 20, table)),
      ...Object.keys(schema).map((name) =>
        option(name, 'class', (wantsTable ? 30 : 0) - (name.startsWith('_') ? 20 : 0), 'table'),
      ),
      ...KEYWORDS.map((label) => ({ label, type: 'keyword', boost: wantsTable ? -20 : 5 })),
      ...FUNCTIONS.map((label) => ({ label, type: 'function', boost: -5, apply: `${label}(` })),
    ],
  };
};
