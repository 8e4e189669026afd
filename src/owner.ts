import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Names the process that an unfinished file belongs to, so that what a killed process left can be told from what a
 * living one is still writing. Form: `<host>-<pid>-<start>`, without dots.
 */
export function ownerName(): string {
  return `${HOST}-${process.pid}-${beginningOf(process.pid)}`;
}

const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/**
 * True unless the process is known to be dead. Of a process on another machine that shares the directory nothing is
 * known, so it counts as alive.
 */
export function isOwnerAlive(owner: string): boolean {
  const [host, pid = '', beginning] = owner.split('-');
  if (host !== HOST) return true;
  if (!isRunning(Number(pid))) return false;
  // The number may have passed to another process since.
  return beginningOf(Number(pid)) === beginning;
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process began, in the kernel's ticks; `0` where there is no /proc and the number alone must do. */
function beginningOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name is in parentheses and may hold anything: count the fields after the last one.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
  } catch {
    return '0';
  }
}
