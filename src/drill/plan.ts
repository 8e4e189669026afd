import { readManifest } from '../backup/archive.ts';
import { listBackups, listDatabases, manifestKeyOf, newestValidated, type Candidate } from '../backup/catalog.ts';
import { readValidation } from '../backup/validation.ts';
import type { Clock } from '../cloud/clock.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import { databaseConfig, type Config } from '../config/config.ts';
import { BackupNotValidError, ConfigurationError, NoBackupError } from '../errors.ts';
import { DrillInput, type BackupKind, type DrillPlan, type PlanRequest } from './contract.ts';

export interface PlanSetting {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly config: Config;
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
  const kind = input.kind ?? 'dump';
  const { candidate, selection } = await select(store, database, kind, input.backup);
  const { place, validation } = candidate;
  const manifestKey = manifestKeyOf(place);
  const { manifest, sha256 } = await readManifest(store, manifestKey, validation?.manifestSha256);
  const { instanceTimeout } = databaseConfig(config, database).drill;
  return {
    drillId: request.drillId,
    database,
    kind,
    backupId: place.backupId,
    manifestKey,
    manifestSha256: sha256,
    selection,
    instanceId: instanceIdOf(database, request.drillId),
    takenAt: manifest.takenAt,
    decidedAt: decidedAt.toISOString(),
    deadlineAt: new Date(decidedAt.getTime() + instanceTimeout * 1000).toISOString(),
    instance: {
      major: manifest.source.major,
      superuser: manifest.source.superuser,
      parameters: manifest.source.settings,
    },
    ...(input.break === undefined ? {} : { fault: input.break }),
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
  const places = await listBackups(store, database, kind);
  const place = places.find((known) => known.backupId === backupId);
  if (!place) {
    const newest = places[0] ? `; the newest is ${places[0].backupId}` : '';
    throw new NoBackupError(`${database} has no ${kind} ${backupId}${newest}`, { hint: 'npx pgproof status' });
  }
  const validation = await readValidation(store, place);
  if (validation?.status !== 'valid') throw new BackupNotValidError(whyPassedOver({ place, validation }));
  return { candidate: { place, validation }, selection: { listed: places.length, passedOver: [] } };
}

function whyPassedOver({ place, validation }: Candidate): string {
  if (!validation) return `${place.kind} ${place.backupId} was never validated`;
  const failed = validation.findings.find((finding) => finding.status !== 'passed');
  return `${place.kind} ${place.backupId} is invalid: ${failed?.detail ?? failed?.name ?? 'no finding'}`;
}

/** At most 63 characters of a-z, 0-9 and single hyphens, beginning with the prefix that policies rely on. */
function instanceIdOf(database: string, drillId: string): string {
  const clean = `${database}-${drillId}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return `pgproof-drill-${clean.slice(-48)}`.replaceAll(/-+/g, '-').replace(/-$/, '');
}
