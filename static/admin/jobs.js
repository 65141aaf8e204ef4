// The page Jobs: what the program does at certain times, when that is next, how it went, and running one now. The list
// is `/api/crons`; how runs went is in the server's figures, and why one failed is in the log.

import { address, get, post } from './lib/api.js';
import { fill, find, h, icon } from './lib/dom.js';
import { tell, toast } from './lib/feedback.js';
import { ago, count, when } from './lib/format.js';
import { command } from './lib/palette.js';
import { next, words } from './ops/cron.js';
import { figures, valueOf } from './ops/metrics.js';
import { latestSaid } from './ops/program-log.js';

const LOOK_EVERY_MS = 30_000;
const WATCH_EVERY_MS = 500;
const FAILED = 'a job failed';

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

const runsOf = (all, id) => {
  const of = (outcome) => valueOf(all, 'holdall_job_runs_total', { job: id, outcome }) ?? 0;
  return {
    done: of('done'), failed: of('failed'), running: valueOf(all, 'holdall_job_running', { job: id }) === 1,
    last: valueOf(all, 'holdall_job_last_success_timestamp_seconds', { job: id }),
  };
};

function lastRun({ done, failed, running, last }, failure) {
  if (running) return h('span', { class: 'badge info' }, 'Running');
  const success = last ? new Date(last * 1000).toISOString() : null;
  const failedLast = failure && (!success || failure.created.replace(' ', 'T') > success);
  return h('div', { class: 'stack-tight' },
    failedLast && h('div', {}, h('span', { class: 'badge problem' }, 'Failed'), ' ',
      h('time', { title: when(failure.created) }, ago(failure.created))),
    failedLast && h('p', { class: 'small job-reason' }, failure.message.replace(/^a job failed: /, ''), ' ',
      h('a', { href: address(`/_/logs?log=${encodeURIComponent(failure.id)}`) }, 'In the log')),
    !failedLast && success && h('div', {}, h('span', { class: 'badge good' }, 'Done'), ' ',
      h('time', { title: when(success) }, ago(success))),
    !failedLast && !success && h('span', { class: 'quiet' }, 'Not since the start'),
    done + failed > 0 && h('div', { class: 'quiet small nowrap' },
      `${count(done)} done${failed > 0 ? `, ${count(failed)} failed` : ''} since the start`));
}

function row({ id, expression }, runs, failure) {
  const date = next(expression);
  const plain = words(expression);
  const run = h('button', { type: 'button', class: 'small', 'aria-label': `Run now: ${nameOf(id)}`,
    disabled: runs.running || started.has(id), 'aria-busy': started.has(id) && 'true', onclick: () => start(id) },
    icon('play'), 'Run now');
  return h('tr', { dataset: { job: id } },
    h('th', { scope: 'row' }, h('div', { class: 'job-name' }, nameOf(id)),
      KNOWN[id] && h('div', { class: 'quiet small job-text' }, KNOWN[id][1]),
      KNOWN[id] && h('code', { class: 'quiet' }, id)),
    h('td', {}, plain && h('div', {}, plain), h('code', { class: plain ? 'quiet' : '' }, expression)),
    h('td', { class: 'nowrap', 'data-label': 'Next run' },
      date ? [h('div', {}, ago(date.toISOString())), h('div', { class: 'quiet small' }, when(date.toISOString()))]
      : h('span', { class: 'quiet' }, 'Never')),
    h('td', { 'data-label': 'Last run' }, lastRun(runs, failure)),
    h('td', { class: 'right' }, run));
}

async function load() {
  const [jobs, all] = await Promise.all([get('/api/crons'), figures()]);
  // Only what has failed is asked for.
  const failures = await Promise.all(jobs.map(({ id }) =>
    (runsOf(all, id).failed > 0 ? latestSaid(FAILED, 'job', id) : null)));
  const focused = document.activeElement?.closest?.('[data-job]')?.dataset.job;
  fill(body, jobs.map((job, i) => row(job, runsOf(all, job.id), failures[i])));
  if (focused) body.querySelector(`[data-job="${CSS.escape(focused)}"] button`)?.focus();
  return jobs;
}

/** Starts a job and waits for its end, as the server itself only says that it has begun. */
async function start(id) {
  const since = new Date();
  try {
    const before = runsOf(await figures(), id);
    started.add(id);
    await post(`/api/crons/${encodeURIComponent(id)}`);
    await load();
    const after = await ended(id, before);
    started.delete(id);
    await load();
    if (after.failed === before.failed) toast(`${nameOf(id)}: done.`);
    else toast(`${nameOf(id)} failed. ${(await latestSaid(FAILED, 'job', id, since))?.message ?? ''}`, 'problem');
  } catch (error) {
    started.delete(id);
    tell(error);
    load().catch(() => {});
  }
}

async function ended(id, before) {
  for (;;) {
    const now = runsOf(await figures(), id);
    // Fewer than before: the server has begun anew meanwhile.
    if (now.done + now.failed !== before.done + before.failed) return now;
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
