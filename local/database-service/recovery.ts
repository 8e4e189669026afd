import { copyFile, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { RecoveryWindow } from '../../src/cloud/database-service.ts';
import { InstanceFailedError, InstanceRefusedError, ObjectDamagedError } from '../../src/errors.ts';
import { startLoadable, type Born } from '../../src/postgres/cluster/creation.ts';
import type { Cluster } from '../../src/postgres/cluster/cluster.ts';
import { dataDirectory, LOG, makeOwned, writeOwned } from '../../src/postgres/cluster/cluster-files.ts';
import { isAlive, postmasterPid } from '../../src/postgres/cluster/processes.ts';
import { logProblem } from '../../src/postgres/cluster/server-log.ts';
import type { PostgresPrograms } from '../../src/postgres/programs.ts';
import type { Settings } from '../../src/postgres/cluster/settings.ts';
import { SPOOL } from './archiving.ts';
import { giveTree } from './file-tree.ts';
import type { Places } from './places.ts';
import { copyBase, enterRestored, disarm, START_SECONDS } from './restoration.ts';
import { listSnapshots, sha256OfFile, type SnapshotRecord } from './snapshot-record.ts';
import { verifySnapshot } from './snapshot-verification.ts';
import { archiveDirectory, listArchives, segmentAt, segmentKey, segmentsBetween, type WalArchive } from './wal-archive.ts';

/** A log and the base backups that it continues, the oldest first. */
export interface Recoverable {
  readonly archive: WalArchive;
  readonly bases: readonly SnapshotRecord[];
  readonly window: RecoveryWindow;
}

/**
 * What a database can be recovered from: the archive of the latest commit that has a base backup. Undefined when there is
 * none. The window begins a millisecond after the last commit of the oldest base backup, before which its files are not
 * consistent. It ends just before the last commit of the archive: PostgreSQL knows that it has reached a time only by a
 * commit after it, and recovery fails where none follows.
 */
export async function findRecoverable(places: Places, database: string): Promise<Recoverable | undefined> {
  const snapshots = await listSnapshots(places, database);
  for (const archive of await listArchives(places, database)) {
    const bases = snapshots
      .filter(({ log }) => log?.systemIdentifier === archive.systemIdentifier && archive.segments[firstSegment(log, archive)] !== undefined)
      .sort((one, other) => Date.parse(one.takenAt) - Date.parse(other.takenAt));
    const window = { earliest: beginningOf(bases[0]), latest: new Date(Math.ceil(microseconds(archive.lastCommit) / 1000) - 1) };
    if (bases.length > 0 && window.earliest <= window.latest) return { archive, bases, window };
  }
  return undefined;
}

function beginningOf(base: SnapshotRecord | undefined): Date {
  return new Date(Date.parse(base?.takenAt ?? '') + 1);
}

/** Since 1970; a number holds them exactly until the year 2255. */
function microseconds(instant: string): number {
  return Date.parse(`${instant.slice(0, 19)}Z`) * 1000 + Number(instant.slice(20, 26));
}

function firstSegment({ startLsn, timeline }: NonNullable<SnapshotRecord['log']>, { segmentBytes }: WalArchive): string {
  return segmentAt(startLsn, timeline, segmentBytes);
}

/** What one recovery is made from. */
export interface Recovery {
  readonly archive: WalArchive;
  readonly base: SnapshotRecord;
  /** Every segment from the base backup's first to the archive's last. */
  readonly segments: readonly string[];
  readonly to: Date;
}

/**
 * Chooses the newest base backup that ended before the moment, and looks at every byte of it and of the segments from there on.
 * @throws InstanceRefusedError when the moment is outside the window, or there is none
 * @throws ObjectDamagedError naming the base backup, or the first segment that is missing or not as it was archived
 */
export async function prepareRecovery(
  { places, programs }: { readonly places: Places; readonly programs: (major: number) => Promise<PostgresPrograms> },
  database: string,
  to: Date,
): Promise<Recovery> {
  const found = await findRecoverable(places, database);
  const base = found?.bases.findLast((each) => beginningOf(each) <= to);
  if (!found || !base?.log || to > found.window.latest) {
    const window = found && `: expected a time from ${found.window.earliest.toISOString()} to ${found.window.latest.toISOString()}`;
    throw new InstanceRefusedError(`${database} cannot be recovered to ${to.toISOString()}${window ?? ': no log of it is kept'}`, {
      hint: 'npx pgproof status',
    });
  }
  const { archive } = found;
  const last = Object.keys(archive.segments).sort().at(-1) ?? '';
  const segments = segmentsBetween(firstSegment(base.log, archive), last, archive.segmentBytes);
  for (const segment of segments) await verifySegment(places, archive, segment);
  const [problem] = (await verifySnapshot(places, base, await programs(base.major))).problems;
  if (problem !== undefined) throw new ObjectDamagedError(`base backup ${base.snapshotId}`, problem);
  return { archive, base, segments, to };
}

async function verifySegment(places: Places, archive: WalArchive, segment: string): Promise<void> {
  const key = segmentKey(archive, segment);
  const recorded = archive.segments[segment];
  const found = await sha256OfFile(join(archiveDirectory(places, archive), segment)).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  });
  if (recorded === undefined || found === undefined) throw new ObjectDamagedError(key, 'the WAL segment is missing');
  if (found !== recorded) throw new ObjectDamagedError(key, 'the WAL segment does not have the SHA-256 it was archived with');
}

/**
 * Copies the base backup and the log, lets the server replay it to the moment and become a primary of its own, disarmed
 * as any restored copy. Nobody can log in before that.
 */
export async function recoverCluster(places: Places, cluster: Cluster, recovery: Recovery, signal: AbortSignal): Promise<Born> {
  const { archive, base, segments, to } = recovery;
  await copyBase(places, cluster, base, signal);
  const spool = join(cluster.directory, SPOOL);
  await makeOwned(spool, cluster.identity);
  for (const segment of segments) {
    signal.throwIfAborted();
    await copyFile(join(archiveDirectory(places, archive), segment), join(spool, segment));
  }
  await giveTree(spool, cluster.identity, signal);
  await writeOwned(join(dataDirectory(cluster.directory), 'recovery.signal'), '', cluster.identity);
  const settings = { ...disarm(base.settings), ...recoverySettings(to) };
  const born = await startLoadable(cluster, { settings, signal, timeoutSeconds: START_SECONDS }, async (port) => {
    await untilPromoted(cluster, signal);
    await enterRestored(cluster, port, base);
  });
  await rm(spool, { recursive: true, force: true });
  return born;
}

/** The server works in its data directory. */
function recoverySettings(to: Date): Settings {
  return {
    restore_command: `cp ../${SPOOL}/%f %p`,
    recovery_target_time: to.toISOString().replace('T', ' ').replace('Z', '+00'),
    recovery_target_inclusive: 'on',
    recovery_target_action: 'promote',
    // That of the base backup: no other history than the one that was archived.
    recovery_target_timeline: 'current',
    // Nobody reads it before it is what was asked for.
    hot_standby: 'off',
  };
}

const POLL_MILLISECONDS = 50;

/** pg_ctl goes as soon as the replay has begun. How far the server is stands in the last line of the postmaster's file. */
async function untilPromoted({ directory }: Cluster, signal: AbortSignal): Promise<void> {
  const data = dataDirectory(directory);
  for (;;) {
    const status = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[7]?.trim();
    if (status === 'ready') return;
    const pid = await postmasterPid(data);
    if (pid === undefined || !(await isAlive(pid))) {
      throw new InstanceFailedError(basename(directory), (await logProblem(join(directory, LOG))) ?? 'the server ended during recovery');
    }
    await wait(POLL_MILLISECONDS, undefined, { signal });
  }
}
