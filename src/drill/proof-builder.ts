import type { AssuranceLevel, Finding } from '../checks/finding.ts';
import type { Clock } from '../cloud/clock.ts';
import { describeError, originOf } from '../errors.ts';
import type { DrillPlan } from './contract.ts';
import type { DrillError, Proof, Scope, StageTiming, StorageLoading, Subject, TableResult } from './evidence.ts';

/** Collects what a prove task finds out, so that an error half-way does not lose the half. */
export class ProofBuilder {
  readonly #plan: DrillPlan;
  readonly #clock: Clock;
  readonly #findings: Finding[] = [];
  readonly #timings: StageTiming[] = [];
  readonly #subjects: Subject[] = [];
  readonly #errors: DrillError[] = [];
  readonly #tools: Record<string, string> = {};
  #tables: readonly TableResult[] = [];
  #firstAnswerAt: string | undefined;
  #storage: StorageLoading | undefined;
  readonly scope: { examined: string[]; notExamined: string[] } = { examined: [], notExamined: [] };
  readonly #onStage: ((stage: string) => void) | undefined;

  constructor(plan: DrillPlan, clock: Clock, onStage?: (stage: string) => void) {
    this.#plan = plan;
    this.#clock = clock;
    this.#onStage = onStage;
  }

  /** Runs one stage and records when it began and ended, also when it fails. */
  async stage<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#onStage?.(name);
    const begin = this.#clock.now();
    try {
      return await work();
    } finally {
      const end = this.#clock.now();
      this.#timings.push({
        stage: name,
        beganAt: begin.toISOString(),
        endedAt: end.toISOString(),
        seconds: (end.getTime() - begin.getTime()) / 1000,
      });
    }
  }

  add(...findings: readonly Finding[]): void {
    this.#findings.push(...findings);
  }

  bind(subject: Subject): void {
    this.#subjects.push(subject);
  }

  tool(name: string, version: string): void {
    this.#tools[name] = version;
  }

  tables(tables: readonly TableResult[]): void {
    this.#tables = tables;
  }

  answered(): void {
    this.#firstAnswerAt = this.#clock.now().toISOString();
  }

  storage(loading: StorageLoading | undefined): void {
    this.#storage = loading;
  }

  failed(error: unknown): void {
    this.#errors.push({
      state: 'Prove',
      name: error instanceof Error ? error.name : 'Error',
      origin: originOf(error),
      message: describeError(error),
    });
  }

  build(): Proof {
    return {
      format: 1,
      drillId: this.#plan.drillId,
      findings: this.#findings,
      tables: this.#tables,
      timings: this.#timings,
      subjects: this.#subjects,
      tools: this.#tools,
      errors: this.#errors,
      ...(this.#firstAnswerAt === undefined ? {} : { firstAnswerAt: this.#firstAnswerAt }),
      ...(this.#storage === undefined ? {} : { storage: this.#storage }),
      scope: this.scope satisfies Scope,
    };
  }
}

/** A finding that is required and says nothing about the source: artefact, restore, server. */
export function ownFinding(
  check: { id: string; name: string; number: number; level: AssuranceLevel },
  outcome: Pick<Finding, 'status' | 'examined'> & Partial<Pick<Finding, 'cause' | 'detail' | 'items' | 'differences'>>,
): Finding {
  return { ...check, required: true, equality: false, ...outcome };
}
