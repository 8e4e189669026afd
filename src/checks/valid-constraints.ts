import pg from 'pg';
import type { Facts } from '../facts/facts.ts';
import { CONSTRAINT_IDENTITY } from '../facts/sets/relations.ts';
import type { Finding } from './finding.ts';
import { judgeDefects, type Defect } from './of-source.ts';
import { count, VALID_CONSTRAINTS } from './registry.ts';
import { countViolations } from './violations.ts';

export interface UncheckedConstraint {
  /** As in the facts. */
  identity: string;
  oid: string;
  /** Quoted. */
  name: string;
  /** `schema.table` or `schema.domain`, quoted. */
  holder: string;
  type: 'c' | 'f' | 'n';
  domain: boolean;
}

const UNCHECKED = (enforced: boolean) => `
  select ${CONSTRAINT_IDENTITY} as identity, k.oid::text as oid, quote_ident(k.conname) as name, k.contype::text as type, k.contypid <> 0 as domain,
         coalesce((select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = k.conrelid),
                  k.contypid::regtype::text) as holder
    from pg_constraint k join pg_namespace kn on kn.oid = k.connamespace
   where not k.convalidated ${enforced ? 'and k.conenforced' : ''} and left(kn.nspname, 3) <> 'pg_' and kn.nspname <> 'information_schema'
     and k.conparentid = 0
   order by holder, name`;

/**
 * Check 31: constraints that were added without looking at the rows that were there (NOT VALID) are validated on the
 * copy, in a transaction that is rolled back. pg_dump keeps such a constraint as it is, so the source has it too unless
 * its facts say otherwise.
 */
export async function checkConstraints(client: pg.Client, expected: Facts): Promise<Finding[]> {
  const { rows: version } = await client.query<{ number: string }>(`select current_setting('server_version_num') as number`);
  const { rows: unchecked } = await client.query<UncheckedConstraint>(UNCHECKED(Number(version[0]?.number) >= 180_000));
  const total = await countConstraints(client);
  await silenceEventTriggers(client);
  const defects: Defect[] = [];
  for (const constraint of unchecked) {
    const problem = await validate(client, constraint);
    const fact = expected.sets.constraints[constraint.identity];
    const inSource = fact?.includes('NOT VALID') ?? false;
    if (problem !== undefined || !inSource) {
      defects.push({ item: `constraint ${constraint.identity}: ${problem ?? 'not validated, though it holds'}`, inSource });
    }
  }
  return judgeDefects({
    check: VALID_CONSTRAINTS,
    examined: total,
    defects,
    what: 'constraints',
    fine: `${count(total, 'constraint')}, of which ${unchecked.length} were never validated`,
    none: 'the copy has no constraints',
  });
}

async function countConstraints(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ total: number }>(`
    select count(*)::int as total from pg_constraint k join pg_namespace n on n.oid = k.connamespace
     where left(n.nspname, 3) <> 'pg_' and n.nspname <> 'information_schema' and k.contype in ('c', 'f', 'n')`);
  return rows[0]?.total ?? 0;
}

/** Altering a table fires event triggers, which may do anything: they are switched off for this transaction. */
async function silenceEventTriggers(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>('select quote_ident(evtname) as name from pg_event_trigger');
  for (const { name } of rows) await client.query(`alter event trigger ${name} disable`);
}

/** What is wrong with the rows, or undefined when the constraint holds. */
async function validate(client: pg.Client, constraint: UncheckedConstraint): Promise<string | undefined> {
  const kind = constraint.domain ? 'domain' : 'table';
  await client.query('savepoint validation');
  try {
    await client.query(`alter ${kind} ${constraint.holder} validate constraint ${constraint.name}`);
    return undefined;
  } catch (error) {
    // Class 23: integrity constraint violation. Anything else is no answer about the rows.
    if (!(error instanceof pg.DatabaseError) || !error.code?.startsWith('23')) throw error;
  } finally {
    await client.query('rollback to savepoint validation');
  }
  const violations = constraint.domain ? undefined : await countViolations(client, constraint);
  return violations === undefined ? 'rows violate it' : `${count(violations, 'row')} violating it`;
}
