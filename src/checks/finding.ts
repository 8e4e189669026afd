import type { Origin } from '../errors.ts';

export type CheckStatus =
  | 'passed'
  | 'failed'
  | 'could_not_verify'
  | 'not_applicable'
  | 'not_requested'
  | 'accepted';

/** L1 artefact intact, L2 restores, L3 structure equal, L4 rows equal, L5 content equal, L6 application works. */
export type AssuranceLevel = 1 | 2 | 3 | 4 | 5 | 6;

/** What one check found out. The verdict is derived from these and nothing else. */
export interface Finding {
  /** Stable, kebab-case: `row-count`. */
  readonly id: string;
  /** For people: `Row counts`. */
  readonly name: string;
  /** Where the check stands in docs/checks.md. */
  readonly number: number;
  readonly status: CheckStatus;
  /**
   * Required findings decide the verdict. A finding that is not required is reported only: a defect that the source
   * itself has and that the copy reproduces faithfully.
   */
  readonly required: boolean;
  /** The assurance level this check supports; it counts towards a level only when it passed. */
  readonly level: AssuranceLevel;
  /** True for a comparison with the source, the only kind that can carry a PROVEN. */
  readonly equality: boolean;
  /** How many items were looked at. Zero never passes. */
  readonly examined: number;
  /** Whose fault; present on everything that is neither passed nor not_applicable. */
  readonly cause?: Origin;
  /** One line for a person: what was compared, or what is wrong, naming the first object. */
  readonly detail?: string;
  /** The differing objects, at most 50, each one line; never row values. */
  readonly items?: readonly string[];
  /** How many objects differ in all, when `items` is cut. */
  readonly differences?: number;
  /** Who accepted this failure, why and until when; present when and only when the status is `accepted`. */
  readonly acceptances?: readonly Acceptance[];
}

/** A failure that an owner takes upon himself for a while, written down in pgproof.yml. */
export interface Acceptance {
  /** Id of the check. */
  readonly check: string;
  /** The one object it speaks of, as the finding's items name it; without it, the whole check. */
  readonly object?: string;
  readonly reason: string;
  readonly owner: string;
  /** ISO 8601, a date alone meaning its first moment in UTC; from then on the finding counts as failed again. */
  readonly expires: string;
}
