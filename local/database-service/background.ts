import { join } from 'node:path';
import { describeError, InterruptedError } from '../../src/errors.ts';
import type { Cluster } from '../../src/postgres/cluster/cluster.ts';
import { destroyCluster } from '../../src/postgres/cluster/cluster-end.ts';
import { LOG } from '../../src/postgres/cluster/cluster-files.ts';
import { logProblem } from '../../src/postgres/cluster/server-log.ts';
import type { Born } from '../../src/postgres/cluster/creation.ts';
import { readRecord, writeRecord, type InstanceRecord } from './instance-record.ts';

interface Work {
  readonly controller: AbortController;
  /** Never rejects: how it ended is in the record. */
  readonly done: Promise<void>;
}

/** Creations that go on while their caller has long been answered. Each ends in the instance's record. */
export class Background {
  readonly #works = new Map<string, Work>();
  readonly #lost = new Map<string, string>();

  begin(cluster: Cluster, record: InstanceRecord, create: (signal: AbortSignal) => Promise<Born>): void {
    const controller = new AbortController();
    const { instanceId } = record;
    const done = run(cluster, record, () => create(controller.signal))
      .catch((error: unknown) => void this.#lost.set(instanceId, describeError(error)))
      .finally(() => this.#works.delete(instanceId));
    this.#works.set(instanceId, { controller, done });
  }

  /** Why the end of a creation could not even be recorded (a full disk, say). */
  lostReason(instanceId: string): string | undefined {
    return this.#lost.get(instanceId);
  }

  /** Stops a creation and waits until it has stopped; nothing happens when there is none. */
  async abort(instanceId: string): Promise<void> {
    const work = this.#works.get(instanceId);
    work?.controller.abort(new InterruptedError(`the creation of ${instanceId} was stopped`));
    await work?.done;
  }

  async settled(instanceId: string): Promise<void> {
    await this.#works.get(instanceId)?.done;
  }
}

async function run(cluster: Cluster, record: InstanceRecord, create: () => Promise<Born>): Promise<void> {
  try {
    const { port, detail } = await create();
    await conclude(cluster, { ...record, status: 'available', port, detail });
  } catch (error) {
    const detail = await explain(cluster, error);
    // What failed is of no use to anybody but for its reason.
    const left = await destroyCluster(cluster).then(
      () => '',
      (problem: unknown) => `; ${describeError(problem)}`,
    );
    await conclude(cluster, { ...record, status: 'failed', detail: `${detail}${left}` });
  }
}

/** The error, and what the server said of it: to a client that may not enter it does not say why. */
async function explain({ directory }: Cluster, error: unknown): Promise<string> {
  const message = error instanceof Error ? error.message : String(error);
  const said = await logProblem(join(directory, LOG));
  return said === undefined || message.includes(said) ? message : `${message}; the server's log: ${said}`;
}

/** Writes the last word, unless the instance is being destroyed meanwhile or is gone already. */
async function conclude(cluster: Cluster, record: InstanceRecord): Promise<void> {
  const current = await readRecord(cluster.directory, record.instanceId);
  if (current?.status === 'creating') await writeRecord(cluster.directory, record);
}
