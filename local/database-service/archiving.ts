import { constants } from 'node:fs';
import { copyFile, lstat, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../src/cloud/clock.ts';
import { InstanceFailedError, InterruptedError, SnapshotUnsupportedError } from '../../src/errors.ts';
import { connect, type Address } from '../../src/postgres/address.ts';
import type { PostgresPrograms } from '../../src/postgres/programs.ts';
import type { Cluster } from '../../src/postgres/cluster/cluster.ts';
import { makeOwned } from '../../src/postgres/cluster/cluster-files.ts';
import { createCluster, type Born, type CreateLocalInstance } from '../../src/postgres/cluster/creation.ts';
import type { Settings } from '../../src/postgres/cluster/settings.ts';
import { syncDirectory } from '../store/durable.ts';
import { lastCommit } from './commit-times.ts';
import { entriesIn } from './instance-record.ts';
import { instanceDirectory, type Places } from './places.ts';
import { listSnapshots, sha256OfFile } from './snapshot-record.ts';
import { makeArchiveDirectory, readArchive, segmentAt, unfinishedName, writeArchive, type WalArchive } from './wal-archive.ts';

/** Beside a cluster's data: where its server puts segments that are full, and where a recovery finds them. */
export const SPOOL = 'wal';

/**
 * For a cluster whose log is kept. A segment appears in one step and is never written over: the same one again is as good
 * as done, another one under its name is an error. The server works in its data directory, so that no path that a user
 * chose is in the command, and the spool belongs to whomever the server runs as.
 */
export const ARCHIVING_SETTINGS: Settings = {
  archive_mode: 'on',
  archive_command:
    `if test -e ../${SPOOL}/%f; then cmp -s %p ../${SPOOL}/%f; else ` +
    `cp %p ../${SPOOL}/%f.part && mv ../${SPOOL}/%f.part ../${SPOOL}/%f; fi`,
};

export interface CreateSource extends CreateLocalInstance {
  /** Its log is kept beside it, for `keepLog`. */
  readonly archive?: boolean;
}

/** As `createCluster`, with a log that is kept. */
export async function createArchiving(cluster: Cluster, request: CreateSource, signal: AbortSignal): Promise<Born> {
  await makeOwned(join(cluster.directory, SPOOL), cluster.identity);
  const parameters = { ...request.parameters, ...ARCHIVING_SETTINGS };
  return createCluster(cluster, { ...request, parameters }, signal);
}

export interface KeepLog {
  /** An instance that was created with `archive`. */
  readonly instanceId: string;
  /** The name in pgproof.yml. */
  readonly database: string;
  /** The instance, as its superuser. */
  readonly source: Address;
  readonly signal?: AbortSignal;
}

export interface KeepLogTools {
  readonly places: Places;
  readonly clock: Clock;
  readonly programs: (major: number) => Promise<PostgresPrograms>;
}

/**
 * Ends the segment that is being written, waits until the server has archived it, and takes every segment since the
 * oldest base backup into the home's archive.
 * @throws SnapshotUnsupportedError when there is no base backup to begin from
 * @throws InstanceFailedError when the server does not archive
 */
export async function keepLog(tools: KeepLogTools, request: KeepLog): Promise<WalArchive> {
  const { places } = tools;
  const { systemIdentifier, major, segmentBytes, segment, timeline } = await switchSegment(request.source);
  const bases = (await listSnapshots(places, request.database)).filter(({ log }) => log?.systemIdentifier === systemIdentifier);
  const [first] = bases.flatMap(({ log }) => (log ? [segmentAt(log.startLsn, log.timeline, segmentBytes)] : [])).sort();
  if (first === undefined) throw new SnapshotUnsupportedError(`${request.database} has no base backup for its log to begin from`);
  const spool = join(instanceDirectory(places, request.instanceId), SPOOL);
  await untilArchived(spool, segment, tools, request);
  const place = { database: request.database, systemIdentifier };
  const directory = await makeArchiveDirectory(places, place);
  const segments: Record<string, string> = { ...(await readArchive(places, place))?.segments };
  for (const name of (await entriesIn(spool)).sort()) {
    const isWanted = /^[0-9A-F]{24}$/.test(name) && name >= first && name <= segment && segments[name] === undefined;
    if (isWanted) segments[name] = await take(join(spool, name), directory, name);
  }
  const range = { directory, range: [`--timeline=${timeline}`, first, segment], cwd: directory, signal: request.signal };
  const last = await lastCommit(await tools.programs(major), range);
  if (last === undefined) throw new SnapshotUnsupportedError(`nothing was committed in ${request.database} since its base backup`);
  const archive: WalArchive = { kind: 'pgproof wal archive', ...place, major, segmentBytes, segments, lastCommit: last };
  await writeArchive(places, archive);
  return archive;
}

interface Switched {
  readonly systemIdentifier: string;
  readonly major: number;
  readonly timeline: number;
  readonly segmentBytes: number;
  /** The segment that ended. */
  readonly segment: string;
}

async function switchSegment(source: Address): Promise<Switched> {
  const client = await connect(source);
  try {
    const { rows } = await client.query<Switched>(`
      select (select system_identifier::text from pg_control_system()) as "systemIdentifier",
             (select timeline_id from pg_control_checkpoint()) as timeline,
             current_setting('server_version_num')::int / 10000 as major,
             (select setting::int from pg_settings where name = 'wal_segment_size') as "segmentBytes",
             pg_walfile_name(pg_switch_wal()) as segment`);
    if (rows[0]) return rows[0];
    throw new SnapshotUnsupportedError('the source answered nothing about its log');
  } finally {
    await client.end();
  }
}

const ARCHIVED_WITHIN_MILLISECONDS = 60_000;
const POLL_MILLISECONDS = 50;

async function untilArchived(spool: string, segment: string, { clock }: KeepLogTools, { instanceId, signal }: KeepLog): Promise<void> {
  const end = clock.now().getTime() + ARCHIVED_WITHIN_MILLISECONDS;
  while (!(await lstat(join(spool, segment)).catch(() => undefined))) {
    if (signal?.aborted) throw new InterruptedError('the wait for the log was stopped');
    if (clock.now().getTime() > end) {
      throw new InstanceFailedError(instanceId, `${instanceId} did not archive segment ${segment} within a minute`, { hint: `ls -l ${spool}` });
    }
    await clock.sleep(POLL_MILLISECONDS, signal);
  }
}

/** Copies a segment into the archive, on disk before it has its name, and returns its SHA-256. */
async function take(from: string, directory: string, name: string): Promise<string> {
  const unfinished = join(directory, unfinishedName());
  try {
    await copyFile(from, unfinished, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    const handle = await open(unfinished, 'r+');
    await handle
      .chmod(0o600)
      .then(() => handle.sync())
      .finally(() => handle.close());
    const sha256 = await sha256OfFile(unfinished);
    await rename(unfinished, join(directory, name));
    await syncDirectory(directory);
    return sha256;
  } finally {
    await rm(unfinished, { force: true });
  }
}
