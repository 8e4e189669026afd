import * as z from 'zod';
import type { Finding } from '../checks/finding.ts';
import type { Clock } from '../cloud/clock.ts';
import type { DatabaseService } from '../cloud/database-service.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import { ObjectDamagedError, ObjectExistsError, ObjectNotFoundError } from '../errors.ts';
import { parseJson } from '../json.ts';
import type { PostgresPrograms } from '../postgres/programs.ts';
import { isAboutBackup, parseFacts, readBound, readManifest } from './archive.ts';
import { findingOf, validateDumpFiles, validateSnapshot } from './validation-checks.ts';
import { backupKey, placeOfKey, type BackupPlace, type Manifest, type StoredFile } from './manifest.ts';

/** What validation found, kept beside the backup as `validation.json`; written once. */
export const Validation = z.object({
  format: z.literal(1),
  kind: z.enum(['dump', 'snapshot']),
  database: z.string(),
  backupId: z.string(),
  status: z.enum(['valid', 'invalid']),
  /** Of the manifest that was validated: a drill accepts no other. */
  manifestSha256: z.string(),
  validatedAt: z.iso.datetime(),
  milliseconds: z.number(),
  findings: z.array(z.custom<Finding>((value) => typeof value === 'object' && value !== null)),
});
export type Validation = z.infer<typeof Validation>;

export interface ValidationSetting {
  readonly store: ObjectStore;
  readonly databases: DatabaseService;
  readonly clock: Clock;
  /** Chosen to be able to read an archive written by this major. */
  programsFor(major: number): Promise<PostgresPrograms>;
  readonly signal?: AbortSignal;
}

/**
 * Validates the backup whose manifest landed under `manifestKey`. A second event for the same backup finds the result
 * there and changes nothing.
 *
 * @returns the result, and whether this call wrote it
 * @throws what kept it from finding out (store unreachable, no pg_restore); then nothing is written
 */
export async function validateBackup(
  manifestKey: string,
  setting: ValidationSetting,
): Promise<{ validation: Validation; fresh: boolean } | undefined> {
  const place = placeOfKey(manifestKey);
  if (place?.file !== 'manifest.json') return undefined;
  const begin = setting.clock.now();
  const earlier = await findValidation(setting.store, place);
  if (earlier.validation) return { validation: earlier.validation, fresh: false };
  if (earlier.isThere) return { validation: unreadable(place, earlier.problem, begin), fresh: false };
  const { sha256, findings } = await examine(manifestKey, setting);
  const validation = conclude(place, { sha256, findings, begin, end: setting.clock.now() });
  try {
    await setting.store.put(validationKey(place), `${JSON.stringify(validation, null, 2)}\n`, { ifAbsent: true });
  } catch (error) {
    if (!(error instanceof ObjectExistsError)) throw error;
    const other = await readValidation(setting.store, place);
    if (other) return { validation: other, fresh: false };
    throw error;
  }
  return { validation, fresh: true };
}

interface Examination {
  readonly sha256: string;
  readonly findings: Finding[];
  readonly begin: Date;
  readonly end: Date;
}

function conclude({ kind, database, backupId }: BackupPlace, { sha256, findings, begin, end }: Examination): Validation {
  return {
    format: 1,
    kind,
    database,
    backupId,
    status: findings.every(isGood) ? 'valid' : 'invalid',
    manifestSha256: sha256,
    validatedAt: end.toISOString(),
    milliseconds: end.getTime() - begin.getTime(),
    findings,
  };
}

/** Said, and not written, of a result that is there and tells nothing: nothing in the store is ever rewritten. */
function unreadable(place: BackupPlace, problem: string, now: Date): Validation {
  const error = new ObjectDamagedError(validationKey(place), problem);
  return conclude(place, { sha256: '', findings: [findingOf('manifest', { error, examined: 1 })], begin: now, end: now });
}

async function examine(key: string, setting: ValidationSetting): Promise<{ sha256: string; findings: Finding[] }> {
  let read: Awaited<ReturnType<typeof readManifest>>;
  try {
    read = await readManifest(setting.store, key);
  } catch (error) {
    if (!isAboutBackup(error)) throw error;
    return { sha256: '', findings: [findingOf('manifest', { error, examined: 1 })] };
  }
  const findings = [findingOf('manifest', { examined: 1, detail: 'complete and in its own place' })];
  findings.push(...(await examineFiles(read.manifest, setting)));
  return { sha256: read.sha256, findings };
}

async function examineFiles(manifest: Manifest, setting: ValidationSetting): Promise<Finding[]> {
  const files =
    manifest.kind === 'dump' ? [manifest.globals, manifest.facts] : [manifest.factsBefore, manifest.factsAfter];
  const errors: unknown[] = [];
  for (const file of files) {
    await examineFile(setting.store, file).catch((error: unknown) => errors.push(error));
  }
  const fatal = errors.find((error) => !isAboutBackup(error));
  if (fatal !== undefined) throw fatal as Error;
  const finding = findingOf('files', {
    error: errors[0],
    examined: files.length,
    detail: files.map(({ key }) => key.split('/').at(-1)).join(', '),
  });
  const rest =
    manifest.kind === 'dump' ? await validateDumpFiles(manifest, setting) : await validateSnapshot(manifest, setting);
  return [finding, ...rest];
}

async function examineFile(store: ObjectStore, file: StoredFile): Promise<void> {
  const text = await readBound(store, file);
  if (file.key.endsWith('.json')) parseFacts(file.key, text);
}

export function validationKey(place: BackupPlace): string {
  return backupKey(place, 'validation.json');
}

/** The result of an earlier validation, or undefined when there is none that can be relied on. */
export async function readValidation(store: ObjectStore, place: BackupPlace): Promise<Validation | undefined> {
  return (await findValidation(store, place)).validation;
}

export type FoundValidation =
  | { readonly validation: Validation }
  /** Why there is nothing to rely on, beginning with a verb; the object is `validationKey`. */
  | { readonly validation?: undefined; readonly problem: string; readonly isThere: boolean };

/** As `readValidation`, and says why there is none: a backup without a result is not drilled, and people ask why. */
export async function findValidation(store: ObjectStore, place: BackupPlace): Promise<FoundValidation> {
  let text: string;
  try {
    text = Buffer.concat(await Array.fromAsync(await store.read(validationKey(place)))).toString('utf8');
  } catch (error) {
    if (!(error instanceof ObjectNotFoundError)) throw error;
    return { problem: 'does not exist: the backup was never validated, or its result was deleted', isThere: false };
  }
  const validation = Validation.safeParse(parseJson(text)).data;
  const problem = validation ? objectionTo(validation, place) : 'is no result of a validation: truncated or overwritten';
  return validation && problem === undefined ? { validation } : { problem: problem ?? '', isThere: true };
}

function objectionTo({ kind, database, backupId, status, findings }: Validation, place: BackupPlace): string | undefined {
  if (kind !== place.kind || database !== place.database || backupId !== place.backupId) {
    return `belongs to ${kind} ${backupId} of ${database}: swapped with another backup's`;
  }
  const isGrounded = findings.some(({ status }) => status === 'passed') && findings.every(isGood);
  return status === 'valid' && !isGrounded ? 'says valid, and its findings do not' : undefined;
}

function isGood({ status, examined, detail }: Finding): boolean {
  return status === 'passed' ? examined > 0 : status === 'not_applicable' && detail !== undefined;
}
