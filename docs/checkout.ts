import { chmod, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface Checkout {
  readonly directory: string;
  /** Runs a line as typed into a shell there; stdout and stderr as they came. */
  type(line: string): Promise<{ readonly exitCode: number; readonly output: string }>;
  remove(): Promise<void>;
}

/** This working tree's tracked files in a fresh directory, dependencies shared: what a reader of the README stands in. */
export async function makeCheckout(): Promise<Checkout> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-checkout-'));
  // The user that PostgreSQL's server runs under must be able to enter it when this is root's.
  await chmod(directory, 0o711);
  const { stdout } = await execa('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
  for (const file of stdout.split('\0').filter(Boolean)) {
    await cp(join(ROOT, file), join(directory, file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error; // deleted here and not yet in git
    });
  }
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return {
    directory,
    type: async (line) => {
      const env = { NO_COLOR: '1', npm_config_update_notifier: 'false' };
      const options = { cwd: directory, env, all: true, reject: false, stdin: 'ignore' } as const;
      const { all = '', exitCode = 1 } = await execa('bash', ['-c', line], options);
      return { exitCode, output: all };
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
