// What can be told of statements without running them. Called by the page SQL; nothing here touches the page.

/** Comments, texts and names in quotes, within which a semicolon is nothing; everything else by the letter. */
const TOKEN = /--[^\n]*|\/\*[^]*?(?:\*\/|$)|'[^']*'?|"[^"]*"?|`[^`]*`?|\[[^\]]*\]?|\s+|[^]/g;
const IS_NOTHING = /^(?:--|\/\*|\s)/;

/** The statements of a text, each without the comments, blanks and semicolons around it. */
export function statementsOf(text) {
  const found = [];
  let isOpen = false;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (IS_NOTHING.test(token)) continue;
    const isEnd = token === ';';
    if (!isEnd && !isOpen) found.push({ from: index });
    if (!isEnd) found.at(-1).to = index + token.length;
    isOpen = !isEnd;
  }
  return found.map(({ from, to }) => text.slice(from, to));
}

/** Whether the server may run these as changes: it goes by the first word. */
export const isChange = ([first]) => /^(?:insert|update|delete|replace)\b/i.test(first);

/** Whether the server can be asked for rows after those that it has answered. */
export const canGoOn = (statements) => statements.length === 1 && /^(?:select|values|with)\b/i.test(statements[0]);
