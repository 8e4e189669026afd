import type pg from 'pg';
import { readArchive } from '../backup/archive.ts';
import type { StreamDigest } from '../backup/digest.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import { ObjectDamagedError, PgproofError, type SubprocessError } from '../errors.ts';
import { connect } from '../postgres/address.ts';
import { classifyRestoreOutput, countErrors, ignoredErrors, type Complaint } from '../postgres/restore-output.ts';
import { orderContents, withLists } from './restore-order.ts';
import { attempt, MAINTENANCE, restoreEnvironment, type RestoreSetting } from './restore-program.ts';

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
 * Restores the archive with owners, grants and the database's own properties, under its own name. What is restored is
 * hashed on its way, so the bytes that were proved are the bytes the manifest recorded.
 *
 * @throws ObjectNotFoundError, StoreReadError, InterruptedError
 */
export async function restoreArchive(setting: RestoreSetting): Promise<RestoreOutcome> {
  await clearTheWay(setting);
  const restored = setting.administrator ? await restoreInOrder(setting) : await restore(setting, CREATE);
  return { ...restored, hasDatabase: !restored.aborted && !restored.damage && (await hasDatabase(setting)) };
}

type Restored = Omit<RestoreOutcome, 'hasDatabase'>;

const CREATE = ['--create', `--dbname=${MAINTENANCE}`];

/** In two passes, as an administrator who is no superuser must. */
async function restoreInOrder(setting: RestoreSetting): Promise<Restored> {
  const listing = await attempt({
    path: setting.programs.path('pg_restore'),
    args: ['--list'],
    input: new Feed(setting).chunks(),
    signal: setting.signal,
  });
  if (listing.error) return { complaints: [], aborted: listing.error, ...(await readOn(new Feed(setting))) };
  const order = orderContents(listing.stdout.split('\n').filter((line) => line !== '' && !line.startsWith(';')));
  return withLists(order, async (first, rest) => {
    const begun = await run(setting, [...CREATE, `--use-list=${first}`], new Feed(setting));
    if (begun.aborted || !(await hasDatabase(setting))) return { ...begun, ...(await readOn(new Feed(setting))) };
    const name = setting.target.database.replaceAll(/[\\']/g, '\\$&');
    const ended = await restore(setting, [`--dbname=dbname='${name}'`, `--use-list=${rest}`]);
    return { ...ended, complaints: [...begun.complaints, ...ended.complaints] };
  });
}

async function restore(setting: RestoreSetting, args: readonly string[]): Promise<Restored> {
  const feed = new Feed(setting);
  const result = await run(setting, args, feed);
  // One that ended early leaves bytes unread; only all of them tell whether the stored archive is to blame.
  return { ...result, ...(await readOn(feed)) };
}

async function run(setting: RestoreSetting, args: readonly string[], feed: Feed): Promise<Pick<Restored, 'complaints' | 'aborted'>> {
  const { stderr, error } = await attempt({
    path: setting.programs.path('pg_restore'),
    args: [...args, '--no-tablespaces', '--no-password'],
    env: restoreEnvironment(setting),
    input: feed.chunks(),
    signal: setting.signal,
  });
  const complaints = classifyRestoreOutput(stderr);
  return { complaints, aborted: error && wasAborted(error, stderr, complaints) ? error : undefined };
}

/** The digest of what was read, all of it. */
async function readOn(feed: Feed): Promise<Pick<Restored, 'digest' | 'damage'>> {
  if (feed.digest === undefined && feed.error === undefined) await feed.readOn();
  if (feed.error && !(feed.error instanceof ObjectDamagedError)) throw feed.error;
  return { digest: feed.digest, damage: feed.error };
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
