import { describeError, InterruptedError } from '../src/errors.ts';
import { CommanderError, runCommandLine } from './cli.ts';
import { systemClock } from '../src/cloud/system-clock.ts';
import { createConsole } from './console.ts';
import { exitCodeOfError } from './exit-code.ts';

/** The program itself: signals in, exit code out. */
const controller = new AbortController();
const console = createConsole({ stdout: process.stdout, stderr: process.stderr, now: () => systemClock.now() });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    console.say(controller.signal.aborted ? 'still cleaning up' : 'stopping: destroying what was created');
    controller.abort(new InterruptedError(`stopped by ${signal}`));
  });
}

async function main(argv: readonly string[]): Promise<number> {
  try {
    return await runCommandLine(argv, console, controller.signal);
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      process.stderr.write(`pgproof: ${error.message.replace(/^error: /, '')}\nHINT: npx pgproof --help\n`);
      return 3;
    }
    // The stack is for faults of pgproof's own; what it throws on purpose explains itself.
    const own = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
    process.stderr.write(`pgproof: ${own ? error.stack : describeError(error)}\n`);
    return exitCodeOfError(error);
  }
}

process.exitCode = await main(process.argv.slice(2));
