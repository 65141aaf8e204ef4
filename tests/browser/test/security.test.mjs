// What strangers try: other sites' forms, foreign addresses to go to, scripts in names; and what browsers keep.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { PASSWORD, account, api, origin, path, signIn, submit, visitor } from '../lib/browser.mjs';

/** A page of another site, on another port and by another name. */
let foreignPage = '';
const foreign = createServer((request, answer) => {
  answer.setHeader('Content-Type', 'text/html');
  answer.end(foreignPage);
}).listen(0, '127.0.0.1');
await new Promise((ready) => foreign.once('listening', ready));
const foreignOrigin = `http://127.0.0.1:${foreign.address().port}`;
after(() => foreign.close());

/** The fields of a form on one of our pages, as somebody copies them who has visited it. */
async function hiddenFields(page, address) {
  await page.goto(address);
  const fields = await page.locator('form').first().locator('input[type=hidden]').all();
  return Promise.all(fields.map(async (field) => [await field.getAttribute('name'), await field.getAttribute('value')]));
}

const form = (action, fields) => `<form method="post" action="${origin}${action}">
  ${fields.map(([name, value]) => `<input name="${name}" value="${value}">`).join('')}<button>Go</button></form>`;

test('another origin can neither sign people in nor act for them, whatever it knows', async () => {
  const [victim, attacker] = [await account(), await account()];
  const attackersPage = await visitor();
  const hidden = await hiddenFields(attackersPage, '/auth/users/sign-in');
  const page = await visitor({ scripts: true });

  foreignPage = form('/auth/users/sign-in', [...hidden, ['identity', attacker.email], ['password', PASSWORD]]);
  await page.goto(foreignOrigin);
  const refusal = page.waitForResponse((answer) => answer.request().method() === 'POST');
  await page.getByRole('button').click();
  assert.equal((await refusal).status(), 403);
  assert.ok(!(await page.context().cookies()).some((cookie) => cookie.name.includes('session')));

  await signIn(page, victim.email);
  await page.waitForURL('**/account');
  await signIn(attackersPage, attacker.email);
  const own = (await hiddenFields(attackersPage, '/auth/users/account')).filter(([name]) => name === 'csrf');
  for (const action of ['/auth/users/sign-out', '/auth/users/account/end-others', '/auth/users/account/password']) {
    foreignPage = form(action, own);
    await page.goto(foreignOrigin);
    const answer = page.waitForResponse((one) => one.request().method() === 'POST');
    await page.getByRole('button').click();
    assert.equal((await answer).status(), 403, action);
  }
  await page.goto('/auth/users/account');
  assert.equal(path(page), '/auth/users/account', 'still signed in');
});

test('a form of our own with a wrong or missing token is refused', async () => {
  const page = await visitor({ scripts: true });
  const { email } = await account();
  await page.goto('/auth/users/sign-in');
  for (const token of ['', 'x', '0'.repeat(64)]) {
    const status = await page.evaluate(async ([csrf, identity, password]) => {
      const body = new URLSearchParams({ csrf, identity, password });
      return (await fetch('/auth/users/sign-in', { method: 'POST', body, redirect: 'manual' })).status;
    }, [token, email, PASSWORD]).catch(() => 'blocked');
    assert.ok([403, 'blocked'].includes(status), `${token}: ${status}`);
  }
});

test('people are sent only to places that are allowed', async () => {
  const { email } = await account();
  for (const [target, expect] of [
    ['/api/health', '/api/health'],
    ['https://evil.example/', '/auth/users/account'],
    ['//evil.example/', '/auth/users/account'],
    ['/\\evil.example/', '/auth/users/account'],
    ['https:evil.example', '/auth/users/account'],
    ['javascript:alert(1)', '/auth/users/account'],
    ['http://localhost@evil.example/', '/auth/users/account'],
  ]) {
    const page = await visitor();
    await page.goto(`/auth/users/sign-in?redirect=${encodeURIComponent(target)}`);
    // A link on the way keeps the place, and checks it again.
    await page.getByRole('link', { name: 'Create an account' }).click();
    await page.getByRole('link', { name: 'To the sign-in page' }).click();
    await submit(page, { 'E-mail address': email, Password: PASSWORD }, 'Sign in');
    assert.equal(path(page), expect, target);
    await page.context().close();
  }
});

test('a place that somebody writes into the form is checked, too', async () => {
  const { email } = await account();
  const page = await visitor({ scripts: true });
  await page.goto('/auth/users/sign-in?redirect=/api/health');
  await page.locator('input[name=redirect]').evaluate((field) => { field.value = 'https://evil.example/'; });
  await submit(page, { 'E-mail address': email, Password: PASSWORD }, 'Sign in');
  await page.waitForURL('**/account');
});

test('scripts in names, addresses and user agents stay text', async () => {
  const attack = '"><img src=x onerror=alert(1)><script>alert(1)</script>';
  await api('POST', '/api/collections', {
    name: 'named', type: 'auth', createRule: '', passwordAuth: { enabled: true, identityFields: ['email', 'handle'] },
    indexes: ['CREATE UNIQUE INDEX named_handle ON named (handle)'],
    fields: [{ name: 'handle', type: 'text', required: true, help: attack, max: 500 },
      { name: 'kind', type: 'select', required: true, values: [attack] }],
  });
  const page = await visitor({ scripts: true, userAgent: attack });
  let dialogs = 0;
  page.on('dialog', (dialog) => { dialogs += 1; return dialog.dismiss(); });
  await page.goto(`/auth/named/sign-up?redirect=${encodeURIComponent(`/${attack}`)}`);
  await page.getByLabel('Kind').selectOption(attack);
  await submit(page, { 'E-mail address': 'x@example.com', Handle: attack, Password: PASSWORD, 'Password, once more': 'no' }, 'Create account');
  await page.getByText("The two don't match.").waitFor();
  assert.equal(await page.getByLabel('Handle').inputValue(), attack);
  await submit(page, { Password: PASSWORD, 'Password, once more': PASSWORD }, 'Create account');
  await page.waitForURL('**/sign-up/done**');
  await page.goto('/auth/named/sign-in');
  await submit(page, { 'E-mail address or Handle': attack, Password: 'wrong password' }, 'Sign in');
  assert.equal(await page.getByLabel('E-mail address or Handle').inputValue(), attack);
  await submit(page, { Password: PASSWORD }, 'Sign in');
  await page.waitForURL('**/account');
  await page.goto(`/auth/named/reset?token=${encodeURIComponent(attack)}`);
  await page.goto(`/auth/named/account?done=${encodeURIComponent(attack)}`);
  assert.equal(await page.locator('img[src=x], main script').count(), 0);
  assert.equal(dialogs, 0);
});

test('cookies are kept from scripts and from other sites', async () => {
  const { email } = await account();
  const page = await visitor({ scripts: true });
  await signIn(page, email);
  await page.waitForURL('**/account');
  const cookies = await page.context().cookies();
  const session = cookies.find((cookie) => cookie.name === 'holdall_session');
  assert.ok(session, JSON.stringify(cookies));
  for (const cookie of cookies) {
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.domain], [true, 'Lax', 'localhost'], cookie.name);
  }
  assert.equal(await page.evaluate(() => document.cookie), '');
});

test('pages are shown in nobody else\'s, run nothing, and are not kept', async () => {
  const page = await visitor();
  for (const address of ['/', '/auth/users/sign-in', '/auth/users/reset?token=x', '/auth/nothing/sign-in']) {
    const headers = (await page.goto(address)).headers();
    assert.match(headers['content-security-policy'], /default-src 'none'.*base-uri 'none'; frame-ancestors 'none'/);
    assert.doesNotMatch(headers['content-security-policy'], /unsafe|\*/);
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['referrer-policy'], 'same-origin');
  }
});
