import * as z from 'zod';
import type { SnapshotSource } from '../cloud/snapshot-service.ts';
import type { Config } from '../config/config.ts';
import type { SourceConfig } from '../config/source.ts';
import { ConfigurationError } from '../errors.ts';
import { sha256Of } from './digest.ts';
import { compactTime, makeBackupId } from './manifest.ts';

/**
 * What a schedule begins. Every name is made of the scheduled time, which is the same in each retry and each duplicate of
 * one occurrence: whatever happens twice meets its own name.
 */

const ScheduledInput = z.object({
  database: z.string({ error: 'expected the name of a database in pgproof.yml' }).min(1),
  scheduledAt: z.iso.datetime({ offset: true, error: 'expected the scheduled time, ISO 8601 with zone: <aws.scheduler.scheduled-time>' }),
});

export interface Scheduled {
  readonly database: string;
  readonly at: Date;
}

/** @throws ConfigurationError when the input lacks the database or the time, or the database is not configured */
export function parseScheduled(input: unknown, config: Config): Scheduled {
  const parsed = ScheduledInput.safeParse(input);
  if (!parsed.success) {
    throw new ConfigurationError(
      parsed.error.issues.map((issue) => `input of the schedule: ${issue.path.join('.') || '(whole)'}: ${issue.message}`),
      { hint: 'give both: {"database":"shop","scheduledAt":"2026-11-20T02:00:00Z"}' },
    );
  }
  const { database, scheduledAt } = parsed.data;
  needSource(config, database);
  return { database, at: new Date(scheduledAt) };
}

/** @throws ConfigurationError when the database is not in pgproof.yml, or has no source there */
function needSource(config: Config, database: string): SourceConfig {
  const names = Object.keys(config.databases);
  if (!names.includes(database)) {
    throw new ConfigurationError([`database ${JSON.stringify(database)} is not in pgproof.yml: it has ${names.join(', ') || 'none'}`], {
      hint: 'deploy again after a change of pgproof.yml: npm run deploy',
    });
  }
  const source = config.databases[database]?.source;
  if (source) return source;
  throw new ConfigurationError([`databases.${database}.source: is missing: there is nothing to back up`]);
}

/** What RDS takes a snapshot of. @throws ConfigurationError when the source is none of RDS */
export function snapshotSource(config: Config, database: string): SnapshotSource {
  const { rds, aurora } = needSource(config, database);
  if (rds !== undefined) return { kind: 'rds', id: rds };
  if (aurora !== undefined) return { kind: 'aurora', id: aurora };
  throw new ConfigurationError([`databases.${database}.source: expected rds or aurora: RDS takes snapshots of nothing else`]);
}

export function scheduledDumpId({ at }: Scheduled): string {
  return makeBackupId(at, 'sched');
}

/** `pgproof-<database>-<yyyymmdd>t<hhmmss>z`. */
export function scheduledSnapshotId({ database, at }: Scheduled): string {
  return `${snapshotPrefix(database)}${compactTime(at).toLowerCase()}`;
}

/** Whose snapshot it is by its name; undefined when it is none that a schedule of this configuration takes. */
export function databaseOfSnapshot(config: Config, snapshotId: string): string | undefined {
  return Object.keys(config.databases).find((database) => {
    const prefix = snapshotPrefix(database);
    return snapshotId.startsWith(prefix) && /^\d{8}t\d{6}z$/.test(snapshotId.slice(prefix.length));
  });
}

/** RDS allows no two hyphens in a row, our names do: such a name gets a digest, so that no two databases share one. */
export function snapshotPrefix(database: string): string {
  if (!/--|-$/.test(database)) return `pgproof-${database}-`;
  const plain = database.replaceAll(/-+/g, '-').replace(/-$/, '');
  return `pgproof-${plain}-${sha256Of(database).slice(0, 8)}-`;
}
