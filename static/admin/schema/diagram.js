// Collections and what points to what, as a picture. Each collection is a link to its editor. From afar only names are
// drawn, large; what is looked at shows what it is connected with.
//
// Used by the overview of collections, which loads it when the tab is opened. Where things are is up to
// `diagram-layout.js`, what of them is seen to `camera.js`.

import { address } from '../lib/api.js';
import { h, icon } from '../lib/dom.js';
import { ZOOM_STEP, cameraOf } from './camera.js';
import { arrange } from './diagram-layout.js';
import { kindLabel } from './kinds.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 220;
const HEAD = 34;
const ROW = 21;
const FOOT = 8;
const NAME_MAX_CHARS = 16;
const TARGET_MAX_CHARS = 9;
const LOOP = 46;
/** Names from afar: lines of about so many signs, so wide are these for their height, so high at most. */
const FAR_LINE_CHARS = 14;
const FAR_WIDTH = 0.62;
const FAR_SIZE_MAX = 40;

function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value);
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

const short = (name, max = NAME_MAX_CHARS) => (name.length > max ? `${name.slice(0, max - 1)}…` : name);

/** The relations of these collections that lead to one of them. */
function relationsOf(collections) {
  const ids = new Set(collections.map((one) => one.id));
  return collections.flatMap((from) =>
    from.fields
      .filter((field) => field.type === 'relation' && ids.has(field.collectionId))
      .map((field) => ({ from: from.id, to: field.collectionId, field })),
  );
}

/**
 * The picture of these collections; with `fields`, all of these are drawn and not only relations.
 * @returns {{ element: HTMLElement, find: (text: string) => number }} `find` goes to the first collection with this in
 *   its name and marks all of them; it returns how many there are
 */
export function diagram(collections, { fields = true } = {}) {
  const relations = relationsOf(collections);
  const shown = (one) =>
    fields ? one.fields : one.fields.filter((field) => relations.some((relation) => relation.field === field));
  const heightOf = (one) => HEAD + Math.max(1, shown(one).length) * ROW + FOOT;
  const boxes = collections.map((one) => ({ id: one.id, width: WIDTH, height: heightOf(one) }));
  const map = arrange(boxes, relations, window.innerWidth / window.innerHeight);
  const lines = map.lines.map((line) => ({ ...line, element: edgeOf(map, line, shown, collections) }));
  const nodes = collections.map((one) => ({
    one,
    element: nodeOf(one, shown(one), map.places.get(one.id), relations, collections),
  }));
  const world = s('g', {}, lines.map(({ element }) => element), nodes.map(({ element }) => element));
  const svg = s(
    'svg',
    { viewBox: '0 0 100 100', class: 'diagram-svg', role: 'group', 'aria-label': 'Collections and their relations' },
    s('defs', {}, arrow()),
    world,
  );
  showNeighbours(svg, nodes, lines);
  const button = (name, label, run) =>
    h('button', { type: 'button', class: 'icon', 'aria-label': label, title: label, onclick: run }, name);
  const frame = h(
    'div',
    {
      class: 'diagram',
      tabindex: '0',
      role: 'region',
      'aria-label': 'Diagram. Arrow keys move it, plus and minus zoom, 0 shows all.',
    },
    svg,
  );
  const camera = cameraOf(frame, svg, world, map);
  const element = h(
    'div',
    { class: 'diagram-frame' },
    frame,
    h(
      'div',
      { class: 'diagram-tools' },
      button(icon('plus'), 'Zoom in', () => camera.zoom(ZOOM_STEP)),
      button('−', 'Zoom out', () => camera.zoom(1 / ZOOM_STEP)),
      button(icon('columns'), 'Show all', () => camera.fit()),
    ),
  );
  const find = (text) => {
    const wanted = text.trim().toLowerCase();
    const found = nodes.filter(({ one }) => wanted !== '' && one.name.toLowerCase().includes(wanted));
    for (const node of nodes) node.element.classList.toggle('found', found.includes(node));
    if (found.length > 0) camera.show(map.places.get(found[0].one.id));
    return found.length;
  };
  return { element, find };
}

const arrow = () =>
  s(
    'marker',
    {
      id: 'diagram-arrow',
      viewBox: '0 0 10 10',
      refX: 9,
      refY: 5,
      markerWidth: 8,
      markerHeight: 8,
      orient: 'auto-start-reverse',
    },
    s('path', { d: 'M0 1l9 4-9 4z', class: 'arrow' }),
  );

/** While a collection is pointed at or has the focus, what it is connected with stands out. */
function showNeighbours(svg, nodes, lines) {
  for (const { one, element } of nodes) {
    const own = lines.filter(({ from, to }) => from === one.id || to === one.id);
    const ids = new Set([one.id, ...own.flatMap(({ from, to }) => [from, to])]);
    const mark = (on) => {
      svg.classList.toggle('focused', on && own.length > 0);
      for (const line of own) line.element.classList.toggle('near', on);
      for (const node of nodes) if (ids.has(node.one.id)) node.element.classList.toggle('near', on);
    };
    for (const name of ['pointerenter', 'focusin']) element.addEventListener(name, () => mark(true));
    for (const name of ['pointerleave', 'focusout']) element.addEventListener(name, () => mark(false));
  }
}

/**
 * A line from the row of its field to the head of the collection that it points to, through the places that the
 * layout has left free for it in the columns between.
 */
function edgeOf({ places }, { from: source, to: target, points, field }, shown, collections) {
  const [from, to] = [places.get(source), places.get(target)];
  const named = (id) => collections.find((one) => one.id === id);
  const several = field.maxSelect > 1 ? ' (several)' : '';
  const row = shown(named(source)).indexOf(field);
  const onward = to.x > from.x;
  const side = (node, right) => node.x + (right ? WIDTH : -WIDTH) / 2;
  const start = { x: side(from, onward || from === to), y: from.y - from.height / 2 + HEAD + row * ROW + ROW / 2 };
  const end = { x: side(to, !onward), y: to.y - to.height / 2 + HEAD / 2 };
  const d =
    from === to
      ? `M${start.x} ${start.y}C${start.x + LOOP} ${start.y} ${end.x + LOOP} ${end.y} ${end.x} ${end.y}`
      : curve([start, ...columnsBetween(points, onward), end]);
  return s(
    'path',
    { d, class: `edge${field.maxSelect > 1 ? ' many' : ''}`, 'marker-end': 'url(#diagram-arrow)' },
    s('title', {}, `${named(source).name}.${field.name} → ${named(target).name}${several}`),
  );
}

/** The places in the columns that a line passes: there it stays level as long as it is beside collections. */
function columnsBetween(points, onward) {
  const half = ((onward ? 1 : -1) * WIDTH) / 2;
  const within = points.slice(2, -2).filter((_, at) => at % 2 === 0);
  return within.flatMap(({ x, y }) => [
    { x: x - half, y },
    { x: x + half, y },
  ]);
}

/** A line that goes through all points and is level in each of them. */
function curve([first, ...rest]) {
  let d = `M${first.x} ${first.y}`;
  let last = first;
  for (const point of rest) {
    const middle = (last.x + point.x) / 2;
    d += `C${middle} ${last.y} ${middle} ${point.y} ${point.x} ${point.y}`;
    last = point;
  }
  return d;
}

function nodeOf(collection, fields, { x, y, width, height }, relations, collections) {
  const targets = relations
    .filter(({ from }) => from === collection.id)
    .map(({ to, field }) => `${field.name} to ${collections.find((one) => one.id === to).name}`);
  const about = [`${collection.name} ${collection.type}, ${collection.fields.length} fields`, targets.join(', ')];
  const label = about.filter(Boolean).join('; ');
  const isRelation = (field) => relations.some((one) => one.field === field);
  const kindOf = (field) => {
    const target = isRelation(field) && collections.find((one) => one.id === field.collectionId);
    return target ? `→ ${short(target.name, TARGET_MAX_CHARS)}` : kindLabel(field.type);
  };
  const right = width - 12;
  // The link's name says what matters; the fields are drawn over it and let clicks through.
  return s(
    'g',
    { class: `node ${collection.type}`, transform: `translate(${x - width / 2} ${y - height / 2})` },
    s('title', {}, label),
    s(
      'a',
      { href: address(`/_/collections/${encodeURIComponent(collection.name)}/edit`), 'aria-label': label },
      s('rect', { width, height, rx: 8, class: 'box' }),
      s('path', { d: `M0 ${HEAD}V8a8 8 0 0 1 8-8H${width - 8}a8 8 0 0 1 8 8V${HEAD}z`, class: 'head' }),
      s('text', { x: 12, y: 22, class: 'name' }, short(collection.name, 19)),
      ' ',
      s('text', { x: right, y: 22, class: 'kind', 'text-anchor': 'end' }, collection.type),
    ),
    farName(collection.name, width, height),
    s(
      'g',
      { class: 'node-fields', 'aria-hidden': 'true' },
      fields.map((field, at) => [
        s(
          'text',
          { x: 12, y: HEAD + 16 + at * ROW, class: isRelation(field) ? 'points' : undefined },
          short(field.name),
        ),
        s('text', { x: right, y: HEAD + 16 + at * ROW, class: 'kind', 'text-anchor': 'end' }, kindOf(field)),
      ]),
    ),
  );
}

/** The name, as large as the box allows, for when the rest is too small to be read. */
function farName(name, width, height) {
  const lines = [''];
  for (const part of short(name, FAR_LINE_CHARS * 2).split(/(?<=_)/)) {
    if (lines.at(-1) !== '' && lines.at(-1).length + part.length > FAR_LINE_CHARS) lines.push('');
    lines[lines.length - 1] += part;
  }
  const longest = Math.max(...lines.map((line) => line.length));
  const size = Math.min(FAR_SIZE_MAX, (width - 16) / (longest * FAR_WIDTH), (height - 6) / (lines.length * 1.1));
  const top = height / 2 - ((lines.length - 1) * size * 1.1) / 2 + size * 0.35;
  const text = (line, at) => s('text', { x: width / 2, y: top + at * size * 1.1, 'text-anchor': 'middle' }, line);
  const group = s('g', { class: 'far-name', 'aria-hidden': 'true' }, lines.map(text));
  for (const one of group.children) one.style.fontSize = `${size}px`;
  return group;
}
