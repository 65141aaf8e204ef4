// The record editor's control for rich text: ProseMirror, whose schema is the list of what may come out, and the HTML
// itself. HTML with more in it than the schema knows opens as HTML, so that looking at it takes nothing away.

import { fill, h, uniqueId } from '../lib/dom.js';
import { ask, tell, toast } from '../lib/feedback.js';
import { bytes } from '../lib/format.js';
import { root } from '../lib/api.js';

const SAFE_LINK = /^(?:https?:|mailto:|tel:|\/|#|\.|[^:]*$)/i;
const SAFE_IMAGE = /^(?:https?:|\/|\.|data:image\/(?:png|jpe?g|gif|webp);|[^:]*$)/i;

let loaded;
/** ProseMirror and the schema, once a form needs them. */
function load() {
  loaded ??= import('../../vendor/prosemirror.js').then((pm) => ({ pm, schema: schemaOf(pm) }));
  return loaded;
}

/** An address that can be followed without running anything. */
const link = (address) => (SAFE_LINK.test(address.trim()) ? address : null);

function schemaOf(pm) {
  const { nodes, marks } = pm;
  return new pm.Schema({
    nodes: {
      doc: nodes.doc,
      paragraph: nodes.paragraph,
      blockquote: nodes.blockquote,
      horizontal_rule: nodes.horizontal_rule,
      heading: nodes.heading,
      code_block: nodes.code_block,
      text: nodes.text,
      hard_break: nodes.hard_break,
      image: {
        ...nodes.image,
        parseDOM: [
          {
            tag: 'img[src]',
            getAttrs: (image) =>
              SAFE_IMAGE.test(image.getAttribute('src')) && {
                src: image.getAttribute('src'),
                alt: image.getAttribute('alt'),
                title: image.getAttribute('title'),
              },
          },
        ],
      },
      ordered_list: { ...pm.orderedList, content: 'list_item+', group: 'block' },
      bullet_list: { ...pm.bulletList, content: 'list_item+', group: 'block' },
      list_item: { ...pm.listItem, content: 'paragraph block*' },
    },
    marks: {
      link: {
        attrs: { href: {}, title: { default: null } },
        inclusive: false,
        parseDOM: [
          {
            tag: 'a[href]',
            getAttrs: (a) => {
              const href = link(a.getAttribute('href'));
              return href !== null && { href, title: a.getAttribute('title') };
            },
          },
        ],
        toDOM: (mark) => ['a', { href: mark.attrs.href, title: mark.attrs.title }, 0],
      },
      em: { parseDOM: [{ tag: 'i' }, { tag: 'em' }], toDOM: () => ['em', 0] },
      strong: { parseDOM: [{ tag: 'strong' }, { tag: 'b' }], toDOM: () => ['strong', 0] },
      underline: { parseDOM: [{ tag: 'u' }], toDOM: () => ['u', 0] },
      strike: { parseDOM: [{ tag: 's' }, { tag: 'del' }, { tag: 'strike' }], toDOM: () => ['s', 0] },
      code: marks.code,
    },
  });
}

const KNOWN = {
  P: [],
  H1: [],
  H2: [],
  H3: [],
  H4: [],
  H5: [],
  H6: [],
  BLOCKQUOTE: [],
  HR: [],
  PRE: [],
  CODE: [],
  BR: [],
  IMG: ['src', 'alt', 'title'],
  OL: ['start'],
  UL: [],
  LI: [],
  A: ['href', 'title'],
  I: [],
  EM: [],
  B: [],
  STRONG: [],
  U: [],
  S: [],
  DEL: [],
  STRIKE: [],
};

/** The document of a text, in which nothing loads or runs. */
const inert = (html) => new DOMParser().parseFromString(html, 'text/html');

/** The browser complains of attributes that its policy forbids even where nothing comes of them: renames them. */
const renamed = (html) =>
  html.replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/([\s"'/])(on\w+|style)(?=\s*=)/gi, '$1data-was-$2'));

/** What of some HTML the schema has no place for. */
export function unknownIn(html) {
  const found = new Set();
  const walker = document.createTreeWalker(
    inert(renamed(html)).documentElement,
    NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_COMMENT,
  );
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.nodeType === Node.COMMENT_NODE) found.add('comments');
    else if (!['HEAD', 'BODY'].includes(node.tagName)) {
      const attributes = KNOWN[node.tagName];
      if (!attributes) found.add(`<${node.tagName.toLowerCase()}>`);
      else
        for (const { name, value } of node.attributes) {
          const isKept =
            attributes.includes(name) &&
            (name !== 'href' || link(value) !== null) &&
            (name !== 'src' || SAFE_IMAGE.test(value));
          if (!isKept) found.add(name.replace(/^data-was-/, ''));
        }
    }
  }
  return [...found];
}

function toHtml(pm, doc) {
  if (
    doc.childCount === 1 &&
    doc.firstChild.isTextblock &&
    doc.firstChild.type.name === 'paragraph' &&
    doc.firstChild.content.size === 0
  )
    return '';
  const holder = document.implementation.createHTMLDocument('').createElement('div');
  holder.append(
    pm.DOMSerializer.fromSchema(doc.type.schema).serializeFragment(doc.content, { document: holder.ownerDocument }),
  );
  return holder.innerHTML;
}

/** Pictures from elsewhere are named and not loaded: the page's policy forbids it, and loading them tells on people. */
function pictureView(node) {
  const src = node.attrs.src;
  const isOurs = src.startsWith('data:') || new URL(src, root).origin === location.origin;
  return {
    dom: isOurs
      ? h('img', { src: src.startsWith('data:') ? src : new URL(src, root).href, alt: node.attrs.alt ?? '' })
      : h('span', { class: 'badge' }, `Picture: ${node.attrs.alt || src}`),
  };
}

export function richText(field, { onchange }) {
  let state = '';
  let isSource = false;
  let view;
  let ready;
  let ended = false;
  const area = h('textarea', {
    class: 'mono',
    rows: 10,
    spellcheck: 'false',
    'aria-label': `${field.name} as HTML`,
    hidden: true,
    oninput: () => {
      state = area.value;
      onchange();
    },
  });
  const bar = h('div', { class: 'record-bar', role: 'toolbar', 'aria-label': `Format ${field.name}` });
  const holder = h('div', { class: 'record-rich' }, h('p', { class: 'quiet' }, 'Loading the editor …'));
  const note = h('p', { class: 'hint', role: 'status' });
  const source = h(
    'button',
    {
      type: 'button',
      class: 'plain small',
      'aria-pressed': 'false',
      'aria-label': `HTML of ${field.name}`,
      onclick: toggle,
    },
    'HTML',
  );

  async function toggle() {
    if (isSource) {
      const lost = unknownIn(area.value);
      if (
        lost.length > 0 &&
        !(await ask({
          title: 'Leave the HTML?',
          text: `The text editor does not know ${lost.join(', ')}. Changing the text there takes this away.`,
          action: 'Leave',
        }))
      )
        return;
    }
    show(!isSource);
    fill(note);
    if (isSource) area.focus();
    else view?.focus();
  }
  function show(asSource) {
    isSource = asSource;
    source.setAttribute('aria-pressed', String(asSource));
    area.hidden = !asSource;
    holder.hidden = asSource;
    bar.hidden = asSource;
    if (asSource) area.value = state;
    else draw();
  }
  function draw() {
    if (!ready || isSource) return;
    const { pm, schema } = ready;
    const doc = pm.DOMParser.fromSchema(schema).parse(inert(state).body);
    view.updateState(pm.EditorState.create({ doc, plugins: view.state.plugins }));
    drawBar(bar);
  }
  load().then((made) => {
    if (ended) return;
    const { pm, schema } = made;
    fill(holder);
    const empty = pm.DOMParser.fromSchema(schema).parse(inert('').body);
    view = new pm.EditorView(holder, {
      state: pm.EditorState.create({ doc: empty, plugins: plugins(pm, schema) }),
      nodeViews: { image: pictureView },
      attributes: { 'aria-label': field.name, role: 'textbox', 'aria-multiline': 'true', name: field.name },
      dispatchTransaction: (transaction) => {
        view.updateState(view.state.apply(transaction));
        drawBar(bar);
        if (!transaction.docChanged) return;
        state = toHtml(pm, view.state.doc);
        onchange();
      },
    });
    fill(
      bar,
      buttons(pm, schema, () => view, field.name),
    );
    ready = made;
    draw();
  }, tell);
  return {
    body: h('div', { class: 'record-editor' }, bar, holder, area, note),
    tools: source,
    hint: field.maxSize ? `at most ${bytes(field.maxSize)}` : '',
    get: () => state,
    set: (html) => {
      state = html;
      const lost = unknownIn(html);
      fill(note, lost.length > 0 ? `Shown as HTML: the text editor does not know ${lost.join(', ')}.` : '');
      show(lost.length > 0);
    },
    end: () => {
      ended = true;
      view?.destroy();
    },
  };
}

function plugins(pm, schema) {
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
function buttons(pm, schema, view, name) {
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
        : () => addPicture(schema, view());
    const button = h(
      'button',
      {
        type: 'button',
        class: 'plain small',
        'aria-label': label,
        title: label,
        tabindex: at === 0 ? 0 : -1,
        'aria-pressed': isOn ? 'false' : undefined,
        // The text keeps its selection while its buttons are pressed.
        onmousedown: (event) => event.preventDefault(),
        onclick: async () => {
          await run();
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
      text,
    );
    button.draw = () => {
      if (isOn) button.setAttribute('aria-pressed', String(isOn(view().state)));
    };
    return button;
  });
  return made;
}

const drawBar = (bar) => {
  for (const button of bar.children) button.draw?.();
};

/** Asks for an address, or two texts. */
async function askFor(title, fields, action) {
  const inputs = fields.map(([label, value]) => ({
    label,
    input: h('input', { id: uniqueId('rich'), value, autocomplete: 'off' }),
  }));
  const content = inputs.map(({ label, input }) =>
    h('div', { class: 'field' }, h('label', { for: input.id }, label), input),
  );
  return (await ask({ title, content, action })) ? inputs.map(({ input }) => input.value.trim()) : undefined;
}

async function setLink(schema, view) {
  const mark = schema.marks.link;
  const { from, to, empty, $from } = view.state.selection;
  const there =
    $from.marks().find((one) => one.type === mark) ??
    view.state.doc.nodeAt(from)?.marks.find((one) => one.type === mark);
  const answer = await askFor(
    'Link',
    [['Address; empty for no link', there?.attrs.href ?? ''], ...(empty ? [['Text', '']] : [])],
    'Set',
  );
  if (!answer) return;
  const [address, text = ''] = answer;
  const change = view.state.tr;
  if (link(address) === null) toast("Such an address can't be a link.", 'problem');
  else if (address === '') view.dispatch(change.removeMark(from, empty ? to + 1 : to, mark));
  else if (empty)
    view.dispatch(change.replaceSelectionWith(schema.text(text || address, [mark.create({ href: address })]), false));
  else view.dispatch(change.addMark(from, to, mark.create({ href: address })));
}

async function addPicture(schema, view) {
  const answer = await askFor(
    'Picture',
    [
      ['Address of the picture', ''],
      ['What it shows', ''],
    ],
    'Put in',
  );
  if (!answer || answer[0] === '' || !SAFE_IMAGE.test(answer[0])) return;
  view.dispatch(view.state.tr.replaceSelectionWith(schema.nodes.image.create({ src: answer[0], alt: answer[1] })));
}
