// Providers that lie, and what becomes of the accounts that they lie about. A table: one row is one lie.
//
//   HOLDALL_BIN=target/debug/holdall node --test tests/oauth2/

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CLIENT, startFakeProvider } from '../sdk/lib/fake_provider.mjs';
import { totp } from '../sdk/lib/totp.mjs';
import { PASSWORD, admin, api, collectionWith, server, signUp } from './lib.mjs';

const provider = await startFakeProvider();
const other = await startFakeProvider();
after(() => { provider.close(); other.close(); });

const person = (sub, more = {}) => ({ sub, email: `${sub}@example.com`, email_verified: true, ...more });
const signIn = (collection, settings, grant, more = {}) => api('POST', `/api/collections/${collection}/auth-with-oauth2`, {
  provider: settings.name, code: provider.code(grant), codeVerifier: 'v'.repeat(43), redirectURL: 'http://127.0.0.1:1/', ...more,
});
const now = () => Math.floor(Date.now() / 1000);

// ------------------------------------------------------------------------------------------- id_tokens and endpoints

const DISCOVERED = { authURL: '', tokenURL: '', userInfoURL: '', extra: { issuer: provider.url } };
const SIGNED = { userInfoURL: '', extra: { jwksURL: `${provider.url}/jwks`, issuers: [provider.url] } };
const ways = {
  discovered: await collectionWith('discovered', [provider.settings('oidc', DISCOVERED)]),
  signed: await collectionWith('signed', [provider.settings('oidc', SIGNED)]),
  plain: await collectionWith('plain', [provider.settings('oidc')]),
};

const LIES = [
  ['for another client', { claims: { aud: 'other' } }],
  ['for several clients, none of which is ours', { claims: { aud: ['a', 'b'] } }],
  ['for us, but to be used by another client', { claims: { aud: ['holdall', 'other'], azp: 'other' } }],
  ['for nobody', { claims: { aud: undefined } }],
  ['expired', { claims: { exp: now() - 3600 } }],
  ['without an end', { claims: { exp: undefined } }],
  ['not valid yet', { claims: { nbf: now() + 3600 } }],
  ['of another sign-in', { claims: { nonce: 'another nonce' } }],
];
const SIGNED_LIES = [
  ['by another issuer', { claims: { iss: 'https://evil.example' } }],
  ['by nobody', { claims: { iss: undefined } }],
  ['not signed', { alg: 'none' }],
  ['signed with the public key as a secret', { alg: 'HS256' }],
  ["signed with somebody else's key", { alg: 'stranger' }],
  ['about somebody else', { claims: { sub: 'victim' } }, 'discovered'],
];
for (const [lie, grant, only] of [...LIES, ...SIGNED_LIES]) {
  const wanted = SIGNED_LIES.some(([name]) => name === lie) ? ['discovered', 'signed'] : Object.keys(ways);
  for (const way of wanted.filter((name) => !only || name === only)) {
    test(`an id_token ${lie} is refused (${way})`, async () => {
      const answer = await signIn(way, ways[way], { user: person('liar'), ...grant });
      assert.deepEqual([answer.status, answer.json.data], [400, {}]);
    });
  }
}

for (const alg of ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']) {
  test(`an id_token signed with ${alg} is taken`, async () => {
    for (const way of ['discovered', 'signed']) {
      const { status, json } = await signIn(way, ways[way], { user: person(`honest-${alg.toLowerCase()}`), alg });
      assert.deepEqual([status, json.record?.verified], [200, true], JSON.stringify(json));
    }
  });
}

test('an id_token that ended a moment ago is taken: clocks differ', async () => {
  const { status } = await signIn('signed', ways.signed, { user: person('late'), claims: { exp: now() - 60 } });
  assert.equal(status, 200);
});

const BROKEN = [
  ['a token address that redirects', { tokenURL: '/token-redirect' }],
  ['a token answer without end', { tokenURL: '/token-endless' }],
  ['a token answer without a token', { tokenURL: '/token-empty' }],
  ['a token answer that is an error', { tokenURL: '/token-error' }],
  ['a token address that is not there', { tokenURL: '/nothing' }],
  ['a person that redirects', { userInfoURL: '/userinfo-redirect' }],
  ['a person without end', { userInfoURL: '/userinfo-endless' }],
  ['a person that is no JSON', { userInfoURL: '/userinfo-text' }],
  ['a wrong password of ours', { clientSecret: 'wrong' }],
];
for (const [at, [what, change]] of BROKEN.entries()) {
  test(`nobody is signed in by ${what}`, async () => {
    const addresses = Object.fromEntries(Object.entries(change).map(([key, value]) => [key, value.startsWith('/') ? provider.url + value : value]));
    const settings = await collectionWith(`broken${at}`, [provider.settings('oidc', addresses)]);
    const answer = await signIn(`broken${at}`, settings, { user: person('x') });
    assert.deepEqual([answer.status, answer.json.data], [400, {}]);
  });
}

test('a provider that describes itself as another is not offered', async () => {
  await collectionWith('pretender', [provider.settings('oidc', { ...DISCOVERED, extra: { issuer: `${provider.url}/evil` } }), provider.settings('oidc2')]);
  const { json } = await api('GET', '/api/collections/pretender/auth-methods');
  assert.deepEqual(json.oauth2.providers.map(({ name }) => name), ['oidc2']);
});

test('providers that want the password in the body, or answer with forms, work', async () => {
  const settings = await collectionWith('odd', [
    provider.settings('oidc', { tokenURL: `${provider.url}/token-params` }), provider.settings('github', { tokenURL: `${provider.url}/token-params` }),
  ]);
  assert.equal((await signIn('odd', settings, { user: person('params') })).status, 200);
  const github = provider.settings('github');
  const emails = [{ email: 'old@example.com', primary: false, verified: true }, { email: 'main@example.com', primary: true, verified: true }];
  const { json } = await signIn('odd', github, { user: { id: 7, login: 'gh', email: 'typed@example.com' }, emails });
  assert.deepEqual([json.record.email, json.meta.id, json.meta.username], ['main@example.com', '7', 'gh']);
  const tries = provider.seen.filter(({ path }) => path === '/token-params').map(({ headers }) => Boolean(headers.authorization));
  assert.deepEqual(tries.slice(0, 2), [true, false]);
  assert.equal(tries.slice(2).includes(true), false, 'what worked is remembered');
});

test('neither client secret nor code leaves the server', async () => {
  assert.equal(server.output().includes(CLIENT.clientSecret), false);
  for (const { body } of provider.seen.filter(({ path }) => path === '/token')) {
    assert.equal(server.output().includes(body.get('code')), false);
  }
});

// ------------------------------------------------------------------------------------------------ accounts of others

await collectionWith('people', [provider.settings('oidc'), provider.settings('github')]);
const oidc = provider.settings('oidc');

const HIJACKS = [
  ['an unverified address', person('h1', { email: 'VICTIM', email_verified: false })],
  ['an address without a flag', person('h2', { email: 'VICTIM', email_verified: undefined })],
  ['a flag that is an object', person('h3', { email: 'VICTIM', email_verified: {} })],
  ['a user name that is an address', person('h4', { email: undefined, preferred_username: 'VICTIM', upn: 'VICTIM' })],
  ['the address as its id', person('VICTIM', { email: undefined })],
];
for (const [at, [lie, user]] of HIJACKS.entries()) {
  test(`${lie} does not open the account of its owner`, async () => {
    const victim = await signUp('people', `victim${at}`, { verified: true });
    const said = JSON.parse(JSON.stringify(user).replaceAll('VICTIM', victim.email));
    const { json } = await signIn('people', oidc, { user: said, claims: null });
    assert.notEqual(json.record?.id, victim.id);
    assert.notEqual(json.record?.email, victim.email);
  });
}

test('an empty subject is nobody, not the first account', async () => {
  for (const sub of ['', null, undefined, [], {}]) {
    const { status, json } = await signIn('people', oidc, { user: person('x', { sub }), claims: null });
    assert.deepEqual([status, json.data.providerId?.code], [400, 'validation_required']);
  }
});

test('createData neither takes an address that is taken nor makes one verified', async () => {
  const victim = await signUp('people', 'target', { verified: true });
  const attempt = (sub, createData) => signIn('people', oidc, { user: person(sub), claims: null }, { createData });
  assert.equal((await attempt('c1', { email: victim.email })).json.data.email.code, 'validation_not_unique');
  assert.equal((await attempt('c2', { verified: true })).json.data.verified.code, 'validation_values_mismatch');
  const { json } = await attempt('c3', { email: 'somebody@example.com' });
  assert.deepEqual([json.record.email, json.record.verified], ['somebody@example.com', false]);
});

test('an address that changes at the provider changes nothing here', async () => {
  const victim = await signUp('people', 'stays', { verified: true });
  const first = await signIn('people', oidc, { user: person('mover'), claims: null });
  const later = await signIn('people', oidc, { user: person('mover', { email: victim.email }), claims: null });
  assert.deepEqual([later.json.record.id, later.json.record.email], [first.json.record.id, 'mover@example.com']);
});

test('whoever waited in an account with an address of others is locked out when its owner comes', async () => {
  const squatter = await signUp('people', 'early');
  const login = () => api('POST', '/api/collections/people/auth-with-password', { identity: squatter.email, password: PASSWORD });
  const { token } = (await login()).json;
  const mine = { Authorization: token };
  // A link to an identity of the squatter, made while signed in.
  assert.equal((await api('POST', '/api/collections/people/auth-with-oauth2', { provider: 'github', code: provider.code({ user: { id: 666 }, claims: null }) }, mine)).status, 200);
  const factor = await api('POST', '/api/account/totp', { password: PASSWORD }, { Authorization: (await login()).json.token ?? token });
  assert.ok(factor.status < 500);
  const owner = await signIn('people', oidc, { user: person('owner', { email: squatter.email }), claims: null });
  assert.deepEqual([owner.status, owner.json.record.id, owner.json.record.verified], [200, squatter.id, true]);
  assert.equal((await api('POST', '/api/collections/people/auth-refresh', undefined, mine)).status, 401);
  assert.equal((await login()).status, 400);
  const back = await signIn('people', { name: 'github' }, { user: { id: 666 }, claims: null });
  assert.notEqual(back.json.record?.id, squatter.id);
  const links = await api('GET', '/api/collections/_externalAuths/records', undefined, { Authorization: owner.json.token });
  assert.deepEqual(links.json.items.map((link) => [link.provider, link.providerId]), [['oidc', 'owner']]);
});

test('whoever comes by a link meets the second factor and leaves it there', async () => {
  const { id, email } = await signUp('people', 'careful');
  const { token } = (await api('POST', '/api/collections/people/auth-with-password', { identity: email, password: PASSWORD })).json;
  const mine = { Authorization: token };
  const linked = { user: { id: 7001 }, claims: null };
  const link = await api('POST', '/api/collections/people/auth-with-oauth2', { provider: 'github', code: provider.code(linked) }, mine);
  assert.deepEqual([link.status, link.json.record.id, link.json.record.verified], [200, id, false]);
  const { json: { secret } } = await api('POST', '/api/account/totp', { password: PASSWORD }, mine);
  const step = Math.floor(Date.now() / 30_000);
  const confirmed = await api('POST', '/api/account/totp/confirm', { code: totp(secret, step) }, mine);
  assert.equal(confirmed.status, 200, confirmed.text);
  const links = async () => {
    const list = await api('GET', `/api/collections/_externalAuths/records?filter=${encodeURIComponent(`recordRef="${id}"`)}`, undefined, admin);
    return list.json.items.map((item) => item.providerId);
  };
  // Twice as they were, and then with the account's own address, which is proved with that.
  const proved = { ...linked, user: { id: 7001, email }, emails: [{ email, primary: true, verified: true }] };
  for (const grant of [linked, linked, proved, proved]) {
    const { status, json, text } = await signIn('people', { name: 'github' }, grant);
    assert.deepEqual([status, json.factors], [401, ['totp', 'recoveryCode']], text);
    assert.deepEqual(await links(), ['7001']);
  }
  const { json: { mfaId } } = await signIn('people', { name: 'github' }, proved);
  const done = await api('POST', '/api/collections/people/auth-with-totp', { mfaId, code: totp(secret, step + 1) });
  assert.deepEqual([done.status, done.json.record?.id, done.json.record?.verified], [200, id, true], done.text);
});

test("a link of one provider or collection is none of another's", async () => {
  await collectionWith('elsewhere', [provider.settings('oidc'), provider.settings('oidc2')]);
  const user = person('shared', { email: undefined });
  const ids = [];
  for (const [collection, name] of [['people', 'oidc'], ['elsewhere', 'oidc'], ['elsewhere', 'oidc2']]) {
    ids.push((await signIn(collection, { name }, { user, claims: null })).json.record.id);
  }
  assert.equal(new Set(ids).size, 3);
});

test('Microsoft: what an administrator has typed opens no account', async () => {
  const victim = await signUp('people', 'colleague', { verified: true });
  const graph = { id: 'ms', displayName: 'M', mail: victim.email, userPrincipalName: victim.email };
  const microsoft = (extra) => provider.settings('microsoft', { extra });
  await collectionWith('company', [microsoft(null)]);
  const there = await signUp('company', 'colleague', { verified: true });
  assert.equal(there.email, victim.email);
  const refused = await signIn('company', microsoft(), { user: graph, claims: null });
  assert.equal(refused.json.data.email.code, 'validation_not_unique');
  const unknown = await signIn('company', microsoft(), { user: { ...graph, id: 'ms2', mail: 'new@example.com' }, claims: null });
  assert.deepEqual([unknown.json.record.email, unknown.json.record.verified], ['new@example.com', false]);
  await collectionWith('checked', [microsoft({ idTokenEmailClaim: 'email_and_xms_edov' })]);
  const claims = (more) => ({ tid: 't', iss: `${provider.url}/t/v2.0`, oid: 'ms', email: 'proved@example.com', ...more });
  for (const [more, verified] of [[{ xms_edov: true }, true], [{ xms_edov: true, oid: 'another' }, 400], [{ xms_edov: true, aud: 'other' }, 400], [{ xms_edov: true, tid: 'x' }, 400]]) {
    const { status, json } = await signIn('checked', microsoft(), { user: graph, claims: claims(more) });
    assert.equal(verified === 400 ? status : json.record?.verified, verified, JSON.stringify(more));
  }
});

test('superusers are never made by signing in', async () => {
  await api('PATCH', '/api/collections/_superusers', { oauth2: { enabled: true, providers: [provider.settings('oidc')] } }, admin);
  const { status } = await signIn('_superusers', oidc, { user: person('root2'), claims: null });
  assert.ok([400, 403].includes(status));
});
