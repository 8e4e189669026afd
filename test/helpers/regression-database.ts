import { existsSync } from 'node:fs';
import { chown, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { serverIdentity } from '../../src/postgres/cluster/identity.ts';
import { SubprocessError } from '../../src/errors.ts';
import { addressEnvironment } from '../../src/postgres/address.ts';
import type { PostgresPrograms } from '../../src/postgres/programs.ts';
import { runProgram, type Program } from '../../src/postgres/subprocess.ts';
import { regressionSource } from './facts-regression-source.ts';
import type { Source } from './source.ts';

/** Settings without which some of the tests leave less behind. */
export const REGRESSION_SETTINGS = { wal_level: 'logical', max_prepared_transactions: '2', max_connections: '40' };

export interface RegressionResult {
  readonly tests: number;
  /** Tests whose output is not the expected one. They leave their objects behind all the same. */
  readonly failed: number;
}

/**
 * Runs PostgreSQL's own regression tests on the server; what they leave behind is the database `regression`, which has
 * something of everything. PostgreSQL uses it in the same way, to test pg_dump and pg_upgrade.
 */
export async function buildRegressionDatabase(server: Source): Promise<RegressionResult> {
  const { directory } = await regressionSource(server.programs);
  const output = await mkdtemp(join(tmpdir(), 'pgproof-regression-'));
  const identity = await serverIdentity();
  if (identity) await chown(output, identity.uid, identity.gid);
  const { host, port, user } = server.address('postgres');
  const program = await pgRegress(server.programs);
  try {
    const { stdout } = await runProgram({
      ...program,
      args: [
        ...program.args,
        ...['--host', host, '--port', String(port), '--user', user, '--bindir', server.programs.directory],
        ...['--inputdir', directory, '--dlpath', directory, '--outputdir', output],
        ...['--max-connections', '10', '--schedule', join(directory, 'parallel_schedule')],
      ],
      env: { ...addressEnvironment(server.address('postgres')), PGDATABASE: 'regression' },
      cwd: output,
      ...(identity ? { identity } : {}),
    }).catch((error: unknown) => {
      // Exit 1 means that some tests did not print what was expected.
      if (error instanceof SubprocessError && error.failure.exitCode === 1) return { stdout: '' };
      throw error;
    });
    return await resultOf(output, stdout);
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}

/** `All 217 tests passed.` or `3 of 217 tests failed.` */
async function resultOf(output: string, stdout: string): Promise<RegressionResult> {
  const text = `${stdout}\n${await readFile(join(output, 'regression.out'), 'utf8').catch(() => '')}`;
  const passed = /All (\d+) tests passed/.exec(text)?.[1];
  if (passed !== undefined) return { tests: Number(passed), failed: 0 };
  const [, failed, tests] = /(\d+) of (\d+) tests failed/.exec(text) ?? [];
  if (failed === undefined) throw new Error(`pg_regress did not say how it went:\n${text.slice(-2000)}`);
  return { tests: Number(tests), failed: Number(failed) };
}

/** pg_regress comes with the server's package. In a tree that is not installed it needs the tree's own loader. */
async function pgRegress({ directory }: PostgresPrograms): Promise<Pick<Program, 'path' | 'args'>> {
  const path = resolve(directory, '../lib/pgxs/src/test/regress/pg_regress');
  if (!existsSync(join(directory, 'psql.elf'))) return { path, args: [] };
  const libraries = resolve(directory, '../../..', process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu');
  const loader = (await readdir(libraries)).find((name) => /^ld-linux-.*\.so\.\d$/.test(name));
  if (loader === undefined) throw new Error(`no loader in ${libraries}`);
  return { path: join(libraries, loader), args: ['--library-path', libraries, path] };
}
