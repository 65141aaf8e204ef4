// `node tests/import/make.mjs FOLDER`: makes a data folder of PocketBase's newest version, for running other suites on what
// is imported from it (HOLDALL_IMPORT_FROM=FOLDER).

import { cp, rm } from 'node:fs/promises';
import { makeFolder, VERSIONS } from './lib/pocketbase.mjs';

const target = process.argv[2];
if (!target) throw new Error('Name the folder to make.');
const made = await makeFolder(VERSIONS.at(-1));
await rm(target, { recursive: true, force: true });
await cp(made.folder, target, { recursive: true });
await made.remove();
