import { withDeadline } from '../src/backup/deadline.ts';
import { takeDump } from '../src/backup/dump.ts';
import type { DumpProgress } from '../src/backup/dump-manifest.ts';
import { readingKeys } from '../src/backup/mark.ts';
import { readSnapshotFacts, takeReading } from '../src/backup/reading.ts';
import { validateAndTell } from '../src/backup/validation-event.ts';
import type { Cloud } from '../src/cloud/cloud.ts';
import { databaseConfig } from '../src/config/config.ts';
import { WorkerTask } from '../src/drill/contract.ts';
import { prove } from '../src/drill/prove.ts';
import { ConfigurationError } from '../src/errors.ts';
import { connect, type Address } from '../src/postgres/address.ts';

export interface WorkerSetting {
  readonly cloud: Cloud;
  /** The source of the database that the task names; asked for only by tasks that read it. */
  source(): Promise<Address>;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: WorkerProgress) => void;
}

export type WorkerProgress = { readonly stage: string } | ({ readonly stage: 'dump' } & DumpProgress);

/** @throws ConfigurationError when the text is no task */
export function parseTask(text: string | undefined): WorkerTask {
  if (text === undefined) throw new ConfigurationError(['PGPROOF_TASK: expected a task as JSON, found nothing']);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ConfigurationError(['PGPROOF_TASK: expected JSON'], { cause });
  }
  const parsed = WorkerTask.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ConfigurationError(
    parsed.error.issues.map((issue) => `PGPROOF_TASK: ${issue.path.join('.') || '(whole)'}: ${issue.message}`),
  );
}

/** A snapshot is taken when the reading before it ends, whichever way: it must not wait for a lock all night. Milliseconds. */
const SNAPSHOT_READING = 30 * 60_000;

/** Does one task to its end; every failure is thrown. */
export async function runTask(task: WorkerTask, setting: WorkerSetting): Promise<void> {
  const { cloud, signal } = setting;
  const config = databaseConfig(cloud.config, task.verb === 'prove' ? task.plan.database : task.database);
  switch (task.verb) {
    case 'dump': {
      const address = await setting.source();
      const programs = await cloud.programsFor(await serverMajor(address));
      const onProgress = (progress: DumpProgress) => setting.onProgress?.({ stage: 'dump', ...progress });
      await takeDump(task, { ...cloud, address, programs, config: config.dump, signal, onProgress });
      return;
    }
    case 'snapshot-facts': {
      const deadline = { milliseconds: SNAPSHOT_READING, clock: cloud.clock, signal, what: `the reading of ${task.database}` };
      await withDeadline(deadline, async (inner) =>
        readSnapshotFacts(task, { ...cloud, address: await setting.source(), heartbeat: config.heartbeat, signal: inner }),
      );
      return;
    }
    case 'reading':
      await takeReading(task.database, readingKeys(task), { ...cloud, address: await setting.source(), heartbeat: config.heartbeat, signal });
      return;
    case 'validate':
      await validateAndTell(task.manifestKey, { ...cloud, signal });
      return;
    case 'prove':
      await prove(task.plan, { ...cloud, config, signal, onStage: (stage) => setting.onProgress?.({ stage }) });
      return;
  }
}

async function serverMajor(address: Address): Promise<number> {
  const client = await connect(address);
  try {
    const { rows } = await client.query<{ number: string }>(`select current_setting('server_version_num') as number`);
    return Math.floor(Number(rows[0]?.number) / 10_000);
  } finally {
    await client.end();
  }
}
