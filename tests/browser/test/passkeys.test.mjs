// Passkeys in a real browser, with its virtual authenticator (CDP domain WebAuthn): on our pages, and by the module
// that pages of others load.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD, account, path, signIn, submit, visitor } from '../lib/browser.mjs';

const LISTED = '/auth/users/account/passkeys';

/** A browser on a device with a fingerprint reader, or whatever looks at who is there. */
async function withAuthenticator() {
  const page = await visitor({ scripts: true });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const ask = (method, more = {}) => cdp.send(`WebAuthn.${method}`, { authenticatorId, ...more });
  return { page, ask };
}

/** Adds a passkey on the page of one's own passkeys. */
async function add(page, { name = 'Laptop', secondFactor = false } = {}) {
  await page.goto(LISTED);
  const form = page.locator('form[data-passkey]');
  await form.waitFor();
  await form.getByLabel('Name, such as that of the device').fill(name);
  await form.getByLabel('Password', { exact: true }).fill(PASSWORD);
  if (secondFactor) await form.getByLabel('Also ask for it after my password').check();
  await form.getByRole('button').click();
  return form;
}

async function signOut(page) {
  await page.context().clearCookies();
  await page.goto('/auth/users/sign-in');
}

test('add a passkey, and sign in with nothing else', async () => {
  const { email } = await account();
  const { page, ask } = await withAuthenticator();
  await signIn(page, email);
  await page.waitForURL('**/account');
  await add(page);
  await page.getByText('The passkey is saved.').waitFor();
  await page.getByText('Laptop').waitFor();
  const { credentials } = await ask('getCredentials');
  assert.equal(credentials.length, 1);
  assert.equal(credentials[0].isResidentCredential, true, 'without a name in it nobody could sign in with nothing else');
  assert.equal(credentials[0].rpId, 'localhost');

  await signOut(page);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.waitForURL('**/account');
  await page.getByText(email).waitFor();
});

test('a passkey as second step, and the codes for the day when it is lost', async () => {
  const { email } = await account();
  const { page } = await withAuthenticator();
  await signIn(page, email);
  await page.waitForURL('**/account');
  const form = await add(page, { name: 'Key', secondFactor: true });
  const shown = form.locator('[data-passkey-codes]');
  await shown.waitFor();
  const codes = (await shown.textContent()).split('\n');
  assert.equal(codes.length, 10);
  await form.getByRole('button', { name: 'I have kept them' }).click();
  await page.getByText('The passkey is saved.').waitFor();

  await signOut(page);
  await signIn(page, email);
  await page.waitForURL('**/second-factor*');
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.waitForURL('**/account');

  const elsewhere = await visitor();
  await signIn(elsewhere, email);
  await elsewhere.getByText('Use a recovery code').click();
  await elsewhere.getByLabel('Recovery code', { exact: true }).fill(codes[0]);
  await elsewhere.locator('form', { has: elsewhere.getByLabel('Recovery code', { exact: true }) }).getByRole('button').click();
  assert.equal(path(elsewhere), '/auth/users/account');
});

test('a wrong password adds nothing, and a finger that is not known opens nothing', async () => {
  const { email } = await account();
  const { page, ask } = await withAuthenticator();
  await signIn(page, email);
  await page.waitForURL('**/account');
  await page.goto(LISTED);
  const form = page.locator('form[data-passkey]');
  await form.waitFor();
  await form.getByLabel('Name, such as that of the device').fill('Laptop');
  await form.getByLabel('Password', { exact: true }).fill('wrong password');
  await form.getByRole('button').click();
  await form.locator('[data-passkey-error]').waitFor();
  assert.deepEqual((await ask('getCredentials')).credentials, []);
  await form.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await form.getByRole('button').click();
  await page.getByText('The passkey is saved.').waitFor();

  await signOut(page);
  await ask('setUserVerified', { isUserVerified: false });
  const button = page.getByRole('button', { name: 'Sign in with a passkey' });
  await button.click();
  // The browser refuses by itself; the button can be pressed again after that.
  await page.locator('form[data-passkey=sign-in] button:not([disabled])').waitFor();
  assert.ok(path(page).startsWith('/auth/users/sign-in'));
  await ask('setUserVerified', { isUserVerified: true });
  await button.click();
  await page.waitForURL('**/account');
});

test('pages of others use the module', async () => {
  const { email } = await account();
  const { page } = await withAuthenticator();
  await signIn(page, email);
  await page.waitForURL('**/account');
  await page.goto(LISTED);
  const answers = await page.evaluate(async (password) => {
    const { passkeysWork, register, signIn } = await import('/static/passkeys.js');
    const refused = await register({ name: 'x', proof: { password: 'wrong' } }).catch((error) => error.status);
    const { passkey } = await register({ name: 'Mine', proof: { password } });
    const { token, record } = await signIn({ collection: 'users' });
    return { works: passkeysWork(), refused, name: passkey.name, token: typeof token, email: record.email };
  }, PASSWORD);
  assert.deepEqual(answers, { works: true, refused: 400, name: 'Mine', token: 'string', email });
});

test('without JavaScript there is nothing that would need it', async () => {
  const page = await visitor();
  await page.goto('/auth/users/sign-in');
  assert.equal(await page.getByRole('button', { name: 'Sign in with a passkey' }).isVisible(), false);
  const { email } = await account();
  await submit(page, { 'E-mail address': email, Password: PASSWORD }, 'Sign in');
  assert.equal(path(page), '/auth/users/account');
});
