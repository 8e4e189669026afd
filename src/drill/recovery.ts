import * as z from 'zod';
import { sha256Of } from '../backup/digest.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import { ObjectDamagedError } from '../errors.ts';

/**
 * What a drill to a point in time is bound to; Plan writes it before anything is created, and it takes the place that a
 * backup's manifest has. docs/format.md describes each field.
 */
const instant = z.iso.datetime();
const File = z.strictObject({ key: z.string().min(1), bytes: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) });
const Reading = z.strictObject({ mark: File, facts: File });

export const RecoveryRecord = z.strictObject({
  format: z.literal(1),
  kind: z.literal('pitr'),
  database: z.string().min(1),
  drillId: z.string().min(1),
  source: z.strictObject({ rds: z.string().exactOptional(), aurora: z.string().exactOptional() }),
  window: z.strictObject({ earliest: instant, latest: instant }),
  /** As it was asked for. */
  requested: z.string(),
  target: instant,
  /** Of the server that is recovered, from the newest reading; absent when there is none yet. */
  server: z
    .strictObject({ database: z.string(), version: z.string(), major: z.int(), superuser: z.string(), settings: z.record(z.string(), z.string()) })
    .exactOptional(),
  /** The newest reading that ended before the target, and the oldest that began after it. */
  before: Reading.exactOptional(),
  after: Reading.exactOptional(),
  /** Every mark whose row is looked for. */
  marks: z.array(File),
  readsSource: z.boolean(),
});
export type RecoveryRecord = z.infer<typeof RecoveryRecord>;
export type BoundReading = z.infer<typeof Reading>;

export function recoveryKey({ database, drillId }: { readonly database: string; readonly drillId: string }): string {
  return `v1/${database}/drills/${drillId}/recovery.json`;
}

/**
 * @param expectedSha256 as Plan had it, where that is known
 * @throws ObjectNotFoundError, ObjectDamagedError
 */
export async function readRecovery(
  store: ObjectStore,
  key: string,
  expectedSha256?: string,
): Promise<{ record: RecoveryRecord; sha256: string; bytes: number }> {
  const bytes = Buffer.concat(await Array.fromAsync(await store.read(key)));
  const sha256 = sha256Of(bytes);
  if (expectedSha256 !== undefined && sha256 !== expectedSha256) {
    throw new ObjectDamagedError(key, 'is not the record of this drill: altered since it was planned');
  }
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new ObjectDamagedError(key, 'is not JSON: truncated or overwritten', { cause });
  }
  const parsed = RecoveryRecord.safeParse(json);
  if (!parsed.success) throw new ObjectDamagedError(key, `is no record of a recovery: ${parsed.error.issues[0]?.path.join('.')}`);
  if (recoveryKey(parsed.data) !== key) throw new ObjectDamagedError(key, 'belongs to another drill: swapped');
  return { record: parsed.data, sha256, bytes: bytes.byteLength };
}
