import { canonicalJson, sha256Hex } from './canonical.ts';
import type { EvidenceBody } from './evidence.ts';

/** Digest of the required checks: equal for equal sets, whatever their order. */
export function policyDigest(required: readonly string[]): string {
  return sha256Hex(canonicalJson([...new Set(required)].sort()));
}

/** The policy as evidence carries it; `before` is what the last drill of the same kind required. */
export function makePolicy(required: readonly string[], before: readonly string[] = []): EvidenceBody['policy'] {
  const sorted = [...new Set(required)].sort();
  return { required: sorted, sha256: policyDigest(sorted), dropped: droppedChecks(sorted, before) };
}

/** What was required before and is not any more: a policy that shrinks must show. */
export function droppedChecks(required: readonly string[], before: readonly string[]): string[] {
  const kept = new Set(required);
  return [...new Set(before)].filter((id) => !kept.has(id)).sort();
}
