import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SnapshotVerification } from '../../src/cloud/database-service.ts';
import { SubprocessError } from '../../src/errors.ts';
import type { PostgresPrograms } from '../../src/postgres/programs.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { DATA, dataDirectory } from '../../src/postgres/cluster/cluster-files.ts';
import type { Places } from './places.ts';
import { MANIFEST, parseManifest, sha256OfFile, snapshotDirectory, type SnapshotRecord } from './snapshot-record.ts';

const PROBLEMS_SHOWN = 100;

/**
 * Reads every file of the snapshot against the SHA-256 that pg_basebackup recorded while it copied, parses the
 * write-ahead log that a restore will need, and compares the list itself with the one that was there at the beginning.
 */
export async function verifySnapshot(
  places: Places,
  record: SnapshotRecord,
  programs: PostgresPrograms,
  signal?: AbortSignal,
): Promise<SnapshotVerification> {
  const data = dataDirectory(snapshotDirectory(places, record.snapshotId));
  const method = `pg_verifybackup ${programs.version}`;
  const path = join(data, MANIFEST);
  const text = await readFile(path, 'utf8').catch(absent);
  if (text === undefined) return { method, examined: 0, problems: [`${MANIFEST} is missing`], bytes: 0 };
  const manifest = parseManifest(text);
  const sha256 = await sha256OfFile(path);
  const problems = sha256 === record.manifestSha256 ? [] : [`${MANIFEST} is not the one that was written`];
  if (!manifest) problems.push(`${MANIFEST} cannot be read as a list of files`);
  problems.push(...(await findProblems(data, programs, signal)));
  const bytes = (manifest?.Files ?? []).reduce((sum, file) => sum + file.Size, 0) + (await stat(path)).size;
  return { method, examined: manifest?.Files.length ?? 0, problems: shorten(problems), bytes, sha256 };
}

/** Each line that pg_verifybackup has to say, without its prefix. Fails when it could not do its work. */
async function findProblems(data: string, programs: PostgresPrograms, signal?: AbortSignal): Promise<string[]> {
  const path = programs.path('pg_verifybackup');
  try {
    // It runs pg_waldump through a shell: no path that a user chose may be in its arguments.
    await runProgram({ path, args: [DATA], cwd: dirname(data), ...(signal ? { signal } : {}) });
    return [];
  } catch (error) {
    if (!(error instanceof SubprocessError) || error.failure.exitCode !== 1) throw error;
    const lines = error.failure.stderr.split('\n').filter((line) => line.trim() !== '');
    if (lines.length === 0) throw error;
    return lines.map((line) => line.replace(/^\S+: (error|fatal): /, '').replaceAll(`${DATA}/`, ''));
  }
}

function shorten(problems: string[]): string[] {
  if (problems.length <= PROBLEMS_SHOWN) return problems;
  return [...problems.slice(0, PROBLEMS_SHOWN), `and ${problems.length - PROBLEMS_SHOWN} more`];
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
