import type pg from 'pg';
import { SourceUnreachableError } from '../errors.ts';

/** One moment of the source, held open by one connection so that others can read that same moment. */
export interface ExportedSnapshot {
  /** For `SET TRANSACTION SNAPSHOT` and `pg_dump --snapshot`. */
  readonly id: string;
  /**
   * The moment, by the source's clock. On a standby, which may be hours behind, when the last transaction it has replayed
   * was committed, by its primary's clock: never younger than the data, and older where the primary has been idle.
   */
  readonly takenAt: Date;
  /** Rejects when the holding connection is lost; never resolves. */
  readonly lost: Promise<never>;
  /** Ends the transaction; from then on the source may vacuum again. Throws when the snapshot was lost meanwhile. */
  release(): Promise<void>;
}

/**
 * Frees a session from what a role's or a database's settings put on every session: time limits that would end a long
 * reading, and a search path under which a name of the catalogue may mean something else.
 */
export async function steadySession(client: pg.Client): Promise<void> {
  await client.query('set search_path = pg_catalog');
  await liftTimeLimits(client);
}

/** As `steadySession`, and leaves names as the database's own settings have them. */
export async function liftTimeLimits(client: pg.Client): Promise<void> {
  await client.query('set statement_timeout = 0');
  await client.query(
    `select pg_catalog.set_config(name, '0', false) from pg_catalog.pg_settings
      where name in ('lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout')`,
  );
}

// Without any replayed commit since its start, a standby knows at least of the checkpoint that it began from.
const MOMENT = `
  select case when pg_is_in_recovery()
              then coalesce(pg_last_xact_replay_timestamp(), (select checkpoint_time from pg_control_checkpoint()))
              else clock_timestamp() end as taken_at`;

/** Opens the coordinating transaction on a steady session. The connection belongs to the snapshot until `release`. */
export async function exportSnapshot(client: pg.Client): Promise<ExportedSnapshot> {
  // Asked before the snapshot is taken, which can only make the data look older than it is.
  const moment = await client.query<{ taken_at: Date }>(MOMENT);
  await client.query('begin isolation level repeatable read, read only');
  const { rows } = await client.query<{ id: string }>('select pg_export_snapshot() as id');
  const [id, takenAt] = [rows[0]?.id, moment.rows[0]?.taken_at];
  if (!id || !takenAt) throw new SourceUnreachableError('pg_export_snapshot() answered nothing');
  const lost = new Promise<never>((_, reject) => {
    const fail = (cause?: Error) =>
      reject(new SourceUnreachableError('the connection that holds the snapshot was lost', { cause }));
    client.once('error', fail);
    client.once('end', () => fail());
  });
  // Whoever races against it sees the rejection; nobody having to must not end the process.
  lost.catch(() => undefined);
  return { id, takenAt, lost, release: () => release(client) };
}

async function release(client: pg.Client): Promise<void> {
  try {
    await client.query('commit');
  } catch (cause) {
    throw new SourceUnreachableError('the connection that held the snapshot was lost before the dump ended', { cause });
  }
}
