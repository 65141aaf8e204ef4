// Dart as the official formatter reads it: Dart's own parser, compiled to WebAssembly. It runs in the browser, whose
// WebAssembly has the garbage collection that it needs; Node has that only from 22 on.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { visitor } from './browser.mjs';

const FORMATTER = dirname(createRequire(import.meta.url).resolve('@wasm-fmt/dart_fmt/package.json'));
const TYPES = { js: 'text/javascript', mjs: 'text/javascript', wasm: 'application/wasm' };

/**
 * A function that takes a program and resolves to `{ code }`, the program as Dart's formatter writes it, or to
 * `{ problem }`, where and why it is none.
 */
export async function dartParser() {
  const page = await visitor({ scripts: true });
  await page.route('http://dart.test/**', async (route) => {
    const name = new URL(route.request().url()).pathname.slice(1);
    const body = name === '' ? '' : await readFile(join(FORMATTER, name));
    await route.fulfill({ contentType: TYPES[name.split('.').at(-1)] ?? 'text/html', body });
  });
  await page.goto('http://dart.test/');
  await page.evaluate(async () => {
    const { default: init, format } = await import('http://dart.test/dart_fmt_web.js');
    await init();
    globalThis.format = format;
  });
  return (program) =>
    page.evaluate((text) => {
      try {
        return { code: globalThis.format(text, 'program.dart') };
      } catch (error) {
        return { problem: String(error) };
      }
    }, program);
}

/** A program of imports and statements as a whole one: statements that wait stand in `main`. */
export function wholeProgram(text) {
  const lines = text.split('\n');
  const isImport = (line) => line.startsWith('import ');
  return (
    `${lines.filter(isImport).join('\n')}\nFuture<void> main() async {\n` +
    `${lines.filter((line) => !isImport(line)).join('\n')}\n}\n`
  );
}

/** A program of the formatter's without what texts and comments say, and each chain of calls in one line. */
const bare = (code) =>
  code
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
    .replace(/\/\/.*$/gm, '')
    .replace(/\s*\n\s*\./g, '.');

/** What it calls: `pb.collection`, and `getOne` for what is called of an answer. */
export const callsOf = (code) => [...bare(code).matchAll(/((?:\w+\.)*\w+)(?:<\w+>)?\(/g)].map(([, name]) => name);

/** The names of arguments that it gives. */
export const argumentsOf = (code) => [...bare(code).matchAll(/(?:\(|, |^\s+)(\w+): /gm)].map(([, name]) => name);
