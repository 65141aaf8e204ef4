// Collections and what points to what, as a picture: laid out by dagre, drawn as SVG, moved and zoomed by mouse, touch
// and keys. Each collection is a link to its editor.
//
// Used by the overview of collections, which loads it when the tab is opened.

import { Graph, layout } from '../../vendor/dagre.js';
import { address } from '../lib/api.js';
import { h, icon } from '../lib/dom.js';
import { kindLabel } from './kinds.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 220;
const HEAD = 34;
const ROW = 21;
const FOOT = 8;
const NAME_MAX_CHARS = 18;
const ZOOM_MIN = 0.15;
const ZOOM_MAX = 2.5;
const ZOOM_STEP = 1.25;
const PAN_STEP = 60;
const MARGIN = 24;
const LOOP = 46;
/** How far a pointer may move and still be a click. */
const CLICK_PX = 4;

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

/** @returns {HTMLElement} */
export function diagram(collections, { fields = true } = {}) {
  const relations = relationsOf(collections);
  const shown = (one) =>
    fields ? one.fields : one.fields.filter((field) => relations.some((relation) => relation.field === field));
  const graph = arrange(collections, relations, shown);
  const world = s(
    'g',
    {},
    graph.edges().map((edge) => edgeOf(graph, edge, shown, collections)),
    collections.map((one) => nodeOf(one, shown(one), graph.node(one.id), relations, collections)),
  );
  const svg = s(
    'svg',
    { viewBox: '0 0 100 100', class: 'diagram-svg', role: 'group', 'aria-label': 'Collections and their relations' },
    s(
      'defs',
      {},
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
      ),
    ),
    world,
  );
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
  const camera = cameraOf(frame, svg, world, graph.graph());
  return h(
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
}

function arrange(collections, relations, shown) {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 28, ranksep: 70, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const one of collections) graph.setNode(one.id, { width: WIDTH, height: HEAD + shown(one).length * ROW + FOOT });
  for (const { from, to, field } of relations) graph.setEdge(from, to, { field }, field.id);
  layout(graph);
  return graph;
}

/**
 * A line from the row of its field to the head of the collection that it points to, through the places that the
 * layout has left free for it in the columns between.
 */
function edgeOf(graph, edge, shown, collections) {
  const [from, to] = [graph.node(edge.v), graph.node(edge.w)];
  const { points, field } = graph.edge(edge);
  const row = shown(collections.find((one) => one.id === edge.v)).indexOf(field);
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
    s('title', {}, field.name),
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
      s('text', { x: 12, y: 22, class: 'name' }, short(collection.name, 22)),
      ' ',
      s('text', { x: right, y: 22, class: 'kind', 'text-anchor': 'end' }, collection.type),
    ),
    s(
      'g',
      { class: 'node-fields', 'aria-hidden': 'true' },
      fields.map((field, at) => [
        s(
          'text',
          { x: 12, y: HEAD + 16 + at * ROW, class: isRelation(field) ? 'points' : undefined },
          short(field.name),
        ),
        s('text', { x: right, y: HEAD + 16 + at * ROW, class: 'kind', 'text-anchor': 'end' }, kindLabel(field.type)),
      ]),
    ),
  );
}

/** What is seen of the picture. */
function cameraOf(frame, svg, world, size) {
  let [x, y, scale] = [0, 0, 1];
  const box = () => frame.getBoundingClientRect();
  const apply = () => {
    const { width, height } = box();
    svg.setAttribute('viewBox', `0 0 ${width || 1} ${height || 1}`);
    world.setAttribute('transform', `translate(${x} ${y}) scale(${scale})`);
  };
  const zoom = (factor, at = { x: box().width / 2, y: box().height / 2 }) => {
    const next = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, scale * factor));
    x = at.x - ((at.x - x) * next) / scale;
    y = at.y - ((at.y - y) * next) / scale;
    scale = next;
    apply();
  };
  const pan = (dx, dy) => {
    x += dx;
    y += dy;
    apply();
  };
  const fit = () => {
    const { width, height } = box();
    if (width === 0) return;
    scale = Math.max(ZOOM_MIN, Math.min(1, width / size.width, height / size.height));
    x = (width - size.width * scale) / 2;
    y = Math.max(0, (height - size.height * scale) / 2);
    apply();
  };
  let dragged = false;
  frame.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    dragged = false;
    let last = { x: event.clientX, y: event.clientY };
    const start = last;
    const ending = new AbortController();
    document.addEventListener(
      'pointermove',
      ({ clientX, clientY }) => {
        if (Math.hypot(clientX - start.x, clientY - start.y) > CLICK_PX) dragged = true;
        if (dragged) pan(clientX - last.x, clientY - last.y);
        last = { x: clientX, y: clientY };
      },
      { signal: ending.signal },
    );
    for (const name of ['pointerup', 'pointercancel'])
      document.addEventListener(name, () => ending.abort(), { signal: ending.signal });
  });
  frame.addEventListener('dragstart', (event) => event.preventDefault());
  frame.addEventListener(
    'click',
    (event) => {
      if (dragged) event.preventDefault();
      dragged = false;
    },
    true,
  );
  frame.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const { left, top } = box();
      if (event.ctrlKey || event.metaKey)
        zoom(Math.exp(-event.deltaY / 300), { x: event.clientX - left, y: event.clientY - top });
      else pan(-event.deltaX, -event.deltaY);
    },
    { passive: false },
  );
  frame.addEventListener('keydown', (event) => {
    const steps = {
      ArrowLeft: [PAN_STEP, 0],
      ArrowRight: [-PAN_STEP, 0],
      ArrowUp: [0, PAN_STEP],
      ArrowDown: [0, -PAN_STEP],
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (steps[event.key]) pan(...steps[event.key]);
    else if (event.key === '+' || event.key === '=') zoom(ZOOM_STEP);
    else if (event.key === '-') zoom(1 / ZOOM_STEP);
    else if (event.key === '0') fit();
    else return;
    event.preventDefault();
  });
  // Whoever goes from link to link by Tab has to see where they are.
  frame.addEventListener('focusin', ({ target }) => {
    const node = target.closest?.('.node a');
    if (!node?.matches(':focus-visible')) return;
    const [inner, outer] = [node.getBoundingClientRect(), box()];
    frame.scrollTo(0, 0);
    const dx =
      inner.left < outer.left
        ? outer.left - inner.left + MARGIN
        : inner.right > outer.right
          ? outer.right - inner.right - MARGIN
          : 0;
    const dy =
      inner.top < outer.top
        ? outer.top - inner.top + MARGIN
        : inner.bottom > outer.bottom
          ? outer.bottom - inner.bottom - MARGIN
          : 0;
    if (dx || dy) pan(dx, dy);
  });
  let seen = false;
  new ResizeObserver(() => {
    if (seen) apply();
    else if (box().width > 0) {
      seen = true;
      fit();
    }
  }).observe(frame);
  return { zoom, fit };
}
