// The overview: how the server is, from its own figures and its log. What the doctor says is drawn by the server.

import { get, ownPage, post } from './lib/api.js';
import { fill, find, h } from './lib/dom.js';
import { busy, tell, toast } from './lib/feedback.js';
import { ago, agoBriefly, bytes, count, duration, fromDate, hourOrDay, plural, toDate } from './lib/format.js';
import { quantile, total } from './lib/metrics.js';
import { figures } from './ops/metrics.js';

const HOUR_MS = 3_600_000;
const HOURS_SHOWN = 24;
/** The level of a request that went well. */
const INFO = 0;
const ROUTES_SHOWN = 12;
const TIME = 'holdall_http_request_duration_seconds';
/** The dashboard's own pages and files say nothing of what the server is for. */
const OWN = /^\/(?:_|static)(?:\/|$)/;

let chart;

async function refresh() {
  find('[data-figures]').setAttribute('aria-busy', 'true');
  await read().finally(() => find('[data-figures]').removeAttribute('aria-busy'));
}

async function read() {
  const [metrics, hours, backups, { logs }] = await Promise.all([figures(), requests(), get('/api/backups'),
    get('/api/settings')]);
  const recent = { hours: lastHours(hours), ...sayWhatIsKept(logs) };
  drawFigures(metrics, recent, backups);
  drawRoutes(metrics);
  await drawChart(recent);
}

/** Requests per hour. The log has entries of the program, too. */
const requests = () => get('/api/logs/stats', {
  filter: `data.type = 'request' && created >= '${fromDate(new Date(Date.now() - HOURS_SHOWN * HOUR_MS))}'`,
});

/** Requests are counted by the log, which may leave some of them out: what is to be said of that. */
const sayWhatIsKept = ({ maxDays, minLevel }) => ({
  isOff: maxDays === 0,
  note: (maxDays === 0 && 'the log is off') || (minLevel > INFO && 'as far as the log keeps them') || '',
});

/** The totals of the last hours, with those in which nothing happened. */
function lastHours(stats) {
  const known = new Map(stats.map(({ date, total: number }) => [toDate(date).getTime(), number]));
  const now = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  return Array.from({ length: HOURS_SHOWN }, (_, at) => {
    const time = now - (HOURS_SHOWN - 1 - at) * HOUR_MS;
    return [time / 1000, known.get(time) ?? 0];
  });
}

function drawFigures(metrics, recent, backups) {
  const api = (labels) => !OWN.test(labels.route);
  const [half, most] = [0.5, 0.99].map((part) => quantile(metrics, TIME, part, api));
  const verified = backups.filter((backup) => backup.verified === true);
  const newest = verified
    .map(({ modified }) => modified)
    .sort()
    .at(-1);
  const free = total(metrics, 'holdall_disk_free_bytes');
  const clients = total(metrics, 'holdall_realtime_clients');
  const started = total(metrics, 'process_start_time_seconds') * 1000;
  const card = (label, value, note) =>
    h(
      'div',
      { class: 'card' },
      h('div', { class: 'quiet' }, label),
      h('div', { class: 'figure' }, value),
      h('div', { class: 'quiet' }, note),
    );
  const seconds = (value) => (value === undefined ? '–' : duration(value * 1000));
  fill(
    find('[data-figures]'),
    card(
      'Requests, 24 h',
      recent.isOff ? '–' : count(recent.hours.reduce((sum, [, number]) => sum + number, 0)),
      recent.note || `started ${ago(new Date(started).toISOString())}`,
    ),
    card('Half answered in', seconds(half), `99 % in ${seconds(most)}`),
    card(
      'Database',
      bytes(total(metrics, 'holdall_database_size_bytes', ({ file }) => file === 'data.db') ?? 0),
      `log of ${bytes(total(metrics, 'holdall_store_wal_bytes') ?? 0)}`,
    ),
    card(
      'Room on disk',
      free === undefined ? '–' : bytes(free),
      `of ${bytes(total(metrics, 'holdall_disk_size_bytes') ?? 0)}`,
    ),
    card('Verified backup', newest ? agoBriefly(newest) : 'none', plural(backups.length, 'backup')),
    card(
      'Memory',
      bytes(total(metrics, 'process_resident_memory_bytes') ?? 0),
      plural(clients ?? 0, 'realtime client'),
    ),
  );
}

function drawRoutes(metrics) {
  const routes = [...new Set(metrics.filter(({ name }) => name === `${TIME}_count`).map(({ labels }) => labels.route))];
  const rows = routes
    .filter((route) => !OWN.test(route))
    .map((route) => {
      const fits = (labels) => labels.route === route;
      const requests = total(metrics, `${TIME}_count`, fits);
      return {
        route,
        requests,
        mean: total(metrics, `${TIME}_sum`, fits) / requests,
        most: quantile(metrics, TIME, 0.95, fits),
      };
    });
  const shown = rows.sort((a, b) => b.requests - a.requests).slice(0, ROUTES_SHOWN);
  fill(
    find('[data-routes]'),
    shown.length === 0 && h('tr', {}, h('td', { class: 'quiet', colspan: 4 }, 'None yet.')),
    shown.map(({ route, requests, mean, most }) =>
      h(
        'tr',
        {},
        h('td', {}, route.replace('/api/collections/<collection>', '…/<collection>')),
        h('td', { class: 'number' }, count(requests)),
        h('td', { class: 'number' }, duration(mean * 1000)),
        h('td', { class: 'number' }, duration(most * 1000)),
      ),
    ),
  );
}

async function drawChart(recent) {
  const { default: UPlot } = await import('../vendor/uplot.js');
  const element = find('[data-chart]');
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const axis = { stroke: color('--quiet'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false } };
  chart?.destroy();
  chart = new UPlot(
    {
      width: element.clientWidth,
      height: element.clientHeight,
      legend: { show: false },
      cursor: { drag: { x: false, y: false } },
      series: [
        {},
        {
          paths: UPlot.paths.bars({ size: [0.7, 40] }),
          fill: color('--accent'),
          stroke: color('--accent'),
          points: { show: false },
        },
      ],
      scales: { y: { range: (_, __, max) => [0, Math.max(max * 1.1, 5)] } },
      axes: [
        { ...axis, space: 72, values: (_, ticks) => ticks.map((tick) => hourOrDay(new Date(tick * 1000))) },
        {
          ...axis,
          size: 55,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000, 1_000_000],
        },
      ],
    },
    [recent.hours.map(([time]) => time), recent.hours.map(([, number]) => number)],
    element,
  );
  element.setAttribute('role', 'img');
  const [, most] = recent.hours.reduce((a, b) => (b[1] > a[1] ? b : a));
  element.setAttribute('aria-label', recent.isOff ? 'No requests: the log is off'
    : `Requests in each of the last ${HOURS_SHOWN} hours, at most ${count(most)}`);
  find('[data-chart-note]').textContent = `the last 24 hours, ${recent.note || 'from the log'}`;
  chart.recent = recent;
}

find('[data-refresh]').addEventListener('click', (event) => {
  // The doctor's part comes by htmx.
  find('[data-findings]').dispatchEvent(new Event('refresh'));
  busy(event.currentTarget, refresh);
});
document.addEventListener('themechange', () => chart && drawChart(chart.recent));
new ResizeObserver(() =>
  chart?.setSize({ width: find('[data-chart]').clientWidth, height: find('[data-chart]').clientHeight }),
).observe(find('[data-chart]'));
document.querySelector('[data-demo]')?.addEventListener('click', (event) =>
  busy(event.currentTarget, async () => {
    const { email, password } = await post('/_/demo', {}, { headers: ownPage() });
    toast(`The demo is there. Its members sign in like ${email} with ${password}.`);
    setTimeout(() => location.reload(), 800);
  }),
);
await refresh().catch(tell);
