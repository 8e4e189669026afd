import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildWorker } from '../../../worker/build.ts';

/** The worker's one file, where nothing else of this checkout is. */
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgproof-worker-'));
  await buildWorker(directory);
});
afterAll(() => rm(directory, { recursive: true }));

function run(env: Readonly<Record<string, string>>): Promise<{ exitCode: unknown; lines: unknown[]; stderr: string }> {
  const args = ['--max-semi-space-size=1', '--enable-source-maps', join(directory, 'main.mjs')];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: directory, env: { ...env } }, (error, stdout, stderr) => {
      const lines = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown);
      resolve({ exitCode: error?.code ?? 0, lines, stderr });
    });
  });
}

describe("the worker's bundle", () => {
  it('is one file, its map and the certificate authorities', async () => {
    expect((await readdir(directory)).toSorted()).toEqual(['main.mjs', 'main.mjs.map', 'public-certificates.pem', 'rds-certificates.pem']);
  });

  it('needs nothing but Node', async () => {
    const text = await readFile(join(directory, 'main.mjs'), 'utf8');
    const imported = [...text.matchAll(/\bfrom ?"([\w@:/.-]+)"/g)].map(([, name = '']) => name);
    expect(imported.length).toBeGreaterThan(10);
    const builtin = (await import('node:module')).builtinModules;
    expect(imported.filter((name) => !builtin.includes(name.replace(/^node:/, '')))).toEqual([]);
  });

  it('ends with 1 and one line that says what it lacks', async () => {
    const { exitCode, lines, stderr } = await run({});
    expect([exitCode, stderr]).toEqual([1, '']);
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'ERROR',
        message: 'failed',
        error: { name: 'ConfigurationError', origin: 'configuration', message: 'PGPROOF_TASK: expected a task as JSON, found nothing' },
      }),
    ]);
  });

  it('names every variable that the task definition left out', async () => {
    const { exitCode, lines } = await run({ PGPROOF_TASK: '{"verb":"dump","database":"shop","backupId":"20261120T020000Z-b"}' });
    expect(exitCode).toBe(1);
    expect(JSON.stringify(lines)).toContain('environment variable PGPROOF_BUCKET: is not set');
    expect(JSON.stringify(lines)).toContain('environment variable PGPROOF_SIGNING_KEY_ARN: is not set');
  });
});
