// The way of a browser without scripts: to the provider, back, signed in with a session, on to where it wanted.
//
//   HOLDALL_BIN=target/debug/holdall node --test tests/oauth2/

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startFakeProvider } from '../sdk/lib/fake_provider.mjs';
import { collectionWith, server, signUp, PASSWORD, api, admin } from './lib.mjs';

const provider = await startFakeProvider();
after(() => provider.close());
await collectionWith('people', [provider.settings('oidc', { authURL: '', tokenURL: '', userInfoURL: '', extra: { issuer: provider.url } }), provider.settings('oidc2'), provider.settings('apple', { extra: { jwksURL: `${provider.url}/jwks`, issuers: [provider.url] } })]);
const person = (sub, more = {}) => ({ sub, email: `${sub}@example.com`, email_verified: true, ...more });

/** A browser as far as this test needs one: it keeps cookies by host and says where a request comes from. */
class Browser {
  cookies = new Map();

  async open(url, { site = 'none', ...options } = {}) {
    const host = new URL(url).host;
    const jar = this.cookies.get(host) ?? new Map();
    const answer = await fetch(url, { redirect: 'manual', ...options, headers: {
      Cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '), 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'navigate', ...options.headers,
    } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/max-age=0/i.test(line) || value === '') jar.delete(name); else jar.set(name, value);
      this.lines = [...(this.lines ?? []), line];
    }
    this.cookies.set(host, jar);
    const location = answer.headers.get('location');
    return { status: answer.status, location: location && new URL(location, url).href, text: await answer.text() };
  }

  /** Leaves for the provider and returns the address that it sends the browser back to. */
  async leave(query = '', name = 'oidc') {
    const departure = await this.open(`${server.url}/auth/people/oauth2/${name}${query}`);
    assert.equal(departure.status, 303, departure.text);
    return (await this.open(departure.location)).location;
  }

  async whoAmI() {
    const cookie = [...(this.cookies.get(new URL(server.url).host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
    const list = await api('GET', '/api/collections/_externalAuths/records', undefined, { Cookie: cookie, 'Sec-Fetch-Site': 'same-origin' });
    return list.json.items.map(({ providerId }) => providerId);
  }
}

test('there, back, signed in, and on', async () => {
  provider.next = { user: person('ada') };
  const browser = new Browser();
  const back = await browser.leave('?redirect=/todo%3Fx%3D1');
  const { status, location } = await browser.open(back, { site: 'cross-site' });
  assert.deepEqual([status, location], [303, `${server.url}/todo?x=1`]);
  assert.deepEqual(await browser.whoAmI(), ['ada']);
  const binding = browser.lines.find((line) => line.startsWith('holdall_oauth2='));
  assert.match(binding, /HttpOnly/);
  assert.match(binding, /SameSite=Lax/);
  assert.match(binding, /Max-Age=600/);
  assert.equal(browser.cookies.get(new URL(server.url).host).has('holdall_oauth2'), false, 'it is used up');
  // The code works once here, whatever the provider says.
  assert.notEqual((await browser.open(back, { site: 'cross-site' })).location, `${server.url}/todo?x=1`);
});

test('another browser that is sent to the same address is not signed in', async () => {
  provider.next = { user: person('attacker') };
  const back = await new Browser().leave();
  const victim = new Browser();
  const { status } = await victim.open(back, { site: 'cross-site' });
  assert.equal(status, 403);
  assert.deepEqual(await victim.whoAmI(), []);
  // Nor one that has begun a flow of its own.
  const busy = new Browser();
  await busy.leave();
  assert.equal((await busy.open(await new Browser().leave(), { site: 'cross-site' })).status, 403);
});

for (const target of ['https://evil.example/', '//evil.example', '/%5Cevil.example', 'javascript:alert(1)', `${'http://'}user@127.0.0.1/`]) {
  test(`nobody is led to ${target}`, async () => {
    provider.next = { user: person('led') };
    const browser = new Browser();
    const { location } = await browser.open(await browser.leave(`?redirect=${target.includes('%') ? target : encodeURIComponent(target)}`));
    assert.equal(location, `${server.url}/auth/people/account`);
  });
}

test('what goes wrong leads back to the sign-in page', async () => {
  for (const next of [{ error: 'access_denied' }, { user: person('x'), claims: { nonce: undefined } }, { user: person('x'), claims: { aud: 'other' } }, { user: person('x'), claims: null }]) {
    provider.next = next;
    const browser = new Browser();
    const { status, location } = await browser.open(await browser.leave('?redirect=/a'), { site: 'cross-site' });
    assert.deepEqual([status, location], [303, `${server.url}/auth/people/sign-in?problem=oauth2&redirect=%2Fa`]);
    assert.deepEqual(await browser.whoAmI(), []);
    assert.match((await browser.open(location)).text, /didn(&#x27;|&#39;|')t work/);
  }
});

test('who is signed in already is not linked to what comes back', async () => {
  provider.next = { user: person('first') };
  const browser = new Browser();
  await browser.open(await browser.leave());
  const { host } = new URL(server.url);
  const former = new Browser();
  former.cookies.set(host, new Map(browser.cookies.get(host)));
  assert.deepEqual(await former.whoAmI(), ['first']);
  provider.next = { user: person('second') };
  await browser.open(await browser.leave());
  assert.deepEqual(await browser.whoAmI(), ['second']);
  // No session outlives a sign-in: a copy of the former cookie is worth nothing.
  assert.deepEqual(await former.whoAmI(), []);
});

test('a second factor is asked for on its page', async () => {
  await collectionWith('careful', [provider.settings('oidc')], { mfa: { enabled: true, duration: 600, rule: '' } });
  await signUp('careful', 'cara', { verified: true });
  provider.next = { user: person('cara') };
  const browser = new Browser();
  const { location: away } = await browser.open(`${server.url}/auth/careful/oauth2/oidc?redirect=/b`);
  const { location } = await browser.open((await browser.open(away)).location);
  const page = new URL(location);
  assert.deepEqual([page.pathname, page.searchParams.get('redirect')], ['/auth/careful/second-factor', '/b']);
  // What is due stands in a cookie, because addresses are kept in histories.
  assert.deepEqual([...page.searchParams.keys()], ['redirect']);
  const step = new URLSearchParams(decodeURIComponent(browser.cookies.get(page.host).get('holdall_step')));
  const mfaId = step.get('mfa');
  assert.match(mfaId, /^[a-z0-9]{15}$/);
  assert.match((await browser.open(location)).text, /name="password"/);
  const done = await api('POST', '/api/collections/careful/auth-with-password', { identity: 'cara@example.com', password: PASSWORD, mfaId });
  assert.equal(done.json.record?.email, 'cara@example.com', done.text);
});

test('a provider can be the second step', async () => {
  const { json: { mfaId } } = await api('POST', '/api/collections/careful/auth-with-password', { identity: 'cara@example.com', password: PASSWORD });
  provider.next = { user: person('cara') };
  const browser = new Browser();
  const { location: away } = await browser.open(`${server.url}/auth/careful/oauth2/oidc?redirect=/b&mfaId=${mfaId}`);
  const { location } = await browser.open((await browser.open(away)).location);
  assert.equal(location, `${server.url}/b`);
  assert.deepEqual(await browser.whoAmI(), ['cara']);
});

test('a provider that answers with a form is led through a link', async () => {
  const browser = new Browser();
  const departure = await browser.open(`${server.url}/auth/people/oauth2/apple`);
  const away = new URL(departure.location);
  assert.equal(away.searchParams.get('response_mode'), 'form_post');
  const code = provider.code({ user: person('apple') });
  const form = new URLSearchParams({ state: away.searchParams.get('state'), code, user: JSON.stringify({ name: { firstName: 'Ada', lastName: 'L' } }) });
  // Browsers send no Lax cookies with this.
  const posted = await new Browser().open(`${server.url}/api/oauth2-redirect`, { method: 'POST', body: form, site: 'cross-site' });
  assert.equal(posted.status, 303);
  const { location } = await browser.open(posted.location);
  assert.equal(location, `${server.url}/auth/people/account`);
  assert.deepEqual(await browser.whoAmI(), ['apple']);
});

test('pages of what is not there', async () => {
  for (const path of ['/auth/missing/oauth2/oidc', '/auth/people/oauth2/google', '/auth/_mfas/oauth2/oidc']) {
    assert.equal((await new Browser().open(server.url + path)).status, 404, path);
  }
  await api('PATCH', '/api/collections/people', { oauth2: { enabled: false } }, admin);
  assert.equal((await new Browser().open(`${server.url}/auth/people/oauth2/oidc`)).status, 404);
});
