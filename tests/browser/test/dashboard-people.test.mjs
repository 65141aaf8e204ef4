// Accounts and what they are signed in with: found, looked at, and ended for real.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { PASSWORD, SUPERUSER, account, api, mailTo, origin, signIn as signInThere, visitor } from '../lib/browser.mjs';
import { heldBack } from '../lib/held_back.mjs';
import { look, lookAtDialog, open, owner } from '../lib/dashboard.mjs';

const HOSTILE = '<img src=x onerror="globalThis.wasHit=1">\'"';
let page;
let ada;
before(async () => {
  ada = await account('users', { name: 'Ada Lovelace', verified: false });
  page = await owner();
});

const pageOf = (collection, record) => `/_/people?${new URLSearchParams({ collection, record })}`;
const named = ({ id }, collection = 'users') => `?${new URLSearchParams({ collection, record: id })}`;
const card = (name) => page.getByRole('region', { name, exact: true });
const confirm = (name) => page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
const isFocused = (element) => element.evaluate((one) => one === document.activeElement);
const toasted = (text) => page.locator('[data-toasts]').getByText(text).last().waitFor();

/** Signs in without a browser; resolves to the account's cookie or token. */
async function signIn(email, { session = false, agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 '
  + 'Firefox/130.0' } = {}) {
  const answer = await fetch(`${origin}/api/collections/users/auth-with-password${session ? '?session=cookie' : ''}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', 'User-Agent': agent },
      body: JSON.stringify({ identity: email, password: PASSWORD }),
  });
  assert.equal(answer.status, 200);
  return session ? answer.headers.get('set-cookie').split(';')[0] : (await answer.json()).token;
}

const who = async (headers) => (await (await fetch(`${origin}/api/session`, { headers })).json()).record?.id;

test('accounts of all collections are found by any text, and stay text', async () => {
  const odd = await account('users', { name: HOSTILE });
  await open(page, '/_/people');
  await page.getByRole('link', { name: SUPERUSER.email }).waitFor();
  const search = page.getByLabel('Search accounts');
  await search.fill('lovelace');
  await page.getByText('1 account found').waitFor();
  assert.deepEqual(await page.locator('[data-accounts] tbody tr').count(), 1);
  await search.fill(HOSTILE);
  await page.getByRole('link', { name: odd.email }).waitFor();
  await page.getByText('1 account found').waitFor();
  assert.equal(await page.locator('main img').count(), 0);
  assert.equal(new URL(page.url()).searchParams.get('q'), HOSTILE);
  await search.fill(odd.id);
  await page.getByText('1 account found').waitFor();
  await search.fill('nobody has this');
  await page.getByText('No account has this').waitFor();
  await search.fill('');
  await page.getByLabel('Collection', { exact: true }).selectOption('_superusers');
  await page.getByText('1 account', { exact: true }).first().waitFor();
  await open(page, pageOf('users', odd.id));
  assert.equal(await page.locator('main img').count(), 0);
  assert.ok((await page.locator('main').textContent()).includes(HOSTILE));
  assert.equal(await page.evaluate(() => globalThis.wasHit), undefined);
});

test('long lists come in pages', async () => {
  for (let at = 0; at < 16; at += 1) await account('users', { name: `Many ${at}` });
  await open(page, '/_/people?q=Many');
  const rows = page.locator('[data-accounts="users"] tbody tr');
  assert.equal(await rows.count(), 15);
  await page.getByRole('button', { name: 'Show more' }).click();
  await rows.nth(15).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Show more' }).isVisible(), false);
});

test('an account shows its facts, and one that isn’t there says so', async () => {
  await open(page, pageOf('users', ada.id));
  await page.getByRole('heading', { name: ada.email }).waitFor();
  const text = await card('Account').textContent();
  assert.ok(text.includes(ada.id) && text.includes('users'), text);
  assert.match(await page.locator('.account-head').textContent(), /Ada Lovelace.*Not confirmed/);
  await open(page, pageOf('users', 'nobody000000000'));
  await page.getByText('There is no such account.').waitFor();
});

test('one session ends, and the others go on', async () => {
  const [first, second] = [await signIn(ada.email, { session: true }), await signIn(ada.email,
      { session: true, agent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) '
      + 'Chrome/130.0.0.0 Safari/537.36' })];
  assert.equal(await who({ Cookie: first }), ada.id);
  await open(page, pageOf('users', ada.id));
  const table = card('Sessions').first();
  assert.equal(await table.getByRole('row').filter({ hasText: '127.0.0.1' }).count(), 2);
  await page.getByRole('button', { name: /^End the session of Firefox on Linux/ }).press('Enter');
  await toasted('The session has ended.');
  await page.getByRole('button', { name: /^End the session of Firefox/ }).waitFor({ state: 'detached' });
  assert.ok(await isFocused(page.getByRole('button', { name: /^End the session of Chrome/ })));
  assert.equal(await who({ Cookie: first }), undefined);
  assert.equal(await who({ Cookie: second }), ada.id);
});

test('every sign-in ends at once, but only after a question', async () => {
  const cookie = await signIn(ada.email, { session: true });
  const token = await signIn(ada.email);
  await open(page, pageOf('users', ada.id));
  await page.getByRole('button', { name: 'End every sign-in' }).click();
  await confirm('Cancel');
  assert.equal(await who({ Authorization: token }), ada.id);
  await page.getByRole('button', { name: 'End every sign-in' }).click();
  await confirm('End them');
  await page.getByText('No browser is signed in.').waitFor();
  assert.deepEqual([await who({ Authorization: token }), await who({ Cookie: cookie })], [undefined, undefined]);
});

test('a key is made within its scope, shown once, renamed and revoked', async () => {
  await open(page, pageOf('users', ada.id));
  await page.getByRole('button', { name: 'New key' }).click();
  const panel = page.getByRole('dialog', { name: 'New API key' });
  await panel.getByLabel('users: list', { exact: true }).check();
  await panel.getByLabel('users: view', { exact: true }).check();
  await panel.getByRole('button', { name: 'Make the key' }).click();
  // The name is missing, and nothing that was chosen is lost.
  await panel.locator('.field .problem').waitFor();
  assert.equal(await panel.getByLabel('Name', { exact: true }).getAttribute('aria-invalid'), 'true');
  assert.equal(await panel.getByLabel('users: list', { exact: true }).isChecked(), true);
  await panel.getByLabel('Name', { exact: true }).fill(HOSTILE);
  await panel.getByRole('button', { name: 'Make the key' }).click();
  const key = await page.getByLabel('API key', { exact: true }).inputValue();
  assert.match(key, /^holdall_[a-z0-9]{15}_/);
  await page.getByRole('button', { name: 'I have it' }).click();
  await page.getByRole('button', { name: `Rename ${HOSTILE}` }).waitFor();
  assert.ok(!(await page.content()).includes(key), 'the key is still in the page');
  assert.equal(await page.locator('main img').count(), 0);

  assert.equal(await who({ Authorization: `Bearer ${key}` }), ada.id);
  const { items: [stored] } = await api('GET', `/api/keys${named(ada)}`);
  assert.deepEqual(stored.scope, { users: ['list', 'view'] });
  const days = (new Date(stored.expires.replace(' ', 'T')) - Date.now()) / 86_400_000;
  assert.ok(days > 89 && days < 91, `${days} days`);

  await page.getByRole('button', { name: `Rename ${HOSTILE}` }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('');
  await confirm('Save');
  await page.getByRole('dialog').locator('.problem').first().waitFor();
  await page.getByRole('dialog').getByLabel('Name').fill('Nightly');
  await confirm('Save');
  await page.getByRole('button', { name: 'Revoke Nightly' }).click();
  await confirm('Revoke');
  await page.getByText('None. A key is for a program').waitFor();
  assert.equal(await who({ Authorization: `Bearer ${key}` }), undefined);
  assert.deepEqual((await api('GET', `/api/keys${named(ada)}`)).items, []);
});

test('a key must have a scope, or be for everything on purpose', async () => {
  await open(page, pageOf('users', ada.id));
  await page.getByRole('button', { name: 'New key' }).click();
  const panel = page.getByRole('dialog', { name: 'New API key' });
  await panel.getByLabel('Name', { exact: true }).fill('Everything');
  await panel.getByRole('button', { name: 'Make the key' }).click();
  await panel.getByText('Choose what the key may do.').waitFor();
  await panel.getByLabel('Whatever the account may').check();
  await panel.getByLabel('Ends', { exact: true }).selectOption('Never');
  await panel.getByRole('button', { name: 'Make the key' }).click();
  await page.getByRole('button', { name: 'I have it' }).click();
  await page.getByRole('button', { name: 'Revoke Everything' }).waitFor();
  const { items: [stored] } = await api('GET', `/api/keys${named(ada)}`);
  assert.deepEqual([stored.scope, stored.expires], [null, '']);
});

test('what is refused after its dialog was closed is still said', async () => {
  const { id, ...made } = await api('POST', '/api/keys', { collection: 'users', record: ada.id, name: 'Held back',
    scope: null, expires: '' });
  assert.ok(made.key);
  await open(page, pageOf('users', ada.id));
  const requests = await heldBack(page, 'PATCH', '**/api/keys/**');
  await page.getByRole('button', { name: 'Rename Held back' }).click();
  const dialog = page.getByRole('dialog', { name: 'Rename the key' });
  await dialog.getByLabel('Name').fill('');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await requests.waiting;
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await requests.release();
  await toasted('This can\'t be empty.');
  await api('DELETE', `/api/keys/${id}${named(ada)}`);
});

test('mails are sent, and a token of somebody else is made', async () => {
  await open(page, pageOf('users', ada.id));
  await page.getByRole('button', { name: 'Send confirmation mail' }).click();
  await confirm('Send');
  await toasted(`There is no mail server, so the confirmation mail to ${ada.email} stays in the outbox.`);
  await mailTo(ada.email, 'verification');
  await page.getByRole('button', { name: 'Send password reset' }).click();
  await confirm('Send');
  await toasted(`There is no mail server, so the password mail to ${ada.email} stays in the outbox.`);
  await mailTo(ada.email, 'passwordReset');

  await page.getByRole('button', { name: 'Impersonate' }).click();
  await page.getByLabel('How long it lasts').selectOption('Another time …');
  await confirm('Make a token');
  await page.getByRole('dialog').getByText('This can\'t be empty.').waitFor();
  assert.ok(await page.getByLabel('Seconds').evaluate((input) => input === document.activeElement));
  await page.getByLabel('How long it lasts').selectOption('15 minutes');
  await confirm('Make a token');
  const token = await page.getByRole('region', { name: 'Token', exact: true }).textContent();
  assert.equal(await who({ Authorization: token }), ada.id);
  const { exp } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  assert.ok(Math.abs(exp - Date.now() / 1000 - 900) < 120, String(exp));
  await confirm('Close');
});

test('second factors are shown and reset, and services unlinked', async () => {
  const token = await signIn(ada.email);
  const as = async (path, body) =>
    (await fetch(origin + path, { method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: token },
        body: JSON.stringify(body) })).json();
  const { secret } = await as('/api/account/totp', { password: PASSWORD });
  const { totp } = await import('../../sdk/lib/totp.mjs');
  await as('/api/account/totp/confirm', { code: totp(secret) });
  await api('POST', '/api/collections/_externalAuths/records', { collectionRef: '_pb_users_auth_', recordRef: ada.id,
      provider: 'github', providerId: HOSTILE });

  await open(page, pageOf('users', ada.id));
  await card('Second factors').getByText('10 left').waitFor();
  await look(page, 'account');
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole('button', { name: 'Reset second factors' }).click();
  await confirm('Reset');
  await card('Second factors').getByText('Off').waitFor();
  assert.ok(await isFocused(page.getByRole('heading', { name: 'Second factors' })));
  assert.equal((await api('GET', `/api/account/factors${named(ada)}`)).totp.enabled, false);

  await page.getByRole('button', { name: 'Unlink github' }).click();
  await confirm('Unlink');
  await card('Linked services').getByText('None.').waitFor();
  assert.equal((await api('GET', '/api/collections/_externalAuths/records')).totalItems, 0);
});

/** An account with two passkeys, as somebody with a device makes them. */
async function wellGuarded() {
  const owner = await account('users', { name: 'Guarded' });
  const theirs = await visitor({ scripts: true });
  const cdp = await theirs.context().newCDPSession(theirs);
  await cdp.send('WebAuthn.enable');
  for (const name of ['Laptop', HOSTILE]) {
    // A device takes one passkey of an account.
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2',
      transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      automaticPresenceSimulation: true } });
    if (name === 'Laptop') {
      await signInThere(theirs, owner.email);
      await theirs.waitForURL('**/account');
    }
    await theirs.goto('/auth/users/account/passkeys');
    const form = theirs.locator('form[data-passkey]');
    await form.getByLabel('Name, such as that of the device').fill(name);
    await form.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await form.getByRole('button').click();
    await theirs.getByText('The passkey is saved.').waitFor();
    await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
  }
  await theirs.context().close();
  return owner;
}

test('one passkey that somebody has lost is removed, and the others stay', async () => {
  const owner = await wellGuarded();
  await open(page, pageOf('users', owner.id));
  const factors = card('Second factors');
  await factors.getByText('2 passkeys').waitFor();
  assert.equal(await page.locator('main img').count(), 0);
  await page.getByRole('button', { name: 'Remove the passkey Laptop' }).click();
  await lookAtDialog(page, 'remove-passkey');
  await confirm('Cancel');
  await page.getByRole('button', { name: 'Remove the passkey Laptop' }).click();
  await confirm('Remove');
  await factors.getByText('1 passkey', { exact: true }).waitFor();
  const left = await api('GET', `/api/account/factors${named(owner)}`);
  assert.deepEqual(left.passkeys.map((one) => one.name), [HOSTILE]);
});

test('names of a single long word break on a phone', async () => {
  const word = 'donaudampfschifffahrt'.repeat(3);
  const long = await account('users', { name: word, email: `${word.slice(0, 60)}@${word.slice(0, 60)}.example.com` });
  await page.setViewportSize({ width: 390, height: 780 });
  const sticksOut = (element) => element.evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth);
  await open(page, pageOf('users', long.id));
  await page.locator('.account-head').getByText(word, { exact: true }).waitFor();
  assert.equal(await sticksOut(page.locator('html')), false);
  await page.getByRole('button', { name: 'New key' }).click();
  const panel = page.getByRole('dialog', { name: 'New API key' });
  await panel.getByText('It acts in the name of').waitFor();
  assert.equal(await sticksOut(panel.locator('.panel-body')), false);
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('a superuser ends their other sessions, and goes on here', async () => {
  const other = await owner();
  const { items: [me] } = await api('GET', '/api/collections/_superusers/records');
  await open(page, pageOf('_superusers', me.id));
  await page.getByText('This one').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Impersonate' }).count(), 0);
  await page.getByRole('link', { name: 'Change your second factors' }).waitFor();
  const sessions = page.getByRole('button', { name: /^End the session of/ });
  assert.equal(await sessions.count(), 2);
  await page.getByRole('button', { name: 'End all my other sign-ins' }).click();
  await confirm('End them');
  await sessions.nth(1).waitFor({ state: 'detached' });
  await sessions.first().waitFor();
  await other.goto('/_/people');
  await other.waitForURL('**/auth/_superusers/sign-in**');
});

test('the search looks right', async () => {
  await open(page, '/_/people');
  await page.getByRole('link', { name: SUPERUSER.email }).waitFor();
  await look(page, 'people');
});
