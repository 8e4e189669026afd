import { lstat, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CleanupFailedError } from '../../errors.ts';
import { dataDirectory } from './cluster-files.ts';
import { isAlive, postmasterPid, processesIn } from './processes.ts';
import { removeSharedMemory } from './shared-memory.ts';

/**
 * Ends every process of the cluster: first asks for an orderly end, then for an immediate one, then kills.
 * @throws CleanupFailedError when one is still there
 */
export async function stopCluster(directory: string): Promise<void> {
  for (const [signal, seconds] of [['SIGINT', 10], ['SIGQUIT', 5]] as const) {
    const pid = await postmasterPid(dataDirectory(directory));
    const living = await processesIn(directory);
    if (pid === undefined || !living.includes(pid)) break;
    process.kill(pid, signal);
    if (await comesTrue(async () => !(await isAlive(pid)), seconds)) break;
  }
  const isEmpty = await comesTrue(async () => {
    const living = await processesIn(directory);
    for (const pid of living) killIfThere(pid);
    return living.length === 0;
  }, 15);
  if (isEmpty) return;
  const left = await processesIn(directory);
  throw new CleanupFailedError(basename(directory), `processes of ${directory} do not end: ${left.join(', ')}`, {
    hint: `kill -9 ${left.join(' ')}`,
  });
}

/** Stops the cluster and removes its data and its socket; verified, and no error when it is gone already. */
export async function destroyCluster({ directory, socketDirectory }: { directory: string; socketDirectory: string }): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await stopCluster(directory);
    try {
      await removeSharedMemory(dataDirectory(directory));
      // Symbolic links are removed, never followed.
      await rm(socketDirectory, { recursive: true, force: true });
      await rm(dataDirectory(directory), { recursive: true, force: true, maxRetries: 3 });
    } catch (cause) {
      throw new CleanupFailedError(basename(directory), `files of ${directory} cannot be removed`, { cause });
    }
    if ((await processesIn(directory)).length === 0 && !(await exists(dataDirectory(directory)))) return;
    if (attempt === 3) throw new CleanupFailedError(basename(directory), `${directory} is being made anew while it is destroyed`);
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function comesTrue(condition: () => Promise<boolean>, seconds: number): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  for (let pause = 5; ; pause = Math.min(pause * 2, 100)) {
    if (await condition()) return true;
    if (performance.now() > end) return false;
    await wait(pause);
  }
}

/** A symbolic link that leads nowhere is there too. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
