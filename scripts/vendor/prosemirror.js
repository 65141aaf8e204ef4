// What the dashboard uses of ProseMirror, as one module.
export { DOMParser, DOMSerializer, Schema } from 'prosemirror-model';
export { EditorState, Plugin } from 'prosemirror-state';
export { EditorView } from 'prosemirror-view';
export { baseKeymap, chainCommands, exitCode, lift, setBlockType, toggleMark, wrapIn } from 'prosemirror-commands';
export { history, redo, undo } from 'prosemirror-history';
export { keymap } from 'prosemirror-keymap';
export { inputRules, textblockTypeInputRule, wrappingInputRule } from 'prosemirror-inputrules';
export { liftListItem, sinkListItem, splitListItem, wrapInList, bulletList, orderedList, listItem } from 'prosemirror-schema-list';
export { nodes, marks } from 'prosemirror-schema-basic';
