import type { Cloud } from '../cloud/cloud.ts';
import type { TaskLauncher } from '../cloud/task-launcher.ts';
import type { AwsConfig } from '../config/aws.ts';
import { announceValidation } from '../drill/announce.ts';
import { announceOnce } from './announce-once.ts';
import { isAboutBackup, readManifest } from './archive.ts';
import { launchPatiently } from './launch.ts';
import { backupKey, placeOfKey, type Manifest } from './manifest.ts';
import { findValidation, validateBackup, type Validation, type ValidationSetting } from './validation.ts';

/** What follows when a manifest has landed. */

/**
 * Validates the backup and tells people, once. Whoever failed to tell them tells them when asked again.
 * @returns undefined when the key is no manifest's
 */
export async function validateAndTell(
  manifestKey: string,
  setting: ValidationSetting & Pick<Cloud, 'notifier'>,
): Promise<Validation | undefined> {
  const result = await validateBackup(manifestKey, setting);
  const place = placeOfKey(manifestKey);
  if (!result || !place) return undefined;
  await announceOnce(backupKey(place, 'told/validation.json'), announceValidation(result.validation), setting);
  return result.validation;
}

export interface HandOverSetting extends Pick<Cloud, 'store' | 'clock'> {
  readonly config: { readonly aws?: Pick<AwsConfig, 'validateInFunctionGib'> | undefined };
  /** Absent where there are no functions whose time could run out. */
  readonly launcher?: TaskLauncher | undefined;
}

const GIB = 1024 ** 3;

/**
 * Hands a backup that is too large for a function's fifteen minutes to a worker task; false when it is not, or was validated
 * already. A manifest that cannot be read is for the validation to judge.
 * @throws TaskRefusedError when the task could not be begun
 */
export async function handOver(manifestKey: string, { store, clock, config, launcher }: HandOverSetting): Promise<boolean> {
  const place = placeOfKey(manifestKey);
  const limit = config.aws?.validateInFunctionGib;
  if (place?.file !== 'manifest.json' || launcher === undefined || limit === undefined) return false;
  const bytes = await sizeOf(manifestKey, store);
  if (bytes === undefined || bytes <= limit * GIB) return false;
  const { validation, ...found } = await findValidation(store, place);
  if (validation || ('isThere' in found && found.isThere)) return false;
  await launchPatiently({ verb: 'validate', database: place.database, manifestKey }, { launcher, clock });
  return true;
}

/** Bytes that a validation reads from the store. */
async function sizeOf(manifestKey: string, store: Cloud['store']): Promise<number | undefined> {
  try {
    const { manifest } = await readManifest(store, manifestKey);
    return filesOf(manifest).reduce((sum, { bytes }) => sum + bytes, 0);
  } catch (error) {
    if (isAboutBackup(error)) return undefined;
    throw error;
  }
}

function filesOf(manifest: Manifest): readonly { readonly bytes: number }[] {
  return manifest.kind === 'dump' ? [manifest.archive, manifest.globals, manifest.facts] : [manifest.factsBefore, manifest.factsAfter];
}
