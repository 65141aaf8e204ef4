// What accounts do by mail, by the SDK and with a real mail server: each kind of connection, and what goes wrong on the way.
// Holdall only: PocketBase takes its mail settings from an API.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import PocketBase, { BaseAuthStore, ClientResponseError } from 'pocketbase';
import { SUPERUSER, freePort, startServer } from '../../parity/lib/server.mjs';
import { MAIL_USER, makeCertificates, startMailServer, tokenIn, waitFor } from '../lib/mail.mjs';

const PASSWORD = 'password-1';
const certificates = makeCertificates();
after(() => certificates.remove());
const { key, cert } = certificates;

const failsWith = (status, codes) => (error) => {
  assert.ok(error instanceof ClientResponseError, String(error));
  assert.equal(error.status, status);
  if (codes) assert.deepEqual(Object.entries(error.response.data).map(([name, { code }]) => `${name} ${code}`), codes);
  return true;
};

/** A Holdall that sends by the mail server on `port`, with a superuser and a collection whose people can use codes. */
async function holdall(t, port, env = {}) {
  const server = await startServer('holdall', {
    HOLDALL_SMTP_HOST: 'localhost', HOLDALL_SMTP_PORT: String(port), HOLDALL_APP_NAME: 'Testköche', HOLDALL_MAIL_FROM_ADDRESS: 'mail@example.com', ...env,
  });
  t.after(() => server.stop());
  const guest = () => new PocketBase(server.url, new BaseAuthStore()).autoCancellation(false);
  const root = guest();
  await root.collection('_superusers').authWithPassword(SUPERUSER.email, SUPERUSER.password);
  const users = await root.collections.getOne('users');
  const fields = users.fields.map((field) => (field.name === 'password' ? { ...field, cost: 4 } : field));
  await root.collections.update('users', { fields, otp: { enabled: true, duration: 300, length: 8 } });
  const user = async (name) => {
    const body = { email: `${name}@example.com`, name, password: PASSWORD, passwordConfirm: PASSWORD };
    return root.collection('users').create(body);
  };
  const outbox = async (kind) => (await root.send('/api/mails', {})).items.filter((mail) => mail.kind === kind);
  /** The only mail of its kind, once `test` holds for it. */
  const mailThat = (kind, holds) => waitFor(`the ${kind} mail`, async () => (await outbox(kind)).find(holds));
  return { server, guest, root, user, outbox, mailThat };
}

const withStartTls = { HOLDALL_SMTP_ENCRYPTION: 'starttls', HOLDALL_SMTP_CA_FILE: certificates.caFile };
const withTls = { HOLDALL_SMTP_ENCRYPTION: 'tls', HOLDALL_SMTP_CA_FILE: certificates.caFile };
const inPlain = { HOLDALL_SMTP_ENCRYPTION: 'none' };
const withLogin = { HOLDALL_SMTP_USERNAME: MAIL_USER.user, HOLDALL_SMTP_PASSWORD: MAIL_USER.pass };

test('every flow by mail, over STARTTLS with a login', async (t) => {
  const post = await startMailServer({ key, cert, authOptional: false });
  t.after(() => post.close());
  const { guest, root, user, outbox, mailThat, server } = await holdall(t, post.port, { ...withStartTls, ...withLogin });
  const users = () => guest().collection('users');

  await t.test('requestVerification, confirmVerification', async () => {
    const { id } = await user('ada');
    assert.equal(await users().requestVerification('ada@example.com'), true);
    assert.equal(await users().requestVerification('nobody@example.com'), true);
    const mail = await post.next('ada@example.com');
    assert.deepEqual(mail.envelope, { from: 'mail@example.com', to: ['ada@example.com'] });
    assert.deepEqual([mail.secure, mail.user], [true, MAIL_USER.user]);
    assert.match(mail.headers.from, /<mail@example\.com>$/);
    assert.equal(mail.headers.to, 'ada@example.com');
    assert.match(mail.headers['message-id'], /^<\w+@example\.com>$/);
    assert.equal(mail.headers['auto-submitted'], 'auto-generated');
    assert.match(mail.html, /Testköche/);
    assert.ok(mail.text.includes(`${server.url}/auth/users/verify?token=`), mail.text);
    const pb = guest();
    await pb.collection('users').authWithPassword('ada@example.com', PASSWORD);
    assert.equal(pb.authStore.record.verified, false);
    assert.equal(await pb.collection('users').confirmVerification(tokenIn(mail)), true);
    assert.equal(pb.authStore.record.verified, true);
    assert.equal((await root.collection('users').getOne(id)).verified, true);
    await assert.rejects(users().confirmVerification('x'), failsWith(400, ['token validation_invalid_token_claims']));
  });

  await t.test('requestPasswordReset, confirmPasswordReset', async () => {
    await user('bob');
    const before = guest();
    await before.collection('users').authWithPassword('bob@example.com', PASSWORD);
    assert.equal(await users().requestPasswordReset('bob@example.com'), true);
    const token = tokenIn(await post.next('bob@example.com'));
    await assert.rejects(users().confirmPasswordReset(token, 'short', 'other'),
      failsWith(400, ['password validation_length_out_of_range', 'passwordConfirm validation_values_mismatch']));
    assert.equal(await users().confirmPasswordReset(token, 'password-2', 'password-2'), true);
    await assert.rejects(before.collection('users').authRefresh(), failsWith(401));
    await assert.rejects(users().authWithPassword('bob@example.com', PASSWORD), failsWith(400, []));
    const { record } = await users().authWithPassword('bob@example.com', 'password-2');
    assert.equal(record.verified, true);
    await assert.rejects(users().confirmPasswordReset(token, 'password-3', 'password-3'), failsWith(400, ['token validation_invalid_token']));
  });

  await t.test('requestEmailChange, confirmEmailChange', async () => {
    await user('cyd');
    const pb = guest();
    await pb.collection('users').authWithPassword('cyd@example.com', PASSWORD);
    await assert.rejects(users().requestEmailChange('new@example.com'), failsWith(401));
    await assert.rejects(pb.collection('users').requestEmailChange('ada@example.com'), failsWith(400, ['newEmail validation_invalid_new_email']));
    assert.equal(await pb.collection('users').requestEmailChange('new@example.com'), true);
    const token = tokenIn(await post.next('new@example.com'));
    await assert.rejects(pb.collection('users').confirmEmailChange(token, 'wrong'), failsWith(400, ['password validation_invalid_password']));
    assert.equal(await pb.collection('users').confirmEmailChange(token, PASSWORD), true);
    assert.equal(pb.authStore.isValid, false);
    const { record } = await users().authWithPassword('new@example.com', PASSWORD);
    assert.deepEqual([record.email, record.verified], ['new@example.com', true]);
  });

  await t.test('requestOTP, authWithOTP', async () => {
    const { id } = await user('dan');
    const { otpId } = await users().requestOTP('dan@example.com');
    const code = /\b\d{8}\b/.exec((await post.next('dan@example.com')).text)[0];
    await waitFor('the note of where the code went', async () => (await root.collection('_otps').getOne(otpId)).sentTo === 'dan@example.com');
    await assert.rejects(users().authWithOTP(otpId, '00000000'), failsWith(400, []));
    const pb = guest();
    const { record } = await pb.collection('users').authWithOTP(otpId, code);
    assert.deepEqual([record.id, record.verified, pb.authStore.isValid], [id, true, true]);
    await assert.rejects(users().authWithOTP(otpId, code), failsWith(400, []));
    assert.match((await users().requestOTP('nobody@example.com')).otpId, /^[a-z0-9]{15}$/);
  });

  await t.test('word of a new place', async () => {
    await user('eve');
    await users().authWithPassword('eve@example.com', PASSWORD);
    await users().authWithPassword('eve@example.com', PASSWORD, { headers: { 'User-Agent': 'Another device' } });
    assert.match((await post.next('eve@example.com')).text, /127\.0\.0\.1 · Another device/);
  });

  await t.test('what was sent is noted, and gone from the outbox', async () => {
    const { id } = await mailThat('passwordReset', (mail) => mail.state === 'sent');
    const { text, html, to, attempts } = await root.send(`/api/mails/${id}`, {});
    assert.deepEqual({ text, html, to, attempts }, { text: '', html: '', to: 'bob@example.com', attempts: 1 });
    assert.equal((await outbox('verification')).length, 1);
  });

  await t.test('no name gets out of its header', async () => {
    const users = await root.collections.getOne('users');
    const template = { subject: 'For {RECORD:name}', body: '<p>{TOKEN}</p>' };
    assert.ok(users.id);
    await root.collections.update('users', { resetPasswordTemplate: template });
    const body = { email: 'mal@example.com', name: 'Mal\r\nBcc: eve@example.com\r\n\r\nbody ü', password: PASSWORD, passwordConfirm: PASSWORD };
    await root.collection('users').create(body);
    await guest().collection('users').requestPasswordReset('mal@example.com');
    const mail = await post.next('mal@example.com');
    assert.deepEqual(mail.envelope.to, ['mal@example.com']);
    assert.equal(mail.headers.bcc, undefined);
    assert.doesNotMatch(mail.raw.slice(0, mail.raw.indexOf('\r\n\r\n')), /^Bcc:/im);
  });
});

test('TLS from the first byte, with a login', async (t) => {
  const post = await startMailServer({ key, cert, secure: true, authOptional: false });
  t.after(() => post.close());
  const { guest, user } = await holdall(t, post.port, { ...withTls, ...withLogin });
  await user('ada');
  await guest().collection('users').requestVerification('ada@example.com');
  const mail = await post.next('ada@example.com');
  assert.deepEqual([mail.secure, mail.user], [true, MAIL_USER.user]);
});

test('without encryption or login, and a mailbox that is not there', async (t) => {
  const post = await startMailServer({ hideSTARTTLS: true, disabledCommands: ['AUTH'], refuse: 'gone@example.com' });
  t.after(() => post.close());
  const { guest, root, user, mailThat } = await holdall(t, post.port, inPlain);
  await user('gone');
  await user('ada');
  const { otpId } = await guest().collection('users').requestOTP('gone@example.com');
  await guest().collection('users').requestVerification('ada@example.com');
  assert.equal((await post.next('ada@example.com')).secure, false);
  const failed = await mailThat('otp', (mail) => mail.state === 'failed');
  assert.match(failed.error, /550/);
  assert.equal(failed.attempts, 1);
  await assert.rejects(root.collection('_otps').getOne(otpId), failsWith(404));
});

test('nothing is said to a server that nobody vouches for', async (t) => {
  const post = await startMailServer({ key, cert });
  t.after(() => post.close());
  const env = { ...withStartTls, ...withLogin, HOLDALL_SMTP_CA_FILE: '' };
  const { guest, user, mailThat } = await holdall(t, post.port, env);
  await user('ada');
  await guest().collection('users').requestVerification('ada@example.com');
  await mailThat('verification', (mail) => mail.state === 'queued' && mail.error !== '');
  assert.deepEqual([post.mails, post.logins], [[], []]);
});

test('nothing is said in plain text to a server that has no STARTTLS', async (t) => {
  const post = await startMailServer({ hideSTARTTLS: true, allowInsecureAuth: true });
  t.after(() => post.close());
  const { guest, user, mailThat } = await holdall(t, post.port, { ...withStartTls, ...withLogin });
  await user('ada');
  await guest().collection('users').requestVerification('ada@example.com');
  await mailThat('verification', (mail) => mail.state === 'queued' && mail.error !== '');
  assert.deepEqual([post.mails, post.logins], [[], []]);
});

test('a refused login is for the operator to mend: the mail waits', async (t) => {
  const post = await startMailServer({ key, cert, authOptional: false });
  t.after(() => post.close());
  const { guest, user, mailThat } = await holdall(t, post.port, { ...withStartTls, ...withLogin, HOLDALL_SMTP_PASSWORD: 'wrong' });
  await user('ada');
  await guest().collection('users').requestVerification('ada@example.com');
  const mail = await mailThat('verification', ({ error }) => error !== '');
  assert.equal(mail.state, 'queued');
  assert.match(mail.error, /535/);
  assert.deepEqual(post.mails, []);
});

test('mail waits for a server that is down', async (t) => {
  const port = await freePort();
  const { guest, user, mailThat } = await holdall(t, port, withStartTls);
  await user('ada');
  await guest().collection('users').requestVerification('ada@example.com');
  await mailThat('verification', (mail) => mail.state === 'queued' && mail.error !== '');
  const post = await startMailServer({ port, key, cert });
  t.after(() => post.close());
  assert.match(tokenIn(await post.next('ada@example.com')), /^ey/);
  const sent = await mailThat('verification', (mail) => mail.state === 'sent');
  assert.ok(sent.attempts > 1);
});
