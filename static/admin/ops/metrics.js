// The server's figures (`/metrics`), for what the interface tells nowhere else: how jobs have fared, whether continuous
// backup is behind, when the program began. Used by the overview and the pages Jobs and Backups.

import { send } from '../lib/api.js';
import { parse } from '../lib/metrics.js';

/** All figures. */
export async function figures() {
  const answer = await send('GET', '/metrics', { raw: true, headers: { Accept: 'text/plain' } });
  return parse(await answer.text());
}

/** The value of a figure; `undefined` if it isn't there. */
export const valueOf = (all, name, labels = {}) => {
  const fits = (one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value);
  return all.find(fits)?.value;
};
