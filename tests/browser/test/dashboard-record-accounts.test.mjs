// The record editor: accounts, views, places, and how it looks and is used in every size and colour.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { account, api, mailTo, origin, shoot } from '../lib/browser.mjs';
import { open, owner } from '../lib/dashboard.mjs';
import {
  answers, button, field, HOSTILE, isSaved, make, newest, page, said, save, shelf, show, stored, totp,
} from '../lib/record_panel.mjs';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

test('accounts: made, verified when asked, another password, tokens, mails, links', async () => {
  let panel = await show('users');
  await panel.getByLabel('email', { exact: true }).fill('eve@example.com');
  await panel.getByLabel('Password', { exact: true }).fill('correct horse');
  await panel.getByLabel('Password again').fill('another horse');
  await button(panel, 'Create').click();
  await panel.locator('.record-password .field').nth(1).locator('.problem', { hasText: /\w/ }).waitFor();
  assert.equal(await panel.getByLabel('Password again').getAttribute('aria-invalid'), 'true');
  await panel.getByLabel('Password again').fill('correct horse');
  await panel.getByLabel('verified', { exact: true }).click();
  await answers('Cancel');
  assert.equal(await panel.getByLabel('verified', { exact: true }).isChecked(), false);
  await button(panel, 'Create').click();
  await said('Created.');
  const made = await newest('users');
  assert.deepEqual([made.email, made.verified, made.emailVisibility], ['eve@example.com', false, false]);
  const signIn = async (password) =>
    await fetch(`${origin}/api/collections/users/auth-with-password`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ identity: made.email, password }),
    });
  const before = (await (await signIn('correct horse')).json()).token;
  const isGood = async (given) =>
    (await fetch(`${origin}/api/collections/users/auth-refresh`, { method: 'POST', headers: { Authorization: given } }))
      .status === 200;
  assert.equal(await isGood(before), true);
  const menu = async (entry) => {
    await panel.locator('.panel-head summary').click();
    await button(panel.locator('.menu-list'), entry).click();
  };
  await menu('Send verification mail');
  await said('The mail is on its way');
  assert.ok(await mailTo(made.email, 'verification'));
  await menu('End all sign-ins');
  await answers('End all');
  await said('All sign-ins have ended.');
  assert.equal(await isGood(before), false);

  await menu('Impersonate');
  const dialog = page.locator('dialog.record-impersonate');
  await dialog.getByLabel('Good for, in seconds').fill('-5');
  await button(dialog, 'Make a token').click();
  await dialog.locator('.problem', { hasText: /\w/ }).waitFor();
  await dialog.getByLabel('Good for, in seconds').fill('600');
  await button(dialog, 'Make a token').click();
  const given = await dialog.getByRole('region', { name: 'Token' }).textContent();
  assert.equal(
    (
      await (
        await fetch(`${origin}/api/collections/users/records/${made.id}`, { headers: { Authorization: given } })
      ).json()
    ).id,
    made.id,
  );
  assert.match(await dialog.getByRole('region', { name: 'Dart' }).textContent(), /pb\.authStore\.save\("/);
  await button(dialog, 'Close').click();

  await panel.getByLabel('verified', { exact: true }).click();
  await answers('Verified');
  await panel.getByLabel('emailVisibility', { exact: true }).click();
  await panel.getByRole('switch', { name: 'Change the password' }).click();
  await button(panel, 'Generate password').click();
  const password = await panel.getByLabel('Password', { exact: true }).inputValue();
  assert.equal(password.length, 24);
  await save(panel);
  await isSaved(panel);
  const after = await stored('users', made.id);
  assert.deepEqual([after.verified, after.emailVisibility], [true, true]);
  assert.equal((await signIn(password)).status, 200);
  assert.equal((await signIn('correct horse')).status, 400);
  assert.equal(await panel.getByLabel('Password', { exact: true }).isVisible(), false);

  const users = (await api('GET', '/api/collections/users')).id;
  const linked = await make('_externalAuths', {
    collectionRef: users,
    recordRef: made.id,
    provider: 'github',
    providerId: HOSTILE,
  });
  panel = await show('users', { id: made.id });
  await panel.getByRole('tab', { name: 'Sign-ins' }).click();
  await panel.getByText(HOSTILE).waitFor();
  await button(panel, 'Unlink github').click();
  await answers('Unlink');
  await panel.getByText('None. Accounts of other services').waitFor();
  assert.equal((await api('GET', `/api/collections/_externalAuths/records?filter=id='${linked.id}'`)).totalItems, 0);
  const removeFactors = async () => {
    await button(panel, 'Remove all second factors').click();
    await answers('Remove');
  };
  await removeFactors();
  await said('This account has no second factors.');
  const as = (await (await signIn(password)).json()).token;
  const own = async (path, body) =>
    (
      await fetch(`${origin}/api/account/${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: as },
        body: JSON.stringify(body),
      })
    ).json();
  const { secret } = await own('totp', { password });
  assert.equal((await own('totp/confirm', { code: totp(secret) })).recoveryCodes.length, 10);
  assert.equal((await signIn(password)).status, 401, 'a second factor is asked for');
  await removeFactors();
  await said('The second factors are gone.');
  assert.equal((await signIn(password)).status, 200);
  assert.match(
    await panel.getByRole('link', { name: /People and keys/ }).getAttribute('href'),
    new RegExp(`/_/people\\?collection=users&record=${made.id}$`),
  );
  assert.deepEqual(page.trouble, []);
});

test('views are shown, not edited', async () => {
  const panel = await show('shelf_names', { id: shelf.Alpha });
  const rows = panel.locator('.record-preview tr');
  assert.deepEqual(await rows.locator('th').allTextContents(), ['id', 'label', 'note']);
  assert.deepEqual(await rows.locator('td').allTextContents(), [shelf.Alpha, 'Alpha', '(empty)']);
  assert.equal(await button(panel, 'Save').count(), 0);
  assert.equal(await panel.locator('.menu-list button', { hasText: 'Delete' }).count(), 0);
});

test('a place is picked on the world, by pointer and by keys', async () => {
  const panel = await show('kinds');
  await field(panel, 'spot').getByText('Pick on a rough map').click();
  const world = field(panel, 'spot').locator('.record-world');
  await world.press('ArrowRight');
  await world.press('Shift+ArrowUp');
  assert.equal(await field(panel, 'spot').getByLabel('Longitude').inputValue(), '1');
  assert.equal(await field(panel, 'spot').getByLabel('Latitude').inputValue(), '10');
  const box = await world.locator('svg').boundingBox();
  await world.click({ position: { x: box.width * 0.75, y: box.height * 0.75 } });
  const picked = await field(panel, 'spot').getByLabel('Longitude').inputValue();
  await page.context().grantPermissions(['geolocation']);
  await page.context().setGeolocation({ longitude: 13.404954, latitude: 52.520008 });
  await button(field(panel, 'spot'), 'Where I am').click();
  await page.waitForFunction(() => document.querySelector('[data-field="spot"] input').value === '13.404954');
  await world.click({ position: { x: box.width * 0.75, y: box.height * 0.75 } });
  assert.equal(await field(panel, 'spot').getByLabel('Longitude').inputValue(), picked);
  await panel.getByLabel('title', { exact: true }).fill('placed');
  await button(panel, 'Create').click();
  await said('Created.');
  const { spot } = await newest('kinds');
  assert.ok(Math.abs(spot.lon - 90) < 2 && Math.abs(spot.lat + 45) < 2, JSON.stringify(spot));
});

test('it can be used and looks right in every size and colour', async () => {
  const looker = await owner({ bypassCSP: true });
  const known = await account('users', { name: 'Ada Long Name' });
  const { id } = await make('kinds', {
    title: 'A title',
    amount: 5,
    many: ['plain', HOSTILE],
    one: 'plain',
    data: { a: [1, 2] },
    story: '<h2>Head</h2><p>Text <strong>bold</strong></p>',
    shelf: shelf.Alpha,
    shelves: [shelf.Beta, shelf.Gamma],
    spot: { lon: 13, lat: 52 },
    site: 'https://a.example',
    starts: '2026-01-02 03:04:05.678Z',
  });
  const screens = [
    ['kinds', { id }, 'record'],
    ['users', { id: known.id }, 'record-account'],
    ['papers', {}, 'record-new'],
    ['shelf_names', { id: shelf.Alpha }, 'record-view'],
  ];
  for (const [collection, options, name] of screens) {
    const panel = await show(collection, options, looker);
    if (collection === 'kinds') await panel.locator('.cm-content').waitFor();
    await shoot(looker, `dashboard-${name}`);
    await usable(looker, name);
    assert.equal(
      await panel.evaluate(
        (dialog) => dialog.querySelector('.panel-body').scrollWidth > dialog.querySelector('.panel-body').clientWidth,
      ),
      false,
      `${name} scrolls sideways`,
    );
  }
  // What opens from it.
  const panel = await show('users', { id: known.id }, looker);
  await panel.getByRole('tab', { name: 'Sign-ins' }).click();
  await panel.getByText('None. Accounts of other services').waitFor();
  await usable(looker, 'sign-ins');
  await panel.locator('.panel-head summary').click();
  await usable(looker, 'menu');
  await button(panel.locator('.menu-list'), 'Impersonate').click();
  await usable(looker, 'impersonate');
  const kinds = await show('kinds', { id }, looker);
  await button(field(kinds, 'shelves'), 'Choose').click();
  await looker.locator('.record-found li').first().waitFor();
  await shoot(looker, 'dashboard-record-picker');
  await usable(looker, 'picker');
  await button(looker.locator('dialog.record-picker'), 'Cancel').click();
  await kinds.getByLabel('title', { exact: true }).fill('Mine');
  await api('PATCH', `/api/collections/kinds/records/${id}`, { title: 'Theirs', amount: 6 });
  await button(kinds, 'Compare').click();
  await looker.getByRole('heading', { name: 'Whose values count?' }).waitFor();
  await shoot(looker, 'dashboard-record-conflict');
  await usable(looker, 'conflict');
  await answers('Cancel', looker);
  await kinds.getByLabel('amount', { exact: true }).fill('1000');
  await save(kinds);
  await answers('Use these', looker);
  await kinds.locator('[data-banner="problem"]').waitFor();
  await shoot(looker, 'dashboard-record-refused');
  await usable(looker, 'refused');
  assert.deepEqual(looker.trouble, []);
});

/** Nothing that axe finds keeps people from using what is open. */

async function usable(on, name) {
  await on.addScriptTag({ path: AXE });
  for (const colorScheme of ['light', 'dark']) {
    await on.emulateMedia({ colorScheme });
    const found = await on.evaluate(() => globalThis.axe.run([...document.querySelectorAll('dialog[open]')].at(-1)));
    assert.deepEqual(
      found.violations
        .filter((one) => ['serious', 'critical'].includes(one.impact))
        .map((one) => `${name} ${colorScheme} ${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`),
      [],
    );
  }
}
