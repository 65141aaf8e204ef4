// The auth methods of the SDK's RecordService, and what they do to the auth store. OAuth2, codes and mails: not here.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BaseAuthStore, ClientResponseError, getTokenPayload, isTokenExpired } from 'pocketbase';
import { PASSWORD, SUPERUSER, guest, login, newUser, superuser } from '../lib/server.mjs';

const root = await superuser();

const failsWith = (status, code) => (error) => {
  assert.ok(error instanceof ClientResponseError);
  assert.equal(error.status, status);
  if (code) assert.deepEqual(Object.values(error.response.data).map((one) => one.code), [].concat(code));
  return true;
};
let users = 0;
const freshUser = async (extra) => {
  users += 1;
  const body = newUser(`user${users}`, extra);
  return { ...body, ...(await root.collection('users').create(body)) };
};

test('listAuthMethods', async () => {
  assert.deepEqual(await guest().collection('users').listAuthMethods(), {
    mfa: { enabled: false, duration: 0 }, otp: { enabled: false, duration: 0 },
    password: { enabled: true, identityFields: ['email'] }, oauth2: { enabled: false, providers: [] },
  });
  await assert.rejects(guest().collection('missing').listAuthMethods(), failsWith(404));
});

test('sign up, then authWithPassword fills the auth store', async () => {
  const pb = guest();
  const created = await pb.collection('users').create(newUser('signup'));
  assert.equal('email' in created, false);
  const seen = [];
  pb.authStore.onChange((token, record) => seen.push([token, record?.id]));
  const { token, record } = await pb.collection('users').authWithPassword('signup@example.com', PASSWORD);
  assert.equal(record.email, 'signup@example.com');
  assert.equal(record.collectionName, 'users');
  assert.equal('password' in record || 'tokenKey' in record, false);
  assert.equal(pb.authStore.token, token);
  assert.deepEqual(pb.authStore.record, record);
  assert.equal(pb.authStore.isValid, true);
  assert.equal(pb.authStore.isSuperuser, false);
  assert.deepEqual(seen, [[token, record.id]]);
  const payload = getTokenPayload(token);
  assert.deepEqual([payload.id, payload.type, payload.collectionId, payload.refreshable], [record.id, 'auth', '_pb_users_auth_', true]);
  assert.equal(isTokenExpired(token, 431_000), false);
  assert.equal(isTokenExpired(token, 433_000), true);
});

test('authWithPassword: options and errors', async () => {
  const user = await freshUser();
  const pb = guest();
  const picked = await pb.collection('users').authWithPassword(user.email, PASSWORD, { fields: 'token,record.id' });
  assert.deepEqual(picked.record, { id: user.id });
  await assert.rejects(guest().collection('users').authWithPassword(user.email, 'wrong'), failsWith(400, []));
  await assert.rejects(guest().collection('users').authWithPassword('nobody@example.com', PASSWORD), failsWith(400, []));
  await assert.rejects(guest().collection('users').authWithPassword('', ''), failsWith(400, ['validation_required', 'validation_required']));
  await assert.rejects(guest().collection('_mfas').authWithPassword('a', 'b'), failsWith(404));
});

test('superusers', async () => {
  assert.equal(root.authStore.isSuperuser, true);
  assert.equal(root.authStore.record.email, SUPERUSER.email);
  const byToken = new BaseAuthStore();
  byToken.save(root.authStore.token, null);
  assert.equal(byToken.isSuperuser, true);
});

test('authRefresh: a new token for the same record', async () => {
  const user = await freshUser();
  const pb = await login('users', user.email);
  await root.collection('users').update(user.id, { name: 'renamed' });
  const { token, record } = await pb.collection('users').authRefresh();
  assert.equal(record.name, 'renamed');
  assert.equal(pb.authStore.token, token);
  assert.equal(pb.authStore.record.name, 'renamed');
  await assert.rejects(guest().collection('users').authRefresh(), failsWith(401));
  await assert.rejects(root.collection('users').authRefresh(), failsWith(403));
});

test('update of the own record merges into the auth store', async () => {
  const user = await freshUser();
  const pb = await login('users', user.email);
  await pb.collection('users').update(user.id, { name: 'self made' });
  assert.equal(pb.authStore.record.name, 'self made');
  assert.equal(pb.authStore.record.email, user.email);
  const other = await freshUser();
  await root.collection('users').update(other.id, { name: 'other' });
  assert.equal(pb.authStore.record.name, 'self made');
});

test('a new password kills every token', async () => {
  const user = await freshUser();
  const pb = await login('users', user.email);
  const change = { password: 'password-2', passwordConfirm: 'password-2' };
  await assert.rejects(pb.collection('users').update(user.id, change), failsWith(400, 'validation_required'));
  await assert.rejects(pb.collection('users').update(user.id, { ...change, oldPassword: 'wrong' }), failsWith(400, 'validation_invalid_old_password'));
  await pb.collection('users').authRefresh();
  await pb.collection('users').update(user.id, { ...change, oldPassword: PASSWORD });
  await assert.rejects(pb.collection('users').authRefresh(), failsWith(401));
  const again = await login('users', user.email, 'password-2');
  assert.equal(again.authStore.record.id, user.id);
});

test('delete of the own record clears the auth store', async () => {
  const user = await freshUser();
  const pb = await login('users', user.email);
  assert.equal(await pb.collection('users').delete(user.id), true);
  assert.equal(pb.authStore.token, '');
  assert.equal(pb.authStore.record, null);
  await assert.rejects(login('users', user.email), failsWith(400));
});

test('an expired or foreign token is a guest', async () => {
  const pb = guest();
  pb.authStore.save('eyJhbGciOiJIUzI1NiJ9.eyJ0eXBlIjoiYXV0aCIsImV4cCI6MX0.x', { id: 'x', collectionId: 'x', collectionName: 'x' });
  assert.equal(pb.authStore.isValid, false);
  assert.equal((await pb.collection('users').getList()).totalItems, 0);
  await assert.rejects(pb.collection('users').authRefresh(), failsWith(401));
});

test('the auth store survives a cookie', async () => {
  const user = await freshUser();
  const pb = await login('users', user.email);
  const copy = guest();
  copy.authStore.loadFromCookie(pb.authStore.exportToCookie());
  assert.equal(copy.authStore.token, pb.authStore.token);
  assert.equal((await copy.collection('users').authRefresh()).record.id, user.id);
});

test('listExternalAuths and unlinkExternalAuth', async () => {
  const user = await freshUser();
  const pb = await login('users', user.email);
  assert.deepEqual(await pb.collection('users').listExternalAuths(user.id), []);
  await assert.rejects(pb.collection('users').unlinkExternalAuth(user.id, 'github'), failsWith(404));
  const link = { collectionRef: user.collectionId, recordRef: user.id, provider: 'github', providerId: '1' };
  await root.collection('_externalAuths').create(link);
  assert.deepEqual(await guest().collection('users').listExternalAuths(user.id), []);
  await assert.rejects(guest().collection('users').unlinkExternalAuth(user.id, 'github'), failsWith(404));
  const [linked] = await pb.collection('users').listExternalAuths(user.id);
  assert.deepEqual([linked.provider, linked.providerId], ['github', '1']);
  assert.equal(await pb.collection('users').unlinkExternalAuth(user.id, 'github'), true);
  assert.deepEqual(await pb.collection('users').listExternalAuths(user.id), []);
});

test('files.getToken', async () => {
  const user = await freshUser();
  const pb = await login('users', user.email);
  const claims = getTokenPayload(await pb.files.getToken());
  assert.deepEqual([claims.id, claims.type, 'refreshable' in claims], [user.id, 'file', false]);
  await assert.rejects(guest().files.getToken(), failsWith(401));
});

test('impersonate gives a client of its own whose token is not renewed', async () => {
  const user = await freshUser();
  const pb = await root.collection('users').impersonate(user.id, 3600);
  assert.notEqual(pb.authStore.token, root.authStore.token);
  assert.equal(pb.authStore.record.id, user.id);
  const claims = getTokenPayload(pb.authStore.token);
  assert.equal(claims.refreshable, false);
  assert.ok(Math.abs(claims.exp - Date.now() / 1000 - 3600) < 60);
  const { token } = await guest().collection('users').authRefresh({ headers: { Authorization: pb.authStore.token } });
  assert.equal(token, pb.authStore.token);
  await assert.rejects(pb.collection('users').impersonate(user.id, 0), failsWith(403));
});
