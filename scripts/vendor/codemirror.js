// What the dashboard uses of CodeMirror, as one module.
export { EditorState, Compartment } from '@codemirror/state';
export { EditorView, keymap, placeholder, lineNumbers, drawSelection, tooltips } from '@codemirror/view';
export { StreamLanguage, HighlightStyle, syntaxHighlighting, bracketMatching, indentOnInput } from '@codemirror/language';
export { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
export { autocompletion, completionKeymap, closeBrackets, closeBracketsKeymap, startCompletion } from '@codemirror/autocomplete';
export { linter, lintGutter, setDiagnostics } from '@codemirror/lint';
export { sql, SQLite } from '@codemirror/lang-sql';
export { json, jsonParseLinter } from '@codemirror/lang-json';
export { tags } from '@lezer/highlight';
