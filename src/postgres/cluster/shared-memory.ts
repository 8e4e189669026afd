import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SubprocessError } from '../../errors.ts';
import { runProgram } from '../subprocess.ts';

/**
 * Removes the one small piece of shared memory that a killed postmaster leaves behind and only a restart would reuse.
 * Nothing happens while a process still holds it, nor where the kernel does not list such memory.
 */
export async function removeSharedMemory(data: string): Promise<void> {
  const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const [key, id] = (lines[6] ?? '').trim().split(/\s+/);
  if (!key || !id || !(await isUnused(key, id))) return;
  try {
    await runProgram({ path: 'ipcrm', args: ['-m', id] });
  } catch (error) {
    // A system without the command keeps these 56 bytes until it restarts.
    const isAbsent = error instanceof SubprocessError && error.failure.exitCode === undefined;
    if (!isAbsent && (await isUnused(key, id))) throw error;
  }
}

/** Asks for the key too, because ids are given again. */
async function isUnused(key: string, id: string): Promise<boolean> {
  const segments = await readFile('/proc/sysvipc/shm', 'utf8').catch(() => '');
  return segments.split('\n').some((line) => {
    // key, shmid, perms, size, cpid, lpid, nattch
    const fields = line.trim().split(/\s+/);
    return fields[0] === String(Number(key) | 0) && fields[1] === id && fields[6] === '0';
  });
}
