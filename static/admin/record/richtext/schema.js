// What may stand in a rich text: ProseMirror's schema is the list of it, and HTML with more in it is told apart here.

import { root } from '../../lib/api.js';
import { h } from '../../lib/dom.js';
import { isWaiting } from '../pictures.js';

const SAFE_LINK = /^(?:https?:|mailto:|tel:|\/|#|\.|[^:]*$)/i;
const SAFE_IMAGE = /^(?:https?:|\/|\.|data:image\/(?:png|jpe?g|gif|webp);|[^:]*$)/i;

/** An address that a picture can have; also one of a picture that gets its own when the record is saved. */
export const isPicture = (src) => SAFE_IMAGE.test(src) || isWaiting(src);

/** An address that can be followed without running anything. */
export const link = (address) => (SAFE_LINK.test(address.trim()) ? address : null);

export function schemaOf(pm) {
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
              isPicture(image.getAttribute('src')) && {
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
export const inert = (html) => new DOMParser().parseFromString(html, 'text/html');

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
            (name !== 'src' || isPicture(value));
          if (!isKept) found.add(name.replace(/^data-was-/, ''));
        }
    }
  }
  return [...found];
}

export function toHtml(pm, doc) {
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
export function pictureView(node) {
  const src = node.attrs.src;
  const isHere = /^(?:data|blob):/.test(src);
  // What is stored may be no address at all.
  const isOurs = isHere || (URL.canParse(src, root) && new URL(src, root).origin === location.origin);
  return {
    dom: isOurs
      ? h('img', { src: isHere ? src : new URL(src, root).href, alt: node.attrs.alt ?? '' })
      : h('span', { class: 'badge' }, `Picture: ${node.attrs.alt || src}`),
  };
}

/** A text to look at, of HTML that the schema knows, which has nothing that runs; its links lead nowhere yet. */
export function reading(html) {
  const { body } = inert(html);
  for (const image of body.querySelectorAll('img[src]')) {
    const [src, alt] = [image.getAttribute('src'), image.getAttribute('alt')];
    image.replaceWith(pictureView({ attrs: { src, alt } }).dom);
  }
  for (const link of body.querySelectorAll('a')) link.removeAttribute('href');
  return [...body.childNodes].map((node) => document.importNode(node, true));
}
