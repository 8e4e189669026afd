import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** What one run of a command took. */
export interface Measurement {
  /** Wall seconds. */
  readonly seconds: number;
  /** Peak resident memory of the process itself in MB; 0 where /proc does not tell. */
  readonly peakMegabytes: number;
}

/** As bin/pgproof.js sets it for itself and its workers. */
const COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/pgproof', import.meta.url));

/** Runs a command to its end. Its own peak memory is read from /proc while it runs. */
export async function measure(command: string, args: readonly string[], env: Record<string, string>): Promise<Measurement> {
  const begin = performance.now();
  const child = spawn(command, args, { env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE, ...env }, stdio: ['pipe', 'ignore', 'inherit'] });
  let peak = 0;
  const timer = setInterval(() => {
    void peakOf(child.pid ?? 0).then((now) => (peak = Math.max(peak, now)));
  }, 50);
  const exitCode = await new Promise<number | null>((resolve, reject) => child.on('exit', resolve).on('error', reject));
  clearInterval(timer);
  if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${exitCode}`);
  return { seconds: (performance.now() - begin) / 1000, peakMegabytes: peak };
}

async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1000;
}

/**
 * Runs the contenders in turn, A B C A B C …, so that a machine whose speed drifts slows all of them alike.
 * The first round is not counted.
 */
export async function inTurn<Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, (round: number) => Promise<Measurement>>>,
): Promise<Record<Name, Measurement[]>> {
  const names = Object.keys(contenders) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Measurement[]>;
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const result = await contenders[name](round);
      process.stderr.write(`round ${round}, ${name}: ${result.seconds.toFixed(2)} s, ${result.peakMegabytes.toFixed(0)} MB\n`);
      if (round > 0) results[name].push(result);
    }
  }
  return results;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** Ratios round by round against a yardstick, as `median (min–max)`. */
export function ratios(own: readonly Measurement[], yardstick: readonly Measurement[]): string {
  const all = own.map(({ seconds }, index) => seconds / (yardstick[index]?.seconds ?? Number.NaN));
  return `${median(all).toFixed(2)} (${Math.min(...all).toFixed(2)}–${Math.max(...all).toFixed(2)})`;
}

/** The newest file of a directory whose name matches. */
export async function newest(directory: string, pattern: RegExp): Promise<string> {
  const names = (await readdir(directory)).filter((name) => pattern.test(name)).sort();
  const name = names.at(-1);
  if (name === undefined) throw new RangeError(`nothing in ${directory} matches ${pattern}`);
  return name;
}
