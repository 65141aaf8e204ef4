// The buttons above a rich text, and its keys.

import { h } from '../../lib/dom.js';
import { tell } from '../../lib/feedback.js';
import { setLink } from './links.js';

export function plugins(pm, schema) {
  const { nodes, marks } = schema;
  return [
    pm.inputRules({
      rules: [
        pm.wrappingInputRule(/^\s*>\s$/, nodes.blockquote),
        pm.wrappingInputRule(/^\s*([-*])\s$/, nodes.bullet_list),
        pm.wrappingInputRule(/^1\.\s$/, nodes.ordered_list),
        pm.textblockTypeInputRule(/^(#{1,6})\s$/, nodes.heading, (match) => ({ level: match[1].length })),
      ],
    }),
    pm.keymap({
      'Mod-z': pm.undo,
      'Mod-y': pm.redo,
      'Shift-Mod-z': pm.redo,
      'Mod-b': pm.toggleMark(marks.strong),
      'Mod-i': pm.toggleMark(marks.em),
      'Mod-u': pm.toggleMark(marks.underline),
      'Shift-Enter': (state, dispatch) => {
        dispatch?.(state.tr.replaceSelectionWith(nodes.hard_break.create()).scrollIntoView());
        return true;
      },
      Enter: pm.splitListItem(nodes.list_item),
      'Mod-[': pm.liftListItem(nodes.list_item),
      'Mod-]': pm.sinkListItem(nodes.list_item),
    }),
    // Escape closes the panel, as everywhere in it.
    pm.keymap({ ...pm.baseKeymap, Escape: () => false }),
    pm.history(),
  ];
}

const isMarked = (state, mark) =>
  state.selection.empty
    ? Boolean(mark.isInSet(state.storedMarks ?? state.selection.$from.marks()))
    : state.doc.rangeHasMark(state.selection.from, state.selection.to, mark);
const isIn = (state, type, attributes = {}) => {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    const node = $from.node(depth);
    if (node.type === type && Object.entries(attributes).every(([name, value]) => node.attrs[name] === value))
      return true;
  }
  return false;
};

/** The toolbar: each button has a command and, where it can be on, what tells whether it is. */
export function buttons(pm, schema, view, addPicture) {
  const { nodes, marks } = schema;
  const block = (type, attributes) => (state, dispatch) =>
    pm.setBlockType(isIn(state, type, attributes) ? nodes.paragraph : type, attributes)(state, dispatch);
  const wrap = (type) => (state, dispatch) => (isIn(state, type) ? pm.lift : pm.wrapIn(type))(state, dispatch);
  const items = (type) => (state, dispatch) =>
    (isIn(state, type) ? pm.liftListItem(nodes.list_item) : pm.wrapInList(type))(state, dispatch);
  const list = [
    ['B', 'Bold', pm.toggleMark(marks.strong), (state) => isMarked(state, marks.strong)],
    ['I', 'Italic', pm.toggleMark(marks.em), (state) => isMarked(state, marks.em)],
    ['U', 'Underline', pm.toggleMark(marks.underline), (state) => isMarked(state, marks.underline)],
    ['S', 'Strike through', pm.toggleMark(marks.strike), (state) => isMarked(state, marks.strike)],
    ['</>', 'Code', pm.toggleMark(marks.code), (state) => isMarked(state, marks.code)],
    ['H2', 'Heading', block(nodes.heading, { level: 2 }), (state) => isIn(state, nodes.heading, { level: 2 })],
    ['H3', 'Smaller heading', block(nodes.heading, { level: 3 }), (state) => isIn(state, nodes.heading, { level: 3 })],
    ['•', 'Bulleted list', items(nodes.bullet_list), (state) => isIn(state, nodes.bullet_list)],
    ['1.', 'Numbered list', items(nodes.ordered_list), (state) => isIn(state, nodes.ordered_list)],
    ['❝', 'Quote', wrap(nodes.blockquote), (state) => isIn(state, nodes.blockquote)],
    ['{ }', 'Block of code', block(nodes.code_block), (state) => isIn(state, nodes.code_block)],
    [
      '―',
      'Line across',
      (state, dispatch) => {
        dispatch?.(state.tr.replaceSelectionWith(nodes.horizontal_rule.create()));
        return true;
      },
    ],
    ['Link', 'Link', null, (state) => isMarked(state, marks.link)],
    ['Picture', 'Picture', null],
    ['↶', 'Undo', pm.undo],
    ['↷', 'Redo', pm.redo],
  ];
  const made = list.map(([text, label, command, isOn], at) => {
    const run = command
      ? () => command(view().state, view().dispatch, view())
      : label === 'Link'
        ? () => setLink(schema, view())
        : () => addPicture(view());
    const button = h(
      'button',
      {
        type: 'button',
        class: 'plain small',
        'aria-label': label,
        title: label,
        // Shown by the style sheet: to screen readers it says nothing.
        dataset: { glyph: text },
        tabindex: at === 0 ? 0 : -1,
        'aria-pressed': isOn ? 'false' : undefined,
        // The text keeps its selection while its buttons are pressed.
        onmousedown: (event) => event.preventDefault(),
        onclick: async () => {
          await Promise.resolve(run()).catch(tell);
          view().focus();
        },
        onkeydown: (event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!step) return;
          event.preventDefault();
          button.tabIndex = -1;
          const next = made[(at + step + made.length) % made.length];
          next.tabIndex = 0;
          next.focus();
        },
      },
    );
    button.draw = () => {
      if (isOn) button.setAttribute('aria-pressed', String(isOn(view().state)));
    };
    return button;
  });
  return made;
}

export const drawBar = (bar) => {
  for (const button of bar.children) button.draw?.();
};
