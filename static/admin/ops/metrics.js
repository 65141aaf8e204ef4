// The server's figures (`/metrics`), for what the interface tells nowhere else: how jobs have fared, whether continuous
// backup is behind, when the program began. Used by the pages Jobs and Backups.

import { send } from '../lib/api.js';

const UNESCAPED = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };

/** Lines such as `name{job="x"} 1.0`, as `[{ name, labels, value }]`. */
export function parseFigures(text) {
  return text.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => {
    const [, name, labels = '', value] = /^([\w:]+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    return { name, value: Number(value), labels: Object.fromEntries(pairs.map(([, key, one]) => [key, one.replace(/\\[n"\\]/g, (found) => UNESCAPED[found])])) };
  });
}

/** All figures. */
export async function figures() {
  const answer = await send('GET', '/metrics', { raw: true, headers: { Accept: 'text/plain' } });
  return parseFigures(await answer.text());
}

/** The value of a figure; `undefined` if it isn't there. */
export const valueOf = (all, name, labels = {}) =>
  all.find((one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value))?.value;
