import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '../../src/postgres/address.ts';
import type { Cluster } from '../../src/postgres/cluster/cluster.ts';
import { dataDirectory } from '../../src/postgres/cluster/cluster-files.ts';
import { THROWAWAY_SETTINGS, type Settings } from '../../src/postgres/cluster/settings.ts';
import { librariesOf, logIn, makePassword, startLoadable, type Born } from '../../src/postgres/cluster/creation.ts';
import { copyTree } from './file-tree.ts';
import { snapshotDirectory, type SnapshotRecord } from './snapshot-record.ts';
import type { Places } from './places.ts';

/** Files in a data directory that would let the copy go on being what it was copied from. */
const LEFT_BEHIND = ['postgresql.auto.conf', 'standby.signal', 'recovery.signal', 'recovery.conf', 'postmaster.pid'];

/** Libraries that do nothing by themselves: they start no process that could act outside. */
const PASSIVE = ['pg_stat_statements', 'auto_explain', 'passwordcheck', 'auth_delay', 'pgaudit', 'pg_stat_kcache'];

/** Replaying what was written while the base backup ran may take long; a deletion aborts it. */
export const START_SECONDS = 3600;

/** Copies a snapshot, starts the copy disarmed, gives its superuser a password of our own and logs in with it. */
export async function restoreCluster(
  places: Places,
  cluster: Cluster,
  record: SnapshotRecord,
  signal: AbortSignal,
): Promise<Born> {
  await copyBase(places, cluster, record, signal);
  const settings = disarm(record.settings);
  return startLoadable(cluster, { settings, signal, timeoutSeconds: START_SECONDS }, (port) => enterRestored(cluster, port, record));
}

/** Copies a snapshot's files to where a cluster's data belongs, without what would make it go on as its source. */
export async function copyBase(places: Places, cluster: Cluster, { snapshotId }: SnapshotRecord, signal: AbortSignal): Promise<void> {
  const data = dataDirectory(cluster.directory);
  await copyTree(dataDirectory(snapshotDirectory(places, snapshotId)), data, { identity: cluster.identity, signal });
  for (const name of LEFT_BEHIND) await rm(join(data, name), { force: true });
}

/** Gives the superuser a password of our own and logs in with it. */
export async function enterRestored(cluster: Cluster, port: number, record: SnapshotRecord): Promise<void> {
  const password = await makePassword(cluster);
  await setPassword(cluster, port, record, password);
  await logIn(port, record.superuser, password, record.entrance);
}

/**
 * The source's meaningful settings, and over them what keeps the copy from acting on the world the source lives in. The
 * configuration that was copied is never read, so nothing needs to be found and neutralised in it.
 */
export function disarm(settings: Settings): Settings {
  const isPassive = librariesOf(settings.shared_preload_libraries).every((name) => PASSIVE.includes(name));
  return {
    ...settings,
    ...THROWAWAY_SETTINGS,
    archive_command: '',
    archive_cleanup_command: '',
    recovery_end_command: '',
    restore_command: '',
    primary_conninfo: '',
    synchronous_standby_names: '',
    max_logical_replication_workers: '0',
    max_wal_senders: '0',
    // A preloaded library that is not known may be a scheduler or a sender: without workers it stays asleep.
    ...(isPassive ? {} : { max_worker_processes: '0' }),
  };
}

/** Over the socket, which only this machine's root and the server's user reach; the server sees the hash alone. */
async function setPassword(
  cluster: Cluster,
  port: number,
  { superuser, entrance }: SnapshotRecord,
  password: string,
): Promise<void> {
  const client = await connect({ host: cluster.socketDirectory, port, user: superuser, database: entrance });
  try {
    const verifier = client.escapeLiteral(scramVerifier(password, randomBytes(16)));
    await client.query('BEGIN READ WRITE');
    await client.query(`ALTER ROLE ${client.escapeIdentifier(superuser)} PASSWORD ${verifier}`);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

/** What PostgreSQL keeps of a SCRAM-SHA-256 password; the password must be ASCII. */
export function scramVerifier(password: string, salt: Buffer): string {
  const salted = pbkdf2Sync(password, salt, 4096, 32, 'sha256');
  const key = (name: string) => createHmac('sha256', salted).update(name).digest();
  const stored = createHash('sha256').update(key('Client Key')).digest('base64');
  return `SCRAM-SHA-256$4096:${salt.toString('base64')}$${stored}:${key('Server Key').toString('base64')}`;
}
