// Signing in with other services by the SDK: the manual flow, the popup flow over realtime, links.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventSource } from 'eventsource';
import { ClientResponseError } from 'pocketbase';
import { startFakeProvider } from '../lib/fake_provider.mjs';
import { guest, superuser } from '../lib/server.mjs';

// Browsers have it; the SDK expects to find it there.
globalThis.EventSource = EventSource;

const provider = await startFakeProvider();
const root = await superuser();
await root.collections.update('users', {
  oauth2: { enabled: true, mappedFields: { name: 'name' }, providers: [provider.settings('oidc'), provider.settings('oidc2', { pkce: false })] },
});
const person = (name, more = {}) => ({ sub: name, name: `Name of ${name}`, email: `${name}@example.com`, email_verified: true, ...more });
const BACK = 'http://127.0.0.1:1/back';

const failsWith = (status) => (error) => {
  assert.ok(error instanceof ClientResponseError, String(error));
  assert.equal(error.status, status);
  return true;
};

/** Goes to the provider and comes back with the code, as an app would with its own page. */
async function visit(offer) {
  const answer = await fetch(offer.authURL + encodeURIComponent(BACK), { redirect: 'manual' });
  const back = new URL(answer.headers.get('location'));
  assert.equal(back.searchParams.get('state'), offer.state);
  return back.searchParams.get('code');
}

test('auth-methods offer what a client needs', async () => {
  const { oauth2 } = await guest().collection('users').listAuthMethods();
  assert.equal(oauth2.enabled, true);
  const [first, second] = oauth2.providers;
  assert.deepEqual([first.name, first.displayName, second.codeVerifier, second.codeChallenge], ['oidc', 'OIDC', '', '']);
  assert.ok(first.logo.startsWith('<svg'));
  assert.ok(first.authURL.endsWith('&redirect_uri='));
  assert.match(first.codeVerifier, /^[A-Za-z0-9]{43}$/);
  const again = (await guest().collection('users').listAuthMethods()).oauth2.providers[0];
  assert.notEqual(again.state, first.state);
  assert.notEqual(again.codeVerifier, first.codeVerifier);
});

for (const at of [0, 1]) {
  test(`authWithOAuth2Code ${at ? 'without' : 'with'} PKCE`, async () => {
    const pb = guest();
    const offer = (await pb.collection('users').listAuthMethods()).oauth2.providers[at];
    provider.next = { user: person(`code${at}`) };
    const code = await visit(offer);
    const { token, record, meta } = await pb.collection('users').authWithOAuth2Code(offer.name, code, offer.codeVerifier, BACK, { emailVisibility: true });
    assert.deepEqual([record.email, record.name, record.verified, record.emailVisibility, meta.isNew], [`code${at}@example.com`, `Name of code${at}`, true, true, true]);
    assert.deepEqual([meta.id, meta.name, meta.rawUser.sub, pb.authStore.token], [`code${at}`, `Name of code${at}`, `code${at}`, token]);
    const sent = provider.seen.findLast(({ path }) => path === '/token');
    assert.deepEqual([sent.body.get('redirect_uri'), sent.body.get('code_verifier') ?? ''], [BACK, offer.codeVerifier]);
    const second = await guest().collection('users').authWithOAuth2Code(offer.name, await visit(offer), offer.codeVerifier, BACK);
    assert.deepEqual([second.record.id, second.meta.isNew], [record.id, false]);
  });
}

test('authWithOAuth2: the popup tells the client over realtime', async () => {
  provider.next = { user: person('popup') };
  const pb = guest();
  const opened = [];
  const { record, meta } = await pb.collection('users').authWithOAuth2({
    provider: 'oidc',
    scopes: ['openid', 'email'],
    createData: { name: 'Chosen' },
    urlCallback: async (url) => {
      opened.push(new URL(url));
      await fetch(url);
    },
  });
  assert.deepEqual([record.email, record.name, meta.isNew], ['popup@example.com', 'Chosen', true]);
  assert.deepEqual([opened[0].searchParams.get('scope'), opened[0].searchParams.get('redirect_uri')], ['openid email', `${pb.baseURL}/api/oauth2-redirect`]);
  assert.equal(pb.authStore.record.id, record.id);
});

test('authWithOAuth2: the provider says no', async () => {
  provider.next = { error: 'access_denied' };
  const work = guest().collection('users').authWithOAuth2({ provider: 'oidc', urlCallback: (url) => fetch(url).then(() => {}) });
  await assert.rejects(work, (error) => { assert.match(String(error.originalError ?? error), /access_denied/); return true; });
  provider.next = {};
  await assert.rejects(guest().collection('users').authWithOAuth2Code('oidc', 'made up', 'v', BACK), failsWith(400));
});

test('links are listed, made while signed in, and undone', async () => {
  const pb = guest();
  const code = (user) => provider.code({ user, claims: null });
  const { record } = await pb.collection('users').authWithOAuth2Code('oidc', code(person('linked')), '', BACK);
  await pb.collection('users').authWithOAuth2Code('oidc2', code(person('second', { email: 'second@example.com' })), '', BACK);
  assert.equal(pb.authStore.record.id, record.id);
  const links = async () => (await pb.collection('users').listExternalAuths(record.id)).map((link) => [link.provider, link.providerId]).sort();
  assert.deepEqual(await links(), [['oidc', 'linked'], ['oidc2', 'second']]);
  assert.equal(await pb.collection('users').unlinkExternalAuth(record.id, 'oidc2'), true);
  assert.deepEqual(await links(), [['oidc', 'linked']]);
  await assert.rejects(pb.collection('users').unlinkExternalAuth(record.id, 'google'), failsWith(404));
  // Somebody else's links can be neither seen nor undone.
  const other = guest();
  await other.collection('users').authWithOAuth2Code('oidc', code(person('other')), '', BACK);
  assert.deepEqual(await other.collection('users').listExternalAuths(record.id), []);
  await assert.rejects(other.collection('users').unlinkExternalAuth(record.id, 'oidc'), failsWith(404));
});
