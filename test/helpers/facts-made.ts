import { FACT_SETS, type Facts, type FactSet, type FactSetName, type SequenceFacts, type TableFacts } from '../../src/facts/facts.ts';

export interface MadeFacts {
  readonly major?: number;
  readonly scope?: Facts['scope'];
  readonly tables?: readonly TableFacts[];
  readonly sets?: Partial<Record<FactSetName, FactSet>>;
  readonly sequences?: readonly SequenceFacts[];
  readonly largeObjects?: Facts['largeObjects'];
  readonly invalidIndexes?: readonly string[];
}

/** Facts of a database that has nothing but what is given. */
export function makeFacts(made: MadeFacts = {}): Facts {
  const empty = Object.fromEntries(FACT_SETS.map((name) => [name, {}])) as Record<FactSetName, FactSet>;
  return {
    format: 1,
  reader: 1,
    readAt: '2026-11-20T12:00:00.000Z',
    scope: made.scope ?? 'content',
    server: { version: `${made.major ?? 15}.0`, major: made.major ?? 15, database: 'shop', superuser: 'postgres' },
    tables: made.tables ?? [],
    sets: { ...empty, ...made.sets },
    sequences: made.sequences ?? [],
    largeObjects: made.largeObjects ?? { count: 0 },
    defects: { invalidIndexes: made.invalidIndexes ?? [] },
    timings: {},
  };
}

export function makeTable(name: string, rows: string, hash = '7', more: Partial<TableFacts> = {}): TableFacts {
  return { schema: 'app', name, kind: 'table', bytes: 8192, rows, hash, ...more };
}

/** `[last, called]` before and after. */
export function makeSequence(
  name: string,
  increment: string,
  before: readonly [string, boolean],
  after: readonly [string, boolean] = before,
  cycle = false,
): SequenceFacts {
  const value = ([last, called]: readonly [string, boolean]) => ({ last, called });
  return { schema: 'app', name, increment, cycle, before: value(before), after: value(after) };
}
