// Where the boxes and lines of the diagram of collections are. Collections that are connected are laid out together by
// dagre; these groups, and collections without relations, are put beside and below each other.
//
// Used by the diagram. Pure.

import { Graph, layout } from '../../vendor/dagre.js';

const MARGIN = 24;
const GAP = 48;

/**
 * @param {{ id: string, width: number, height: number }[]} boxes
 * @param {{ from: string, to: string, field: object }[]} relations
 * @param {number} aspect how much wider than high the whole had better be
 * @returns {{ width: number, height: number, places: Map<string, object>, lines: object[] }} `places` are middles
 */
export function arrange(boxes, relations, aspect) {
  const groups = groupsOf(boxes, relations).map((group) => drawn(group, relations));
  groups.sort((a, b) => b.height - a.height || b.width - a.width);
  const area = groups.reduce((sum, { width, height }) => sum + (width + GAP) * (height + GAP), 0);
  const full = Math.max(Math.sqrt(area * aspect), ...groups.map((group) => group.width));
  const places = new Map();
  const lines = [];
  let [x, y, rowHeight, width] = [MARGIN, MARGIN, 0, 0];
  for (const group of groups) {
    if (x > MARGIN && x + group.width > full + MARGIN) {
      x = MARGIN;
      y += rowHeight + GAP;
      rowHeight = 0;
    }
    for (const [id, place] of group.places) places.set(id, { ...place, x: place.x + x, y: place.y + y });
    const moved = (points) => points.map((point) => ({ x: point.x + x, y: point.y + y }));
    lines.push(...group.lines.map((line) => ({ ...line, points: moved(line.points) })));
    x += group.width + GAP;
    width = Math.max(width, x - GAP);
    rowHeight = Math.max(rowHeight, group.height);
  }
  return { width: width + MARGIN, height: y + rowHeight + MARGIN, places, lines };
}

/** The boxes in groups that no relation leads out of. */
function groupsOf(boxes, relations) {
  const groupOf = new Map(boxes.map((box) => [box.id, [box]]));
  for (const { from, to } of relations) {
    const [one, other] = [groupOf.get(from), groupOf.get(to)];
    if (one === other) continue;
    one.push(...other);
    for (const box of other) groupOf.set(box.id, one);
  }
  return [...new Set(groupOf.values())];
}

function drawn(group, relations) {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 28, ranksep: 70 });
  graph.setDefaultEdgeLabel(() => ({}));
  const ids = new Set(group.map(({ id }) => id));
  for (const { id, width, height } of group) graph.setNode(id, { width, height });
  for (const { from, to, field } of relations) if (ids.has(from)) graph.setEdge(from, to, { field }, field.id);
  layout(graph);
  return {
    width: graph.graph().width,
    height: graph.graph().height,
    places: new Map(group.map(({ id }) => [id, graph.node(id)])),
    lines: graph.edges().map((edge) => ({ from: edge.v, to: edge.w, ...graph.edge(edge) })),
  };
}
