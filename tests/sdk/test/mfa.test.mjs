// Second steps as users of the SDK write them: the 401 of the first step is caught, and its mfaId goes into the second.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientResponseError } from 'pocketbase';
import { PASSWORD, guest, newUser, superuser } from '../lib/server.mjs';
import { totp } from '../lib/totp.mjs';

const root = await superuser();
await root.collections.create({
  name: 'members', type: 'auth', otp: { enabled: true, duration: 300 }, mfa: { enabled: true, duration: 300 },
});
const members = await root.collections.getOne('members');

/** What the first step is refused with; its `response` holds the id for the second. */
async function refusedWith(promise) {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof ClientResponseError);
    assert.equal(error.status, 401);
    return error.response;
  }
  return assert.fail('the first step was enough');
}

/** A one-time code as the superuser makes it; people get theirs by mail. */
const codeFor = (user) => root.collection('_otps').create({
  collectionRef: members.id, recordRef: user.id, password: '12345678',
});

test('a password, then a one-time code', async () => {
  const user = await root.collection('members').create(newUser('ada'));
  const pb = guest();
  const response = await refusedWith(pb.collection('members').authWithPassword(user.email, PASSWORD));
  assert.deepEqual(Object.keys(response), ['mfaId']);
  assert.equal(pb.authStore.isValid, false);
  const otp = await codeFor(user);
  const { record } = await pb.collection('members').authWithOTP(otp.id, '12345678', { mfaId: response.mfaId });
  assert.equal(record.id, user.id);
  assert.equal(pb.authStore.isValid, true);
});

test('a one-time code, then a password', async () => {
  const user = await root.collection('members').create(newUser('bob'));
  const pb = guest();
  const otp = await codeFor(user);
  const { mfaId } = await refusedWith(pb.collection('members').authWithOTP(otp.id, '12345678'));
  await assert.rejects(
    pb.collection('members').authWithPassword(user.email, PASSWORD, { mfaId: 'unknown' }),
    (error) => error.status === 400,
  );
  await pb.collection('members').authWithPassword(user.email, PASSWORD, { mfaId });
  assert.equal(pb.authStore.record.id, user.id);
});

// The SDK reaches by pb.send what PocketBase doesn't have.
const beyond = process.env.SERVER === 'pocketbase' ? () => {} : test;

beyond('a password, then an authenticator app', async () => {
  await root.collection('users').create(newUser('eve'));
  const pb = guest();
  await pb.collection('users').authWithPassword('eve@example.com', PASSWORD);
  const { secret } = await pb.send('/api/account/totp', { method: 'POST', body: { password: PASSWORD } });
  const step = Math.floor(Date.now() / 30_000);
  const { recoveryCodes } = await pb.send('/api/account/totp/confirm', { method: 'POST', body: { code: totp(secret, step) } });
  assert.equal(recoveryCodes.length, 10);

  const again = guest();
  const { mfaId, factors } = await refusedWith(again.collection('users').authWithPassword('eve@example.com', PASSWORD));
  assert.deepEqual(factors, ['totp', 'recoveryCode']);
  const body = { mfaId, code: totp(secret, step + 1) };
  const { token, record } = await again.send('/api/collections/users/auth-with-totp', { method: 'POST', body });
  again.authStore.save(token, record);
  assert.equal((await again.collection('users').authRefresh()).record.email, 'eve@example.com');
});
