import { chmod, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPlaces } from '../../local/database-service/places.ts';
import { runDrill } from '../../local/drill-machine.ts';
import { exitCodeOf, type ExitCode } from '../../local/exit-code.ts';
import { openLaptop, type Laptop } from '../../local/laptop.ts';
import { deliverEvents } from '../../local/session.ts';
import { LocalTaskRunner } from '../../local/task-runner.ts';
import { dumpKey } from '../../src/backup/manifest.ts';
import type { Validation } from '../../src/backup/validation.ts';
import type { Cloud } from '../../src/cloud/cloud.ts';
import type { TaskRunner } from '../../src/cloud/task-runner.ts';
import { readEvidence } from '../../src/drill/chain.ts';
import type { DrillInput } from '../../src/drill/contract.ts';
import type { EvidenceBody } from '../../src/drill/evidence.ts';
import type { Finding } from '../../src/checks/finding.ts';
import { readValidation } from '../../src/backup/validation.ts';
import { describeError, originOf, TaskFailedError } from '../../src/errors.ts';
import { parseAddress } from '../../src/postgres/address.ts';
import type { PostgresProgram, PostgresPrograms } from '../../src/postgres/programs.ts';
import { runTask } from '../../worker/run-task.ts';

/** The directory of one user of pgproof, with everything that works in it: real handlers, real worker processes. */
export interface TestHome {
  readonly home: string;
  readonly laptop: Laptop;
  readonly tasks: LocalTaskRunner;
  /** Where a worker finds the source of a database. */
  source(database: string, url: string): void;
  /** Dumps and lets the event of the landing have its effect. */
  backUp(database: string, backupId: string): Promise<Validation['status'] | 'not validated'>;
  drill(input: DrillInput, over?: Partial<Cloud>, tasks?: TaskRunner): Promise<Drilled>;
  /** Does the worker's tasks in this process, with parts of the cloud replaced. */
  inProcess(over?: Partial<Cloud>): TaskRunner;
  /** Keys of everything that readers of the store can see. */
  keys(prefix?: string): Promise<string[]>;
  /** The file of an object of a dump. */
  file(database: string, backupId: string, file: string): string;
  /** Names of what is in the making in the bucket's directory. */
  unfinished(): Promise<string[]>;
  remove(): Promise<void>;
}

export interface Drilled {
  readonly body: EvidenceBody;
  readonly exitCode: ExitCode;
  /** How the state machine ended: `succeeded` or the name of its error. */
  readonly end: string;
  readonly finding: (id: string) => Finding | undefined;
}

export interface HomeOptions {
  /** Text of pgproof.yml. */
  readonly config?: string;
  readonly onProgress?: ConstructorParameters<typeof LocalTaskRunner>[0]['onProgress'];
  readonly onStart?: ConstructorParameters<typeof LocalTaskRunner>[0]['onStart'];
}

export async function makeTestHome({ config, onProgress, onStart }: HomeOptions = {}): Promise<TestHome> {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'pgproof-home-')));
  await chmod(home, 0o711);
  const configFile = config === undefined ? undefined : join(home, 'pgproof.yml');
  if (configFile !== undefined) await writeFile(configFile, config ?? '');
  const laptop = openLaptop({ home, configFile });
  const sources = new Map<string, string>();
  const tasks = new LocalTaskRunner({
    home,
    configFile,
    sourceUrl: (database) => sources.get(database) ?? '',
    ...(onProgress ? { onProgress } : {}),
    ...(onStart ? { onStart } : {}),
  });
  let drills = 0;
  return {
    home,
    laptop,
    tasks,
    source: (database, url) => void sources.set(database, url),
    backUp: async (database, backupId) => {
      await tasks.run({ verb: 'dump', database, backupId });
      await deliverEvents({ laptop });
      return (await readValidation(laptop.store, { kind: 'dump', database, backupId }))?.status ?? 'not validated';
    },
    drill: async (input, over = {}, runner = tasks) => {
      drills += 1;
      const cloud = { ...laptop, ...over };
      return await drillOnce(cloud, runner, `20261121T03${String(drills).padStart(4, '0')}Z-t`, input);
    },
    inProcess: (over = {}) => inProcess({ ...laptop, ...over }, sources),
    keys: async (prefix = 'v1/') => (await Array.fromAsync(laptop.store.list(prefix))).map(({ key }) => key),
    file: (database, backupId, file) => join(home, 'bucket', dumpKey({ database, backupId }, file)),
    unfinished: () => readdir(join(home, 'bucket', '.unfinished')).catch(() => []),
    remove: async () => {
      for (const { instanceId } of await laptop.databases.listInstances()) await laptop.databases.deleteInstance(instanceId);
      await rm(join((await openPlaces(home)).instances, '..'), { recursive: true, force: true });
      await rm(home, { recursive: true, force: true });
    },
  };
}

function inProcess(cloud: Cloud, sources: ReadonlyMap<string, string>): TaskRunner {
  return {
    run: async (task, signal = new AbortController().signal) => {
      const url = task.verb === 'prove' ? '' : (sources.get(task.database) ?? '');
      try {
        await runTask(task, { cloud, source: async () => parseAddress(url, 'source'), signal });
      } catch (cause) {
        throw new TaskFailedError(describeError(cause), originOf(cause), { cause });
      }
    },
  };
}

async function drillOnce(cloud: Cloud, tasks: TaskRunner, drillId: string, input: DrillInput): Promise<Drilled> {
  const { end, result } = await runDrill({
    cloud,
    tasks,
    drillId,
    input,
    signal: new AbortController().signal,
    pauseMilliseconds: 20,
  });
  const evidence = result && (await readEvidence(cloud.store, result.evidenceKey));
  if (!evidence?.body) throw new Error(`drill ${drillId} left no evidence: ${JSON.stringify(end)}`);
  const { body } = evidence;
  return {
    body,
    exitCode: exitCodeOf([body]),
    end: end.status === 'SUCCEEDED' ? 'succeeded' : end.error,
    finding: (id) => body.findings.find((finding) => finding.id === id),
  };
}

/** The real programs, some of them replaced by scripts of test/fixtures. */
export function withPrograms(
  programs: PostgresPrograms,
  replaced: Readonly<Partial<Record<PostgresProgram, string>>>,
): PostgresPrograms {
  return {
    ...programs,
    path: (name) => {
      const script = replaced[name];
      return script === undefined ? programs.path(name) : fileURLToPath(new URL(`../fixtures/${script}`, import.meta.url));
    },
  };
}
