// The page Jobs: what the program does at certain times, when that is next, how it went the last times, and running one
// now. All of it is in `/api/crons`.

import { address, get, post } from './lib/api.js';
import { fill, find, h, icon } from './lib/dom.js';
import { tell, toast } from './lib/feedback.js';
import { ago, duration, plural, when } from './lib/format.js';
import { command } from './lib/palette.js';
import { next, words } from './ops/cron.js';
import { quoted } from './ops/program-log.js';

const LOOK_EVERY_MS = 30_000;
const WATCH_EVERY_MS = 500;

/** What the program's own jobs do. */
const KNOWN = {
  __pbLogsCleanup__: ['Clean up the log', 'Deletes entries of the log that have had their time.'],
  __pbAutoBackup__: ['Make a backup', 'Makes a backup, tests it, and removes the oldest.'],
  __pbDBOptimize__: ['Look at the tables', 'Has the databases look at their tables, so that queries are planned well.'],
  __pbMFACleanup__: ['Forget unfinished sign-ins', 'Deletes first steps of sign-ins whose second never came.'],
  __pbOTPCleanup__: ['Forget one-time codes', 'Deletes one-time codes that have expired.'],
  __holdallCleanup__: ['Clean up',
    'Deletes expired sessions and keys, old mails, and uploads that nobody went on with.'],
};
const nameOf = (id) => KNOWN[id]?.[0] ?? id;

const body = find('[data-jobs]');
/** Jobs that somebody has started here and whose end isn't known yet. */
const started = new Set();

/** Jobs whose earlier runs somebody looks at. */
const opened = new Set();

const outcome = ({ error, started }) => h('div', {},
  error ? h('span', { class: 'badge problem' }, 'Failed') : h('span', { class: 'badge good' }, 'Done'), ' ',
  h('time', { title: when(started) }, ago(started)));
const reason = ({ error }) => error && h('p', { class: 'small job-reason' }, error);

function lastRun({ id, isRunning, runs }) {
  const [last, ...earlier] = runs;
  return h('div', { class: 'stack-tight' },
    isRunning && h('div', {}, h('span', { class: 'badge info' }, 'Running')),
    !last && !isRunning && h('span', { class: 'quiet' }, 'Not since the start'),
    last && [outcome(last), reason(last), h('div', { class: 'quiet small' }, `Took ${duration(last.duration)}`)],
    last?.error && h('a', { class: 'small',
      href: address(`/_/logs?filter=${encodeURIComponent(`data.job = ${quoted(id)}`)}`) }, 'In the log'),
    earlier.length > 0 && h('details', { class: 'small', open: opened.has(id), ontoggle: (event) => {
      if (event.target.open) opened.add(id);
      else opened.delete(id);
    } }, h('summary', {}, plural(earlier.length, 'earlier run'),
      h('span', { class: 'visually-hidden' }, ` of ${nameOf(id)}`)),
    h('ol', { class: 'job-runs' }, earlier.map((run) => h('li', {}, outcome(run),
      h('div', { class: 'quiet' }, `${when(run.started)}, took ${duration(run.duration)}`), reason(run))))));
}

function row(job) {
  const { id, expression, isRunning } = job;
  const date = next(expression);
  const plain = words(expression);
  const run = h('button', { type: 'button', class: 'small', 'aria-label': `Run now: ${nameOf(id)}`,
    disabled: isRunning || started.has(id), 'aria-busy': started.has(id) && 'true', onclick: () => start(id) },
    icon('play'), 'Run now');
  return h('tr', { dataset: { job: id } },
    h('th', { scope: 'row' }, h('div', { class: 'job-name' }, nameOf(id)),
      KNOWN[id] && h('div', { class: 'quiet small job-text' }, KNOWN[id][1]),
      KNOWN[id] && h('code', { class: 'quiet' }, id)),
    h('td', {}, plain && h('div', {}, plain), h('code', { class: plain ? 'quiet' : '' }, expression)),
    h('td', { class: 'nowrap', 'data-label': 'Next run' },
      date ? [h('div', {}, ago(date.toISOString())), h('div', { class: 'quiet small' }, when(date.toISOString()))]
      : h('span', { class: 'quiet' }, 'Never')),
    h('td', { 'data-label': 'Last run' }, lastRun(job)),
    h('td', { class: 'right' }, run));
}

async function load() {
  const jobs = await get('/api/crons');
  const { activeElement } = document;
  const focused = activeElement?.closest?.('[data-job]')?.dataset.job;
  fill(body, jobs.map(row));
  if (focused) {
    body.querySelector(`[data-job="${CSS.escape(focused)}"] ${activeElement.matches('summary') ? 'summary' : 'button'}`)
      ?.focus();
  }
  return jobs;
}

/** Starts a job and waits for its end, as the server itself only says that it has begun. */
async function start(id) {
  if (started.has(id)) return;
  started.add(id);
  const latest = (jobs) => jobs.find((job) => job.id === id)?.runs[0];
  try {
    const before = latest(await get('/api/crons'))?.started;
    await post(`/api/crons/${encodeURIComponent(id)}`);
    await load();
    const { last } = await ended(() => get('/api/crons'), (jobs) => {
      const job = jobs.find((one) => one.id === id);
      return !job || (!job.isRunning && latest(jobs)?.started !== before) ? { last: job?.runs[0] } : null;
    });
    started.delete(id);
    await load();
    // The job is gone, or the server has begun anew.
    if (!last) toast(`How ${nameOf(id)} has ended isn't known.`, 'problem');
    else if (last.error) toast(`${nameOf(id)} failed. ${last.error}`, 'problem');
    else toast(`${nameOf(id)}: done.`);
  } catch (error) {
    started.delete(id);
    tell(error);
    load().catch(() => {});
  }
}

/** What `seen` makes of `look()`, once that is something. */
async function ended(look, seen) {
  for (;;) {
    const found = seen(await look());
    if (found) return found;
    await new Promise((later) => { setTimeout(later, WATCH_EVERY_MS); });
  }
}

try {
  for (const { id } of await load()) command(`Run now: ${nameOf(id)}`, () => start(id), 'Job');
} catch (error) {
  tell(error);
  fill(body, h('tr', {}, h('td', { colspan: 5, class: 'empty' }, 'The jobs could not be read.')));
}
setInterval(() => {
  if (document.visibilityState === 'visible' && started.size === 0) load().catch(tell);
}, LOOK_EVERY_MS);
