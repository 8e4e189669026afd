import { parseFacts, readBound } from '../backup/archive.ts';
import type { DumpManifest, Manifest } from '../backup/manifest.ts';
import type { TaskServers } from '../cloud/task-servers.ts';
import { ConfigurationError, InstanceRefusedError, ObjectDamagedError, PostgresNotFoundError } from '../errors.ts';
import type { Address } from '../postgres/address.ts';
import { startTemporaryServer } from '../postgres/cluster/temporary-server.ts';
import type { PostgresPrograms } from '../postgres/programs.ts';
import type { DrillPlan } from './contract.ts';
import type { ProofBuilder } from './proof-builder.ts';
import type { ProveSetting } from './prove.ts';

type Login = Omit<Address, 'database'>;

/**
 * Runs a server of the source's major inside this very task for as long as `work` takes, and leaves nothing of it. When
 * both the work and the removal fail, the proof tells of both and the work's error is thrown.
 * @throws ConfigurationError where the task has no server of that major, InstanceRefusedError for want of space
 */
export async function withCopyServer(
  plan: DrillPlan,
  manifest: Manifest,
  { setting, proof }: { readonly setting: ProveSetting; readonly proof: ProofBuilder },
  work: (login: Login) => Promise<void>,
): Promise<void> {
  if (manifest.kind !== 'dump') throw new ObjectDamagedError(plan.manifestKey, 'is not the manifest of a dump');
  const { servers, programs } = await programsFor(plan, setting.taskServers);
  const { superuser, parameters } = plan.instance;
  const bytes = await spaceFor(manifest, setting);
  const server = await proof.stage('start a server in the task', () =>
    startTemporaryServer(servers.home, { programs, superuser, parameters, bytes, signal: setting.signal }).catch((error: unknown) => {
      throw error instanceof InstanceRefusedError ? roomier(error, plan.database) : error;
    }),
  );
  proof.scope.examined.push(`a copy on a server of PostgreSQL ${programs.version} inside the drill's own task`);
  proof.scope.notExamined.push('a server of the database service: the copy ran inside the task');
  if (server.detail !== undefined) proof.scope.notExamined.push(`the copy ran ${server.detail}`);
  try {
    await work(server.login);
  } catch (error) {
    await proof.stage('remove the server', () => server.remove()).catch((left: unknown) => proof.failed(left));
    throw error;
  }
  await proof.stage('remove the server', () => server.remove());
}

/** In a task nobody can look at the disk; what helps is in pgproof.yml. */
function roomier(cause: InstanceRefusedError, database: string): InstanceRefusedError {
  const hint = `raise aws.worker.ephemeralStorageGib, or set databases.${database}.drill.target: rds in pgproof.yml`;
  return new InstanceRefusedError(cause.message, { cause, hint });
}

async function programsFor(
  { database, instance: { major } }: DrillPlan,
  servers: TaskServers | undefined,
): Promise<{ servers: TaskServers; programs: PostgresPrograms }> {
  const setting = `databases.${database}.drill.target`;
  const hint = `set ${setting}: rds in pgproof.yml`;
  if (!servers) throw new ConfigurationError([`${setting}: task: this worker can run no server`], { hint });
  try {
    return { servers, programs: await servers.programsFor(major) };
  } catch (cause) {
    if (!(cause instanceof PostgresNotFoundError)) throw cause;
    throw new ConfigurationError([`${setting}: task: the worker has no server of PostgreSQL ${major}: ${cause.message}`], { cause, hint });
  }
}

/** For the write-ahead log, which grows to this before it is used again. */
const LOG_BYTES = 1024 ** 3;

/**
 * What the tables took in the source, half of that again for indexes, and the log. It refuses what surely does not fit,
 * before hours are spent on it; whatever else fills the disk ends the restore with the server's own words.
 */
async function spaceFor(manifest: DumpManifest, { store }: ProveSetting): Promise<number> {
  const { tables } = parseFacts(manifest.facts.key, await readBound(store, manifest.facts));
  return tables.reduce((sum, { bytes }) => sum + bytes, 0) * 1.5 + LOG_BYTES;
}
