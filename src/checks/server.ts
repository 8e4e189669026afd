import type pg from 'pg';
import type { Finding } from './finding.ts';

/** Check 10: the restored server is a primary that takes writes. The write is rolled back. */
export async function checkPrimary(copy: pg.Client): Promise<Finding> {
  const base = { id: 'primary', name: 'Usable as a primary', number: 10, level: 2, equality: false, required: true } as const;
  const { rows } = await copy.query<{ recovering: boolean; read_only: string }>(
    `select pg_is_in_recovery() as recovering, current_setting('default_transaction_read_only') as read_only`,
  );
  if (rows[0]?.recovering) {
    return { ...base, status: 'failed', cause: 'backup', examined: 1, detail: 'it is still in recovery' };
  }
  await copy.query('begin read write');
  try {
    // A large object, because creating a table could set off the database's own event triggers.
    await copy.query('select lo_create(0)');
  } catch (error) {
    const detail = `it takes no writes: ${error instanceof Error ? error.message : String(error)}`;
    return { ...base, status: 'failed', cause: 'backup', examined: 2, detail };
  } finally {
    await copy.query('rollback');
  }
  const note = rows[0]?.read_only === 'on' ? ', though its sessions begin read-only as on the source' : '';
  return { ...base, status: 'passed', examined: 2, detail: `not in recovery, takes writes${note}` };
}

/** Check 11: nothing in the copy can act on production: no replication out, no archiving, no workers that dial out. */
export async function checkDisarmed(copy: pg.Client): Promise<Finding> {
  const base = { id: 'disarmed', name: 'Cannot act on production', number: 11, level: 2, equality: false, required: true } as const;
  const { rows } = await copy.query<{ problem: string | null }>(ARMED);
  const armed = rows.flatMap(({ problem }) => problem ?? []);
  if (armed.length === 0) {
    return { ...base, status: 'passed', examined: rows.length, detail: 'no archiving, replication or subscription runs' };
  }
  return { ...base, status: 'failed', cause: 'tool', examined: rows.length, detail: armed[0] ?? '', items: armed };
}

// On RDS every instance archives into a place of its own and cannot be told not to.
const ARMED = `
  select case when current_setting('archive_mode') <> 'off' and current_setting('rds.extensions', true) is null
         then 'archive_mode is on' end as problem
  union all
  select case when current_setting('primary_conninfo') <> '' then 'primary_conninfo names a server' end
  union all
  select case when exists (select from pg_stat_activity where backend_type ~ '^(logical replication (?!launcher)|pg_cron)')
         then 'a worker that acts by itself is running' end
  union all
  select case when exists (select from pg_stat_replication) then 'a standby is connected' end`;
