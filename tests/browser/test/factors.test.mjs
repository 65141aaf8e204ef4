// Second factors: an authenticator app and recovery codes without JavaScript, passkeys with the browser's own authenticator.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { PASSWORD, account, origin, path, shoot, signIn, submit, violations, visitor } from '../lib/browser.mjs';

/** The code that an authenticator app shows for a key in base 32 (RFC 6238), `steps` half minutes from now. */
function totp(secret, steps = 0) {
  const bits = [...secret].map((char) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(char).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac('sha1', key).update(counter).digest();
  const at = hash[19] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

test('an authenticator app is set up, asked for, replaced by a recovery code, and removed', async () => {
  const { email } = await account();
  const page = await visitor();
  await signIn(page, email);
  await page.getByRole('link', { name: 'Set up' }).click();
  await shoot(page, 'app');
  await submit(page, { Password: 'wrong password' }, 'Continue');
  await page.getByText('This is wrong').waitFor();
  await submit(page, { Password: PASSWORD }, 'Continue');
  await page.getByRole('img', { name: 'QR code' }).waitFor();
  await shoot(page, 'app-setup');
  const secret = (await page.locator('code').textContent()).replaceAll(' ', '');
  const codeLabel = 'Code of your authenticator app';
  const wrong = totp(secret) === '000000' ? '111111' : '000000';
  await submit(page, { [codeLabel]: wrong }, 'Confirm');
  await page.getByText('This is wrong').waitFor();
  await submit(page, { [codeLabel]: totp(secret) }, 'Confirm');
  const codes = await page.locator('.codes li').allTextContents();
  assert.ok(codes.length >= 8);
  await shoot(page, 'recovery-codes');
  await page.getByRole('link', { name: 'I have kept them' }).click();
  await page.getByText('The authenticator app is set up.').waitFor();
  await shoot(page, 'account-with-factors');

  const other = await visitor();
  await signIn(other, email, { path: '/auth/users/sign-in?redirect=/api/health' });
  assert.ok(path(other).startsWith('/auth/users/second-factor'));
  await shoot(other, 'second-factor');
  await submit(other, { [codeLabel]: wrong }, 'Sign in');
  await other.getByText('This is wrong').waitFor();
  // The one that confirmed the app is used up.
  await submit(other, { [codeLabel]: totp(secret, 1) }, 'Sign in');
  assert.equal(path(other), '/api/health');

  const third = await visitor();
  await signIn(third, email);
  await third.getByText('Use a recovery code').click();
  await third.getByLabel('Recovery code').fill(codes[0]);
  await third.locator('details').getByRole('button', { name: 'Sign in' }).click();
  assert.equal(path(third), '/auth/users/account');
  await third.getByRole('link', { name: 'Make new ones' }).click();
  await submit(third, { Password: PASSWORD }, 'Make new codes');
  assert.equal((await third.locator('.codes li').allTextContents()).filter((code) => codes.includes(code)).length, 0);

  await page.goto('/auth/users/account/app');
  await submit(page, { Password: PASSWORD }, 'Remove the app');
  await page.getByText('The authenticator app is removed.').waitFor();
  const fourth = await visitor();
  await signIn(fourth, email);
  assert.equal(path(fourth), '/auth/users/account');
});

/** A browser with an authenticator that says yes to everything. */
async function withAuthenticator() {
  const page = await visitor({ scripts: true });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', { options: {
    protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
    automaticPresenceSimulation: true,
  } });
  return { page, devtools, authenticatorId };
}

test('a passkey is added, signs in, and is removed', async () => {
  const { email } = await account();
  const { page, devtools, authenticatorId } = await withAuthenticator();
  await signIn(page, email);
  await page.waitForURL('**/account');
  await page.goto('/auth/users/account/passkeys');
  await shoot(page, 'passkeys');
  const name = 'Name, such as that of the device';
  await submit(page, { [name]: 'Lap<b>top', Password: 'wrong password' }, 'Add a passkey');
  await page.locator('[data-passkey-error]:not([hidden])').waitFor();
  await submit(page, { [name]: 'Lap<b>top', Password: PASSWORD }, 'Add a passkey');
  await page.getByText('The passkey is saved.').waitFor();
  await page.getByText('Lap<b>top').waitFor();
  await shoot(page, 'passkeys-one');

  await page.goto('/auth/users/account');
  await page.getByRole('button', { name: 'Sign out', exact: true }).first().click();
  await page.goto('/auth/users/sign-in?redirect=/api/health');
  await shoot(page, 'sign-in-passkey');
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.waitForURL(`${origin}/api/health`);
  await page.goto('/auth/users/account');
  await page.getByText(email).waitFor();

  const found = await violations('/auth/users/account/passkeys', await page.context().cookies());
  assert.deepEqual(found, []);
  await page.goto('/auth/users/account/passkeys');
  await page.locator('summary', { hasText: 'Remove' }).click();
  await page.locator('details').getByLabel('Password').fill(PASSWORD);
  await page.locator('details').getByRole('button', { name: 'Remove' }).click();
  await page.getByText('The passkey is removed.').waitFor();
  await page.goto('/auth/users/sign-in');
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.locator('[data-passkey-error]:not([hidden])').waitFor();
  await devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
});

test('a passkey is asked for as the second step', async () => {
  const { email } = await account();
  const { page } = await withAuthenticator();
  await signIn(page, email);
  await page.waitForURL('**/account');
  await page.goto('/auth/users/account/passkeys');
  await page.getByLabel('Also ask for it after my password').check();
  await submit(page, { 'Name, such as that of the device': 'Key', Password: PASSWORD }, 'Add a passkey');
  await page.locator('[data-passkey-codes]').waitFor();
  assert.match(await page.locator('[data-passkey-codes]').textContent(), /\S+\n\S+/);
  await shoot(page, 'passkeys-codes');
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await page.getByText('The passkey is saved.').waitFor();

  await page.goto('/auth/users/account');
  await page.getByRole('button', { name: 'Sign out', exact: true }).first().click();
  await page.waitForURL('**/sign-in**');
  await signIn(page, email);
  await page.waitForURL('**/second-factor');
  await shoot(page, 'second-factor-passkey');
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.waitForURL('**/account');
});
