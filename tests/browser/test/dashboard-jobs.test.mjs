// The page Jobs: what there is in plain words, running one and seeing how that went.

import assert from 'node:assert/strict';
import test from 'node:test';
import { api } from '../lib/browser.mjs';
import { look, open, owner } from '../lib/dashboard.mjs';

const row = (page, id) => page.locator(`[data-job="${id}"]`);

test('jobs are listed with their schedule in words, and when they run next', async () => {
  const page = await owner();
  await open(page, '/_/jobs');
  const jobs = await api('GET', '/api/crons');
  assert.equal(await page.locator('[data-job]').count(), jobs.length);
  for (const { id, expression } of jobs) assert.ok((await row(page, id).textContent()).includes(expression), id);
  const text = await row(page, '__pbDBOptimize__').textContent();
  assert.match(text, /Every day at 00:00 UTC/);
  assert.match(await row(page, '__pbLogsCleanup__').textContent(), /Every 6 hours/);
});

test('a job runs, and its result is seen', async () => {
  const page = await owner();
  await open(page, '/_/jobs');
  const optimize = row(page, '__pbDBOptimize__');
  assert.match(await optimize.textContent(), /Not since the start/);
  await optimize.getByRole('button', { name: 'Run now: Look at the tables' }).click();
  await page.locator('.toast').filter({ hasText: 'Look at the tables: done.' }).waitFor();
  await optimize.getByText('Done', { exact: true }).waitFor();
  assert.match(await optimize.textContent(), /Took [\d.]+ m?s/);
  // Those before stay to be seen, and stay open while the page looks again.
  await optimize.getByRole('button', { name: 'Run now: Look at the tables' }).click();
  await optimize.getByText('1 earlier run').click();
  await optimize.locator('.job-runs').getByText('Done').waitFor();
  await optimize.getByRole('button', { name: 'Run now: Look at the tables' }).click();
  await optimize.getByText('2 earlier runs').waitFor();
  assert.equal(await optimize.locator('.job-runs > li:visible').count(), 2);
  const { runs } = (await api('GET', '/api/crons')).find(({ id }) => id === '__pbDBOptimize__');
  assert.deepEqual(runs.map(({ error }) => error), ['', '', '']);
  await look(page, 'jobs');
});

test('who clicks twice runs a job once', async () => {
  const page = await owner();
  await open(page, '/_/jobs');
  let sent = 0;
  page.on('request', (request) => { if (request.method() === 'POST') sent += 1; });
  await row(page, '__pbDBOptimize__').getByRole('button', { name: /^Run now/ }).evaluate((button) => {
    button.click();
    button.click();
  });
  await page.locator('.toast').filter({ hasText: 'Look at the tables: done.' }).waitFor();
  assert.equal(sent, 1);
});

test('a job that fails says why', async () => {
  await api('PATCH', '/api/settings', { backups: { cron: '0 3 * * 1-5' } });
  const page = await owner();
  await open(page, '/_/jobs');
  const backup = row(page, '__pbAutoBackup__');
  assert.match(await backup.textContent(), /Mondays to Fridays at 03:00 UTC/);
  // A bucket that isn't there can take no backup.
  const s3 = { enabled: true, bucket: 'none', region: 'here', endpoint: 'http://127.0.0.1:9', accessKey: 'key',
    secret: 'secret' };
  await api('PATCH', '/api/settings', { backups: { s3 } });
  await backup.getByRole('button', { name: 'Run now: Make a backup' }).click();
  await page.locator('.toast.problem').filter({ hasText: 'Make a backup failed.' }).waitFor();
  await backup.getByText('Failed', { exact: true }).waitFor();
  const [{ error }] = (await api('GET', '/api/crons')).find(({ id }) => id === '__pbAutoBackup__').runs;
  assert.equal(await backup.locator('.job-reason').textContent(), error);
  await backup.getByRole('link', { name: 'In the log' }).click();
  await page.locator('[data-log]').filter({ hasText: 'a job failed' }).first().waitFor();
  await api('PATCH', '/api/settings', { backups: { cron: '', s3: { enabled: false } } });
});

test('a job that is gone is told, and the list goes on', async () => {
  await api('PATCH', '/api/settings', { backups: { cron: '@weekly' } });
  const page = await owner();
  await open(page, '/_/jobs');
  await api('PATCH', '/api/settings', { backups: { cron: '' } });
  await row(page, '__pbAutoBackup__').getByRole('button').click();
  await page.locator('.toast.problem').waitFor();
  await row(page, '__pbAutoBackup__').waitFor({ state: 'detached' });
  assert.equal(await page.locator('[data-job]').count(), (await api('GET', '/api/crons')).length);
});
