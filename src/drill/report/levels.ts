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
export function levelState(body: EvidenceBody, level: AssuranceLevel): LevelState {
  const statuses = body.findings.filter((finding) => finding.required && finding.level === level).map(({ status }) => status);
  // A required check that nobody answered may have belonged here: then the level was asked for and is not proved.
  if (statuses.length === 0) return unanswered(body).length > 0 ? 'unproved' : 'unasked';
  if (level <= reachedLevel(body.assurance)) return 'held';
  if (statuses.includes('failed')) return 'failing';
  return statuses.every((status) => ['passed', 'not_applicable', 'accepted'].includes(status)) ? 'unreached' : 'unproved';
}

/** What the policy asks for and no finding answers. */
export function unanswered({ policy, findings }: EvidenceBody): string[] {
  const answered = new Set(findings.filter(({ required }) => required).map(({ id }) => id));
  return policy.required.filter((id) => !answered.has(id));
}

function reachedLevel(assurance: string): number {
  return Number(/^L([0-6])$/.exec(assurance)?.[1] ?? 0);
}
