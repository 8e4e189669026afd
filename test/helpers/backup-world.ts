import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { snapshot } from '../../functions/snapshot/handler.ts';
import { snapshotCreated } from '../../functions/snapshot-created/handler.ts';
import { taskStopped } from '../../functions/task-stopped/handler.ts';
import { validate } from '../../functions/validate/handler.ts';
import { DirectoryStore } from '../../local/store/directory-store.ts';
import { recordFailure } from '../../src/backup/task-failure.ts';
import type { DeployedCloud } from '../../src/cloud/cloud.ts';
import { matchesPattern, parseEventPattern } from '../../src/cloud/event-pattern.ts';
import type { Notification } from '../../src/cloud/notifier.ts';
import type { TakeSnapshot } from '../../src/cloud/snapshot-service.ts';
import type { LaunchedTask } from '../../src/cloud/task-launcher.ts';
import { parseConfig } from '../../src/config/config.ts';
import { objectCreated, taskEvent, type TaskEventOptions } from './aws-events.ts';
import { makeFacts } from './facts-made.ts';

/**
 * Everything that backups by schedule are made of: the real functions behind the real patterns and a real bucket. ECS and
 * RDS only remember what was asked of them; what a task does and which events arrive is for the test to say.
 */
export interface BackupWorld {
  readonly cloud: DeployedCloud;
  readonly store: DirectoryStore;
  readonly told: Notification[];
  /** Tasks that ECS began: none twice under one token. */
  readonly tasks: LaunchedTask[];
  /** Snapshots that RDS began, by id. */
  readonly snapshots: Map<string, TakeSnapshot>;
  /** Milliseconds that the functions have waited. */
  readonly pauses: number[];
  /** Delivers an event to every function whose pattern it matches; answers what they said, by rule. */
  deliver(event: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** The worker reads the source and leaves what it has read. */
  read(task: LaunchedTask): Promise<Record<string, unknown>[]>;
  /** The worker fails and leaves word of it. */
  fail(task: LaunchedTask, error: Error, options?: TaskEventOptions): Promise<Record<string, unknown>>;
  keys(): Promise<string[]>;
  remove(): Promise<void>;
}

export interface WorldOptions {
  readonly quota?: () => { readonly used: number; readonly limit: number };
  /** Throws what ECS or RDS refuse with; `attempt` counts from 1. */
  readonly launch?: (task: LaunchedTask, attempt: number) => void;
  readonly take?: (attempt: number) => void;
  readonly publish?: (message: Notification) => void;
  readonly now?: () => Date;
}

export const CONFIGURATION = `
databases:
  shop: { source: { rds: shop-production, database: shop, secret: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop", securityGroup: sg-0123456789abcdef0 } }
  ledger: { source: { aurora: ledger-cluster, database: ledger, secret: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ledger", securityGroup: sg-0123456789abcdef0 } }
  blog: { source: { url: "postgres://backup@db.example.com/blog", secret: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:blog" } }
aws: { region: eu-central-1, network: { vpc: vpc-0123456789abcdef0, subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1] } }
`;

const FUNCTIONS = {
  'snapshot/rule-reading-landed.json': snapshot,
  'snapshot/rule-reading-failed.json': snapshot,
  'snapshot-created/rule-snapshot-created.json': snapshotCreated,
  'snapshot-created/rule-reading-landed.json': snapshotCreated,
  'task-stopped/rule.json': taskStopped,
  'validate/rule.json': validate,
} as const;
export type RuleFile = keyof typeof FUNCTIONS;

export async function readRule(file: RuleFile) {
  const text = await readFile(join(import.meta.dirname, '../../functions', file), 'utf8');
  return parseEventPattern(JSON.parse(text));
}

/** Half a minute after the tasks of `taskEvent` begin and before they end. */
const NOW = new Date('2026-11-20T02:00:35.000Z');

export async function makeBackupWorld(options: WorldOptions = {}): Promise<BackupWorld> {
  const home = await mkdtemp(join(tmpdir(), 'pgproof-backups-'));
  const store = new DirectoryStore({ root: join(home, 'bucket') });
  const [told, tasks, pauses]: [Notification[], LaunchedTask[], number[]] = [[], [], []];
  const snapshots = new Map<string, TakeSnapshot>();
  const cloud = {
    ...servicesOf({ tasks, snapshots, options }),
    store,
    config: parseConfig(CONFIGURATION, 'pgproof.yml'),
    clock: { now: options.now ?? (() => NOW), sleep: async (milliseconds: number) => void pauses.push(milliseconds) },
    notifier: {
      publish: async (message: Notification) => {
        options.publish?.(message);
        told.push(message);
      },
    },
  } as unknown as DeployedCloud;
  return {
    cloud,
    store,
    told,
    tasks,
    snapshots,
    pauses,
    deliver: (event) => deliver(event, cloud),
    read: async (task) => {
      if (task.verb !== 'snapshot-facts') throw new TypeError(`a task ${task.verb} reads nothing`);
      const key = `v1/${task.database}/snapshots/${task.snapshotId}/facts-${task.moment === 'begin' ? 'before' : 'after'}.json`;
      await store.put(key, JSON.stringify(makeFacts({ scope: 'structure' })), { ifAbsent: true });
      return [objectCreated(key), taskEvent(task, { exitCode: 0 })];
    },
    fail: async (task, error, end = { exitCode: 1 }) => {
      await recordFailure(task, error, cloud);
      return taskEvent(task, end);
    },
    keys: async () => (await Array.fromAsync(store.list(''))).map(({ key }) => key),
    remove: () => rm(home, { recursive: true }),
  };
}

async function deliver(event: Record<string, unknown>, cloud: DeployedCloud): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  for (const [file, core] of Object.entries(FUNCTIONS)) {
    if (matchesPattern(await readRule(file as RuleFile), event)) answers[file] = await core(event, cloud);
  }
  return answers;
}

function servicesOf({ tasks, snapshots, options }: Pick<BackupWorld, 'tasks' | 'snapshots'> & { options: WorldOptions }) {
  const tokens = new Set<string>();
  const attempts = { launch: 0, take: 0 };
  return {
    launcher: {
      launch: async (task: LaunchedTask, token: string) => {
        options.launch?.(task, (attempts.launch += 1));
        if (!tokens.has(token)) tasks.push(task);
        tokens.add(token);
      },
    },
    snapshots: {
      takeSnapshot: async (request: TakeSnapshot) => {
        options.take?.((attempts.take += 1));
        snapshots.set(request.snapshotId, request);
      },
      snapshotQuota: async () => options.quota?.() ?? { used: 3, limit: 100 },
    },
    databases: {
      describeSnapshot: async (snapshotId: string) => {
        const taken = snapshots.get(snapshotId);
        const database = taken?.tags['pgproof:database'] ?? '';
        return taken && { snapshotId, status: 'available' as const, database, takenAt: new Date('2026-11-20T02:02:00.000Z'), bytes: 21_474_836_480 };
      },
      verifySnapshot: async () => ({ method: 'rds DescribeDBSnapshots', examined: 1, problems: [], bytes: 21_474_836_480 }),
    },
  };
}
