// The pages for accounts, without JavaScript: each page and what it is for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  PASSWORD, SUPERUSER, account, api, linkIn, mailTo, output, path, shoot, signIn, submit, violations, visitor,
} from '../lib/browser.mjs';

test('sign up, confirm the address, sign in, end another session, sign out', async () => {
  const page = await visitor();
  await page.goto('/auth/users/sign-in');
  await page.getByRole('link', { name: 'Create an account' }).click();
  await shoot(page, 'sign-up');
  const fields = { 'E-mail address': 'ada@example.com', Password: PASSWORD, 'Password, once more': PASSWORD };
  await submit(page, { ...fields, 'Password, once more': 'another one' }, 'Create account');
  await assert.doesNotReject(page.getByText("The two don't match.").waitFor());
  assert.equal(await page.getByLabel('E-mail address').inputValue(), 'ada@example.com');
  assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), '', 'a password came back');
  await shoot(page, 'sign-up-problem');
  await submit(page, fields, 'Create account');
  assert.equal(path(page), '/auth/users/sign-up/done');
  await shoot(page, 'sign-up-done');

  await page.goto(linkIn(await mailTo('ada@example.com', 'verification')));
  await shoot(page, 'verify');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('Your address is confirmed.').waitFor();
  assert.ok(!page.url().includes('token'));

  await submit(page, { 'E-mail address': 'ada@example.com', Password: 'wrong password' }, 'Sign in');
  await page.getByText("This isn't right.").waitFor();
  assert.equal(await page.getByLabel('E-mail address').inputValue(), 'ada@example.com');
  await shoot(page, 'sign-in-problem');
  await submit(page, { Password: PASSWORD }, 'Sign in');
  assert.equal(path(page), '/auth/users/account');
  await page.getByText('ada@example.com').waitFor();

  const other = await visitor({ userAgent: 'Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0' });
  await signIn(other, 'ada@example.com');
  await page.reload();
  const devices = page.getByRole('listitem').filter({ hasText: 'last used' });
  assert.equal(await devices.count(), 2);
  await shoot(page, 'account');
  await devices.filter({ hasText: 'Firefox' }).getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('This device is signed out.').waitFor();
  assert.equal(await devices.count(), 1);
  await other.reload();
  assert.ok(path(other).startsWith('/auth/users/sign-in?redirect='));

  await page.getByRole('button', { name: 'Sign out', exact: true }).first().click();
  await page.getByText('You are signed out.').waitFor();
  assert.deepEqual((await page.context().cookies()).filter((cookie) => cookie.name.includes('session')), []);
  await page.goto('/auth/users/account');
  assert.ok(path(page).startsWith('/auth/users/sign-in'));
});

test('sign out all other devices', async () => {
  const { email } = await account();
  const [here, there] = [await visitor(), await visitor()];
  await signIn(there, email);
  await signIn(here, email);
  await here.getByRole('button', { name: 'Sign out all other devices' }).click();
  await here.getByText('All other devices are signed out.').waitFor();
  assert.equal(await here.getByRole('listitem').filter({ hasText: 'last used' }).count(), 1);
  await there.reload();
  assert.ok(path(there).startsWith('/auth/users/sign-in'));
});

test('signing up with an address that has an account says the same, and changes nothing', async () => {
  const { email } = await account();
  const page = await visitor();
  await page.goto('/auth/users/sign-up');
  const other = 'another password';
  await submit(page, { 'E-mail address': email, Password: other, 'Password, once more': other }, 'Create account');
  assert.equal(path(page), '/auth/users/sign-up/done');
  await signIn(page, email, { password: other });
  await page.getByText("This isn't right.").waitFor();
  await signIn(page, email);
  assert.equal(path(page), '/auth/users/account');
});

test('a forgotten password is replaced, and that ends sessions', async () => {
  const { email } = await account();
  const [page, signedIn] = [await visitor(), await visitor()];
  await signIn(signedIn, email);
  await page.goto('/auth/users/sign-in');
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await shoot(page, 'forgot');
  await submit(page, { 'E-mail address': email }, 'Send link');
  const answer = await page.content();
  await shoot(page, 'forgot-done');
  await page.goto('/auth/users/forgot');
  await submit(page, { 'E-mail address': 'nobody@example.com' }, 'Send link');
  assert.equal(await page.content(), answer, 'the answer tells whether there is an account');

  const link = linkIn(await mailTo(email, 'passwordReset'));
  await page.goto(link);
  await shoot(page, 'reset');
  await submit(page, { 'New password': 'short', 'Password, once more': 'short' }, 'Save password');
  await page.getByText('From 8 to 255 characters').waitFor();
  await submit(page, { 'New password': 'a new password', 'Password, once more': 'a new password' }, 'Save password');
  await page.getByText('Your password is changed.').waitFor();
  await signedIn.reload();
  assert.ok(path(signedIn).startsWith('/auth/users/sign-in'));
  await signIn(page, email, { password: 'a new password' });
  assert.equal(path(page), '/auth/users/account');
  await page.goto(link);
  await submit(page, { 'New password': 'once again 1', 'Password, once more': 'once again 1' }, 'Save password');
  await page.getByText("This link doesn't work any more.").waitFor();
});

test('the own password and address are changed', async () => {
  const { email } = await account();
  await api('PATCH', '/api/collections/users', { updateRule: 'id = @request.auth.id' });
  const page = await visitor();
  await signIn(page, email);
  await page.getByRole('link', { name: 'Change password' }).click();
  await shoot(page, 'password');
  const fields = { 'New password': 'a new password', 'Password, once more': 'a new password' };
  await submit(page, { 'Current password': 'wrong password', ...fields }, 'Save password');
  await page.getByText("This isn't your current password.").waitFor();
  await submit(page, { 'Current password': PASSWORD, ...fields }, 'Save password');
  await page.getByText('Your password is changed.').waitFor();
  assert.ok(path(page).startsWith('/auth/users/account'), 'the session that changed the password goes on');

  await page.getByRole('link', { name: 'Change e-mail address' }).click();
  await shoot(page, 'email');
  await submit(page, { 'New e-mail address': `new-${email}` }, 'Send link');
  await page.getByText('on its way to the new address').waitFor();
  await page.goto(linkIn(await mailTo(`new-${email}`, 'emailChange')));
  await shoot(page, 'change-email');
  await submit(page, { Password: 'a new password' }, 'Change address');
  await page.getByText('Your address is changed.').waitFor();
  await signIn(page, `new-${email}`, { password: 'a new password' });
  assert.equal(path(page), '/auth/users/account');
});

test('a code that comes by mail signs in', async () => {
  await api('POST', '/api/collections', { name: 'coders', type: 'auth', otp: { enabled: true, duration: 180, length: 6 } });
  const { email } = await account('coders');
  const page = await visitor();
  await page.goto('/auth/coders/sign-in');
  await page.getByRole('link', { name: 'Code by mail' }).click();
  await shoot(page, 'code');
  await submit(page, { 'E-mail address': email }, 'Send code');
  await shoot(page, 'code-enter');
  const code = /\b\d{6}\b/.exec((await mailTo(email, 'otp')).text)[0];
  await submit(page, { Code: code === '000000' ? '111111' : '000000' }, 'Sign in');
  await page.getByText('This code is wrong').waitFor();
  await submit(page, { Code: code }, 'Sign in');
  assert.equal(path(page), '/auth/coders/account');
});

test('sign-up asks for what the collection needs', async () => {
  await api('POST', '/api/collections', {
    name: 'members', type: 'auth', createRule: '',
    passwordAuth: { enabled: true, identityFields: ['email', 'handle'] },
    indexes: ['CREATE UNIQUE INDEX members_handle ON members (handle)'],
    fields: [
      { name: 'handle', type: 'text', required: true }, { name: 'age', type: 'number', required: true },
      { name: 'terms', type: 'bool', required: true }, { name: 'team', type: 'select', required: true, values: ['red', 'blue'] },
      { name: 'born', type: 'date', required: true }, { name: 'note', type: 'text' },
      { name: 'secret', type: 'text', hidden: true },
    ],
  });
  const page = await visitor();
  await page.goto('/auth/members/sign-up');
  await shoot(page, 'sign-up-long');
  assert.equal(await page.getByLabel('Note').count() + await page.getByLabel('Secret').count(), 0);
  await page.getByLabel('Terms').check();
  await page.getByLabel('Team').selectOption('blue');
  await submit(page, {
    'E-mail address': 'long@example.com', Handle: 'lo<b>ng', Age: '44', Born: '1982-03-04', Password: PASSWORD,
    'Password, once more': PASSWORD,
  }, 'Create account');
  assert.equal(path(page), '/auth/members/sign-up/done');
  const { items: [member] } = await api('GET', '/api/collections/members/records');
  assert.deepEqual([member.age, member.terms, member.team, member.handle], [44, true, 'blue', 'lo<b>ng']);
  await page.goto('/auth/members/sign-in');
  await submit(page, { 'E-mail address or Handle': 'lo<b>ng', Password: PASSWORD }, 'Sign in');
  assert.equal(path(page), '/auth/members/account');
});

test('superusers have these pages, too, but for signing up', async () => {
  const page = await visitor();
  const { status } = { status: (await page.goto('/auth/_superusers/sign-up')).status() };
  assert.equal(status, 404);
  await signIn(page, SUPERUSER.email, { collection: '_superusers', password: SUPERUSER.password });
  assert.equal(path(page), '/auth/_superusers/account');
  assert.equal(await page.getByRole('link', { name: 'Change e-mail address' }).count(), 0);
  await page.goto('/auth/users/account');
  assert.ok(path(page).startsWith('/auth/users/sign-in'), 'an account belongs to one collection');
});

test('pages come in the language that the browser asks for', async () => {
  const page = await visitor({ locale: 'de-CH' });
  await page.goto('/auth/users/sign-in');
  await page.getByRole('heading', { name: 'Anmelden' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'de');
  await shoot(page, 'sign-in-german');
});

test('nothing keeps people from using the pages', async () => {
  const page = await visitor();
  const { email } = await account();
  await signIn(page, email);
  const cookies = await page.context().cookies();
  const own = ['account', 'account/password', 'account/email'];
  const open = ['sign-in', 'sign-up', 'forgot', 'forgot/done', 'reset?token=x', 'verify?token=x', 'change-email?token=x'];
  const found = [];
  for (const one of open) found.push(...await violations(`/auth/users/${one}`));
  for (const one of own) found.push(...await violations(`/auth/users/${one}`, cookies));
  found.push(...await violations('/'), ...await violations('/auth/nothing/sign-in'));
  assert.deepEqual(found, []);
});

test('the server had no trouble', () => {
  assert.doesNotMatch(output(), /ERROR|panicked/);
});
