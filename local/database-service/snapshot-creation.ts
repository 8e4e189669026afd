import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../src/cloud/clock.ts';
import { SnapshotUnsupportedError } from '../../src/errors.ts';
import { addressEnvironment, type Address } from '../../src/postgres/address.ts';
import type { PostgresPrograms } from '../../src/postgres/programs.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { dataDirectory } from '../../src/postgres/cluster/cluster-files.ts';
import { stopCluster } from '../../src/postgres/cluster/cluster-end.ts';
import { syncDirectory } from '../store/durable.ts';
import { ownerName } from '../../src/owner.ts';
import { checkSpace } from '../../src/postgres/cluster/creation.ts';
import { checkId, UNBORN } from './instance-record.ts';
import { lastCommit } from './commit-times.ts';
import { makeSnapshotsDirectory, type Places } from './places.ts';
import { MANIFEST, parseManifest, readSnapshot, sha256OfFile, snapshotDirectory } from './snapshot-record.ts';
import { SNAPSHOT_RECORD, type BackupManifest, type SnapshotRecord } from './snapshot-record.ts';
import { readSource, type SourceCluster } from './source-cluster.ts';

export interface CreateSnapshot {
  readonly snapshotId: string;
  /** The name in pgproof.yml. */
  readonly database: string;
  /** A running cluster, and a role in it that may replicate. */
  readonly source: Address;
  readonly tags: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface SnapshotTools {
  readonly places: Places;
  readonly clock: Clock;
  readonly spareBytes: number;
  readonly programs: (major: number) => Promise<PostgresPrograms>;
}

/**
 * Copies a running cluster with pg_basebackup and makes the copy visible in one step when it is whole and on disk.
 * Asking again for a snapshot that exists returns that.
 * @throws SnapshotUnsupportedError, SourceUnreachableError, InstanceRefusedError, SubprocessError, InterruptedError
 */
export async function createSnapshot(tools: SnapshotTools, request: CreateSnapshot): Promise<SnapshotRecord> {
  const { places } = tools;
  const existing = await readSnapshot(places, checkId(request.snapshotId, 'snapshot'));
  if (existing) return existing;
  const source = await readSource(request.source);
  const programs = await tools.programs(source.major);
  await makeSnapshotsDirectory(places);
  await checkSpace(places.snapshots, source.bytes + tools.spareBytes);
  const unborn = join(places.snapshots, `${UNBORN}${ownerName()}-${randomBytes(6).toString('hex')}`);
  await mkdir(unborn, { mode: 0o700 });
  try {
    await copyCluster(unborn, programs, request);
    const record = await describeCopy(unborn, programs, source, { request, now: tools.clock.now() });
    await writeFile(join(unborn, SNAPSHOT_RECORD), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600, flush: true });
    await syncDirectory(unborn);
    return await publish(tools, unborn, record);
  } finally {
    await stopCluster(unborn);
    await rm(unborn, { recursive: true, force: true });
  }
}

/** Of two that make the same snapshot at once the first wins and both return it. */
async function publish({ places }: SnapshotTools, unborn: string, record: SnapshotRecord): Promise<SnapshotRecord> {
  try {
    await rename(unborn, snapshotDirectory(places, record.snapshotId));
    await syncDirectory(places.snapshots);
    return record;
  } catch (error) {
    const winner = await readSnapshot(places, record.snapshotId);
    if (winner) return winner;
    throw error;
  }
}

/** Runs in the new directory, so that whoever finds that unfinished finds the program too; writes are synced by it. */
async function copyCluster(unborn: string, programs: PostgresPrograms, request: CreateSnapshot): Promise<void> {
  const args = [
    ...['--pgdata', dataDirectory(unborn), '--format=plain', '--wal-method=stream', '--checkpoint=fast'],
    ...['--manifest-checksums=SHA256', '--no-password', `--label=pgproof ${request.snapshotId}`],
  ];
  await runProgram({
    path: programs.path('pg_basebackup'),
    args,
    cwd: unborn,
    env: addressEnvironment(request.source),
    hasChildren: true,
    ...(request.signal ? { signal: request.signal } : {}),
  });
}

async function describeCopy(
  unborn: string,
  programs: PostgresPrograms,
  source: SourceCluster,
  { request, now }: { request: CreateSnapshot; now: Date },
): Promise<SnapshotRecord> {
  const path = join(dataDirectory(unborn), MANIFEST);
  const manifest = parseManifest(await readFile(path, 'utf8'));
  if (!manifest) throw new SnapshotUnsupportedError('pg_basebackup wrote a list of files that cannot be understood');
  const latest = await lastCommitOfCopy(unborn, programs, manifest, request.signal);
  const [range] = manifest['WAL-Ranges'];
  const { systemIdentifier, segmentBytes } = source;
  return {
    kind: 'pgproof snapshot',
    snapshotId: request.snapshotId,
    database: request.database,
    createdAt: now.toISOString(),
    takenAt: (latest ?? source.readAt).toISOString(),
    major: source.major,
    serverVersion: source.serverVersion,
    superuser: source.superuser,
    entrance: request.source.database,
    bytes: manifest.Files.reduce((sum, file) => sum + file.Size, 0) + (await stat(path)).size,
    manifestSha256: await sha256OfFile(path),
    settings: source.settings,
    tags: { ...request.tags },
    ...(range && systemIdentifier !== undefined
      ? { log: { systemIdentifier, segmentBytes, timeline: range.Timeline, startLsn: range['Start-LSN'], endLsn: range['End-LSN'] } }
      : {}),
  };
}

/**
 * When the last transaction of the copy was committed, from the write-ahead log that the restored server will replay;
 * undefined when none was committed while the copy was made.
 */
async function lastCommitOfCopy(
  unborn: string,
  programs: PostgresPrograms,
  { 'WAL-Ranges': ranges }: BackupManifest,
  signal: AbortSignal | undefined,
): Promise<Date | undefined> {
  let last: string | undefined;
  for (const { Timeline, 'Start-LSN': start, 'End-LSN': end } of ranges) {
    const range = [`--timeline=${Timeline}`, `--start=${start}`, `--end=${end}`];
    last = (await lastCommit(programs, { directory: `${dataDirectory(unborn)}/pg_wal`, range, cwd: unborn, signal })) ?? last;
  }
  return last === undefined ? undefined : new Date(last);
}
