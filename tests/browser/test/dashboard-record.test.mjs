// The record editor: every kind of field through the panel and back by the API, what is refused, what two people change
// at once, drafts, undo.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api } from '../lib/browser.mjs';
import { open } from '../lib/dashboard.mjs';
import {
  answers, button, chooses, field, HOSTILE, isSaved, make, newest, page, said, save, show, stored, typeJson, writeInto,
} from '../lib/record_panel.mjs';

test('every kind of field is set through the panel and read back by the API', async () => {
  const panel = await show('kinds');
  assert.equal(await field(panel, 'title').locator('.hint').textContent(), 'What people call it.');
  assert.equal(await field(panel, 'inner').getByText('hidden').isVisible(), true);
  assert.equal(await field(panel, 'made').count(), 0);
  await panel.getByLabel('title', { exact: true }).fill('Two\nlines');
  await panel.getByLabel('amount', { exact: true }).fill('12.5');
  await panel.getByLabel('done', { exact: true }).click();
  await panel.getByLabel('mail', { exact: true }).fill('a@b.example');
  await panel.getByLabel('site', { exact: true }).fill('https://a.example/x?y=1');
  await panel.getByLabel('starts', { exact: true }).fill('2026-03-04T05:06:07');
  await chooses(panel, 'one', 'two words');
  await chooses(panel, 'many', 'two words');
  await chooses(panel, 'many', 'plain');
  assert.equal(
    await field(panel, 'many').getByRole('checkbox', { name: 'javascript:window.hacked=1' }).isDisabled(),
    true,
    'two are the most',
  );
  await typeJson(panel, 'data', '{"z": 12345678901234567890, "a": [1, null]}');
  await writeInto(panel, 'story');
  await page.keyboard.type('Once ');
  await page.keyboard.press('Control+B');
  await page.keyboard.type('upon');
  await field(panel, 'spot').getByLabel('Longitude').fill('13.4');
  await field(panel, 'spot').getByLabel('Latitude').fill('-52.5');
  await field(panel, 'secret').locator('input[name="secret"]').fill('something long');
  await panel.getByLabel('inner', { exact: true }).fill('for superusers');
  await button(panel, 'Create').click();
  await said('Created.');
  const found = await newest('kinds');
  assert.deepEqual(await panel.locator('.record-dates dt').allTextContents(), ['made', 'updated']);
  const raw = await page.evaluate(async (id) => (await fetch(`/api/collections/kinds/records/${id}`)).text(), found.id);
  assert.match(raw, /"data":\{"z":12345678901234567890,"a":\[1,null\]\}/, 'JSON is kept digit for digit and in order');
  assert.match(found.code, /^[A-Z]{6}$/);
  const expected = {
    title: 'Two\nlines',
    amount: 12.5,
    maybe: null,
    done: true,
    mail: 'a@b.example',
    site: 'https://a.example/x?y=1',
    one: 'two words',
    many: ['two words', 'plain'],
    story: '<p>Once <strong>upon</strong></p>',
    spot: { lon: 13.4, lat: -52.5 },
    inner: 'for superusers',
  };
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(found[name], value, name);
  assert.equal(
    new Date(found.starts.replace(' ', 'T')).getTime(),
    await page.evaluate(() => new Date('2026-03-04T05:06:07').getTime()),
  );
  assert.deepEqual(await page.evaluate(() => window.saves), [found.id]);

  // The same record again, emptied. Nothing but what is changed is sent.
  await panel.getByLabel('title', { exact: true }).fill('');
  await button(field(panel, 'starts'), 'Clear starts').click();
  await chooses(panel, 'one', 'two words');
  await panel.getByLabel('maybe', { exact: true }).fill('3');
  await panel.getByLabel('done', { exact: true }).click();
  await button(field(panel, 'spot'), 'Clear spot').click();
  assert.equal(await panel.locator('.record-says').textContent(), 'Not saved: title, maybe, done, starts, one, spot');
  await page.keyboard.press('Control+s');
  await said('Saved.');
  const after = await stored('kinds', found.id);
  assert.deepEqual(
    [after.title, after.starts, after.one, after.maybe, after.done, after.spot],
    ['', '', '', 3, false, { lon: 0, lat: 0 }],
  );
  assert.equal(after.story, found.story);
  await button(panel, 'NULL in maybe').click();
  await save(panel);
  await isSaved(panel);
  assert.equal((await stored('kinds', found.id)).maybe, null);
  assert.deepEqual(page.trouble, []);
});

test('what is refused is told beside its field, and what belongs to none on top', async () => {
  const panel = await show('kinds');
  await panel.getByLabel('amount', { exact: true }).fill('101');
  await panel.getByLabel('title', { exact: true }).fill('x'.repeat(41));
  await panel.getByLabel('mail', { exact: true }).fill('nobody');
  await typeJson(panel, 'data', '{"a": ');
  await button(panel, 'Create').click();
  await field(panel, 'data').locator('.problem', { hasText: 'not valid JSON' }).waitFor();
  assert.equal((await api('GET', '/api/collections/kinds/records?filter=amount=101')).totalItems, 0);
  await typeJson(panel, 'data', '1');
  await button(panel, 'Create').click();
  await panel.locator('[data-banner="problem"]').waitFor();
  for (const name of ['amount', 'title', 'mail']) {
    const input = panel.getByLabel(name, { exact: true });
    assert.equal(await input.getAttribute('aria-invalid'), 'true', name);
    const problem = field(panel, name).locator('p.problem');
    assert.match(await problem.textContent(), /\w/, name);
    assert.ok(
      (await input.getAttribute('aria-describedby')).split(' ').includes(await problem.getAttribute('id')),
      name,
    );
  }
  assert.equal(await field(panel, 'site').locator('p.problem').isVisible(), false);
  assert.equal(
    await page.evaluate(() => document.activeElement.name),
    'title',
    'the first field with a problem has the focus',
  );
  assert.equal(await panel.getByLabel('amount', { exact: true }).inputValue(), '101', 'nothing typed is lost');
  await panel.getByLabel('amount', { exact: true }).fill('99');
  await panel.getByLabel('title', { exact: true }).fill('short');
  await panel.getByLabel('mail', { exact: true }).fill('');
  await button(panel, 'Create').click();
  await said('Created.');
  assert.equal((await newest('kinds')).amount, 99);
  assert.equal(await panel.locator('.problem:visible').count(), 0);
});

test('JSON says where it ends to be JSON', async () => {
  const panel = await show('kinds');
  const places = { '{"a": 1,\n "b" 2}': 'line 2, column 6', '[1, 2': 'line 1, column 6', '[01]': 'line 1, column 3' };
  for (const [text, place] of Object.entries(places)) {
    await typeJson(panel, 'data', text);
    await field(panel, 'data').getByText(`Not valid: ${place}`).waitFor();
  }
  await button(panel, 'Create').click();
  await field(panel, 'data').locator('.problem', { hasText: 'look at line 1, column 3' }).waitFor();
  await typeJson(panel, 'data', '[1]');
  await field(panel, 'data').getByText('Valid', { exact: true }).waitFor();
});

test('scrolling over a number that has the focus changes nothing', async () => {
  page.once('dialog', (asked) => asked.accept());
  const { id } = await make('kinds', { title: 'wheel', amount: 5 });
  const panel = await show('kinds', { id });
  const amount = panel.getByLabel('amount', { exact: true });
  await amount.click();
  const before = await panel.locator('.panel-body').evaluate((body) => body.scrollTop);
  await page.mouse.wheel(0, 150);
  await page.waitForFunction((top) => document.querySelector('dialog.panel .panel-body').scrollTop !== top, before);
  assert.equal(await amount.inputValue(), '5');
});

test('what the server says of something that has no place in the form stands on top', async () => {
  const panel = await show('kinds');
  await page.route('**/api/collections/kinds/records', (route) =>
    route.fulfill({
      status: 400,
      json: {
        message: 'No.',
        data: { ghost: { code: 'x', message: HOSTILE }, deep: { 0: { code: 'y', message: 'Inner' } } },
      },
    }),
  );
  await panel.getByLabel('title', { exact: true }).fill('x');
  await button(panel, 'Create').click();
  const banner = panel.locator('[data-banner="problem"]');
  await banner.waitFor();
  assert.equal(await banner.textContent(), `No.\nghost: ${HOSTILE}\ndeep.0: Inner`);
  await page.unroute('**/api/collections/kinds/records');
  await button(panel, 'Create').click();
  await said('Created.');
  assert.equal(await banner.count(), 0);
});

test('of two who change the same record, the second sees both and chooses', async () => {
  const { id } = await make('kinds', { title: 'first', amount: 1, inner: 'a', many: ['plain'] });
  const panel = await show('kinds', { id });
  await panel.getByLabel('title', { exact: true }).fill('mine');
  await panel.getByLabel('amount', { exact: true }).fill('2');
  await api('PATCH', `/api/collections/kinds/records/${id}`, { title: 'theirs', amount: 3, inner: HOSTILE });
  // It is announced at once.
  await panel.locator('[data-banner="remote"]', { hasText: 'title, amount, inner' }).waitFor();
  await save(panel);
  const dialog = page.locator('dialog[open]').last();
  await dialog.getByRole('heading', { name: 'Whose values count?' }).waitFor();
  assert.deepEqual(await dialog.locator('legend').allTextContents(), ['title', 'amount', 'inner']);
  assert.match(await dialog.locator('fieldset').nth(2).textContent(), /<img src=x/);
  assert.equal((await stored('kinds', id)).title, 'theirs', 'nothing is saved before that');
  await dialog.locator('fieldset').nth(1).getByLabel('Theirs').check();
  await button(dialog, 'Use these').click();
  await said('Saved.');
  const after = await stored('kinds', id);
  assert.deepEqual([after.title, after.amount, after.inner], ['mine', 3, HOSTILE]);
  assert.equal(await panel.getByLabel('amount', { exact: true }).inputValue(), '3');

  // Nothing changed of mine: theirs is shown at once.
  await api('PATCH', `/api/collections/kinds/records/${id}`, { title: 'newer' });
  await panel.locator('[data-banner="remote"]', { hasText: 'has just changed title' }).waitFor();
  assert.equal(await panel.getByLabel('title', { exact: true }).inputValue(), 'newer');

  // All of mine.
  await panel.getByLabel('title', { exact: true }).fill('over');
  await api('PATCH', `/api/collections/kinds/records/${id}`, { title: 'newest', amount: 50 });
  await panel.locator('[data-banner="remote"]', { hasText: 'Somebody else has changed title, amount' }).waitFor();
  await button(panel, 'Compare').click();
  await button(page.locator('dialog[open]').last(), 'Overwrite with all of mine').click();
  await answers('Use these');
  await save(panel);
  await isSaved(panel);
  const last = await stored('kinds', id);
  assert.deepEqual([last.title, last.amount], ['over', 3]);

  await panel.getByLabel('title', { exact: true }).fill('survivor');
  await api('DELETE', `/api/collections/kinds/records/${id}`);
  await button(panel, 'Make it anew').click();
  await button(panel, 'Create').click();
  await said('Created.');
  assert.equal((await newest('kinds')).title, 'survivor');
  assert.deepEqual(page.trouble, []);
});

test('the last change is undone from the notice', async () => {
  const { id } = await make('kinds', {
    title: 'before',
    amount: 5,
    data: { b: 1, a: 2 },
    many: ['plain', 'two words'],
  });
  const panel = await show('kinds', { id });
  await panel.getByLabel('title', { exact: true }).fill('after');
  await panel.getByLabel('amount', { exact: true }).fill('6');
  await chooses(panel, 'many', 'plain');
  await save(panel);
  await said('Saved.');
  assert.equal((await stored('kinds', id)).title, 'after');
  await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
  await said('The old values are back.');
  const after = await stored('kinds', id);
  assert.deepEqual([after.title, after.amount, after.many], ['before', 5, ['plain', 'two words']]);
  assert.equal(await panel.getByLabel('title', { exact: true }).inputValue(), 'before');
  // Also when the panel is closed; but not what somebody else has changed since.
  for (const [since, notice, title] of [
    [{}, 'The old values are back.', 'before'],
    [{ amount: 9 }, 'Nothing was undone', 'closed'],
  ]) {
    const again = await show('kinds', { id });
    await again.getByLabel('title', { exact: true }).fill('closed');
    await button(again, 'Save and close').click();
    await again.waitFor({ state: 'detached' });
    assert.equal((await stored('kinds', id)).title, 'closed');
    if (since.amount) await api('PATCH', `/api/collections/kinds/records/${id}`, since);
    await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
    await said(notice);
    assert.equal((await stored('kinds', id)).title, title);
  }
});

test('what was not saved is there after a reload, but for passwords', async () => {
  const { id } = await make('kinds', { title: 'old' });
  let panel = await show('kinds', { id });
  await panel.getByLabel('title', { exact: true }).fill('draft');
  await field(panel, 'secret').getByRole('switch').click();
  await field(panel, 'secret').locator('input[name="secret"]').fill('never kept here');
  await page.waitForFunction(() => Object.values(localStorage).some((text) => text.includes('"draft"')));
  assert.equal(
    await page.evaluate(() => Object.values(localStorage).some((text) => text.includes('never kept'))),
    false,
  );
  let asked = 0;
  page.once('dialog', (dialog) => {
    asked += 1;
    dialog.accept();
  });
  panel = await show('kinds', { id });
  assert.equal(asked, 1, 'leaving the page is asked about');
  assert.equal(await panel.getByLabel('title', { exact: true }).inputValue(), 'old');
  await panel.locator('[data-banner="draft"]', { hasText: 'title' }).waitFor();
  // Going on without an answer doesn't lose it.
  await panel.getByLabel('amount', { exact: true }).fill('7');
  await button(panel, 'Restore').click();
  assert.equal(await panel.getByLabel('title', { exact: true }).inputValue(), 'draft');
  await save(panel);
  await isSaved(panel);
  assert.deepEqual([(await stored('kinds', id)).title, (await stored('kinds', id)).amount], ['draft', 7]);
  panel = await show('kinds', { id });
  assert.equal(await panel.locator('[data-banner="draft"]').count(), 0);

  await panel.getByLabel('title', { exact: true }).fill('gone');
  await page.waitForFunction(() => Object.values(localStorage).some((text) => text.includes('"gone"')));
  page.once('dialog', (dialog) => dialog.accept());
  panel = await show('kinds', { id });
  await button(panel, 'Discard').click();
  assert.equal(await panel.getByLabel('title', { exact: true }).inputValue(), 'draft');
  await page.waitForFunction(() => !Object.values(localStorage).some((text) => text.includes('"gone"')));
});

test('a draft that nobody comes back to is forgotten', async () => {
  const { id } = await make('kinds', { title: 'old' });
  const draft = (days) => JSON.stringify({ at: new Date(Date.now() - days * 86_400_000).toISOString(), states: {} });
  const kept = { 'holdall draft a': draft(29), 'holdall draft b': draft(31), 'holdall draft c': 'broken', other: '1' };
  await page.evaluate((all) => Object.entries(all).forEach(([key, text]) => localStorage.setItem(key, text)), kept);
  await show('kinds', { id });
  await page.waitForFunction(() => localStorage.getItem('holdall draft b') === null);
  const left = await page.evaluate((keys) => keys.filter((key) => key in localStorage), Object.keys(kept));
  assert.deepEqual(left, ['holdall draft a', 'other']);
});

test('closing asks about what is not saved, however often', async () => {
  const { id } = await make('kinds', { title: 'kept' });
  const panel = await show('kinds', { id });
  await panel.getByLabel('title', { exact: true }).fill('changed');
  for (let time = 0; time < 3; time += 1) {
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Close without saving?' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Close without saving?' }).waitFor({ state: 'detached' });
    assert.equal(await panel.isVisible(), true);
  }
  await button(panel, 'Reset').click();
  await answers('Reset');
  assert.equal(await panel.getByLabel('title', { exact: true }).inputValue(), 'kept');
  await panel.getByLabel('title', { exact: true }).fill('changed');
  await button(panel.locator('.panel-head'), 'Close').click();
  await answers('Discard changes');
  await panel.waitFor({ state: 'detached' });
  assert.equal((await stored('kinds', id)).title, 'kept');
  assert.equal(await page.evaluate(() => window.wasClosed), true);
  assert.equal(await page.locator('body > [data-toasts]').count(), 1, 'notices are back where they were');
});

test('save and close, duplicate, copy and delete', async () => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const { id } = await make('kinds', { title: HOSTILE.slice(0, 40), many: [HOSTILE], data: [1] });
  let panel = await show('kinds', { id });
  const menu = async (entry) => {
    await panel.locator('.panel-head summary').click();
    await button(panel.locator('.menu-list'), entry).click();
  };
  await menu('Copy JSON');
  await said('Copied.');
  assert.equal(JSON.parse(await page.evaluate(() => navigator.clipboard.readText())).id, id);
  const [download] = await Promise.all([page.waitForEvent('download'), menu('Download JSON')]);
  assert.equal(download.suggestedFilename(), `kinds-${id}.json`);
  await menu('Duplicate');
  panel = page.locator('dialog.panel').last();
  await panel.getByRole('heading', { name: 'Duplicate' }).waitFor();
  await panel.locator('.record-form').waitFor();
  await button(panel, 'Create and close').click();
  await panel.waitFor({ state: 'detached' });
  const copied = await newest('kinds');
  assert.notEqual(copied.id, id);
  assert.deepEqual([copied.title, copied.many, copied.data], [HOSTILE.slice(0, 40), [HOSTILE], [1]]);
  panel = await show('kinds', { id });
  await menu('Delete');
  await answers('Delete');
  await panel.waitFor({ state: 'detached' });
  assert.equal((await api('GET', `/api/collections/kinds/records?filter=id='${id}'`)).totalItems, 0);
  assert.equal(await page.evaluate(() => window.hacked), undefined);
});

test('where controls that change things are hidden, a record is unlocked before it is saved', async () => {
  const { meta } = await api('GET', '/api/settings');
  await api('PATCH', '/api/settings', { meta: { ...meta, hideControls: true } });
  try {
    const { id } = await make('kinds', { title: 'locked' });
    const panel = await show('kinds', { id });
    await panel.getByLabel('title', { exact: true }).fill('changed');
    assert.equal(await button(panel, 'Save').isVisible(), false);
    await page.keyboard.press('Control+s');
    await said('Press "Unlock to save" first.');
    assert.equal((await stored('kinds', id)).title, 'locked');
    await button(panel, 'Unlock to save').click();
    await save(panel);
    await isSaved(panel);
    assert.equal((await stored('kinds', id)).title, 'changed');
  } finally {
    await api('PATCH', '/api/settings', { meta });
  }
});
