// The page Mail: what has become of mails, how they look without doing anything, and a mail server that is set up and
// tried.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import test, { after } from 'node:test';
import { account, api, mailTo, origin } from '../lib/browser.mjs';
import { look, lookAtDialog, open, owner } from '../lib/dashboard.mjs';

const SUBJECT = '<img src=x onerror="document.title=\'hacked\'"> & "quotes"';
const BODY = `<p style="color:red" onclick="parent.document.title='hacked'">Hello</p><style>p{color:red}</style>
<script>parent.document.title = 'hacked'</script><img src="/x.png" onerror="parent.document.title='hacked'">
<p><a href="javascript:parent.document.title='hacked'">Choose</a> {APP_URL}/reset?token={TOKEN}</p>`;

/** A mail server that takes everything, but nothing for refused@example.com. */
async function mailServer() {
  const mails = [];
  const server = createServer((socket) => {
    let reading = false;
    let content = '';
    let rest = '';
    socket.setEncoding('utf8');
    socket.write('220 test\r\n');
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      rest += chunk;
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (reading && line === '.') {
          reading = false;
          mails.push(content);
          socket.write('250 taken\r\n');
        } else if (reading) content += `${line}\n`;
        else if (/^RCPT.*refused@/i.test(line)) socket.write('550 <b>Nobody</b> of that name\r\n');
        else if (/^DATA/i.test(line)) {
          reading = true;
          content = '';
          socket.write('354 go on\r\n');
        } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
        else socket.write('250 ok\r\n');
      }
    });
  });
  await new Promise((ready) => { server.listen(0, '127.0.0.1', ready); });
  after(() => server.close());
  return { mails, port: server.address().port };
}

const requestReset = (email) => fetch(`${origin}/api/collections/users/request-password-reset`, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ email }),
});
const row = (page, id) => page.locator(`[data-mail="${id}"]`);

test('the page of mails that was asked for last is shown, whichever comes last', async () => {
  const page = await owner();
  let goOn;
  const held = new Promise((resolve) => { goOn = resolve; });
  await page.route('**/api/mails?**', async (route) => {
    const at = Number(new URL(route.request().url()).searchParams.get('page'));
    if (at === 2) await held;
    const mail = { id: `m${at}`, kind: 'otp', to: 'a@example.com', subject: `Mail of page ${at}`, state: 'sent',
      error: '', nextAttempt: '', created: '2026-01-02 03:04:05.678Z', updated: '2026-01-02 03:04:05.678Z',
      attempts: 1 };
    await route.fulfill({ json: { items: [mail], page: at, perPage: 30, totalItems: 90, totalPages: 3 } });
  });
  await open(page, '/_/mail');
  await page.getByText('Mail of page 1').waitFor();
  const older = page.getByRole('button', { name: 'Older' });
  await older.click();
  await older.click();
  await page.getByText('Page 3 of 3').waitFor();
  const late = page.waitForResponse((answer) => answer.url().includes('page=2'));
  goOn();
  await (await late).finished();
  await page.getByText('Mail of page 3').waitFor();
  assert.equal(await page.getByText('Mail of page 2').count(), 0);
});

test('a mail is shown as text and as HTML, and nothing in it acts', async () => {
  await api('PATCH', '/api/collections/users', { resetPasswordTemplate: { subject: SUBJECT, body: BODY } });
  const { email } = await account();
  await requestReset(email);
  const mail = await mailTo(email, 'passwordReset');
  const page = await owner();
  await open(page, '/_/mail');
  const listed = row(page, mail.id);
  await listed.getByText('Kept here').waitFor();
  assert.ok((await listed.textContent()).includes(email));
  await look(page, 'mail');
  await listed.getByRole('button', { name: SUBJECT }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('heading', { name: SUBJECT }).waitFor();
  assert.match(await dialog.getByRole('region', { name: 'Text' }).textContent(), /reset\?token=/);
  await lookAtDialog(page, 'mail-one');
  await dialog.getByRole('tab', { name: 'HTML' }).click();
  const frame = dialog.getByTitle('The mail as HTML');
  assert.equal(await frame.getAttribute('sandbox'), '', 'nothing is allowed in it');
  const inside = frame.contentFrame();
  await inside.getByText('Hello').waitFor();
  assert.equal(await inside.locator('script, img, style, [href], [onclick], [style]').count(), 0);
  await inside.getByText('Hello').click();
  await inside.getByText('Choose').click();
  assert.notEqual(await page.title(), 'hacked');
  await dialog.getByRole('tab', { name: 'Source' }).click();
  assert.match(await dialog.getByRole('region', { name: 'Source' }).textContent(), /onclick=/);
  assert.equal(await page.locator('img[src="x"]').count(), 0);
  assert.deepEqual(page.trouble, []);
});

test('a mail server is set up, refused if it is wrong, and tried', async () => {
  const { mails, port } = await mailServer();
  const page = await owner();
  await open(page, '/_/mail');
  assert.equal(await page.getByRole('button', { name: 'Send a test mail' }).isVisible(), false,
    'without a server there is nothing to test');
  await page.getByLabel('Send mail through a mail server (SMTP)').check();
  await page.getByLabel('Host').fill('no host');
  await page.getByLabel('Port').fill('99999');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  for (const name of ['smtp.host', 'smtp.port']) await page.locator(`[name="${name}"][aria-invalid="true"]`).waitFor();
  assert.equal(await page.getByLabel('Host').inputValue(), 'no host');
  await page.getByLabel('Host').fill('127.0.0.1');
  await page.getByLabel('Port').fill(String(port));
  await page.keyboard.press('Control+s');
  await page.getByText('Saved.', { exact: true }).waitFor();
  assert.equal((await api('GET', '/api/settings')).smtp.port, port);

  await page.getByRole('button', { name: 'Send a test mail' }).click();
  const dialog = page.getByRole('dialog', { name: 'Send a test mail' });
  assert.equal(await dialog.getByLabel('To').inputValue(), 'root@example.com');
  await lookAtDialog(page, 'mail-test');
  await dialog.getByLabel('To').fill('nobody');
  await dialog.getByRole('button', { name: 'Send' }).click();
  await dialog.locator('[name="email"][aria-invalid="true"]').waitFor();
  await dialog.getByLabel('To').fill('refused@example.com');
  await dialog.getByRole('button', { name: 'Send' }).click();
  await dialog.getByRole('alert').filter({ hasText: '<b>Nobody</b>' }).waitFor();
  await dialog.getByLabel('To').fill('ada@example.com');
  await dialog.getByLabel('Which mail').selectOption({ label: 'One-time code' });
  await dialog.getByLabel('As accounts of this collection').selectOption('users');
  await dialog.getByRole('button', { name: 'Send' }).click();
  await page.getByText('A test mail was sent to ada@example.com.').waitFor();
  // Mails that waited for a server may have arrived, too.
  assert.equal(mails.filter((mail) => /^To: .*ada@example\.com/m.test(mail)).length, 1);
});

test('a mail that can\'t be sent says why, one that was sent has no text any more', async () => {
  const { port } = await mailServer();
  await api('PATCH', '/api/settings', { smtp: { enabled: true, host: '127.0.0.1', port } });
  const sentTo = await account();
  await api('POST', '/api/collections/users/records',
    { email: 'refused@example.com', password: 'correct horse', passwordConfirm: 'correct horse' });
  await requestReset(sentTo.email);
  await requestReset('refused@example.com');
  const [sent, failed] = [await mailTo(sentTo.email, 'passwordReset'),
    await mailTo('refused@example.com', 'passwordReset')];
  const page = await owner();
  await open(page, '/_/mail');
  await row(page, failed.id).getByText('Failed', { exact: true }).waitFor();
  assert.match(await row(page, failed.id).textContent(), /<b>Nobody<\/b> of that name/);
  await row(page, sent.id).getByText('Sent', { exact: true }).waitFor();
  await row(page, sent.id).getByRole('button').click();
  await page.getByRole('dialog').getByText('Its text is gone').waitFor();
  assert.equal((await api('GET', `/api/mails/${failed.id}`)).state, 'failed');
});

test('a mail that failed or stayed here is sent again', async () => {
  const { mails, port } = await mailServer();
  await api('PATCH', '/api/settings', { smtp: { enabled: false } });
  const { email } = await account();
  await requestReset(email);
  const kept = await mailTo(email, 'passwordReset');
  const page = await owner();
  await open(page, '/_/mail');
  await row(page, kept.id).getByText('Kept here').waitFor();
  const again = row(page, kept.id).getByRole('button', { name: `Send again to ${email}` });
  assert.equal(await again.count(), 0, 'there is nobody who could send it');
  await page.getByLabel('Send mail through a mail server (SMTP)').check();
  await page.getByLabel('Host').fill('127.0.0.1');
  await page.getByLabel('Port').fill(String(port));
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await again.click();
  await page.getByText(`The mail to ${email} is sent again.`).waitFor();
  await page.waitForResponse(async (answer) => answer.url().includes('/api/mails?')
    && (await answer.json()).items.some((mail) => mail.id === kept.id && mail.state === 'sent'));
  await row(page, kept.id).getByText('Sent', { exact: true }).waitFor();
  assert.equal(await again.count(), 0);
  assert.ok(mails.some((mail) => mail.includes(email)));

  // One that is refused again says so again.
  const failed = await mailTo('refused@example.com', 'passwordReset');
  await row(page, failed.id).getByRole('button', { name: /<img/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Send again' }).click();
  await dialog.waitFor({ state: 'detached' });
  await row(page, failed.id).getByText('Failed', { exact: true }).waitFor();
  assert.equal((await api('GET', `/api/mails/${failed.id}`)).attempts, 1);
});

test('it says where texts are edited', async () => {
  const page = await owner();
  await open(page, '/_/mail');
  await page.getByRole('main').getByRole('link', { name: 'users', exact: true }).click();
  await page.waitForURL('**/_/collections/users/edit');
});
