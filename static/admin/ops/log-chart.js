// The chart of how many entries each hour has. Dragging over it chooses a time. Called by the page Logs.

import { h } from '../lib/dom.js';
import { count, hourOrDay, plural, toDate } from '../lib/format.js';
import uPlot from '../../vendor/uplot.js';

const HOUR = 3600;
const HEIGHT = 120;
/** Hours that a chart has at least, so that a single one isn't as broad as the page. */
const HOURS_MIN = 12;
/** Beyond this, hours of nothing aren't put in. */
const HOURS_MAX = 24 * 400;
/** A drag shorter than this many pixels is a click. */
const DRAG_MIN = 5;

/** The server's figures with entries that have come since. */
export function withNew(stats, entries) {
  const totals = new Map(stats.map(({ date, total }) => [date, total]));
  for (const { created } of entries) {
    const date = `${created.slice(0, 13)}:00:00.000Z`;
    totals.set(date, (totals.get(date) ?? 0) + 1);
  }
  return [...totals].map(([date, total]) => ({ date, total }));
}

/** What the server says, with the hours in between that have nothing: `[seconds[], totals[]]`. */
function series(stats) {
  const totals = new Map(stats.map(({ date, total }) => [toDate(date).getTime() / 1000, total]));
  const hours = [...totals.keys()].sort((a, b) => a - b);
  if (hours.length === 0) return [[], []];
  const last = hours.at(-1);
  const first = Math.min(hours[0], last - (HOURS_MIN - 1) * HOUR);
  if ((last - first) / HOUR > HOURS_MAX) return [hours, hours.map((hour) => totals.get(hour))];
  const all = Array.from({ length: (last - first) / HOUR + 1 }, (_, i) => first + i * HOUR);
  return [all, all.map((hour) => totals.get(hour) ?? 0)];
}

const tickLabels = (_, ticks) => ticks.map((tick) => hourOrDay(new Date(tick * 1000)));

/**
 * Draws into `place`; `onzoom(from, to)` is called with two dates. `draw(stats)` shows other figures.
 * @param {HTMLElement} place
 */
export function logChart(place, onzoom) {
  let chart;
  let shown = [];
  const tip = h('div', { class: 'chart-tip', hidden: true });

  function build() {
    chart?.destroy();
    chart = undefined;
    const data = series(shown);
    const total = shown.reduce((sum, one) => sum + one.total, 0);
    place.hidden = shown.length === 0;
    if (shown.length === 0) return;
    const [entries, hours] = [plural(total, 'entry', 'entries'), plural(data[0].length, 'hour')];
    const most = data[1].reduce((a, b) => Math.max(a, b), 0);
    place.setAttribute('aria-label', `${entries} over ${hours}, ${count(most)} in the busiest`);
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(`--${name}`).trim();
    const axis = { stroke: color('quiet'), font: `11px ${style.getPropertyValue('--font')}`, ticks: { show: false } };
    chart = new uPlot({
      width: place.clientWidth, height: HEIGHT, padding: [8, 4, 0, 0], legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: DRAG_MIN } },
      scales: { x: { range: (_, min, max) => [min - HOUR / 2, max + HOUR / 2] },
        y: { range: (_, __, max) => [0, Math.max(max, 1) * 1.1] } },
      axes: [{ ...axis, grid: { show: false }, size: 26, space: 72, values: tickLabels },
        { ...axis, grid: { stroke: color('line'), width: 1 }, size: 44, space: 28,
        values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? count(tick) : '')) }],
      series: [{}, { fill: color('accent'), stroke: color('accent'), width: 0, points: { show: false },
        paths: uPlot.paths.bars({ size: [0.8, 40], align: 0 }) }],
      hooks: { setSelect: [choose], setCursor: [point] },
    }, data, place);
    place.append(tip);
  }

  function choose(u) {
    const { left, width } = u.select;
    if (width < DRAG_MIN) return;
    const at = (x) => new Date(u.posToVal(x, 'x') * 1000);
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    onzoom(at(left), at(left + width));
  }
  function point(u) {
    const { idx, left } = u.cursor;
    tip.hidden = idx === null || idx === undefined || left < 0;
    if (tip.hidden) return;
    const from = new Date(u.data[0][idx] * 1000);
    const time = from.toLocaleString(undefined, { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit',
      minute: '2-digit' });
    tip.textContent = `${time}: ${plural(u.data[1][idx], 'entry', 'entries')}`;
    const x = u.over.offsetLeft + left;
    tip.style.left = `${Math.max(0, Math.min(x + 10, place.clientWidth - tip.offsetWidth))}px`;
  }

  new ResizeObserver(() => chart?.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
  document.addEventListener('themechange', build);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', build);
  return {
    draw(stats) {
      shown = stats;
      build();
    },
  };
}
