// Stored script: hostile texts in every name, value and file name that somebody can write, and every screen of the
// dashboard on which they are shown. None may run, none may become an element, and what is typed must be what is shown.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD, SUPERUSER, api, origin, output, path } from '../lib/browser.mjs';
import { open, owner } from '../lib/dashboard.mjs';

/** Texts that run if they are taken for HTML, for an attribute, for a script, for an address, or for a template. */
const HOSTILE = [
  '<img src=x onerror="globalThis.hostile=1">',
  '"><script>globalThis.hostile=2</script>',
  '\' onmouseover=\'globalThis.hostile=3\' autofocus onfocus=\'globalThis.hostile=3',
  'javascript:globalThis.hostile=4',
  '{{ 7 * 7 }}</textarea><svg onload=globalThis.hostile=5>',
  '</script><script>globalThis.hostile=6</script>',
];
const all = HOSTILE.join(' ');
/** SVG and HTML as files: shown, they must not be documents of ours. */
const FILES = [['<img src=x onerror=globalThis.hostile=7>.svg', '<svg xmlns="http://www.w3.org/2000/svg" onload="globalThis.hostile=7"/>'], ['page.html', '<script>globalThis.hostile=8</script>']];

await api('POST', '/api/collections', {
  name: 'guestbook', type: 'base', listRule: '', viewRule: '', createRule: '', updateRule: '', deleteRule: `text != ${JSON.stringify(all)}`,
  fields: [
    { name: 'text', type: 'text', presentable: true, help: all }, { name: 'rich', type: 'editor' }, { name: 'any', type: 'json' },
    { name: 'link', type: 'url' }, { name: 'choice', type: 'select', values: HOSTILE, maxSelect: HOSTILE.length },
    { name: 'files', type: 'file', maxSelect: 9 },
  ],
});
await api('PATCH', '/api/settings', { meta: { appName: HOSTILE[0], senderName: HOSTILE[1] } });
const form = new FormData();
for (const [name, value] of Object.entries({ text: all, rich: all, any: JSON.stringify({ [all]: HOSTILE }), link: 'https://example.com/?q="><script>globalThis.hostile=9</script>' })) form.set(name, value);
for (const value of HOSTILE) form.append('choice', value);
for (const [name, content] of FILES) form.append('files', new Blob([content]), name);
const created = await fetch(`${origin}/api/collections/guestbook/records`, { method: 'POST', body: form });
assert.equal(created.status, 200, await created.clone().text());
const { id } = await created.json();
const account = await api('POST', '/api/collections/users/records', { email: 'hostile@example.com', password: PASSWORD, passwordConfirm: PASSWORD, name: HOSTILE[0] });
await api('POST', '/api/keys', { name: HOSTILE[0], scope: null });
// Somebody signs in with a hostile device, and asks for hostile addresses.
await fetch(`${origin}/api/collections/users/auth-with-password?session=cookie`, {
  method: 'POST', headers: { 'Content-Type': 'application/json', Origin: origin, 'User-Agent': HOSTILE[0] },
  body: JSON.stringify({ identity: 'hostile@example.com', password: PASSWORD }),
});
await fetch(`${origin}/api/collections/guestbook/records?filter=${encodeURIComponent(all)}`, { headers: { 'User-Agent': HOSTILE[1], Referer: `https://example.com/${encodeURIComponent(all)}` } });
await fetch(`${origin}/api/collections/users/request-password-reset`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"email":"hostile@example.com"}' });
const backup = await fetch(`${origin}/api/backups`, { method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: 'x' }, body: JSON.stringify({ name: `${HOSTILE[0]}.zip` }) });
assert.ok(backup.status >= 400, 'names of backups are plain');

const PAGES = [
  '/_/', '/_/collections', '/_/new-collection', '/_/transfer', '/_/access', '/_/people', `/_/people?collection=users&record=${account.id}`,
  `/_/people?collection=_superusers&record=${encodeURIComponent(all)}`, '/_/sql', '/_/logs', `/_/logs?filter=${encodeURIComponent(all)}`, '/_/backups', '/_/jobs', '/_/mail',
  '/_/settings', '/_/collections/guestbook', `/_/collections/guestbook?record=${id}`, `/_/collections/guestbook?filter=${encodeURIComponent(all)}`,
  '/_/collections/guestbook/edit', '/_/collections/guestbook/api', '/_/collections/users', '/_/collections/_superusers',
];

const page = await owner();
const dialogs = [];
page.on('dialog', (dialog) => dialogs.push(dialog.message()) && dialog.dismiss());

for (const address of PAGES) {
  test(`nothing runs on ${address.split('?')[0]}${address.includes('?') ? ' with a query' : ''}`, async () => {
    page.trouble.length = 0;
    await open(page, address);
    assert.equal(path(page).split('?')[0], address.split('?')[0]);
    // Every menu, tab and switch that shows more, and every row that opens.
    for (const summary of await page.locator('main summary').all()) if (await summary.isVisible()) await summary.click({ timeout: 2000 }).catch(() => {});
    for (const tab of await page.getByRole('tab').all()) if (await tab.isVisible()) await tab.click({ timeout: 2000 }).catch(() => {});
    await page.waitForLoadState('networkidle');
    const found = await page.evaluate(() => ({
      ran: globalThis.hostile ?? null,
      elements: [...document.querySelectorAll('main img, main svg[onload], main script, dialog script, dialog img')]
        .filter((one) => one.hasAttribute('onerror') || one.hasAttribute('onload') || one.localName === 'script').map((one) => one.outerHTML),
      handlers: [...document.querySelectorAll('*')].flatMap((one) => [...one.attributes].filter(({ name }) => name.startsWith('on')).map(({ name, value }) => `${name}=${value}`)),
      addresses: [...document.querySelectorAll('a[href], area[href], form[action], iframe[src], object[data]')].map((one) => one.href ?? one.action ?? one.src ?? one.data).filter((one) => /^\s*(?:javascript|data|vbscript):/i.test(String(one))),
    }));
    assert.deepEqual(found, { ran: null, elements: [], handlers: [], addresses: [] });
    assert.deepEqual([page.trouble, dialogs], [[], []]);
  });
}

test('what was written is what is shown', async () => {
  await open(page, `/_/collections/guestbook?record=${id}`);
  await page.getByRole('dialog').waitFor();
  assert.equal(await page.getByRole('dialog').getByLabel('text', { exact: false }).first().inputValue(), all);
  const { items: [entry] } = await api('GET', `/api/logs?filter=${encodeURIComponent('data.userAgent ~ "hostile=2"')}`);
  await open(page, `/_/logs?log=${entry.id}`);
  await page.getByRole('dialog').getByText(HOSTILE[1]).first().waitFor();
});

test('files are no documents of ours', async () => {
  const record = await api('GET', `/api/collections/guestbook/records/${id}`);
  for (const name of record.files) {
    const answer = await fetch(`${origin}/api/files/guestbook/${id}/${encodeURIComponent(name)}`);
    assert.match(`${answer.headers.get('content-security-policy')} ${answer.headers.get('content-disposition')}`, /sandbox|attachment/);
  }
});

test('the server had no trouble', () => {
  assert.doesNotMatch(output(), /ERROR/);
  assert.ok(SUPERUSER.email);
});
