// The record editor: accounts, views, places, and how it looks and is used in every size and colour.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { account, api, mailTo, origin } from '../lib/browser.mjs';
import { lookAtDialog, owner } from '../lib/dashboard.mjs';
import {
  answers, button, field, HOSTILE, isSaved, make, newest, page, said, save, shelf, show, stored, totp,
} from '../lib/record_panel.mjs';

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
  await answers('Send');
  await said(`There is no mail server, so the confirmation mail to ${made.email} stays in the outbox.`);
  assert.ok(await mailTo(made.email, 'verification'));
  await menu('End every sign-in');
  await answers('End them');
  await said('All sign-ins have ended.');
  assert.equal(await isGood(before), false);

  await menu('Impersonate');
  const dialog = page.locator('dialog.account-impersonate');
  await dialog.getByLabel('How long it lasts').selectOption('Another time …');
  await dialog.getByLabel('Seconds').fill('-5');
  await button(dialog, 'Make a token').click();
  await dialog.locator('.problem', { hasText: /\w/ }).waitFor();
  await dialog.getByLabel('Seconds').fill('600');
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
  const card = (name) => panel.getByRole('region', { name, exact: true }).first();
  await panel.getByText(HOSTILE).waitFor();
  await button(panel, 'Unlink github').click();
  await answers('Unlink');
  await card('Linked services').getByText('None.').waitFor();
  assert.equal((await api('GET', `/api/collections/_externalAuths/records?filter=id='${linked.id}'`)).totalItems, 0);
  await card('Second factors').getByText('Off').waitFor();
  assert.equal(await button(panel, 'Reset second factors').count(), 0, 'nothing is there to reset');
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
  await panel.getByRole('tab', { name: 'Record' }).click();
  await panel.getByRole('tab', { name: 'Sign-ins' }).click();
  await card('Second factors').getByText('10 left').waitFor();
  await button(panel, 'Reset second factors').click();
  await answers('Reset');
  await said('The second factors are reset.');
  await card('Second factors').getByText('Off').waitFor();
  assert.equal((await signIn(password)).status, 200);
  // A key is made and a session ended right here.
  await button(panel, 'New key').click();
  const keyPanel = page.getByRole('dialog', { name: 'New API key' });
  await keyPanel.getByLabel('Name', { exact: true }).fill('Nightly');
  await keyPanel.getByLabel('users: view', { exact: true }).check();
  await button(keyPanel, 'Make the key').click();
  await page.getByRole('button', { name: 'I have it' }).click();
  await card('API keys').getByText('Nightly').waitFor();
  const where = new URLSearchParams({ collection: 'users', record: made.id });
  assert.deepEqual((await api('GET', `/api/keys?${where}`)).items.map((one) => one.name), ['Nightly']);
  assert.match(
    await panel.getByRole('link', { name: /the account’s page/ }).getAttribute('href'),
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
  const looker = await owner();
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
    if (collection === 'kinds') {
      await panel.locator('.record-json textarea').focus();
      await panel.locator('.cm-content').waitFor();
      await field(panel, 'story').getByText('Head').click();
      await panel.locator('.ProseMirror[contenteditable="true"]').waitFor();
    }
    await lookAtDialog(looker, name);
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
  await panel.getByText('No browser is signed in.').waitFor();
  await lookAtDialog(looker, 'record-sign-ins');
  await panel.locator('.panel-head summary').click();
  await lookAtDialog(looker, 'record-menu');
  await button(panel.locator('.menu-list'), 'Impersonate').click();
  await lookAtDialog(looker, 'record-impersonate');
  const kinds = await show('kinds', { id }, looker);
  await button(field(kinds, 'shelves'), 'Choose').click();
  await looker.locator('.record-found li').first().waitFor();
  await lookAtDialog(looker, 'record-picker');
  await button(looker.locator('dialog.record-picker'), 'Cancel').click();
  await kinds.getByLabel('title', { exact: true }).fill('Mine');
  await api('PATCH', `/api/collections/kinds/records/${id}`, { title: 'Theirs', amount: 6 });
  await button(kinds, 'Compare').click();
  await looker.getByRole('heading', { name: 'Whose values count?' }).waitFor();
  await lookAtDialog(looker, 'record-conflict');
  await answers('Cancel', looker);
  await kinds.getByLabel('amount', { exact: true }).fill('1000');
  await save(kinds);
  await answers('Use these', looker);
  await kinds.locator('[data-banner="problem"]').waitFor();
  await lookAtDialog(looker, 'record-refused');
  assert.deepEqual(looker.trouble, []);
});
