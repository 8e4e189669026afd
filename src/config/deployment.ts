import { ConfigurationError } from '../errors.ts';
import { needAws, type AwsConfig } from './aws.ts';
import type { Config, DatabaseConfig } from './config.ts';
import type { SourceConfig } from './source.ts';

/** What a deployment asks of pgproof.yml beyond its form: rules that AWS would only tell when the stack is half made. */

export interface Deployment {
  readonly databases: Readonly<Record<string, DatabaseConfig & { readonly source: SourceConfig }>>;
  readonly aws: AwsConfig;
}

/** @throws ConfigurationError with everything that a deployment cannot take, each beginning with its path */
export function needDeployable(config: Config): Deployment {
  const aws = needAws(config);
  const faults = Object.entries(config.databases).flatMap(([name, database]) =>
    databaseFaults(database, aws).map((fault) => `databases.${name}.${fault}`),
  );
  faults.push(...workerFaults(aws));
  if (isElsewhere(aws.webhookSecret, aws)) faults.push(`aws.webhookSecret: ${elsewhere(aws)}`);
  if (faults.length > 0) throw new ConfigurationError(faults.map((fault) => `pgproof.yml: ${fault}`));
  return { databases: config.databases as Deployment['databases'], aws };
}

function databaseFaults(database: DatabaseConfig, aws: AwsConfig): string[] {
  const { source } = database;
  if (!source) return ['source: is missing: a deployment must know where the database is'];
  if (source.env !== undefined) return ['source.env: is read on the laptop only: expected rds, aurora, or url with secret'];
  return [...loginFaults(source, aws), ...scheduleFaults(database, isManaged(source))];
}

function isManaged(source: SourceConfig): boolean {
  return (source.rds ?? source.aurora) !== undefined;
}

function loginFaults(source: SourceConfig, aws: AwsConfig): string[] {
  const faults: string[] = [];
  if ((source.secret === undefined) === (source.iam === undefined)) {
    faults.push('source: expected exactly one of secret and iam: a task has no other way to log in');
  }
  if (isElsewhere(source.secret, aws)) faults.push(`source.secret: ${elsewhere(aws)}`);
  if (source.url !== undefined && !hasHost(source.url)) {
    faults.push('source.url: expected postgres://user@host/database with a host that the worker can reach');
  }
  if (isManaged(source) && source.securityGroup === undefined) {
    faults.push('source.securityGroup: is missing: without it no worker can reach the database');
  }
  return faults;
}

function hasHost(url: string): boolean {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) return false;
  return !['', 'localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname);
}

function isElsewhere(arn: string | undefined, { region }: AwsConfig): boolean {
  return arn !== undefined && arn.split(':')[3] !== region;
}

function elsewhere({ region }: AwsConfig): string {
  return `is in another Region than aws.region, ${region}`;
}

function scheduleFaults({ schedules, drill, heartbeat }: DatabaseConfig, managed: boolean): string[] {
  const faults: string[] = [];
  if (schedules.snapshot && !managed) faults.push('schedules.snapshot: only RDS takes snapshots: expected source.rds or source.aurora');
  if (heartbeat !== undefined && !managed) faults.push('heartbeat: is for drills to a point in time: expected source.rds or source.aurora');
  if (!schedules.drill) return faults;
  for (const kind of new Set(drill.kinds)) {
    if (kind === 'pitr') {
      if (!managed) faults.push('drill.kinds: pitr needs a log that RDS keeps: expected source.rds or source.aurora');
    } else if (!schedules[kind]) {
      faults.push(`drill.kinds: every drill of a ${kind} would find none: expected schedules.${kind}`);
    }
  }
  return faults;
}

/** Fargate's memory sizes in MiB by its cpu units: from, to, step. The smallest cpu has no step. */
const MEMORY: Readonly<Record<Exclude<AwsConfig['worker']['cpu'], 256>, readonly [number, number, number]>> = {
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16_384, 1024],
  4096: [8192, 30_720, 1024],
  8192: [16_384, 61_440, 4096],
};

function workerFaults({ worker: { cpu, memoryMib } }: AwsConfig): string[] {
  const fault = (expected: string) => [`aws.worker.memoryMib: Fargate has no ${memoryMib} MiB with cpu ${cpu}: expected ${expected}`];
  if (cpu === 256) return [512, 1024, 2048].includes(memoryMib) ? [] : fault('512, 1024 or 2048');
  const [from, to, step] = MEMORY[cpu];
  if (memoryMib >= from && memoryMib <= to && (memoryMib - from) % step === 0) return [];
  return fault(`${from} to ${to} in steps of ${step}`);
}

/** ECS takes no definition above 64 KiB; the rest of one needs less than 8. Characters of base64. */
const LARGEST = 56 * 1024;

/**
 * What a worker's task definition carries of pgproof.yml: base64 of its JSON, so that the image holds nothing of the
 * user's. Written as the user wrote it, not as it was read: the worker reads it by the same rules once more.
 *
 * @param document pgproof.yml as plain objects
 * @param database the only one that the worker may know of; without it all
 * @throws ConfigurationError when no task definition could hold it
 */
export function encodeForTask(document: { readonly databases?: Readonly<Record<string, unknown>> }, database?: string): string {
  const { databases = {} } = document;
  const known = database === undefined ? databases : { [database]: databases[database] };
  const text = Buffer.from(JSON.stringify({ databases: known })).toString('base64');
  if (text.length <= LARGEST) return text;
  const largest = Object.entries(known).map(([name, value]) => [name, JSON.stringify(value).length] as const).sort((a, b) => b[1] - a[1])[0];
  throw new ConfigurationError([
    `pgproof.yml: databases: ${text.length} bytes as base64 are too many for a task definition, which takes ${LARGEST}; ` +
      `the largest is databases.${largest?.[0]} with ${largest?.[1]} bytes of JSON`,
  ]);
}
