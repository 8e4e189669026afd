import type pg from 'pg';
import { heartbeatTable, type Heartbeat } from '../backup/heartbeat.ts';
import type { Fault } from './contract.ts';
import { nothingToBreak, plantFault } from './planted-fault.ts';

/**
 * Plants a fault in a copy of a point in time, whose rows are known by its heartbeat alone: faults of rows strike those.
 * @param before rows that must be there
 */
export async function plantAtBoundary(copy: pg.Client, fault: Fault | undefined, before: readonly Heartbeat[]): Promise<string | undefined> {
  if (fault !== 'lose-rows' && fault !== 'change-value') return await plantFault(copy, fault);
  const newest = before.toSorted((one, other) => (one.committedAt < other.committedAt ? 1 : -1))[0];
  if (!newest) throw nothingToBreak(fault);
  const table = heartbeatTable(newest.table);
  if (fault === 'lose-rows') await copy.query(`delete from ${table} where id = $1`, [newest.id]);
  else await copy.query(`update ${table} set at = at + interval '1 second' where id = $1`, [newest.id]);
  return `${fault === 'lose-rows' ? 'deleted' : 'changed'} row ${newest.id} of ${newest.table}`;
}
