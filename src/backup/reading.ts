import type { ObjectStore } from '../cloud/object-store.ts';
import type { SnapshotFactsTask } from '../drill/contract.ts';
import { ObjectExistsError } from '../errors.ts';
import type { Facts } from '../facts/facts.ts';
import { readFacts } from '../facts/read.ts';
import { mergeSequences, readSequences } from '../facts/sequences.ts';
import { connect, type Address } from '../postgres/address.ts';
import { steadySession } from '../postgres/exported-snapshot.ts';
import { sha256Of } from './digest.ts';
import { leaveHeartbeat, readClock } from './heartbeat.ts';
import { backupKey } from './manifest.ts';
import type { Mark, ReadingKeys } from './mark.ts';

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

const SNAPSHOT_FILES = {
  begin: { facts: 'facts-before.json', mark: 'mark-before.json' },
  end: { facts: 'facts-after.json', mark: 'mark-after.json' },
} as const;

/** Reads the source beside the snapshot to be, as any other reading does; see `takeReading`. */
export async function readSnapshotFacts({ database, snapshotId, moment }: SnapshotFactsTask, setting: ReadSetting): Promise<void> {
  const place = { kind: 'snapshot', database, backupId: snapshotId } as const;
  const { facts, mark } = SNAPSHOT_FILES[moment];
  await takeReading(database, { facts: backupKey(place, facts), mark: backupKey(place, mark) }, setting);
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
