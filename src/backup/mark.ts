import * as z from 'zod';
import type { ObjectStore } from '../cloud/object-store.ts';
import { ObjectDamagedError, ObjectNotFoundError } from '../errors.ts';
import { sha256Of } from './digest.ts';
import type { StoredFile } from './manifest.ts';

/**
 * A reading of the source: its structure, and a row left in its heartbeat table where there is one. The mark says when,
 * by the source's own clock, and binds the facts; it is written last. A recovery to a point in time is held against the
 * readings around it.
 */
const micros = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
const File = z.strictObject({ key: z.string().min(1), bytes: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) });

export const Mark = z.strictObject({
  format: z.literal(1),
  kind: z.literal('mark'),
  database: z.string().min(1),
  /** Before anything was read or written. */
  beganAt: micros,
  /** After everything was. */
  endedAt: micros,
  facts: File,
  heartbeat: z.strictObject({ table: z.string(), id: z.string(), at: micros, begunAt: micros, committedAt: micros }).optional(),
});
export type Mark = z.infer<typeof Mark>;

/** Keys of the two files of a reading. */
export interface ReadingKeys {
  readonly facts: string;
  readonly mark: string;
}

export function readingKeys({ database, readingId }: { readonly database: string; readonly readingId: string }): ReadingKeys {
  const place = `v1/${database}/readings/${readingId}`;
  return { facts: `${place}/facts.json`, mark: `${place}/mark.json` };
}

/** True for the key of a mark, of a reading by itself or of one of the two around a snapshot. */
export function isMarkKey(key: string): boolean {
  return /^v1\/[^/]+\/(readings\/[^/]+\/mark|snapshots\/[^/]+\/mark-(before|after))\.json$/.test(key);
}

export interface StoredMark {
  readonly file: StoredFile;
  readonly mark: Mark;
}

/**
 * The mark under a key; undefined when there is none.
 * @throws ObjectDamagedError when it is no mark, or another database's
 */
export async function readMark(store: ObjectStore, key: string): Promise<StoredMark | undefined> {
  let bytes: Buffer;
  try {
    bytes = Buffer.concat(await Array.fromAsync(await store.read(key)));
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  }
  return { file: { key, bytes: bytes.byteLength, sha256: sha256Of(bytes) }, mark: parseMark(key, bytes.toString('utf8')) };
}

/** @throws ObjectDamagedError */
export function parseMark(key: string, text: string): Mark {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ObjectDamagedError(key, 'is not JSON: truncated or overwritten', { cause });
  }
  const parsed = Mark.safeParse(json);
  if (!parsed.success) throw new ObjectDamagedError(key, `is no mark: ${parsed.error.issues[0]?.path.join('.')}`);
  const factsKey = key.replace(/mark((?:-before|-after)?\.json)$/, 'facts$1');
  if (parsed.data.database !== key.split('/')[1] || parsed.data.facts.key !== factsKey) {
    throw new ObjectDamagedError(key, 'belongs to another reading: swapped');
  }
  return parsed.data;
}
