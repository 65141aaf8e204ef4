// Editors for rules, SQL and JSON: CodeMirror, which is loaded when a page first needs it.

import { h } from './dom.js';

/** Words that rules know besides fields. */
const MACROS =
  /@(?:now|yesterday|tomorrow|second|minute|hour|day|weekday|month|year|todayStart|todayEnd|monthStart|monthEnd|yearStart|yearEnd)\b/;

/** One token of the filter language. */
function ruleToken(stream) {
  if (stream.eatSpace()) return null;
  if (stream.match('//')) {
    stream.skipToEnd();
    return 'comment';
  }
  if (stream.match(/"(?:[^"\\]|\\.)*"?/) || stream.match(/'(?:[^'\\]|\\.)*'?/)) return 'string';
  if (stream.match(/-?\d+(?:\.\d+)?/)) return 'number';
  if (stream.match(MACROS)) return 'atom';
  if (stream.match(/@(?:request|collection)[\w.:]*/)) return 'keyword';
  if (stream.match(/(?:true|false|null)\b/)) return 'atom';
  if (stream.match(/\w+(?=\()/)) return 'function';
  if (stream.match(/[A-Za-z_][\w.:]*/)) return 'variableName';
  if (stream.match(/&&|\|\||\??(?:!=|>=|<=|!~|=|>|<|~)/)) return 'operator';
  stream.next();
  return null;
}

const look = (cm) =>
  cm.HighlightStyle.define([
    { tag: cm.tags.comment, color: 'var(--quiet)', fontStyle: 'italic' },
    { tag: [cm.tags.string, cm.tags.special(cm.tags.string)], color: 'var(--good)' },
    { tag: [cm.tags.number, cm.tags.bool, cm.tags.null, cm.tags.atom], color: 'var(--info)' },
    { tag: [cm.tags.keyword, cm.tags.operatorKeyword], color: 'var(--accent-strong)', fontWeight: '600' },
    { tag: cm.tags.operator, color: 'var(--warn)' },
    { tag: [cm.tags.function(cm.tags.variableName), cm.tags.propertyName], color: 'var(--accent-strong)' },
  ]);

const frame = (cm, minHeight) =>
  cm.EditorView.theme({
    '&': { fontSize: '0.87rem', color: 'var(--text)', backgroundColor: 'transparent' },
    '&.cm-focused': { outline: 'none' },
    '.cm-content': { fontFamily: 'var(--mono)', caretColor: 'var(--text)', minHeight, padding: '0.35rem 0' },
    '.cm-scroller': { fontFamily: 'var(--mono)' },
    '.cm-cursor': { borderLeftColor: 'var(--text)' },
    '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--quiet)', border: '0' },
    '.cm-placeholder': { color: 'var(--quiet)' },
    '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
      backgroundColor: 'var(--accent-ground)',
    },
    '.cm-tooltip': {
      backgroundColor: 'var(--raised)',
      border: '1px solid var(--line)',
      borderRadius: 'var(--radius)',
      color: 'var(--text)',
    },
    '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { fontFamily: 'var(--mono)', padding: '0.15rem 0.5rem' },
    '.cm-tooltip-autocomplete ul li[aria-selected]': {
      backgroundColor: 'var(--accent-ground)',
      color: 'var(--accent-strong)',
    },
    '.cm-diagnostic-error': { borderLeftColor: 'var(--problem)' },
  });

/**
 * An editor.
 * @param {object} options
 *   `language`: `rule`, `sql` or `json`; `value`; `label`, its name for screen readers; `onchange(text)`;
 *   `complete(context)`: a completion source of CodeMirror's; `check(text)`: resolves to `[{ from, to, message }]`, in
 *   characters, and is asked when typing pauses; `schema`: tables and their columns for SQL; `onrun`: Ctrl+Enter;
 *   `placeholder`; `readOnly`; `minHeight`.
 * @returns {Promise<{ element: HTMLElement, view: object, get: () => string, set: (text: string) => void,
 *   setReadOnly: (on: boolean) => void }>}
 */
export async function editor({
  language,
  value = '',
  label,
  onchange,
  complete,
  check,
  schema,
  onrun,
  placeholder = '',
  readOnly = false,
  minHeight = '2.1rem',
}) {
  const cm = await import('../../vendor/codemirror.js');
  const locked = new cm.Compartment();
  const lock = (on) => [cm.EditorState.readOnly.of(on), cm.EditorView.editable.of(!on)];
  const languages = {
    rule: () =>
      cm.StreamLanguage.define({ name: 'rule', token: ruleToken, languageData: { commentTokens: { line: '//' } } }),
    sql: () => cm.sql({ dialect: cm.SQLite, schema, upperCaseKeywords: true }),
    // An empty text isn't JSON yet, but nobody has made a mistake.
    json: () => [
      cm.json(),
      cm.linter((view) => (view.state.doc.length === 0 ? [] : cm.jsonParseLinter()(view)), { delay: 300 }),
    ],
  };
  const extensions = [
    languages[language](),
    cm.history(),
    cm.drawSelection(),
    cm.bracketMatching(),
    cm.closeBrackets(),
    cm.indentOnInput(),
    cm.autocompletion(complete ? { override: [complete] } : {}),
    cm.syntaxHighlighting(look(cm)),
    frame(cm, minHeight),
    cm.EditorView.lineWrapping,
    cm.EditorView.contentAttributes.of({ 'aria-label': label ?? 'Editor' }),
    cm.placeholder(placeholder),
    locked.of(lock(readOnly)),
    // Tab goes on to the next field, as everywhere on a page.
    cm.keymap.of([
      ...(onrun
        ? [
            {
              key: 'Mod-Enter',
              run: (view) => {
                // What was offered would stay open over the outcome.
                cm.completionKeymap.find(({ key }) => key === 'Escape')?.run(view);
                onrun();
                return true;
              },
            },
          ]
        : []),
      ...cm.closeBracketsKeymap,
      ...cm.completionKeymap,
      ...cm.historyKeymap,
      ...cm.defaultKeymap,
    ]),
    cm.EditorView.updateListener.of((update) => {
      if (update.docChanged) onchange?.(update.state.doc.toString());
    }),
    // Popups must not be cut off by dialogs and panels.
    cm.tooltips({ position: 'fixed' }),
  ];
  if (check) {
    const lint = async (view) => {
      const length = view.state.doc.length;
      const found = await check(view.state.doc.toString());
      return found.map(({ from, to, message }) => ({
        from: Math.min(from, length),
        to: Math.min(Math.max(to, from + 1), length),
        severity: 'error',
        message,
      }));
    };
    extensions.push(cm.linter(lint, { delay: 350 }));
  }
  const element = h('div', { class: 'editor' });
  // In a root of its own, its styles are style sheets and not elements, which the page's policy would refuse.
  const root = element.attachShadow({ mode: 'open' });
  const view = new cm.EditorView({ parent: root, root, state: cm.EditorState.create({ doc: value, extensions }) });
  return {
    element,
    view,
    get: () => view.state.doc.toString(),
    set: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }),
    setReadOnly: (on) => view.dispatch({ effects: locked.reconfigure(lock(on)) }),
  };
}
