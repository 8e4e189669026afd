import { execFileSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Its command line. */
  readonly command: string;
}

/** Every process of this machine that is alive: a dead one whose parent has not asked for it yet is none. */
export function listProcesses(): Process[] {
  const text = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,pgid=,stat=,args='], { encoding: 'utf8' });
  return text.split('\n').flatMap((line) => {
    const [, pid, parent, group, state = '', command = ''] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined || state.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), group: Number(group), command }];
  });
}

/** True for a process of this program, also where a loader or an interpreter runs it. */
export function isRunning({ command }: Process, program: string): boolean {
  return new RegExp(`(^|/)${RegExp.escape(program)}(\\.\\w+)?(\\s|$)`).test(command);
}

/** Waits for a condition that becomes true by itself; fails saying what was waited for. */
export async function until<T>(what: string, probe: () => T | undefined | Promise<T | undefined>, seconds = 10): Promise<T> {
  for (let left = seconds * 100; left > 0; left -= 1) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    await setTimeout(10);
  }
  throw new Error(`waited ${seconds} s in vain: ${what}`);
}

/** The child of a process that runs this program. */
export function childOf(parent: number, program: string): Promise<Process> {
  return until(`${program} runs below ${parent}`, () =>
    listProcesses().find((each) => each.parent === parent && isRunning(each, program)),
  );
}

/** True once no process of a group is left. */
export function isGroupGone(group: number, seconds: number): Promise<boolean> {
  return until(`no process of group ${group} is left`, () => !listProcesses().some((each) => each.group === group) || undefined, seconds).catch(
    () => false,
  );
}
