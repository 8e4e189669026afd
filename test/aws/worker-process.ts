import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SubprocessError } from '../../src/errors.ts';
import type { WorkerTask } from '../../src/drill/contract.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { buildWorker } from '../../worker/build.ts';
import type { Deployed } from './deployed.ts';

/** How a task ended, and what its last line of log says. */
export interface TaskEnd {
  readonly exitCode: number;
  readonly last: { readonly message: string; readonly error?: { readonly name: string; readonly message: string } };
}

/** The worker's bundle, run as Fargate runs it: with the environment of the deployed task definition and nothing else. */
export interface WorkerProcess {
  run(task: WorkerTask, options: { readonly definition: string; readonly role: string; readonly certificates: string }): Promise<TaskEnd>;
  remove(): Promise<void>;
}

export async function makeWorkerProcess(deployed: Deployed): Promise<WorkerProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-worker-'));
  await buildWorker(directory);
  return {
    run: async (task, { definition, role, certificates }) => {
      deployed.recorder.actor = role;
      const environment = await deployed.taskEnvironment(definition);
      const { exitCode, stdout } = await runProgram({
        path: process.execPath,
        args: ['--max-semi-space-size=1', join(directory, 'main.mjs')],
        cwd: directory,
        env: {
          ...environment,
          ...deployed.access,
          AWS_REGION: 'eu-central-1',
          NODE_OPTIONS: '',
          PGPROOF_RDS_CERTIFICATES: certificates,
          PGPROOF_SCRATCH: directory,
          PGPROOF_TASK: JSON.stringify(task),
        },
        timeoutMilliseconds: 100_000,
      }).then(
        ({ stdout }) => ({ exitCode: 0, stdout }),
        (error: unknown) => {
          if (!(error instanceof SubprocessError)) throw error;
          const { exitCode, stdout } = error.cause as { exitCode?: number; stdout?: string };
          return { exitCode: exitCode ?? -1, stdout: String(stdout) };
        },
      );
      return { exitCode, last: JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as TaskEnd['last'] };
    },
    remove: () => rm(directory, { recursive: true }),
  };
}
