// The record editor: files, relations and rich text.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api } from '../lib/browser.mjs';
import {
  answers, button, field, HOSTILE, isSaved, make, newest, page, png, said, save, shelf, show, stored, writeInto,
} from '../lib/record_panel.mjs';

test('files are checked, sent, shown, sorted and removed', async () => {
  const panel = await show('papers');
  const pictures = field(panel, 'pictures').locator('input[type="file"]');
  const hostileName = '<img src=x onerror=alert(1)>.png';
  await pictures.setInputFiles([
    { name: hostileName, mimeType: 'image/png', buffer: png() },
    { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('text') },
    { name: 'large.txt', mimeType: 'text/plain', buffer: Buffer.alloc(20_001) },
    { name: 'page.html', mimeType: 'text/html', buffer: Buffer.from('x') },
  ]);
  const refused = field(panel, 'pictures').locator('.record-refused li');
  await refused.first().waitFor();
  assert.deepEqual(
    (await refused.allTextContents()).map((text) => text.split(' ')[0]),
    ['large.txt', 'page.html'],
  );
  const rows = field(panel, 'pictures').locator('.record-items > li');
  assert.equal(await rows.count(), 2);
  assert.match(await rows.nth(0).textContent(), /<img src=x onerror/);
  // What is dropped is taken like what is chosen; here it is one too many of the size.
  await field(panel, 'pictures')
    .locator('.record-drop')
    .evaluate((zone) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['x'.repeat(30_000)], 'dropped.txt', { type: 'text/plain' }));
      zone.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    });
  assert.match(await refused.first().textContent(), /^dropped\.txt has 30 KB/);
  // The text comes before the picture, by the keyboard.
  await rows.nth(1).locator('.record-handle').press('ArrowUp');
  assert.match(await rows.nth(0).textContent(), /notes\.txt/);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Move notes.txt, 1 of 2');
  await field(panel, 'cover')
    .locator('input[type="file"]')
    .setInputFiles({ name: 'cover.png', mimeType: 'image/png', buffer: png() });
  await panel.getByLabel('title', { exact: true }).fill(HOSTILE);
  await button(panel, 'Create').click();
  await said('Created.');
  const made = await newest('papers');
  assert.equal(made.title, HOSTILE);
  assert.match(made.pictures[0], /^notes_/);
  assert.match(made.pictures[1], /\.png$/);
  // The previews are pictures of the server's; the protected one too.
  for (const name of ['pictures', 'cover']) {
    await page.waitForFunction(
      (of) =>
        [...document.querySelectorAll(`[data-field="${of}"] img`)].some(
          (image) => image.src.includes('thumb=100x100') && image.naturalWidth === 100,
        ),
      name,
    );
  }
  const [shown] = await Promise.all([
    page.waitForEvent('popup'),
    button(field(panel, 'cover'), `Open ${made.cover} in a new tab`).click(),
  ]);
  await shown.waitForURL(/token=/);
  assert.equal((await fetch(shown.url())).status, 200);
  await shown.close();

  await button(field(panel, 'pictures'), `Remove ${made.pictures[0]}`).click();
  await rows.nth(0).getByText('goes when you save').waitFor();
  await button(field(panel, 'pictures'), `Undo: keep ${made.pictures[0]}`).click();
  await isSaved(panel);
  await button(field(panel, 'pictures'), `Remove ${made.pictures[1]}`).click();
  await pictures.setInputFiles({ name: 'more.txt', mimeType: 'text/plain', buffer: Buffer.from('more') });
  // By the mouse, before the one that is there.
  const [from, to] = [
    await rows.nth(2).locator('.record-handle').boundingBox(),
    await rows.nth(0).locator('.record-handle').boundingBox(),
  ];
  await page.mouse.move(from.x + 5, from.y + 5);
  await page.mouse.down();
  await page.mouse.move(to.x + 5, to.y + to.height + 8, { steps: 4 });
  await page.mouse.move(to.x + 5, to.y + 5, { steps: 4 });
  await page.mouse.up();
  assert.match(await rows.nth(0).textContent(), /more\.txt/);
  await save(panel);
  await said('Saved.');
  const after = await stored('papers', made.id);
  assert.equal(after.pictures.length, 2);
  assert.match(after.pictures[0], /^more_/);
  assert.equal(after.pictures[1], made.pictures[0]);
  assert.equal((await stored('papers', made.id)).cover, made.cover);
  await panel.evaluate((dialog) =>
    dialog.querySelector('[data-field="cover"] input[type=file]').dispatchEvent(new Event('cancel', { bubbles: true })),
  );
  assert.equal(await panel.isVisible(), true, 'a file picker that is cancelled closes nothing');
  assert.deepEqual(page.trouble, []);
});

test('an upload tells how far it is', async () => {
  const panel = await show('papers');
  const network = await page.context().newCDPSession(page);
  await network.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: 1_000_000,
  });
  const buffer = Buffer.alloc(3_000_000, 1);
  await field(panel, 'cover').locator('input[type="file"]').setInputFiles({ name: 'large.bin', mimeType: '', buffer });
  await button(panel, 'Create').click();
  await page.waitForFunction(() => {
    const bar = document.querySelector('dialog.panel progress');
    return !bar.hidden && bar.value > 0 && bar.value < 1;
  });
  // Neither is it sent twice, nor is the panel closed meanwhile.
  await page.keyboard.press('Control+s');
  await page.keyboard.press('Escape');
  await network.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: -1,
  });
  await said('Created.');
  assert.equal(await panel.locator('progress').isVisible(), false);
  const found = (await api('GET', '/api/collections/papers/records?sort=-@rowid')).items;
  assert.equal(found.filter((one) => one.cover.startsWith('large_')).length, 1);
  await network.detach();
});

test('related records are found, made, sorted and limited', async () => {
  for (let at = 0; at < 33; at += 1) await make('shelves', { label: `Row ${at}`, note: 'x' });
  await make('shelves', { label: HOSTILE });
  const panel = await show('kinds');
  await button(field(panel, 'shelves'), 'Choose').click();
  const picker = page.locator('dialog.record-picker');
  await picker.locator('.record-found li').first().waitFor();
  assert.equal(await picker.locator('.record-found li').count(), 30);
  // A second click leaves nothing out.
  await button(picker, 'Show more').evaluate((more) => {
    more.click();
    more.click();
  });
  await picker.locator('.record-found li').nth(37).waitFor();
  const search = picker.getByLabel('Search shelves');
  await search.fill('onerror="window.hacked');
  await picker.getByText('1 record', { exact: true }).waitFor();
  assert.equal(await picker.locator('.record-found img').count(), 0);
  for (const label of ['Beta', 'Alpha']) {
    await search.fill(label);
    // Ids are searched, too, and may hold the same letters.
    await picker.getByLabel(new RegExp(`^${label}`)).check();
  }
  await button(picker, 'New record').click();
  const nested = page.locator('dialog.panel').last();
  await nested.getByLabel('label', { exact: true }).fill('Epsilon');
  await button(nested, 'Create and close').click();
  await picker.getByText('3 of 3 at most').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('dialog.panel').length === 1);
  assert.equal(await picker.getByLabel('Epsilon').isChecked(), true);
  await search.fill('Gamma');
  await picker.getByLabel('Gamma').waitFor();
  assert.equal(await picker.getByLabel('Gamma').isDisabled(), true);
  await button(picker, 'Take these').click();
  await picker.waitFor({ state: 'detached' });
  const names = field(panel, 'shelves').locator('.record-name');
  assert.deepEqual(await names.allTextContents(), ['Beta', 'Alpha', 'Epsilon']);
  await field(panel, 'shelves').locator('.record-handle').nth(2).press('ArrowUp');
  await button(field(panel, 'shelf'), 'Choose').click();
  await search.fill('Delta');
  await picker.getByLabel('Delta').check();
  await button(picker, 'Take this').click();
  await picker.waitFor({ state: 'detached' });
  await button(panel, 'Create').click();
  await panel.locator('.record-id').waitFor();
  const made = await newest('kinds');
  const epsilon = (await api('GET', '/api/collections/shelves/records?filter=label="Epsilon"')).items[0].id;
  assert.deepEqual(made.shelves, [shelf.Beta, epsilon, shelf.Alpha]);
  assert.equal(made.shelf, shelf.Delta);
  // One of them is changed in a panel of its own.
  await button(field(panel, 'shelf'), 'Open Delta').click();
  const other = page.locator('dialog.panel').last();
  await other.getByLabel('label', { exact: true }).fill('Delta two');
  await button(other, 'Save and close').click();
  await field(panel, 'shelf').getByText('Delta two').waitFor();
  assert.equal((await stored('shelves', shelf.Delta)).label, 'Delta two');
  assert.equal(await page.evaluate(() => window.hacked), undefined);
});

test('rich text comes out clean, and keeps what the editor does not know', async () => {
  const nasty =
    '<p onclick="window.hacked=1">a</p><script>window.hacked=1</script><table><tr><td>cell</td></tr></table>' +
    '<a href="javascript:window.hacked=1">x</a><img src=x onerror="window.hacked=1">';
  const { id } = await make('kinds', { title: 'nasty', story: nasty });
  let panel = await show('kinds', { id });
  const area = panel.getByLabel('story as HTML');
  assert.equal(await area.inputValue(), nasty);
  await field(panel, 'story').getByText('does not know').waitFor();
  await panel.getByLabel('title', { exact: true }).fill('still nasty');
  await save(panel);
  await isSaved(panel);
  assert.equal((await stored('kinds', id)).story, nasty, 'looking at it changes nothing');
  assert.deepEqual(page.trouble, []);
  await button(panel, 'HTML of story').click();
  await answers('Leave');
  const rich = field(panel, 'story').locator('.ProseMirror');
  await writeInto(panel, 'story');
  await page.keyboard.press('Control+End');
  await page.keyboard.type('!');
  await save(panel);
  await isSaved(panel);
  const after = (await stored('kinds', id)).story;
  assert.match(after, /^<p>a<\/p>/);
  assert.doesNotMatch(after, /script|onclick|onerror|table/);
  assert.equal(await page.evaluate(() => window.hacked), undefined);

  const made = await make('kinds', { title: 'text', story: '<p>one</p>' });
  panel = await show('kinds', { id: made.id });
  // Below the text: at its end.
  await writeInto(panel, 'story');
  await button(field(panel, 'story'), 'Heading').click();
  await rich.locator('h2').waitFor();
  await page.keyboard.press('Enter');
  await button(field(panel, 'story'), 'Bulleted list').click();
  await page.keyboard.type('first');
  await page.keyboard.press('Enter');
  await page.keyboard.type('second');
  await page.keyboard.press('Shift+Home');
  await button(field(panel, 'story'), 'Link').click();
  await page.getByLabel('Address; empty for no link').fill('https://a.example/?a=1&b="2"');
  await answers('Set');
  await field(panel, 'story').locator('button[aria-label="Link"][aria-pressed="true"]').waitFor();
  await save(panel);
  await isSaved(panel);
  assert.equal(
    (await stored('kinds', made.id)).story,
    '<h2>one</h2><ul><li><p>first</p></li>' +
      '<li><p><a href="https://a.example/?a=1&amp;b=&quot;2&quot;">second</a></p></li></ul>',
  );
  // The browser notes what it has refused of the HTML that somebody left for the text editor; nothing else.
  assert.deepEqual(
    page.trouble.splice(0).filter((one) => !/Executing inline event handler violates/.test(one)),
    [],
  );
});
