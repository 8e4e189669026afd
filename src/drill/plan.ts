import { readManifest } from '../backup/archive.ts';
import {
  listDatabases,
  listPlaces,
  manifestKeyOf,
  newestValidated,
  readCandidate,
  whyNoBackup,
  type Candidate,
} from '../backup/catalog.ts';
import type { Clock } from '../cloud/clock.ts';
import type { DatabaseService } from '../cloud/database-service.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import { databaseConfig, type Config, type DatabaseConfig } from '../config/schema.ts';
import { BackupNotValidError, ConfigurationError, NoBackupError } from '../errors.ts';
import { DrillInput, type BackupKind, type DrillPlan, type PlanRequest } from './contract.ts';
import { planRecovery } from './plan-pitr.ts';

export interface PlanSetting {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly config: Config;
  readonly databases: Pick<DatabaseService, 'recoveryWindow'>;
}

/**
 * Decides what to drill and fixes every name before anything is created.
 *
 * @throws ConfigurationError for an input that cannot be meant
 * @throws NoBackupError when there is nothing to drill
 * @throws BackupNotValidError when the named backup is not known to be valid
 */
export async function planDrill(request: PlanRequest, setting: PlanSetting): Promise<DrillPlan> {
  const { store, clock, config } = setting;
  const decidedAt = clock.now();
  const input = parseInput(request.input);
  const database = input.database ?? (await onlyDatabase(store, config));
  // Whoever names a time means a point in time.
  const kind = input.kind ?? (input.to === undefined ? 'dump' : 'pitr');
  if (kind !== 'pitr' && input.to !== undefined) throw new ConfigurationError([`to: a ${kind} holds one moment only; expected kind pitr`]);
  const settings = databaseConfig(config, database);
  const { drillId } = request;
  const chosen =
    kind === 'pitr'
      ? await planRecovery({ database, drillId, input, config: settings }, setting)
      : await planBackup(store, database, kind, input.backup);
  const { instanceTimeout, target, instance } = settings.drill;
  return {
    drillId,
    database,
    kind,
    instanceId: instanceIdOf(database, drillId),
    decidedAt: decidedAt.toISOString(),
    deadlineAt: new Date(decidedAt.getTime() + instanceTimeout * 1000).toISOString(),
    target: kind === 'dump' && target === 'task' ? 'task' : 'service',
    differences: onlySet(isInstanceOfItsOwn(kind, settings) ? { ...instance, parameterGroup: undefined } : instance),
    ...chosen,
    ...(input.break === undefined ? {} : { fault: input.break }),
  };
}

/** What a plan to restore a backup adds to what all plans have. */
async function planBackup(store: ObjectStore, database: string, kind: BackupKind, backupId: string | undefined) {
  const { candidate, selection } = await select(store, database, kind, backupId);
  const { place, validation } = candidate;
  const manifestKey = manifestKeyOf(place);
  const { manifest, sha256 } = await readManifest(store, manifestKey, validation?.manifestSha256);
  const { major, superuser, settings } = manifest.source;
  return {
    backupId: place.backupId,
    manifestKey,
    manifestSha256: sha256,
    selection,
    takenAt: manifest.takenAt,
    instance: { major, superuser, parameters: settings },
    readsSource: false,
  };
}

/** A dump of a cluster is restored to an instance, which takes no parameter group of clusters. */
function isInstanceOfItsOwn(kind: DrillPlan['kind'], { source }: DatabaseConfig): boolean {
  return kind === 'dump' && source?.aurora !== undefined;
}

function onlySet({ class: instanceClass, storageGib, parameterGroup }: DatabaseConfig['drill']['instance']): DrillPlan['differences'] {
  return {
    ...(instanceClass === undefined ? {} : { class: instanceClass }),
    ...(storageGib === undefined ? {} : { storageGib }),
    ...(parameterGroup === undefined ? {} : { parameterGroup }),
  };
}

export function parseInput(input: unknown): DrillInput {
  const parsed = DrillInput.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  throw new ConfigurationError(
    parsed.error.issues.map((issue) => `drill input: ${issue.path.join('.') || '(whole)'}: ${issue.message}`),
  );
}

async function onlyDatabase(store: ObjectStore, config: Config): Promise<string> {
  const configured = Object.keys(config.databases);
  const names = configured.length > 0 ? configured : await listDatabases(store);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  if (only === undefined) throw new NoBackupError('there is no backup of any database', { hint: 'npx pgproof backup' });
  throw new ConfigurationError([`database: expected one of ${names.join(', ')}`]);
}

async function select(
  store: ObjectStore,
  database: string,
  kind: BackupKind,
  backupId: string | undefined,
): Promise<{ candidate: Candidate; selection: DrillPlan['selection'] }> {
  if (backupId !== undefined) return await selectNamed(store, database, kind, backupId);
  const { chosen, passedOver, listed } = await newestValidated(store, database, kind);
  const reasons = passedOver.map(whyPassedOver);
  if (chosen) return { candidate: chosen, selection: { listed, passedOver: reasons.slice(0, 20) } };
  if (reasons[0] === undefined) {
    throw new NoBackupError(`there is no ${kind} of ${database}`, { hint: `npx pgproof backup --database ${database}` });
  }
  throw new BackupNotValidError(`none of the ${reasons.length} ${kind}s of ${database} is valid; ${reasons[0]}`, {
    hint: 'npx pgproof status',
  });
}

async function selectNamed(store: ObjectStore, database: string, kind: BackupKind, backupId: string) {
  const places = await listPlaces(store, database, kind);
  const backups = places.filter(({ files }) => files.has('manifest.json'));
  const named = places.find(({ place }) => place.backupId === backupId);
  const lost = named && whyNoBackup(named);
  if (lost !== undefined) throw new BackupNotValidError(lost, { hint: 'npx pgproof status' });
  if (!named?.files.has('manifest.json')) {
    const newest = backups[0] ? `; the newest is ${backups[0].place.backupId}` : '';
    const why = named ? ': it was begun and has no manifest.json' : '';
    throw new NoBackupError(`${database} has no ${kind} ${backupId}${why}${newest}`, { hint: 'npx pgproof status' });
  }
  const candidate = await readCandidate(store, named.place);
  if (candidate.validation?.status !== 'valid') throw new BackupNotValidError(whyPassedOver(candidate));
  return { candidate, selection: { listed: backups.length, passedOver: [] } };
}

function whyPassedOver({ place, validation, problem }: Candidate): string {
  if (!validation) return `${place.kind} ${place.backupId}: ${problem ?? 'was never validated'}`;
  const failed = validation.findings.find(({ status }) => status === 'failed');
  return `${place.kind} ${place.backupId} is invalid: ${failed?.detail ?? failed?.name ?? 'no finding'}`;
}

/** At most 63 characters of a-z, 0-9 and single hyphens, beginning with the prefix that policies rely on. */
function instanceIdOf(database: string, drillId: string): string {
  const clean = `${database}-${drillId}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return `pgproof-drill-${clean.slice(-48)}`.replaceAll(/-+/g, '-').replace(/-$/, '');
}
