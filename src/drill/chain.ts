import type { ObjectStore, StoredObject } from '../cloud/object-store.ts';
import type { DrillKind } from './contract.ts';
import { sha256Hex } from './canonical.ts';
import type { EvidenceBody } from './evidence.ts';
import { droppedChecks } from './policy.ts';
import { parseEvidence } from './verify-body.ts';

export interface PreviousEvidence {
  readonly key: string;
  /** Of the stored bytes as they are: what the next evidence must name to follow this one. */
  readonly sha256: string;
  /** Undefined when the stored bytes are no evidence any more. The chain still binds them; `verify` says what is wrong. */
  readonly body: EvidenceBody | undefined;
}

export function evidenceKey(database: string, drillId: string): string {
  return `v1/${database}/drills/${drillId}/evidence.json`;
}

/**
 * The newest evidence of a database, in the order of sealing, leaving out that of `drillId` itself: the link that new
 * evidence must name. Undefined when there is none.
 */
export async function findPrevious(
  store: ObjectStore,
  database: string,
  drillId?: string,
): Promise<PreviousEvidence | undefined> {
  const [newest] = await listEvidence(store, database, drillId);
  return newest && readEvidence(store, newest.key);
}

/** Checks that the last drill of the same kind required and `required` lacks; other kinds require other checks. */
export async function findDroppedChecks(
  store: ObjectStore,
  drill: { readonly database: string; readonly kind: DrillKind; readonly drillId?: string },
  required: readonly string[],
): Promise<string[]> {
  for (const { key } of await listEvidence(store, drill.database, drill.drillId)) {
    const { body } = await readEvidence(store, key);
    if (body?.kind === drill.kind) return droppedChecks(required, body.policy.required);
  }
  return [];
}

/** All readable evidence of a database, newest first. */
export async function listEvidenceBodies(store: ObjectStore, database: string): Promise<EvidenceBody[]> {
  const bodies: EvidenceBody[] = [];
  for (const { key } of await listEvidence(store, database)) {
    const { body } = await readEvidence(store, key);
    if (body) bodies.push(body);
  }
  return bodies;
}

/** Newest first. Stored times and not ids give the order, because drills overlap and the later one may be sealed first. */
export async function listEvidence(store: ObjectStore, database: string, drillId?: string): Promise<StoredObject[]> {
  const own = drillId === undefined ? undefined : evidenceKey(database, drillId);
  const found: StoredObject[] = [];
  for await (const object of store.list(`v1/${database}/drills/`)) {
    if (/\/drills\/[^/]+\/evidence\.json$/.test(object.key) && object.key !== own) found.push(object);
  }
  const time = (object: StoredObject) => object.modifiedAt.getTime();
  return found.sort((a, b) => time(b) - time(a) || (a.key < b.key ? 1 : -1));
}

export async function readEvidence(store: ObjectStore, key: string): Promise<PreviousEvidence> {
  const bytes = Buffer.concat(await Array.fromAsync(await store.read(key)));
  return { key, sha256: sha256Hex(bytes), body: parseEvidence(bytes) };
}
