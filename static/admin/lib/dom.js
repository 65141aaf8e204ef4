// Elements without HTML in strings: what comes from data is always text, so nothing in it can become markup.

const SVG = 'http://www.w3.org/2000/svg';
/** Attributes that must be set as properties to take effect at once. */
const PROPERTIES = new Set([
  'value',
  'checked',
  'selected',
  'disabled',
  'indeterminate',
  'hidden',
  'open',
  'readOnly',
  'multiple',
]);

/**
 * An element: `h('button', { class: 'main', onclick: save }, 'Save')`. Functions become listeners, `dataset` and
 * `style` take objects, `undefined`, `null` and `false` leave an attribute out. Children may be nodes, texts, numbers,
 * arrays of these, and nothing.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  append(element, children);
  return element;
}

function set(element, name, value) {
  if (value === undefined || value === null) return;
  if (typeof value === 'function') element.addEventListener(name.replace(/^on/, ''), value);
  else if (name === 'dataset') Object.assign(element.dataset, value);
  else if (name === 'style') for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
  else if (PROPERTIES.has(name)) element[name] = value;
  else if (value !== false) element.setAttribute(name, value === true ? '' : value);
}

function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false)
      parent.append(child instanceof Node ? child : String(child));
  }
}

/** Puts these children in the place of those that are there. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** A picture of `templates/admin/icons.svg`. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** A button that shows only a picture; `label` is its name. */
export const iconButton = (name, label, attributes = {}) =>
  h('button', { type: 'button', class: 'plain icon', 'aria-label': label, title: label, ...attributes }, icon(name));

/** The first element that fits, which must be there. */
export function find(selector, within = document) {
  const found = within.querySelector(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

let count = 0;
/** An id that no other element has. */
export const uniqueId = (start = 'id') => `${start}-${(count += 1)}`;

/** Calls `action` once calls have paused for so long. */
export function debounce(action, ms = 250) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), ms);
  };
}
