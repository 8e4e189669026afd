import type { PostgresPrograms } from '../../src/postgres/programs.ts';
import { streamProgram } from '../../src/postgres/subprocess.ts';

export interface LogRange {
  /** Directory of the segments. */
  readonly directory: string;
  /** What pg_waldump is to read of them: names of the first and the last segment, or options. */
  readonly range: readonly string[];
  readonly cwd: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The latest commit in a stretch of the write-ahead log, ISO 8601 in UTC with microseconds; undefined when there is none.
 * @throws SubprocessError when the log does not read to the end of the stretch
 */
export async function lastCommit(programs: PostgresPrograms, { directory, range, cwd, signal }: LogRange): Promise<string | undefined> {
  const output = streamProgram({
    path: programs.path('pg_waldump'),
    args: [`--path=${directory}`, '--rmgr=Transaction', ...range],
    cwd,
    env: { TZ: 'UTC' },
    ...(signal ? { signal } : {}),
  });
  let last: string | undefined;
  for await (const line of linesOf(output)) {
    const at = COMMIT.exec(line)?.slice(1, 3).join('T');
    // Of two that commit at once the one with the later time may be written first.
    if (at !== undefined && (last === undefined || at > last)) last = at;
  }
  return last === undefined ? undefined : `${last}Z`;
}

const COMMIT = /desc: COMMIT(?:_PREPARED \d+:)? (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{6}) UTC/;

async function* linesOf(output: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of output) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest;
}
