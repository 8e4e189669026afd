import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '../../src/checks/finding.ts';
import { compareFacts } from '../../src/checks/compare.ts';
import { checkIntegrity } from '../../src/checks/integrity.ts';
import { SubprocessError } from '../../src/errors.ts';
import type { Facts, FactsScope } from '../../src/facts/facts.ts';
import { readFacts } from '../../src/facts/read.ts';
import { addressEnvironment, connect } from '../../src/postgres/address.ts';
import type { PostgresProgram } from '../../src/postgres/programs.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import type { Source } from './source.ts';

export interface ReadOptions {
  readonly scope?: FactsScope;
  readonly parallel?: number;
  readonly role?: { readonly user: string; readonly password: string };
}

/** The facts of a database as they are now. */
export function factsOf(server: Source, database: string, options: ReadOptions = {}): Promise<Facts> {
  const { scope = 'content', parallel = 2, role } = options;
  return readFacts({ connect: () => connect(server.address(database, role)), scope, parallel });
}

/** What must be equal between two readings of one database. */
export function comparable(facts: Facts): unknown {
  return { ...facts, timings: {}, readAt: '', server: { ...facts.server, lsn: '', systemIdentifier: '' } };
}

export interface RoundTripOptions {
  readonly dump?: readonly string[];
  readonly restore?: readonly string[];
  /** Lines of pg_restore's stderr that the test is about; any other is a failure. */
  readonly complaints?: RegExp;
}

/** Roles first, then the archive, as a drill does: dumps `database` of one server and restores it on the other. */
export async function roundTrip(from: Source, to: Source, database: string, options: RoundTripOptions = {}): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-round-trip-'));
  const archive = join(directory, 'archive.dump');
  const run = async (server: Source, program: PostgresProgram, args: readonly string[], input?: string) =>
    runProgram({
      path: server.programs.path(program),
      args: [...args],
      env: { ...addressEnvironment(server.address('postgres')) },
      ...(input === undefined ? {} : { input }),
    });
  try {
    const { stdout: globals } = await run(from, 'pg_dumpall', ['--roles-only', '--no-role-passwords']);
    await run(from, 'pg_dump', ['-Fc', '-Z1', '--file', archive, ...(options.dump ?? []), database]);
    await run(to, 'psql', ['-qX', '-f', '-'], globals);
    await run(to, 'pg_restore', ['--create', '-d', 'postgres', ...(options.restore ?? []), archive]);
  } catch (error) {
    const stderr = error instanceof SubprocessError ? error.failure.stderr : '';
    if (!options.complaints?.test(stderr)) throw error;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Compares and examines the copy as a drill does, statistics gathered. */
export async function proveCopy(expected: Facts, copy: Source, database: string): Promise<Finding[]> {
  const client = await connect(copy.address(database));
  try {
    await client.query('analyze');
    const actual = await factsOf(copy, database, { scope: expected.scope });
    return [...compareFacts(expected, actual).findings, ...(await checkIntegrity(client, expected))];
  } finally {
    await client.end();
  }
}

/** `id: status` of everything that neither passed nor does not apply. */
export function troubles(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ status }) => status !== 'passed' && status !== 'not_applicable')
    .map(({ id, status, cause, required }) => `${id}: ${status}, ${cause}${required ? '' : ', not required'}`);
}

export function findingOf(findings: readonly Finding[], id: string): Finding {
  const found = findings.filter((finding) => finding.id === id);
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} findings are called ${id}`);
  return found[0];
}
