// Reads differences.md: the only place where a difference to PocketBase may be allowed, with the reason.

import { readFileSync } from 'node:fs';

/** The names in the first column of the table, as `file › case`. */
export function readKnownDifferences(path) {
  const rows = readFileSync(path, 'utf8').split('\n').filter((line) => line.startsWith('|'));
  const cells = rows.slice(2).map((row) => row.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()));
  for (const row of cells) {
    if (row.length !== 3 || row.some((cell) => cell === '')) {
      throw new Error(`differences.md: each row needs a case, what differs and why ours is better: ${row.join(' | ')}`);
    }
  }
  const names = cells.map(([name]) => name.replaceAll('\\|', '|').replace(/^`|`$/g, ''));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice) throw new Error(`differences.md lists "${twice}" twice`);
  return new Set(names);
}
