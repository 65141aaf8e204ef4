// Prints the licences of everything that ends up in static/vendor: what package.json names, and what that needs.

import { readFileSync, readdirSync } from 'node:fs';

const packages = new Map();
function collect(name) {
  if (packages.has(name)) return;
  const meta = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  packages.set(name, meta);
  for (const dependency of Object.keys(meta.dependencies ?? {})) collect(dependency);
}
Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).dependencies).forEach(collect);

for (const [name, { version, license }] of [...packages].sort(([a], [b]) => a.localeCompare(b))) {
  const file = readdirSync(`node_modules/${name}`).find((one) => /^licen[cs]e/i.test(one));
  const text = file ? readFileSync(`node_modules/${name}/${file}`, 'utf8').trim() : 'The package brings no text of its licence.';
  console.log(`${name} ${version} (${license})\n\n${text}\n\n${'-'.repeat(80)}\n`);
}
