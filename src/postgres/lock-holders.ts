import { SourceLockedError, SubprocessError } from '../errors.ts';
import { connect, type Address } from './address.ts';

// Who holds a lock that keeps others from reading a table of this database. What its session runs is not asked for: the
// text may hold data.
const HOLDERS = `
  select format('%I.%I', n.nspname, c.relname) as "table", l.pid, coalesce(nullif(a.application_name, ''), 'no name') as application
    from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace left join pg_catalog.pg_stat_activity a on a.pid = l.pid
   where l.mode = 'AccessExclusiveLock' and l.granted and n.nspname !~ '^pg_'
     and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
   order by l.pid, 1 limit 5`;

/** pg_dump waits under a statement_timeout that it sets for this one statement. */
const LOCK_TIMEOUT = /canceling statement due to (statement|lock) timeout[^]*LOCK TABLE/;

/**
 * What pg_dump says when it gave up waiting for a lock is the list of all tables it wanted; this says which one was locked
 * and by whom, if that can still be seen. Any other error is returned as it is.
 */
export async function explainLockTimeout(error: unknown, address: Address, seconds: number): Promise<unknown> {
  if (!(error instanceof SubprocessError) || !LOCK_TIMEOUT.test(error.failure.stderr)) return error;
  // Only explains; that the dump failed is certain, also where nobody can be asked any more.
  const holders = await findHolders(address).catch(() => []);
  const [first] = holders;
  const what = first ? `a lock on ${first.table}, held by process ${first.pid} (${first.application})` : 'a lock on a table';
  return new SourceLockedError(`pg_dump waited ${seconds} s for ${what}, and gave up`, {
    cause: error,
    hint: `wait for it, end it, or raise dump.lockTimeout; to see it: psql -h ${address.host} -p ${address.port} -U ${address.user} -d ${address.database} -c "select * from pg_locks where mode = 'AccessExclusiveLock'"`,
  });
}

interface Holder {
  readonly table: string;
  readonly pid: number;
  readonly application: string;
}

async function findHolders(address: Address): Promise<Holder[]> {
  const client = await connect(address);
  try {
    return (await client.query<Holder>(HOLDERS)).rows;
  } finally {
    await client.end();
  }
}
