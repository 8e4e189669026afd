import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the AWS emulator. */
    moto: string;
    /** Directory of the Python programs. */
    pythonPrograms: string;
  }
}

const VENV = join(import.meta.dirname, '../../.venv');
const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');

/** Makes the virtual environment when needed, starts the emulator for all test files, ends it by its own handle. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  makeVirtualEnvironment();
  const { url, end } = await startEmulator();
  project.provide('moto', url);
  project.provide('pythonPrograms', join(VENV, 'bin'));
  return end;
}

/** An account of its own, empty, for as long as it runs. */
export async function startEmulator(): Promise<{ readonly url: string; readonly end: () => Promise<void> }> {
  const port = await freePort();
  const child = spawn(join(VENV, 'bin/moto_server'), ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const url = `http://127.0.0.1:${port}`;
  await waitUntilServing(url, child);
  const end = async (): Promise<void> => {
    const ended = once(child, 'exit');
    child.kill();
    await ended;
  };
  return { url, end };
}

function makeVirtualEnvironment(): void {
  const wanted = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  const mark = join(VENV, 'requirements.sha256');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return;
  const options = { stdio: 'inherit' } as const;
  execFileSync('python3', ['-m', 'venv', '--clear', VENV], options);
  execFileSync(join(VENV, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS], options);
  writeFileSync(mark, wanted);
}

async function waitUntilServing(url: string, child: ChildProcess): Promise<void> {
  let stderr = '';
  child.stderr?.on('data', (text) => (stderr = (stderr + String(text)).slice(-4000)));
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`moto_server ended with ${child.exitCode}:\n${stderr}`);
    const answer = await fetch(`${url}/moto-api/data.json`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok) return;
    await wait(200);
  }
  child.kill();
  throw new Error(`moto_server did not answer within a minute:\n${stderr}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
