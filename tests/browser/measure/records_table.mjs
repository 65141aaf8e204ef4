// The dashboard's table beside PocketBase's, on the same 100,000 records in the same browser: time to the first rows,
// to a far one and to the last one, and frames while somebody scrolls. Run by hand; nothing is asserted.
//
//   HOLDALL_BIN=target/release/holdall node tests/browser/measure/records_table.mjs
//
// It starts servers of its own and fills them. `holdall=http://… pocketbase=http://…` measures servers that run and
// are filled already; nothing is ever written to those.

import { chromium } from 'playwright-core';
import { SUPERUSER, startServer } from '../../parity/lib/server.mjs';
import { COLLECTION, ROWS, seed } from './seed.mjs';

const ROUNDS = Number(process.env.MEASURE_ROUNDS ?? 3);
const SCROLL_MS = 3000;
const STEP_PX = 40;
const FAR_ROW = Number(process.env.MEASURE_ROW ?? 200);
const DEADLINE_MS = 120_000;
/** A frame that takes longer is one that somebody sees. */
const SLOW_FRAME_MS = 34;

const title = (at) => `Row ${ROWS - 1 - at} of the table`;

const DASHBOARDS = {
  holdall: {
    path: `/_/collections/${COLLECTION}`,
    scroller: '.grid',
    row: '.grid-body > .grid-row',
    async signIn(page, { email, password }) {
      await page.goto('/_/');
      await page.getByLabel('E-mail address').fill(email);
      await page.getByLabel('Password', { exact: true }).fill(password);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.waitForURL('**/_/');
    },
    far: (page) =>
      page.locator('.grid').evaluate((grid, row) => {
        grid.scrollTop = row * 38;
      }, FAR_ROW - 1),
    async last(page) {
      await page.locator('.grid').focus();
      await page.keyboard.press('Control+End');
      await page.getByText(title(ROWS - 1), { exact: true }).waitFor();
    },
  },
  pocketbase: {
    path: `/_/#/collections?collection=${COLLECTION}`,
    scroller: '.page-table-wrapper',
    row: '.page-table-wrapper tbody tr',
    async signIn(page, { email, password }) {
      await page.goto('/_/');
      await page.locator('input[type="password"]').fill(password);
      await page.locator('input[type="email"], input[type="text"]').first().fill(email);
      await page.keyboard.press('Enter');
      await page.locator('input[type="password"]').waitFor({ state: 'detached' });
    },
    // Clicks within the page, so that nothing is measured that the test library does before a click. It asks by timers:
    // the dashboard draws its rows in several steps, and asking every frame might keep it from that.
    far: (page) =>
      page.evaluate(async (wanted) => {
        const rows = () => document.querySelectorAll('.page-table-wrapper tbody tr').length;
        for (let next = 80; next <= wanted; next += 40) {
          document.querySelector('.load-more-btn').click();
          while (rows() < next) await new Promise((done) => setTimeout(done, 25));
        }
      }, FAR_ROW),
  },
};

const given = Object.fromEntries(process.argv.slice(2).map((pair) => pair.split('=')));
const email = process.env.MEASURE_EMAIL ?? SUPERUSER.email;
const password = process.env.MEASURE_PASSWORD ?? SUPERUSER.password;

/** Where a server is, filled. */
async function place(name) {
  if (given[name]) return { origin: given[name], stop: () => {} };
  const server = await startServer(name);
  const origin = `http://localhost:${server.port}`;
  await seed(origin, email, password);
  return { origin, stop: () => server.stop() };
}

/** Frames while the page scrolls down, and up again where it ends. */
const scroll = (page, selector) =>
  page.locator(selector).evaluate(
    (element, { ms, step }) =>
      new Promise((resolve) => {
        const frames = [];
        let way = step;
        let before = performance.now();
        const end = before + ms;
        const next = (now) => {
          frames.push(now - before);
          before = now;
          const at = element.scrollTop;
          element.scrollTop = at + way;
          if (element.scrollTop === at) way = -way;
          if (now < end) requestAnimationFrame(next);
          else resolve(frames.slice(1));
        };
        requestAnimationFrame(next);
      }),
    { ms: SCROLL_MS, step: STEP_PX },
  );

async function measure(browser, name, origin) {
  const dashboard = DASHBOARDS[name];
  const context = await browser.newContext({ baseURL: origin, viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(DEADLINE_MS);
  const entry = await context.newPage();
  await dashboard.signIn(entry, { email, password });
  await entry.close();
  const page = await context.newPage();
  await page.addInitScript((text) => {
    const look = () => {
      if (document.body?.textContent.includes(text)) globalThis.firstRows = performance.now();
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, title(0));
  await page.goto(dashboard.path);
  await page.waitForFunction(() => globalThis.firstRows);
  const found = { first: await page.evaluate(() => globalThis.firstRows) };
  found.kilobytes = await page.evaluate(
    () =>
      [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce(
        (sum, one) => sum + one.transferSize,
        0,
      ) / 1000,
  );
  found.framesAtStart = await scroll(page, dashboard.scroller);
  await page.locator(dashboard.scroller).evaluate((element) => {
    element.scrollTop = 0;
  });
  let start = performance.now();
  await dashboard.far(page);
  await page.evaluate(async (text) => {
    while (!document.body.textContent.includes(text)) await new Promise((done) => setTimeout(done, 25));
  }, title(FAR_ROW - 1));
  found.far = performance.now() - start;
  found.rowsInPage = await page.locator(dashboard.row).count();
  found.nodes = await page.evaluate(() => document.querySelectorAll('*').length);
  found.framesFar = await scroll(page, dashboard.scroller);
  if (dashboard.last) {
    start = performance.now();
    await dashboard.last(page);
    found.last = performance.now() - start;
  }
  await context.close();
  console.error(`${name}: first rows ${found.first.toFixed(0)} ms, row ${FAR_ROW} ${found.far.toFixed(0)} ms`);
  return found;
}

const sorted = (list) => list.toSorted((a, b) => a - b);
const at = (list, share) => sorted(list)[Math.min(Math.floor(list.length * share), list.length - 1)];
const median = (list) => at(list, 0.5);
function framesText(list) {
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  const slow = list.filter((one) => one > SLOW_FRAME_MS).length / list.length;
  const [rate, late] = [Math.round(1000 / mean), at(list, 0.95).toFixed(0)];
  return `${rate} a second, median ${median(list).toFixed(0)} ms, p95 ${late} ms, slow ${(100 * slow).toFixed(1)} %`;
}

const places = {};
for (const name of Object.keys(DASHBOARDS)) places[name] = await place(name);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
const results = { holdall: [], pocketbase: [] };
try {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, list] of Object.entries(results)) list.push(await measure(browser, name, places[name].origin));
  }
} finally {
  await browser.close();
  for (const { stop } of Object.values(places)) await stop();
}
for (const [name, list] of Object.entries(results)) {
  const middle = (key) => Math.round(median(list.map((one) => one[key])));
  console.log(name);
  console.log(`  first rows after ${middle('first')} ms, ${middle('kilobytes')} KB`);
  console.log(`  row ${FAR_ROW} after ${middle('far')} ms`);
  if (list[0].last) console.log(`  the last row after ${middle('last')} ms`);
  console.log(`  rows in the page ${middle('rowsInPage')}, elements ${middle('nodes')}`);
  console.log(`  frames at the start: ${framesText(list.flatMap((one) => one.framesAtStart))}`);
  console.log(`  frames around row ${FAR_ROW}: ${framesText(list.flatMap((one) => one.framesFar))}`);
}
