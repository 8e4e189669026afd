import * as z from 'zod';
import type { ObjectStore } from '../cloud/object-store.ts';
import { ObjectDamagedError, ObjectExistsError, ObjectNotFoundError } from '../errors.ts';
import type { Facts } from '../facts/facts.ts';
import { readFacts } from '../facts/read.ts';
import { mergeSequences, readSequences } from '../facts/sequences.ts';
import { connect, type Address } from '../postgres/address.ts';
import { steadySession } from '../postgres/exported-snapshot.ts';
import { sha256Of } from './digest.ts';
import { leaveHeartbeat, readClock } from './heartbeat.ts';
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

export interface ReadSetting {
  readonly store: ObjectStore;
  readonly address: Address;
  /** `schema.table`. */
  readonly heartbeat?: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Leaves the row and reads the structure, quickly and without the rows of tables. A reading that is there already is
 * kept: it was made at its moment too, and something may be bound to it.
 * @throws ConfigurationError when no row can be left in the heartbeat table
 */
export async function takeReading(database: string, keys: ReadingKeys, setting: ReadSetting): Promise<void> {
  const { store, address, heartbeat: table, signal } = setting;
  if (await store.head(keys.mark)) return;
  const client = await connect(address);
  try {
    await steadySession(client);
    const beganAt = await readClock(client);
    const heartbeat = table === undefined ? undefined : await leaveHeartbeat(client, database, table);
    const read = await readFacts({ connect: () => connect(address), scope: 'structure', parallel: 2, signal });
    const sequences = await readSequences(client);
    const facts: Facts = { ...read, sequences: mergeSequences(sequences, sequences) };
    const own = `${JSON.stringify(facts)}\n`;
    const text = await putOnce(store, keys.facts, own, signal);
    // Of an earlier attempt that broke off the facts may be there: then the reading began with those.
    const kept = (JSON.parse(text) as Facts).readAt.replace(/(\.\d{3})Z$/, '$1000Z');
    const mark: Mark = {
      format: 1,
      kind: 'mark',
      database,
      beganAt: text === own || kept > beganAt ? beganAt : kept,
      endedAt: await readClock(client),
      facts: { key: keys.facts, bytes: Buffer.byteLength(text), sha256: sha256Of(text) },
      ...(heartbeat ? { heartbeat } : {}),
    };
    await putOnce(store, keys.mark, `${JSON.stringify(mark, null, 2)}\n`, signal);
  } finally {
    await client.end();
  }
}

/** Returns what is kept under the key: the text, or what was there before it. */
async function putOnce(store: ObjectStore, key: string, text: string, signal: AbortSignal): Promise<string> {
  try {
    await store.put(key, text, { ifAbsent: true, signal });
    return text;
  } catch (error) {
    if (!(error instanceof ObjectExistsError)) throw error;
    return new TextDecoder().decode(Buffer.concat(await Array.fromAsync(await store.read(key))));
  }
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
