// Dialogs and notices of the dashboard, whatever page they are of: what a second click does, how long a notice stays.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, owner } from '../lib/dashboard.mjs';

const page = await owner({ viewport: { width: 1000, height: 700 } });

/** Opens a page that has one button, as big as the page, and counts the clicks that it gets. */
async function withButtonBeneath() {
  await open(page, '/_/jobs');
  await page.evaluate(async () => {
    const script = document.querySelector('script[src*="admin/app.js"]').src;
    const of = (path) => import(new URL(path, script).href);
    const { h } = await of('lib/dom.js');
    const style = { position: 'fixed', inset: '0', 'z-index': '70' };
    window.feedback = await of('lib/feedback.js');
    window.clicks = 0;
    window.beneath = h('button', { style, onclick: () => (window.clicks += 1) }, 'Beneath');
    document.body.append(window.beneath);
  });
}

const clicks = () => page.evaluate(() => window.clicks);
const button = (name) => page.getByRole('button', { name, exact: true });
async function middle(locator) {
  const { x, y, width, height } = await locator.boundingBox();
  return [x + width / 2, y + height / 2];
}

test('the second click of a double click does not reach what is beneath a dialog', async () => {
  await withButtonBeneath();
  await page.evaluate(() => {
    window.feedback.ask({ title: 'Really?' }).then((answer) => (window.answered = answer));
  });
  await page.mouse.dblclick(...(await middle(button('Go on'))));
  await page.waitForFunction(() => window.answered === true);
  assert.equal(await clicks(), 0);
  await button('Beneath').click();
  assert.equal(await clicks(), 1, 'the next one does');

  const outside = [20, 350];
  await page.evaluate(() => void window.feedback.panel(() => 'At the edge'));
  await page.getByText('At the edge').waitFor();
  await page.mouse.dblclick(...outside);
  await page.getByText('At the edge').waitFor({ state: 'detached' });
  assert.equal(await clicks(), 1);
  await page.mouse.dblclick(...outside);
  assert.equal(await clicks(), 3, 'both are where the first was');
});

test('the second click of a double click does not answer what the first has asked', async () => {
  await withButtonBeneath();
  await page.evaluate(() => {
    window.beneath.onclick = () => window.feedback.ask({ title: 'Really?' }).then(() => (window.answered = true));
  });
  await button('Beneath').click();
  const go = await middle(button('Go on'));
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => window.answered);
  await page.evaluate(() => (window.answered = false));
  await page.mouse.dblclick(...go);
  assert.equal(await button('Go on').isVisible(), true);
  await button('Go on').click();
  await page.waitForFunction(() => window.answered);
});

test('a notice stays while somebody points at it or has the focus in it, and then goes', async () => {
  await page.clock.install();
  await withButtonBeneath();
  await page.evaluate(() => {
    window.feedback.toast('Deleted.', 'good', { action: { label: 'Undo', run: () => {} } });
    window.feedback.toast('Saved.');
  });
  const notice = (text) => page.locator('.toast', { hasText: text });
  const there = async () => [await notice('Deleted.').count(), await notice('Saved.').count()];
  await button('Undo').focus();
  await page.clock.runFor(60_000);
  assert.deepEqual(await there(), [1, 0]);
  await notice('Deleted.').hover();
  await button('Beneath').focus();
  await page.clock.runFor(60_000);
  assert.deepEqual(await there(), [1, 0]);
  await page.mouse.move(0, 0);
  await page.clock.runFor(60_000);
  assert.deepEqual(await there(), [0, 0]);
});
