// A card that loads by itself: what it shows is asked for anew after each change. Called by the cards of an account.

import { fill, h, uniqueId } from '../lib/dom.js';
import { tell } from '../lib/feedback.js';
import { keepFocus } from '../ops/keep-focus.js';

// Cards are shown by pages that have style sheets of their own.
document.head.append(h('link', { rel: 'stylesheet', href: new URL('../people-cards.css', import.meta.url).href }));

/**
 * @param {string} title
 * @param {() => Promise<any>} ask gets what is shown
 * @param {(found: any, load: () => Promise<void>) => any[]} draw makes elements of it
 * @param {Node[]} [actions] beside the title
 */
export function card(title, ask, draw, actions = []) {
  const id = uniqueId('card');
  const body = h('div', { class: 'stack' }, h('p', { class: 'quiet' }, 'Loading …'));
  const heading = h('h2', { id, tabindex: -1 }, title);
  const element = h('section', { class: 'card account-card', 'aria-labelledby': id },
    h('div', { class: 'row between card-head' },
      heading, h('div', { class: 'row' }, actions)), body);
  function redraw(...content) {
    const giveFocusBack = keepFocus(body, heading);
    fill(body, ...content);
    giveFocusBack();
  }
  async function load() {
    try {
      const found = await ask();
      redraw(draw(found, load));
    } catch (error) {
      tell(error);
      redraw(h('p', { class: 'banner problem' }, 'This couldn’t be read.'));
    }
  }
  return { element, load };
}

/** A table in a frame that scrolls by itself; `rows` are lists of cells. */
export const table = (label, heads, rows) => h('div', { class: 'scroll', tabindex: '0', role: 'region',
    'aria-label': label },
  h('table', {}, h('thead', {},
      h('tr', {}, heads.map((name) => h('th', {}, name || h('span', { class: 'visually-hidden' }, 'Actions'))))),
      h('tbody', {}, rows.map((cells) => h('tr', {}, cells.map((cell) => h('td', {}, cell)))))));

export const none = (text) => h('p', { class: 'quiet' }, text);
