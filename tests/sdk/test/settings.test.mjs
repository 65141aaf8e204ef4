// pb.settings: reading and changing, mail and S3 tried out, Apple's secret; and what a change does to running clients.
// Holdall only where it says so: PocketBase has no settings that are locked.

import assert from 'node:assert/strict';
import { createVerify, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import PocketBase, { BaseAuthStore, ClientResponseError } from 'pocketbase';
import { SUPERUSER, startServer } from '../../parity/lib/server.mjs';
import { MAIL_USER, startMailServer } from '../lib/mail.mjs';

const failsWith = (status, path) => (error) => {
  assert.ok(error instanceof ClientResponseError, String(error));
  assert.equal(error.status, status);
  if (path) assert.ok(path.split('.').reduce((at, name) => at?.[name], error.response.data)?.code, JSON.stringify(error.response));
  return true;
};

async function holdall(t, env = {}) {
  const server = await startServer('holdall', env);
  t.after(() => server.stop());
  const guest = () => new PocketBase(server.url, new BaseAuthStore()).autoCancellation(false);
  const root = guest();
  await root.collection('_superusers').authWithPassword(SUPERUSER.email, SUPERUSER.password);
  return { guest, root };
}

test('settings are read and changed', async (t) => {
  const { guest, root } = await holdall(t);
  await assert.rejects(guest().settings.getAll(), failsWith(401));
  const all = await root.settings.getAll();
  assert.ok(all.meta.appName.length > 0);
  const changed = await root.settings.update({ meta: { appName: 'Shed' }, smtp: { password: 'hush' } });
  assert.equal(changed.meta.appName, 'Shed');
  assert.ok(!('password' in changed.smtp));
  assert.deepEqual(await root.settings.getAll({ fields: 'meta.appName' }), { meta: { appName: 'Shed' } });
  await assert.rejects(root.settings.update({ meta: { appName: '' } }), failsWith(400, 'meta.appName'));
  await assert.rejects(root.settings.testS3('storage'), failsWith(400));
});

test('what the environment sets is locked', async (t) => {
  const { root } = await holdall(t, { HOLDALL_APP_NAME: 'Fixed' });
  const all = await root.settings.getAll();
  assert.deepEqual(all.locked, { 'meta.appName': 'HOLDALL_APP_NAME' });
  await assert.rejects(root.settings.update({ meta: { appName: 'Shed' } }), failsWith(400, 'meta.appName'));
  assert.equal((await root.settings.update(all)).meta.appName, 'Fixed');
});

test('mail goes by the server of the settings from then on', async (t) => {
  const post = await startMailServer({ hideSTARTTLS: true, authMethods: ['LOGIN', 'PLAIN'], allowInsecureAuth: true });
  t.after(() => post.close());
  const { guest, root } = await holdall(t);
  await assert.rejects(root.settings.testEmail('users', 'ada@example.com', 'verification'), failsWith(400));
  await root.settings.update({
    meta: { senderName: 'The shed', senderAddress: 'shed@example.com' },
    smtp: {
      enabled: true, host: '127.0.0.1', port: post.port, username: MAIL_USER.user, password: MAIL_USER.pass,
      authMethod: 'LOGIN', localName: 'shed.example.com',
    },
  });
  for (const template of ['verification', 'password-reset', 'email-change', 'otp', 'login-alert']) {
    assert.equal(await root.settings.testEmail('users', `${template}@example.com`, template), true);
    const mail = await post.next(`${template}@example.com`);
    assert.equal(mail.envelope.from, 'shed@example.com');
    assert.ok(mail.user === MAIL_USER.user && !mail.secure, 'signed in, in plain text on this machine');
    if (template === 'otp') assert.match(JSON.stringify(mail), /123456/);
  }
  await root.collection('users').create({ email: 'bob@example.com', password: 'password-1', passwordConfirm: 'password-1' });
  await guest().collection('users').requestVerification('bob@example.com');
  assert.equal((await post.next('bob@example.com')).envelope.from, 'shed@example.com');
  await root.settings.update({ smtp: { password: 'wrong' } });
  await assert.rejects(root.settings.testEmail('users', 'ada@example.com', 'otp'), failsWith(400));
});

test('the client secret for Apple is signed with the given key', async (t) => {
  const { root } = await holdall(t);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const { secret } = await root.settings.generateAppleClientSecret('app.example', 'TEAM567890', 'KEY4567890', pem, 600);
  const [header, claims, signature] = secret.split('.');
  const verify = createVerify('sha256').update(`${header}.${claims}`);
  assert.ok(verify.verify({ key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')));
  const { iss, sub, aud, iat, exp } = JSON.parse(Buffer.from(claims, 'base64url'));
  assert.deepEqual({ iss, sub, aud, life: exp - iat }, { iss: 'TEAM567890', sub: 'app.example', aud: 'https://appleid.apple.com', life: 600 });
  await assert.rejects(root.settings.generateAppleClientSecret('a', 'b', 'c', 'd', 0), failsWith(400, 'privateKey'));
});

test('limits turn clients away until they are taken back', async (t) => {
  const { guest, root } = await holdall(t);
  await root.settings.update({ rateLimits: { enabled: true, rules: [{ label: '/api/health', maxRequests: 1, duration: 600 }] } });
  await guest().health.check();
  await assert.rejects(guest().health.check(), failsWith(429));
  await root.health.check();
  await root.settings.update({ rateLimits: { enabled: false } });
  await guest().health.check();
});
