import type { Facts } from '../facts/facts.ts';
import type { Finding } from './finding.ts';

/** Counts and values of sequences are numbers, which every version reads alike. */
const SURE: ReadonlySet<string> = new Set(['row-count', 'sequences']);

/**
 * Facts read by two versions of pgproof may spell the same thing differently. Equal is equal all the same; but what
 * differs is then not known to be a fault of the backup, and never a pass either.
 */
export function allowForReaders(findings: readonly Finding[], expected: Facts, actual: Facts): Finding[] {
  if (expected.reader === actual.reader) return [...findings];
  return findings.map((finding) => {
    if (finding.status !== 'failed' || !finding.equality || SURE.has(finding.id)) return finding;
    const versions = `the facts were read by version ${expected.reader} and now by version ${actual.reader}`;
    return { ...finding, status: 'could_not_verify', cause: 'tool', detail: `${versions}: ${finding.detail ?? ''}` };
  });
}
