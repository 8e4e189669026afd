import type { Acceptance, Finding } from './finding.ts';

/**
 * Turns failed findings that an owner accepted into `accepted` ones. Only a failure can be accepted, never a doubt;
 * only as far as it was written down: an acceptance of single objects covers a finding when it covers every one of
 * them. An acceptance that has expired, or names no reason or owner, changes nothing but the finding's detail.
 */
export function acceptFindings(
  findings: readonly Finding[],
  accepted: readonly Acceptance[],
  now: Date,
): readonly Finding[] {
  return findings.map((finding) => {
    const meant = accepted.filter((each) => each.check === finding.id);
    return finding.status === 'failed' && meant.length > 0 ? acceptFinding(finding, meant, now) : finding;
  });
}

/** Why an acceptance does not hold at `now`, or undefined when it does. */
export function objectionTo(acceptance: Acceptance, now: Date): string | undefined {
  if (acceptance.reason.trim() === '') return 'names no reason';
  if (acceptance.owner.trim() === '') return 'names no owner';
  const expires = Date.parse(acceptance.expires);
  if (Number.isNaN(expires)) return `has no readable expiry date: ${acceptance.expires}`;
  if (expires <= now.getTime()) return `expired at ${acceptance.expires}`;
  return undefined;
}

function acceptFinding(finding: Finding, meant: readonly Acceptance[], now: Date): Finding {
  const valid = meant.filter((each) => objectionTo(each, now) === undefined);
  if (covers(valid, finding)) return { ...finding, status: 'accepted', acceptances: valid };
  const refused = meant.map((each) => ({ each, why: objectionTo(each, now) })).filter(({ why }) => why !== undefined);
  if (refused.length === 0) return finding;
  const notes = refused.map(({ each, why }) => `the acceptance by ${each.owner.trim() || 'nobody'} ${why}`);
  return { ...finding, detail: [finding.detail, ...notes].filter(Boolean).join('; ') };
}

function covers(valid: readonly Acceptance[], { items = [], differences = items.length }: Finding): boolean {
  if (valid.some((each) => each.object === undefined)) return true;
  // A list that was cut hides objects nobody can have accepted by name.
  if (items.length === 0 || items.length < differences) return false;
  return items.every((item) => valid.some((each) => isAbout(item, each.object ?? '')));
}

/** Items begin with the object's name: `public.orders` or `public.orders: expected 3 rows, found 2`. */
function isAbout(item: string, object: string): boolean {
  return object !== '' && (item === object || item.startsWith(`${object}: `));
}
