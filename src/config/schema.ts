import * as z from 'zod';
import { ConfigurationError } from '../errors.ts';
import { AwsConfig, InstanceDifferences } from './aws.ts';
import { parseDuration } from './duration.ts';
import { Schedules } from './schedule.ts';
import { Source } from './source.ts';

/** pgproof.yml as one frozen object; every fault is reported at once, each naming its path. */

const duration = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, 'expected a duration such as 90s, 30m, 25h or 7d')
  .meta({ pattern: '^\\d{1,6}[smhd]$' })
  .transform((text) => parseDuration(text) ?? 0);

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** What a sanity query must answer: its first column's first row, or how many rows there are. */
const Expectation = z
  .strictObject({
    value: scalar.optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    rows: z.int().nonnegative().optional(),
    minRows: z.int().nonnegative().optional(),
    maxRows: z.int().nonnegative().optional(),
  })
  .refine((expect) => Object.keys(expect).length > 0, 'expected at least one of value, min, max, rows, minRows, maxRows');

const Query = z.strictObject({
  name: z.string().min(1).max(100),
  sql: z.string().refine((sql) => sql.trim() !== '', 'expected a query'),
  expect: Expectation,
  /** Role to run it as; without one the administrator of the copy, who sees every row. */
  role: z.string().min(1).optional(),
  timeout: duration.default(30),
});

const Acceptance = z.strictObject({
  check: z.string().min(1),
  /** Text that each accepted item must contain; without it every item of the check is accepted. */
  object: z.string().min(1).optional(),
  reason: z.string().min(1),
  owner: z.string().min(1),
  expires: z.iso.date(),
});

const Dump = z.strictObject({
  compression: z.enum(['auto', 'zstd', 'gzip', 'none']).default('auto'),
  /** Connections that read facts beside pg_dump. */
  readers: z.int().min(1).max(16).default(2),
  /** How deep the facts go: exact row counts, or row counts and a hash of every table's content. */
  facts: z.enum(['rows', 'content']).default('content'),
  /** How long pg_dump waits for a table lock before it gives up. */
  lockTimeout: duration.default(60),
});

/** Kinds of drill. A point in time is drilled from the database service's own log, not from an object in the bucket. */
export const DRILL_KINDS = ['dump', 'snapshot', 'pitr'] as const;

const Drill = z.strictObject({
  /** Which drills the schedule begins. */
  kinds: z.array(z.enum(DRILL_KINDS)).min(1).default(['dump']),
  /** Where a dump is restored to: a throwaway instance of RDS, or a server inside the worker's own task. */
  target: z.enum(['rds', 'task']).default('rds'),
  /** Where the throwaway instances of this database differ from those under `aws.instance`. */
  instance: InstanceDifferences.prefault({}),
  rtoTarget: duration.optional(),
  rpoTarget: duration.optional(),
  /** How long the throwaway instance may take to come up. */
  instanceTimeout: duration.default(3600),
  queries: z.array(Query).default([]),
  accept: z.array(Acceptance).default([]),
});

const Alerts = z.strictObject({
  /** Alarm when the newest valid backup is older. */
  backupAge: duration.default(26 * 3600),
  /** Alarm when the last PROVEN drill is longer ago. */
  provenAge: duration.default(8 * 86_400),
});

const Database = z.strictObject({
  source: Source.optional(),
  schedules: Schedules.prefault({}),
  /**
   * Table `schema.table (id bigint generated always as identity, at timestamptz)` into which pgproof may insert. Every
   * reading of the source leaves a row there; a drill to a point in time must find the rows before it, and none after it.
   */
  heartbeat: z.string().regex(/^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$/, 'expected schema.table, in lower case').optional(),
  alerts: Alerts.prefault({}),
  dump: Dump.prefault({}),
  drill: Drill.prefault({}),
});

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected 1 to 40 of a-z, 0-9 and -, not beginning with -');

export const Config = z.strictObject({
  databases: z.record(name, Database).default({}),
  aws: AwsConfig.optional(),
});

export type Config = z.infer<typeof Config>;
export type DatabaseConfig = z.infer<typeof Database>;
export type SanityQuery = z.infer<typeof Query>;
export type AcceptanceConfig = z.infer<typeof Acceptance>;

/**
 * Validates the content of pgproof.yml, however it was written down; `file` names it in messages.
 * @throws ConfigurationError with every fault, each beginning with its path
 */
export function checkConfig(content: unknown, file: string): Config {
  const result = Config.safeParse(content ?? {});
  if (result.success) return deepFreeze(result.data);
  throw new ConfigurationError(result.error.issues.flatMap((issue) => faultsOf(issue, file)));
}

/** The settings of one database, or the defaults when pgproof.yml does not mention it. */
export function databaseConfig(config: Config, database: string): DatabaseConfig {
  return config.databases[database] ?? Database.parse({});
}

function faultsOf(issue: z.core.$ZodIssue, file: string): string[] {
  const path = issue.path.map(String).join('.');
  const place = path === '' ? file : `${file}: ${path}`;
  if (issue.code !== 'unrecognized_keys') return [`${place}: ${issue.message}`];
  return issue.keys.map((key) => `${place}${path === '' ? ': ' : '.'}${key}: unknown key`);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
