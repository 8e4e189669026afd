import type { Source } from './source.ts';
import { until } from './process-list.ts';

/** Does something while a lock is held that no reader of `shop.secrets` gets past. */
export async function whileLocked<T>(
  source: Source,
  work: (holder: number, release: () => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const client = await source.connect('shop');
  try {
    await client.query(`set application_name = 'migration'`);
    await client.query('begin');
    await client.query('lock table shop.secrets in access exclusive mode');
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    return await work(rows[0]?.pid ?? 0, () => client.query('commit'));
  } finally {
    await client.end();
  }
}

/** The session that waits for the lock: pg_dump's, or one that reads facts. */
export function waiting(source: Source, who: 'pg_dump' | 'reader'): Promise<number> {
  return until(`${who} waits for the lock`, async () => {
    const query = who === 'pg_dump' ? `like 'LOCK TABLE%'` : `not like 'LOCK TABLE%'`;
    const sql = `select pid from pg_stat_activity where wait_event_type = 'Lock' and query ${query}`;
    const [found] = await source.sql('shop', sql);
    return found && Number(found.pid);
  });
}
