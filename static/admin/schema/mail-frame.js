// A frame that shows a mail as mail programs do, and in which nothing runs, loads or leads elsewhere.
//
// Used by the mails of the editor of collections. The frame's document is under the page's own policy, which refuses
// styles that come as text. So they are taken out before, and set afterwards by the page, which may do that: for this
// the frame keeps the page's origin, but no scripts may run in it (`sandbox`).

import { h } from '../lib/dom.js';

const TAKEN_OUT =
  'script, style, link, meta, base, iframe, frame, object, embed, video, audio, svg, math, template, noscript, ' +
  'input, button, select, textarea';
const ADDRESSES = ['href', 'src', 'srcset', 'background', 'action', 'formaction', 'poster', 'data', 'target', 'ping'];
const HEIGHT_MAX = 640;

/** Nothing in a style sheet may load anything. */
const unloading = (css) =>
  css.replaceAll(/@import[^;]*;?/gi, '').replaceAll(/(?:url|image-set|src)\([^)]*\)/gi, 'none');

/** The mail as a document without what is active, and its style sheets. The browser complains of what it refuses. */
function lifeless(html) {
  const sheets = [];
  const plain = html
    .replaceAll(/<style\b[^>]*>([\s\S]*?)(?:<\/style\s*>|$)/gi, (_, css) => {
      sheets.push(unloading(css));
      return '';
    })
    .replaceAll(/<[^>]+>/g, (tag) => tag.replaceAll(/[\s/"'](?=(?:style|on\w+)\s*=)/gi, '$& data-'));
  const parsed = new DOMParser().parseFromString(plain, 'text/html');
  for (const one of parsed.querySelectorAll(TAKEN_OUT)) one.remove();
  for (const picture of parsed.querySelectorAll('img'))
    picture.replaceWith(`[${picture.getAttribute('alt') || 'picture'}]`);
  for (const one of parsed.querySelectorAll('*')) {
    if (one.hasAttribute('href')) one.title = one.getAttribute('href');
    for (const { name } of [...one.attributes])
      if (/^(?:on|style$)/i.test(name) || ADDRESSES.includes(name)) one.removeAttribute(name);
  }
  return { html: `<!doctype html>${parsed.documentElement.outerHTML}`, sheets };
}

/** @returns {{ element: HTMLElement, show: (html: string) => void, fit: () => void }} */
export function mailFrame(title) {
  const element = h('iframe', { class: 'mail-sample', sandbox: 'allow-same-origin', title });
  let sheets = [];
  element.addEventListener('load', () => {
    const page = element.contentDocument;
    if (!page?.body) return;
    const { CSSStyleSheet } = element.contentWindow;
    page.adoptedStyleSheets = sheets.map((css) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      return sheet;
    });
    for (const one of page.querySelectorAll('[data-style]')) one.style.cssText = unloading(one.dataset.style);
    fit();
  });
  /** Makes the frame as high as the mail is. */
  function fit() {
    const page = element.contentDocument?.documentElement;
    if (!page) return;
    element.style.height = '0';
    element.style.height = `${Math.min(HEIGHT_MAX, page.scrollHeight + 2)}px`;
  }
  const show = (html) => {
    const made = lifeless(html);
    sheets = made.sheets;
    element.srcdoc = made.html;
  };
  return { element, show, fit };
}
