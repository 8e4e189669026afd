import type { DrillError, VerdictWord } from '../drill/evidence.ts';
import type { CheckStatus, Finding } from './finding.ts';

/**
 * The one place where a verdict is made. Absence of proof is never a pass: everything that is missing, empty or
 * unexplained counts against PROVEN. The rules belong to evidence format 1, because `verify` derives the verdict again.
 */
export interface VerdictInput {
  readonly findings: readonly Finding[];
  /** Ids of the checks that the policy requires, whether or not anything was found out about them. */
  readonly required: readonly string[];
  readonly errors: readonly DrillError[];
}

export type AssuranceLabel = `L${0 | 1 | 2 | 3 | 4 | 5 | 6}`;

export interface Verdict {
  readonly verdict: VerdictWord;
  readonly assurance: AssuranceLabel;
  /** One sentence for a person. Its wording may change between versions; the word and the level may not. */
  readonly reason: string;
}

/**
 * FAILED when a required check failed or the backup itself caused an error; PROVEN when every required check is
 * satisfied, at least one comparison with the source over a non-empty set passed and no error stood in the way;
 * else NOT PROVEN. Cleanup, RTO and RPO are axes of their own and never change the word.
 */
export function deriveVerdict(input: VerdictInput): Verdict {
  const required = input.findings.filter((finding) => finding.required).map(judge);
  const known = new Set(required.map(({ finding }) => finding.id));
  const missing = [...new Set(input.required)].filter((id) => !known.has(id));
  const errors = input.errors.filter((error) => error.name !== CLEANUP_ERROR);
  const assurance = missing.length > 0 ? 'L0' : assuranceOf(required);

  const damage = errors.find((error) => error.origin === 'backup');
  const failed = required.filter(({ status }) => status === 'failed');
  if (failed[0] !== undefined || damage !== undefined) {
    const reason = failed[0] ? describeFirst(failed[0], failed.length, 'failed') : describeDrillError(damage as DrillError);
    return { verdict: 'FAILED', assurance, reason };
  }

  const doubt = describeDoubt(errors, required, missing);
  if (doubt !== undefined) return { verdict: 'NOT PROVEN', assurance, reason: doubt };
  return { verdict: 'PROVEN', assurance, reason: describeProof(required) };
}

/** The one error that cannot speak about the backup: it comes after everything was found out. */
const CLEANUP_ERROR = 'CleanupFailedError';

interface Judged {
  readonly finding: Finding;
  /** What the finding is worth, which may be less than what it says. */
  readonly status: CheckStatus;
  /** Why it is worth less. */
  readonly objection?: string;
}

/** Takes a finding at its word only as far as it gives grounds. */
function judge(finding: Finding): Judged {
  const { status, examined, detail, acceptances } = finding;
  if (status === 'passed' && !(Number.isSafeInteger(examined) && examined > 0)) {
    return { finding, status: 'could_not_verify', objection: 'it examined nothing' };
  }
  if (status === 'not_applicable' && !detail?.trim()) {
    return { finding, status: 'could_not_verify', objection: 'it is said not to apply without the fact that shows it' };
  }
  if (status === 'accepted' && !acceptances?.length) {
    return { finding, status: 'failed', objection: 'it is accepted by nobody' };
  }
  return { finding, status };
}

const SATISFIED: ReadonlySet<CheckStatus> = new Set(['passed', 'not_applicable', 'accepted']);

/**
 * The highest level with everything satisfied up to it and something passed on it. A level without required checks
 * is stepped over; a level where nothing passed is not, so that nothing above rests on air.
 */
function assuranceOf(required: readonly Judged[]): AssuranceLabel {
  let reached: AssuranceLabel = 'L0';
  for (const level of [1, 2, 3, 4, 5, 6] as const) {
    const here = required.filter(({ finding }) => finding.level === level);
    if (here.length === 0) continue;
    if (!here.every(({ status }) => SATISFIED.has(status))) break;
    if (!here.some(({ status }) => status === 'passed')) break;
    reached = `L${level}`;
  }
  return reached;
}

function describeDoubt(errors: readonly DrillError[], required: readonly Judged[], missing: readonly string[]) {
  if (errors[0] !== undefined) return describeDrillError(errors[0]);
  const open = required.filter(({ status }) => !SATISFIED.has(status));
  const first = open[0];
  if (first !== undefined) {
    const what = first.status === 'not_requested' ? 'not requested' : 'could not be verified';
    return describeFirst(first, open.length + missing.length, what);
  }
  if (missing[0] !== undefined) {
    return sentence(`required check ${missing[0]} was not requested${andMore(missing.length)}`);
  }
  if (!required.some(({ finding, status }) => finding.equality && status === 'passed')) {
    return 'Nothing was compared with the source';
  }
  return undefined;
}

function describeFirst({ finding, objection }: Judged, count: number, what: string): string {
  const why = objection ?? finding.detail ?? finding.items?.[0];
  return sentence(`${finding.name}: ${why ?? what}${andMore(count, what)}`);
}

function describeDrillError({ state, name, message }: DrillError): string {
  return sentence(`${state} ended with ${name}: ${message}`);
}

function describeProof(required: readonly Judged[]): string {
  const count = (status: CheckStatus) => required.filter((each) => each.status === status).length;
  const equal = required.filter(({ finding, status }) => finding.equality && status === 'passed').length;
  const inapplicable = count('not_applicable');
  const accepted = count('accepted');
  const notes = [
    inapplicable > 0 ? `${inapplicable} ${inapplicable === 1 ? 'does' : 'do'} not apply` : '',
    accepted > 0 ? `${accepted} failed and ${accepted === 1 ? 'is' : 'are'} accepted for now` : '',
  ].filter(Boolean);
  const rest = notes.length > 0 ? `; ${notes.join(', ')}` : '';
  return `${count('passed')} required checks passed, ${equal} of them comparisons with the source${rest}`;
}

function andMore(count: number, what = 'missing'): string {
  return count > 1 ? ` (and ${count - 1} more ${what})` : '';
}

/** One line that begins with a capital letter, whatever a message brought along. */
function sentence(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.slice(0, 1).toUpperCase() + line.slice(1);
}
