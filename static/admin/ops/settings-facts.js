// What the page Settings finds out besides what is stored: the address that the server sees somebody at, whether a
// bucket can be used, and how an accent colour looks.

import { address, get, post } from '../lib/api.js';
import { fill, h } from '../lib/dom.js';
import { busy } from '../lib/feedback.js';

/** How the server sees this request: `{ ip, header }`, both empty if that can't be found out. */
export async function seenAs() {
  try {
    const { data } = await get('/api/health');
    return { ip: data.realIP ?? '', header: data.possibleProxyHeader ?? '' };
  } catch {
    return { ip: '', header: '' };
  }
}

/** Says where the server sees somebody, and offers to trust a header that a proxy seems to have set. */
export function drawSeen(place, { ip, header }, trusted, trust) {
  const isOffered = header && !trusted.some((one) => one.toLowerCase() === header.toLowerCase());
  fill(place,
    ip && h('p', {}, 'The server sees you at ', h('code', {}, ip), '. If that is your proxy\'s address and not yours, '
      + 'name the header in which your proxy tells yours.'),
    isOffered && h('p', { class: 'banner warn' }, 'This page was asked for with the header ', h('code', {}, header),
      ', as proxies send it. ', h('button', { type: 'button', class: 'small', onclick: () => trust(header) },
        `Trust ${header}`)));
}

/**
 * A badge that says whether a bucket can be used, and a button that tries again. `mayTest` is asked before a click
 * does.
 * @returns {{ element: HTMLElement, test: () => Promise<void>, forget: () => void }}
 */
export function bucketTest(filesystem, mayTest) {
  const told = h('span', { class: 'row', role: 'status' });
  const button = h('button', { type: 'button', class: 'small', onclick: async () => { if (await mayTest()) test(); } },
    'Test the bucket');
  async function test() {
    fill(told, h('span', { class: 'badge info' }, 'Being tested'));
    await busy(button, async () => {
      try {
        await post('/api/settings/test/s3', { filesystem });
        fill(told, h('span', { class: 'badge good' }, 'Can be written and read'));
      } catch (error) {
        fill(told, h('span', { class: 'badge problem' }, 'Can\'t be used'),
          h('span', { class: 'small s3-problem' }, error.text ?? String(error)));
      }
    });
  }
  return { element: h('div', { class: 'row grow end' }, told, button), test, forget: () => fill(told) };
}

const OWN_COLOR = '#1055c9';
let accent;
/** Shows the page in a colour; in the dashboard's own if it is none. */
export function showAccent(color) {
  accent ??= document.querySelector('link[rel="stylesheet"][href*="/_/accent/"]');
  const chosen = color.toLowerCase();
  if (!/^#[0-9a-f]{6}$/.test(chosen) || chosen === OWN_COLOR) {
    accent?.remove();
    return;
  }
  accent ??= h('link', { rel: 'stylesheet' });
  accent.href = address(`/_/accent/${chosen.slice(1)}.css`);
  // Behind the dashboard's own style sheet, whose colours it sets anew.
  if (!accent.isConnected) document.querySelector('link[rel="stylesheet"]').after(accent);
}
