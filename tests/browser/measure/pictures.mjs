// Makes the pictures of docs/dashboard.md anew, from a server with the demo. Run by hand:
//
//   cd tests/browser && HOLDALL_BIN=… node measure/pictures.mjs

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { open, owner } from '../lib/dashboard.mjs';

const folder = fileURLToPath(new URL('../../../docs/pictures/', import.meta.url));
const PICTURES = {
  overview: ['/_/', '[data-findings] li'],
  records: ['/_/collections/tools', '[role="row"] >> text=Projector'],
  definition: ['/_/collections/tools/edit', 'main [role="tab"]'],
  access: ['/_/access', 'main button'],
};

await mkdir(folder, { recursive: true });
const page = await owner({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
await page.getByRole('button', { name: 'Load the demo' }).click();
await page.locator('.side').getByRole('link', { name: 'tools', exact: true }).waitFor();
for (const [name, [address, ready]] of Object.entries(PICTURES)) {
  await open(page, address);
  await page.locator(ready).first().waitFor();
  await page.screenshot({ path: join(folder, `${name}.jpg`), type: 'jpeg', quality: 88 });
}
process.exit(0);
