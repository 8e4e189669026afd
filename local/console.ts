import type { Writable } from 'node:stream';

/**
 * The person in front of the laptop. Results go to stdout, everything on the way to stderr; on a terminal progress
 * overwrites itself, elsewhere only milestones are printed.
 */
export interface Console {
  /** A milestone, kept on the screen. */
  say(text: string): void;
  /** Where the current work is; replaced by what comes next. */
  progress(text: string): void;
  /** The result itself. */
  print(text: string): void;
  readonly color: boolean;
}

export interface ConsoleOptions {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly now: () => Date;
  readonly color?: boolean;
}

export function createConsole({ stdout, stderr, now, color }: ConsoleOptions): Console {
  const begin = now().getTime();
  const live = stderr.isTTY === true;
  let shown = false;
  const clear = () => {
    if (shown) stderr.write('\r\u001B[2K');
    shown = false;
  };
  const elapsed = () => `${((now().getTime() - begin) / 1000).toFixed(1).padStart(6)} s`;
  return {
    color: color ?? (stdout.isTTY === true && process.env.NO_COLOR === undefined),
    say: (text) => {
      clear();
      stderr.write(`${elapsed()}  ${text}\n`);
    },
    progress: (text) => {
      if (!live) return;
      clear();
      stderr.write(`${elapsed()}  ${text}`.slice(0, (stderr.columns ?? 80) - 1));
      shown = true;
    },
    print: (text) => {
      clear();
      stdout.write(`${text}\n`);
    },
  };
}
