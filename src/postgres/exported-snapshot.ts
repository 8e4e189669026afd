import type pg from 'pg';
import { SourceUnreachableError } from '../errors.ts';

/** One moment of the source, held open by one connection so that others can read that same moment. */
export interface ExportedSnapshot {
  /** For `SET TRANSACTION SNAPSHOT` and `pg_dump --snapshot`. */
  readonly id: string;
  /** The moment, by the source's clock. */
  readonly takenAt: Date;
  /** Rejects when the holding connection is lost; never resolves. */
  readonly lost: Promise<never>;
  /** Ends the transaction; from then on the source may vacuum again. Throws when the snapshot was lost meanwhile. */
  release(): Promise<void>;
}

/** Opens the coordinating transaction. The connection belongs to the snapshot until `release`. */
export async function exportSnapshot(client: pg.Client): Promise<ExportedSnapshot> {
  // A server's own time limits would end the transaction while pg_dump still reads.
  for (const limit of ['statement_timeout', 'idle_in_transaction_session_timeout', 'lock_timeout']) {
    await client.query(`set ${limit} = 0`);
  }
  if (await knows(client, 'transaction_timeout')) await client.query('set transaction_timeout = 0');
  await client.query('begin isolation level repeatable read, read only');
  const { rows } = await client.query<{ id: string; taken_at: Date }>(
    'select pg_export_snapshot() as id, clock_timestamp() as taken_at',
  );
  const row = rows[0];
  if (!row) throw new SourceUnreachableError('pg_export_snapshot() answered nothing');
  const lost = new Promise<never>((_, reject) => {
    const fail = (cause?: Error) =>
      reject(new SourceUnreachableError('the connection that holds the snapshot was lost', { cause }));
    client.once('error', fail);
    client.once('end', () => fail());
  });
  // Whoever races against it sees the rejection; nobody having to must not end the process.
  lost.catch(() => undefined);
  return { id: row.id, takenAt: row.taken_at, lost, release: () => release(client) };
}

async function release(client: pg.Client): Promise<void> {
  try {
    await client.query('commit');
  } catch (cause) {
    throw new SourceUnreachableError('the connection that held the snapshot was lost before the dump ended', { cause });
  }
}

async function knows(client: pg.Client, setting: string): Promise<boolean> {
  const { rowCount } = await client.query('select from pg_settings where name = $1', [setting]);
  return rowCount === 1;
}
