import { z } from 'zod';
import type { Finding } from '../checks/finding.ts';
import type { Clock } from '../cloud/clock.ts';
import type { DatabaseService } from '../cloud/database-service.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import { ObjectExistsError, ObjectNotFoundError } from '../errors.ts';
import type { PostgresPrograms } from '../postgres/programs.ts';
import { isAboutBackup, readBound, readManifest } from './archive.ts';
import { findingOf, validateDumpFiles, validateSnapshot } from './validation-checks.ts';
import { backupKey, placeOfKey, type BackupPlace, type Manifest } from './manifest.ts';

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
  const earlier = await readValidation(setting.store, place);
  if (earlier) return { validation: earlier, fresh: false };
  const begin = setting.clock.now();
  const { sha256, findings } = await examine(manifestKey, setting);
  const now = setting.clock.now();
  const validation: Validation = {
    format: 1,
    kind: place.kind,
    database: place.database,
    backupId: place.backupId,
    status: findings.every((finding) => finding.status === 'passed') ? 'valid' : 'invalid',
    manifestSha256: sha256,
    validatedAt: now.toISOString(),
    milliseconds: now.getTime() - begin.getTime(),
    findings,
  };
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
    await readBound(setting.store, file).catch((error: unknown) => errors.push(error));
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

export function validationKey(place: BackupPlace): string {
  return backupKey(place, 'validation.json');
}

/** The result of an earlier validation, or undefined when there is none. */
export async function readValidation(store: ObjectStore, place: BackupPlace): Promise<Validation | undefined> {
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await store.read(validationKey(place))) chunks.push(chunk);
    const parsed = Validation.safeParse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    // One that cannot be read vouches for nothing; it stays where it is and the backup counts as not validated.
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof ObjectNotFoundError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
