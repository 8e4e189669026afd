import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa, ExecaError } from 'execa';
import { DeploymentError } from '../src/errors.ts';

/** Programs that deploying runs, in the terminal of whoever deploys: what they say is seen as they say it. */

export const ROOT = join(import.meta.dirname, '..');

export interface Step {
  /** What it is for, as in "could not …". */
  readonly purpose: string;
  readonly program: string;
  /** Never a secret: every user of the machine can read them while the program runs. */
  readonly args: readonly string[];
  /** What it reads on stdin; the place for a secret. */
  readonly input?: string;
  readonly hint: string;
}

/** @throws DeploymentError when it cannot be started, or ends in any way but with exit code 0 */
export async function runStep({ purpose, program, args, input, hint }: Step): Promise<void> {
  try {
    const given = input === undefined ? ({ stdin: 'inherit' } as const) : { input };
    await execa(program, [...args], { cwd: ROOT, stdout: 'inherit', stderr: 'inherit', ...given });
  } catch (cause) {
    const how = cause instanceof ExecaError ? endOf(cause as ExecaError) : String(cause);
    throw new DeploymentError(`could not ${purpose}: ${program} ${how}`, { cause, hint });
  }
}

function endOf({ exitCode, signal, originalMessage }: Pick<ExecaError, 'exitCode' | 'signal' | 'originalMessage'>): string {
  if (signal !== undefined) return `was ended by ${signal}`;
  return exitCode === undefined ? (originalMessage ?? 'could not be started') : `ended with ${exitCode}`;
}

/** True when the program ends with exit code 0; what it says is of no interest. */
export async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  const { exitCode } = await execa(program, [...args], { stdio: 'ignore', reject: false, timeout: 60_000 });
  return exitCode === 0;
}

/** The first of these programs that PATH has. */
export async function findProgram(names: readonly string[]): Promise<string | undefined> {
  const directories = (process.env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  for (const name of names) {
    for (const directory of directories) {
      const executable = await access(join(directory, name), constants.X_OK).then(() => true, () => false);
      if (executable) return name;
    }
  }
  return undefined;
}

/** The `serverless` of this checkout, with the Node that runs this program. */
export function serverless(command: 'deploy' | 'remove', stage: string, hint: string): Step {
  const program = join(ROOT, 'node_modules/serverless/bin/serverless.js');
  return { purpose: `${command} the stack`, program: process.execPath, args: [program, command, '--stage', stage], hint };
}
