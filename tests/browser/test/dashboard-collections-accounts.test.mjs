// What the editor of collections has for accounts: ways to sign in, lives of tokens, and mails with their preview.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookAtDialog } from '../lib/dashboard.mjs';
import {
  button, define, definition, dialog, edit, HOSTILE, lookAtTab, nameOf, page, saved, text, write,
} from '../lib/collection_editor.mjs';

test('options of accounts: ways to sign in, services, lives of tokens, mails', async () => {
  await define('staff', [text('nick')], {
    type: 'auth',
    indexes: ['CREATE UNIQUE INDEX idx_staff_nick ON staff (nick)'],
  });
  await edit('staff', '#sign-in');
  await page.getByRole('group', { name: 'What people type as their name' }).getByLabel('nick').check();
  await page.getByLabel('Sign in with a code by mail').check();
  await page.getByLabel('A code is good for').fill('300');
  await page.getByText('5 minutes', { exact: true }).first().waitFor();
  await page.getByLabel('Ask for a second way to sign in').check();
  await write('Who needs a second step', 'verified = true');
  await page.getByLabel('Sign in with an account elsewhere').check();
  await button('Add a service').click();
  await dialog().getByLabel('Search services').fill('gith');
  await button('GitHub', dialog()).click();
  await dialog().getByLabel('Client id').fill('the-client');
  await dialog().getByLabel('Client secret').fill('the-secret');
  await button('Add', dialog()).click();
  await page.getByLabel('A session may rest').fill('3600');
  await page.getByRole('group', { name: 'End everything when one of these changes' }).getByLabel('nick').check();
  await page.getByText('New password', { exact: true }).click();
  const mail = page.locator('.template[open]');
  await mail.getByLabel('Subject').fill('For ');
  await button('{RECORD:nick}', mail).click();
  await button('End all issued: Sign-in tokens').click();
  const question = await dialog().elementHandle();
  await button('End them', dialog()).click();
  await page.waitForFunction((element) => !element.isConnected, question);
  await button('Save').click();
  await dialog().getByText('Ends all that was issued of tokens and sessions.').waitFor();
  await saved(() => button('Save', dialog()).click());
  const stored = await definition('staff');
  assert.deepEqual(stored.passwordAuth.identityFields, ['email', 'nick']);
  assert.deepEqual(
    [stored.otp.enabled, stored.otp.duration, stored.mfa.enabled, stored.mfa.rule],
    [true, 300, true, 'verified = true'],
  );
  assert.deepEqual(
    [stored.oauth2.enabled, stored.oauth2.providers[0].name, stored.oauth2.providers[0].clientId],
    [true, 'github', 'the-client'],
  );
  assert.deepEqual([stored.sessions.idleDuration, stored.sessions.endOnChange], [3600, ['nick']]);
  assert.equal(stored.resetPasswordTemplate.subject, 'For {RECORD:nick}');
  await button('Set up GitHub').click();
  assert.equal(await dialog().getByLabel('Client secret').inputValue(), '');
  await dialog().getByLabel('Name that people see').fill(HOSTILE);
  await button('Use', dialog()).click();
  await saved(() => button('Save').click());
  assert.equal((await definition('staff')).oauth2.providers[0].displayName, HOSTILE);
  await page.getByLabel('A code is good for').fill('1');
  await button('Save').click();
  await page
    .locator('.field', { has: page.getByLabel('A code is good for') })
    .getByText('Use 10 or more.')
    .waitFor();
  await edit('staff', '#sign-in');
  await lookAtTab('collection-sign-in', '#sign-in');
});

test('a mail is shown filled in while it is written, and runs, loads and leads to nothing', async () => {
  await define('guests', [text('name'), text('pin', { hidden: true })], { type: 'auth' });
  await edit('guests', '#sign-in');
  await page.getByText('New password', { exact: true }).click();
  const mail = page.locator('.template[open]');
  const sheet = mail.frameLocator('iframe');
  await sheet.getByText('Choose a password').waitFor();
  await mail.getByLabel('Subject').fill('For {RECORD:name} & {APP_NAME}');
  await mail.locator('.mail-sample-subject', { hasText: /^For \[name\] & \w+/ }).waitFor();
  const hit = 'top.wasHit=1';
  await mail.getByLabel('Body (HTML)').fill(
    `<style>@import url(/x.css); p { color: rgb(1, 2, 3) }</style><script>${hit}</script>`
      + `<p style="font-size: 21px">Hello</p><img src=x alt=Logo onerror="${hit}"><svg onload="${hit}"></svg>`
      + `<a href="{APP_URL}/r?{TOKEN}" onclick="${hit}">Go</a>{RECORD:pin} {RECORD:nope} {token} {SOMETHING}`,
  );
  const hello = sheet.getByText('Hello');
  await hello.waitFor();
  assert.deepEqual(
    await hello.evaluate((one) => [getComputedStyle(one).color, getComputedStyle(one).fontSize]),
    ['rgb(1, 2, 3)', '21px'],
  );
  const link = sheet.getByText('Go', { exact: true });
  assert.match(await link.getAttribute('title'), /^https?:.*\/r\?ey/);
  assert.equal(await link.getAttribute('href'), null);
  await sheet.getByText('[Logo]').waitFor();
  assert.deepEqual(await mail.locator('.mail-problems li').allTextContents(), [
    '{RECORD:pin} isn’t filled in: pin is hidden or a secret, which mails don’t tell.',
    '{RECORD:nope} isn’t filled in: there is no field nope.',
    '{token} isn’t filled in: it is written {TOKEN}.',
    '{SOMETHING} isn’t filled in: this mail knows no such placeholder.',
  ]);
  // The server's paper is around it.
  assert.equal(await sheet.locator('main').evaluate((one) => getComputedStyle(one).maxWidth), '560px');
  await mail.getByLabel('Body (HTML)').fill('<p>No link in it</p>');
  await mail.getByText('{TOKEN} is missing').waitFor();
  await button('{TOKEN}', mail).click();
  assert.equal(await mail.getByLabel('Body (HTML)').inputValue(), '<p>No link in it</p>{TOKEN}');
  await mail.locator('.mail-problems').waitFor({ state: 'hidden' });
  await sheet.getByText('No link in it').waitFor();
  await lookAtDialog(page, 'collection-mail');
  await button('Send a test', mail).click();
  await dialog().getByLabel('To').fill('me@example.com');
  await button('Send', dialog()).click();
  await page.getByText('there is no mail server in the settings').waitFor();
  assert.notEqual((await definition('guests')).resetPasswordTemplate.subject, 'For {RECORD:name} & {APP_NAME}');
  assert.equal(await page.evaluate(() => globalThis.wasHit), undefined);
});

test('options that name a field follow its new name, though they are changed in the same save', async () => {
  const mappedFields = { name: 'nick', username: '' };
  await define('callsigns', [text('nick'), text('role'), text('rank')], {
    type: 'auth', indexes: ['CREATE UNIQUE INDEX idx_callsigns_nick ON callsigns (nick)'],
    passwordAuth: { enabled: true, identityFields: ['email', 'nick'] }, oauth2: { mappedFields },
    sessions: { endOnChange: ['role'] },
  });
  await edit('callsigns');
  await nameOf('nick').fill('handle');
  await nameOf('role').fill('part');
  await page.getByRole('tab', { name: 'Sign-in' }).click();
  await page.getByRole('group', { name: 'What people type as their name' }).getByLabel('email').uncheck();
  await page.getByRole('group', { name: /^End everything when/ }).getByLabel('rank').check();
  await button('Save').click();
  await saved(() => button('Save', dialog()).click());
  const { passwordAuth, sessions, oauth2 } = await definition('callsigns');
  assert.deepEqual(
    [passwordAuth.identityFields, sessions.endOnChange, oauth2.mappedFields.name],
    [['handle'], ['part', 'rank'], 'handle'],
  );
});

test('nothing of all this made a page complain', () => {
  assert.deepEqual(page.trouble, []);
});
