// What the tests of collections in the dashboard share: the page of an owner, and how the editor is opened, filled in
// and saved. Loading this module starts a server of its own and signs its owner in.

import assert from 'node:assert/strict';
import { api, shoot, violations } from './browser.mjs';
import { open, owner } from './dashboard.mjs';

export const HOSTILE = '<img src=x onerror="globalThis.wasHit=1">\'"`;${1}';

export const page = await owner({
  viewport: { width: 1280, height: 900 },
  permissions: ['clipboard-read', 'clipboard-write'],
});

export const define = (name, fields, more = {}) =>
  api('POST', '/api/collections', { name, type: 'base', fields, ...more });
export const definition = (name) => api('GET', `/api/collections/${name}`);
export const fieldNames = async (name) => (await definition(name)).fields.map((field) => field.name);
export const record = (collection, body) => api('POST', `/api/collections/${collection}/records`, body);
export const text = (name, more = {}) => ({ name, type: 'text', ...more });

export const button = (name, within = page) => within.getByRole('button', { name, exact: true });
export const dialog = () => page.getByRole('dialog');
export const nameOf = (field) => page.getByRole('textbox', { name: `Name of the field ${field}`, exact: true });
export const row = (field) => page.locator('.schema-field').filter({ has: nameOf(field) });
export const editorOf = (label) => page.getByRole('textbox', { name: label, exact: true });

/** Opens the editor of a collection. */
export async function edit(name, hash = '') {
  await page.goto('about:blank');
  await open(page, `/_/collections/${name}/edit${hash}`);
  await page.locator('.save-bar').waitFor();
}

/** Puts a text into an editor, as keys do: what a browser makes of pasted text in it would have styles of its own. */
export async function write(label, value) {
  await editorOf(label).click();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Backspace');
  if (value) await page.keyboard.insertText(value);
}

/** Does something that saves, and waits until it is stored. */
export async function saved(action) {
  const [answer] = await Promise.all([
    page.waitForResponse(
      (one) =>
        ['PATCH', 'POST', 'PUT', 'DELETE'].includes(one.request().method()) && /\/api\/collections/.test(one.url()),
    ),
    action(),
  ]);
  // Where the page goes on to another one, the browser doesn't keep the answer's body.
  if (!answer.ok()) assert.fail(await answer.text());
}

/** Saves what the server is to refuse. */
export async function saveRefused() {
  await button('Save').click();
  await page.getByRole('alert').getByText("The collection couldn't be saved.").waitFor();
}

export async function addField(kind, name) {
  await page.locator('.add-field summary').click();
  await page
    .locator('.kinds button')
    .filter({ hasText: new RegExp(`^${kind}`) })
    .click();
  const added = page.locator('.schema-field:focus-within');
  await page.keyboard.type(name);
  return added;
}

/** The axe and the pictures of a tab that is chosen by the address' end. */
export async function lookAtTab(name, hash) {
  await shoot(page, `dashboard-${name}`);
  await page.setViewportSize({ width: 1280, height: 900 });
  assert.deepEqual(
    await violations(`${new URL(page.url()).pathname}${hash}`, await page.context().cookies()),
    [],
    name,
  );
  assert.deepEqual(page.trouble, [], name);
}
