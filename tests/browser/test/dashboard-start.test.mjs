// The first run, from the link that the program prints to records in the browser: what an owner sees of a new server.

import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startIn } from '../../parity/lib/server.mjs';
import { SUPERUSER, api, origin, shoot, signIn, submit, visitor } from '../lib/browser.mjs';

const EMAIL = 'first@example.com';
const PASSWORD = 'a long password';

/** A server that has nothing yet, not even a superuser: where it is, and the link that it prints. */
async function newServer() {
  const server = await startIn(await mkdtemp(join(tmpdir(), 'holdall-test-first-')), 'holdall');
  after(() => server.stop());
  const [, printed] = /Set-up\s+(http\S+)/.exec(server.output()) ?? assert.fail(server.output());
  const base = `http://localhost:${server.port}`;
  return { base, link: printed.replace(/^http:\/\/[^/]+/, base) };
}

const { base, link } = await newServer();
const page = await visitor({ scripts: true, baseURL: base });
const trouble = [];
page.on('pageerror', (error) => trouble.push(error.message));

test('whoever opens the dashboard of a new server is told how to begin', async () => {
  await page.goto('/_/');
  assert.match(await page.locator('main').innerText(), /holdall superuser create/);
  await shoot(page, 'dashboard-first-run');
});

test('the printed link makes the first superuser, says what is wrong, and signs them in', async () => {
  await page.goto(link);
  await submit(
    page,
    { 'E-mail address': EMAIL, Password: PASSWORD, 'Password, once more': 'another one' },
    'Create superuser',
  );
  await page.getByText("The two don't match.").waitFor();
  assert.equal(await page.getByLabel('E-mail address').inputValue(), EMAIL, 'nothing but passwords is typed twice');
  await shoot(page, 'dashboard-set-up');
  await submit(page, { Password: PASSWORD, 'Password, once more': PASSWORD }, 'Create superuser');
  await page.waitForURL('**/_/');
  await page.getByRole('heading', { name: 'Welcome. Where do you want to begin?' }).waitFor();
  await shoot(page, 'dashboard-empty');
});

test('the demo is loaded once, whatever is clicked, and its records are there', async () => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole('button', { name: 'Load the demo' }).dblclick();
  const tools = page.locator('.side').getByRole('link', { name: 'tools', exact: true });
  await tools.click();
  await page.getByText('Projector').first().waitFor();
  assert.match(await page.getByRole('status').first().innerText(), /5\d records/);
  await page.goto('/_/');
  assert.equal(await page.getByRole('button', { name: 'Load the demo' }).count(), 0);
  assert.deepEqual(trouble, []);
});

test('the link works once', async () => {
  const stranger = await visitor({ baseURL: base });
  const answer = await stranger.goto(link);
  assert.equal(answer.status(), 404);
  assert.match(await stranger.locator('main').innerText(), /works once/);
});

test('a server can begin with a backup of another one', async () => {
  await api('POST', '/api/collections', { name: 'kept', type: 'base', fields: [{ name: 'title', type: 'text' }] });
  await api('POST', '/api/collections/kept/records', { title: 'From before' });
  await api('POST', '/api/backups', { name: 'moved.zip' });
  const { token } = await api('POST', '/api/files/token');
  const answer = await fetch(`${origin}/api/backups/moved.zip?token=${token}`);
  const backup = Buffer.from(await answer.arrayBuffer());

  const other = await newServer();
  const owner = await visitor({ scripts: true, baseURL: other.base });
  await owner.goto(other.link);
  await owner.getByRole('link', { name: 'Begin with a backup of another server instead' }).click();
  const choose = (name, buffer) =>
    owner.getByLabel('Backup (a .zip file)').setInputFiles({ name, mimeType: 'application/zip', buffer });
  await choose('broken.zip', Buffer.from('this is no archive'));
  await owner.getByRole('button', { name: 'Restore' }).click();
  await owner.locator('.problem').first().waitFor();
  await shoot(owner, 'dashboard-start-from-backup');
  await choose('moved.zip', backup);
  await owner.getByRole('button', { name: 'Restore' }).click();
  await owner.getByRole('heading', { name: 'The backup is right' }).waitFor();
  await owner.waitForURL('**/auth/_superusers/sign-in**');
  await signIn(owner, SUPERUSER.email, { password: SUPERUSER.password, path: owner.url() });
  await owner.waitForURL('**/_/');
  await owner.locator('.side').getByRole('link', { name: 'kept', exact: true }).click();
  await owner.getByText('From before').waitFor();
});
