import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../subprocess.ts';

/**
 * False for a process that is gone, and for one that is dead but not yet reaped: in a container whose first process
 * reaps nobody such a one stays for ever.
 */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) [ZX] /.test(stat.slice(stat.lastIndexOf(')')));
}

/** The postmaster's process id, from the file it keeps in its data directory; undefined when there is none. */
export async function postmasterPid(data: string): Promise<number | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text.split('\n', 1)[0] ?? '', 10);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

/**
 * Living processes that work in `directory` or below it, however they came to be: the postmaster, backends that outlived
 * it, an initdb. PostgreSQL's processes stay in their data directory, and every program run for a cluster is started in
 * the cluster's. Without /proc only the postmaster is found; its children end by themselves when it is gone.
 */
export async function processesIn(directory: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => undefined);
  if (!names?.includes('self')) return livingPostmaster(join(directory, 'data'));
  const found: number[] = [];
  for (const name of names) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    // Unreadable: a process of somebody else, which no process of a cluster of ours is.
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => '');
    const isInside = cwd === directory || cwd.startsWith(`${directory}/`) || cwd === `${directory} (deleted)`;
    if (isInside && (await isAlive(Number(name)))) found.push(Number(name));
  }
  return found;
}

/** For systems without /proc. */
async function livingPostmaster(data: string): Promise<number[]> {
  const pid = await postmasterPid(data);
  return pid !== undefined && (await isAlive(pid)) && (await isPostmasterOf(data, pid)) ? [pid] : [];
}

/**
 * The pid file survives a crash, and its number may belong to somebody else by now. So it is asked of the process itself
 * whether it is a postgres that began when the file says.
 */
export async function isPostmasterOf(data: string, pid: number): Promise<boolean> {
  const began = Number((await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[2]);
  const args = ['-o', 'etime=', '-o', 'command=', '-p', String(pid)];
  const { stdout } = await runProgram({ path: 'ps', args }).catch(() => ({ stdout: '' }));
  const [, days = '0', hours = '0', minutes, seconds, command] = ELAPSED.exec(stdout.trim()) ?? [];
  if (command === undefined || !/postgres|ld-linux/.test(command)) return false;
  const elapsed = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  return Math.abs(Date.now() / 1000 - elapsed - began) < 5;
}

/** `[[days-]hours:]minutes:seconds command` */
const ELAPSED = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)\s+(.*)$/;
