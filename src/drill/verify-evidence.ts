import { createHash } from 'node:crypto';
import { ObjectNotFoundError } from '../errors.ts';
import { sha256Hex } from './canonical.ts';
import { evidenceKey } from './chain.ts';
import type { EvidenceBody, Subject } from './evidence.ts';
import { droppedChecks } from './policy.ts';
import { belongsToBackup, parseEvidence, readBody, verifyBody } from './verify-body.ts';
import { altered, readPublicKey, verifySeal, type Problem } from './verify-seal.ts';

export interface VerifyRequest {
  /** The file as it is; give bytes where possible, because decoding to a string can hide an altered byte. */
  readonly text: string | Uint8Array;
  /** PEM. Never taken from the file: whoever rewrites the file could put his own key there. */
  readonly publicKey: string | undefined;
  /** Opens an object of the store; undefined, or ObjectNotFoundError, when it is not there. Without it objects stay unchecked. */
  readonly readObject?: ReadObject;
  /** The evidence before this one, where it is not in the store. */
  readonly previous?: string | Uint8Array;
}

export type ObjectStream = AsyncIterable<Uint8Array> | undefined;
export type ReadObject = (key: string) => ObjectStream | Promise<ObjectStream>;

export interface Verification {
  /** True when there is no problem. What was left unchecked is in `unchecked` and for the caller to say. */
  readonly ok: boolean;
  readonly problems: readonly Problem[];
  readonly checked: readonly string[];
  readonly unchecked: readonly { readonly part: string; readonly reason: string }[];
  /** The evidence, only when it can be believed. */
  readonly evidence?: EvidenceBody;
}

interface Findings {
  readonly problems: Problem[];
  readonly checked: string[];
  readonly unchecked: { part: string; reason: string }[];
}

/**
 * Checks sealed evidence with nothing but the file, the objects and the public key: that no byte of the file was
 * altered since the key sealed it, that its verdict follows from its findings, that the objects it speaks of are
 * still those bytes, and that it follows the evidence before it.
 * @throws SigningKeyError without a usable public key
 */
export async function verifyEvidence(request: VerifyRequest): Promise<Verification> {
  const publicKey = readPublicKey(request.publicKey);
  const sealed = verifySeal(request.text, publicKey);
  const { body, problems: unread } = sealed.body ? readBody(sealed.body) : { problems: [] };
  const parts: Findings[] = [{ problems: [...sealed.problems, ...unread], checked: ['seal'], unchecked: [] }];
  if (body !== undefined) {
    parts.push({ problems: verifyBody(body), checked: ['verdict', 'policy'], unchecked: [] });
    for (const subject of body.subjects) parts.push(await verifySubject(body, subject, request.readObject));
    parts.push(await verifyChain(body, request));
  }
  const problems = distinct(parts.flatMap((part) => part.problems));
  const ok = problems.length === 0;
  return {
    ok,
    problems,
    checked: parts.flatMap((part) => part.checked),
    unchecked: parts.flatMap((part) => part.unchecked),
    ...(ok && body !== undefined ? { evidence: body } : {}),
  };
}

async function verifySubject(body: EvidenceBody, subject: Subject, readObject?: ReadObject): Promise<Findings> {
  const { role, key, bytes, sha256 } = subject;
  if (role === 'snapshot') return unchecked(key, 'the service keeps snapshots and gives no bytes to hash');
  if (!belongsToBackup(body, subject)) return unchecked(key, 'it is no object of this backup');
  if (readObject === undefined) return unchecked(key, 'no store was given');
  const stream = await openObject(key, readObject);
  if (stream === undefined) {
    return { problems: [{ part: key, problem: 'is missing from the store', kind: 'missing' }], checked: [], unchecked: [] };
  }
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    length += chunk.byteLength;
  }
  const problems: Problem[] = [];
  if (length !== bytes) problems.push(altered(key, `has ${length} bytes, ${bytes} were sealed`));
  else if (hash.digest('hex') !== sha256) problems.push(altered(key, 'its bytes are not those that were sealed'));
  return { problems, checked: [key], unchecked: [] };
}

async function verifyChain(body: EvidenceBody, { readObject, previous }: VerifyRequest): Promise<Findings> {
  const link = body.previous;
  if (link === null) return unchecked('chain', 'this evidence says that it is the first of its database');
  const [, drillId = ''] = /\/drills\/([^/]+)\/evidence\.json$/.exec(link.key) ?? [];
  if (['', '.', '..', body.drillId].includes(drillId) || link.key !== evidenceKey(body.database, drillId)) {
    return { problems: [altered('chain', `${link.key} is no earlier evidence of ${body.database}`)], checked: [], unchecked: [] };
  }
  const bytes = previous ?? (readObject ? await readAll(link.key, readObject) : undefined);
  if (bytes === undefined) return unchecked('chain', `the evidence before this one is missing: ${link.key}`);
  if (sha256Hex(bytes) !== link.sha256) {
    const problem = `${link.key} is not the evidence that this one follows`;
    return { problems: [altered('chain', problem)], checked: [], unchecked: [] };
  }
  return { problems: verifyDropped(body, bytes), checked: ['chain'], unchecked: [] };
}

/** Now that the evidence before is known to be the right one: what it required and this one does not must be said. */
function verifyDropped(body: EvidenceBody, previous: string | Uint8Array): Problem[] {
  const before = parseEvidence(previous);
  if (before?.kind !== body.kind) return [];
  const dropped = droppedChecks(body.policy.required, before.policy.required);
  const unsaid = dropped.filter((id) => !body.policy.dropped.includes(id));
  return unsaid.map((id) => altered('evidence.policy', `required check ${id} was dropped and that is not said`));
}

async function openObject(key: string, readObject: ReadObject): Promise<ObjectStream> {
  try {
    return await readObject(key);
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  }
}

async function readAll(key: string, readObject: ReadObject): Promise<Uint8Array | undefined> {
  const stream = await openObject(key, readObject);
  return stream && Buffer.concat(await Array.fromAsync(stream));
}

function unchecked(part: string, reason: string): Findings {
  return { problems: [], checked: [], unchecked: [{ part, reason }] };
}

function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((each) => [`${each.part} ${each.problem}`, each])).values()];
}
