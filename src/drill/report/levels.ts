import type { AssuranceLevel } from '../../checks/finding.ts';
import type { EvidenceBody } from '../evidence.ts';

export type LevelState = 'held' | 'failing' | 'unproved' | 'unreached' | 'unasked';

export const LEVEL_WORDS: Readonly<Record<LevelState, string>> = {
  held: 'holds',
  failing: 'fails',
  unproved: 'not proved',
  unreached: 'passed, but not counted',
  unasked: 'not required',
};

/** Where one level stands. What failed is told apart from what was only not shown. */
export function levelState({ assurance, findings }: EvidenceBody, level: AssuranceLevel): LevelState {
  const statuses = findings.filter((finding) => finding.required && finding.level === level).map(({ status }) => status);
  if (statuses.length === 0) return 'unasked';
  if (level <= reachedLevel(assurance)) return 'held';
  if (statuses.includes('failed')) return 'failing';
  return statuses.every((status) => ['passed', 'not_applicable', 'accepted'].includes(status)) ? 'unreached' : 'unproved';
}

function reachedLevel(assurance: string): number {
  return Number(/^L([0-6])$/.exec(assurance)?.[1] ?? 0);
}
