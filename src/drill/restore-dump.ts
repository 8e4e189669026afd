import type pg from 'pg';
import { readArchive, readBound } from '../backup/archive.ts';
import type { StreamDigest } from '../backup/digest.ts';
import type { DumpManifest } from '../backup/manifest.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import { ObjectDamagedError, PgproofError, SubprocessError } from '../errors.ts';
import { addressEnvironment, connect, type Address } from '../postgres/address.ts';
import type { PostgresPrograms } from '../postgres/programs.ts';
import { classifyRestoreOutput, countErrors, ignoredErrors, type Complaint } from '../postgres/restore-output.ts';
import { runProgram, type Program } from '../postgres/subprocess.ts';

/** A database every server has and nobody keeps data in: where to stand while the real one is created. */
const MAINTENANCE = 'template1';

export interface RestoreSetting {
  readonly store: ObjectStore;
  readonly manifest: DumpManifest;
  readonly programs: PostgresPrograms;
  /** The throwaway instance, as its superuser; the database named here is the one that will be restored. */
  readonly target: Address;
  /** Plants a fault between the store and pg_restore. */
  readonly tamper?: (archive: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

export interface RestoreOutcome {
  readonly complaints: readonly Complaint[];
  /** Set when pg_restore ended without having done its work: killed, or the archive could not be read on. */
  readonly aborted: SubprocessError | undefined;
  /** Of the bytes that were restored. Undefined when not all were read. */
  readonly digest: StreamDigest | undefined;
  readonly damage: PgproofError | undefined;
  /** False when the archive, whatever it holds, brought back no database of the source's name. */
  readonly hasDatabase: boolean;
}

/**
 * Roles, memberships and role settings, before everything that refers to them.
 * @throws SubprocessError when psql did not come to the end of them; it goes on after errors, so its exit code says that
 */
export async function restoreGlobals(setting: RestoreSetting): Promise<Complaint[]> {
  const sql = await readBound(setting.store, setting.manifest.globals);
  const { superuser } = setting.manifest.source;
  const { stderr, error } = await attempt({
    path: setting.programs.path('psql'),
    args: ['--no-psqlrc', '--quiet', '--no-password', `--dbname=${MAINTENANCE}`, '--file=-'],
    env: environment(setting),
    input: sql,
    signal: setting.signal,
  });
  const pattern = new RegExp(`^psql:<stdin>:\\d+: ERROR: {2}role "${RegExp.escape(superuser)}" already exists$`);
  const complaints = classifyRestoreOutput(stderr, [{ pattern, meaning: 'every server has its superuser already' }]);
  if (error && !complaints.some(({ severity }) => severity !== 'tolerated')) throw error;
  return complaints;
}

/**
 * Restores the archive with owners, grants and the database's own properties, under its own name. What is restored is
 * hashed on its way, so the bytes that were proved are the bytes the manifest recorded.
 *
 * @throws ObjectNotFoundError, StoreReadError, InterruptedError
 */
export async function restoreArchive(setting: RestoreSetting): Promise<RestoreOutcome> {
  await clearTheWay(setting);
  const feed = new Feed(setting);
  const { stderr, error } = await attempt({
    path: setting.programs.path('pg_restore'),
    args: ['--create', '--no-tablespaces', '--no-password', `--dbname=${MAINTENANCE}`],
    env: environment(setting),
    input: feed.chunks(),
    signal: setting.signal,
  });
  // One that ended early leaves bytes unread; only all of them tell whether the stored archive is to blame.
  if (feed.digest === undefined && feed.error === undefined) await feed.readOn();
  if (feed.error && !(feed.error instanceof ObjectDamagedError)) throw feed.error;
  const complaints = classifyRestoreOutput(stderr);
  const aborted = error && wasAborted(error, stderr, complaints) ? error : undefined;
  return {
    complaints,
    aborted,
    digest: feed.digest,
    damage: feed.error,
    hasDatabase: !aborted && !feed.error && (await hasDatabase(setting)),
  };
}

/** pg_restore exits 1 both for errors it passed over, which it counts, and for giving up, which it does not. */
function wasAborted(error: SubprocessError, stderr: string, complaints: readonly Complaint[]): boolean {
  return error.failure.exitCode !== 1 || ignoredErrors(stderr) === 0 || ignoredErrors(stderr) !== countErrors(complaints);
}

/** A source database named `postgres` meets the empty one that every new server has. */
async function clearTheWay(setting: RestoreSetting): Promise<void> {
  await atMaintenance(setting, async (client, name) => {
    if (name === 'postgres') await client.query('drop database if exists postgres');
  });
}

function hasDatabase(setting: RestoreSetting): Promise<boolean> {
  return atMaintenance(setting, async (client, name) => {
    const { rowCount } = await client.query('select from pg_catalog.pg_database where datname = $1', [name]);
    return rowCount === 1;
  });
}

async function atMaintenance<T>({ target }: RestoreSetting, work: (client: pg.Client, name: string) => Promise<T>): Promise<T> {
  const client = await connect({ ...target, database: MAINTENANCE });
  try {
    return await work(client, target.database);
  } finally {
    await client.end();
  }
}

async function attempt(program: Program): Promise<{ stderr: string; error?: SubprocessError }> {
  try {
    return { stderr: (await runProgram(program)).stderr };
  } catch (error) {
    if (error instanceof SubprocessError) return { stderr: error.failure.stderr, error };
    throw error;
  }
}

/** A database or role whose sessions begin read-only could not be restored by a session of its own. */
function environment({ target }: RestoreSetting): Record<string, string> {
  return { ...addressEnvironment(target), PGDATABASE: MAINTENANCE, PGOPTIONS: '-c default_transaction_read_only=off' };
}

/** The archive on its way into pg_restore, remembering how that went. */
class Feed {
  readonly #setting: RestoreSetting;
  digest: StreamDigest | undefined;
  error: PgproofError | undefined;

  constructor(setting: RestoreSetting) {
    this.#setting = setting;
  }

  async *chunks(): AsyncGenerator<Uint8Array, void> {
    const { store, manifest, signal, tamper } = this.#setting;
    const damaged: ObjectStore = tamper ? tampering(store, tamper) : store;
    try {
      yield* readArchive(damaged, manifest.archive, { signal, onDigest: (digest) => void (this.digest = digest) });
    } catch (error) {
      if (!(error instanceof PgproofError)) throw error;
      this.error = error;
      // pg_restore must still see the end of its input, or it would wait for ever.
    }
  }

  /** Hashes the archive once more from its beginning, for nobody. */
  async readOn(): Promise<void> {
    for await (const chunk of this.chunks()) void chunk;
  }
}

/** A store whose reads pass through a planted fault; the stored object itself is never touched. */
function tampering(store: ObjectStore, tamper: (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>) {
  return {
    put: store.put.bind(store),
    head: store.head.bind(store),
    list: store.list.bind(store),
    read: async (key: string, signal?: AbortSignal) => tamper(await store.read(key, signal)),
  } satisfies ObjectStore;
}
