import type { Facts, SequenceFacts, SequenceValue } from '../facts/facts.ts';
import { describeDifference, findDifferences } from './differences.ts';
import type { Finding } from './finding.ts';
import { count, makeFinding, SEQUENCES } from './registry.ts';

/**
 * Check 25: definition and value of every sequence. Sequences do not obey a snapshot, so the value must lie between the
 * two readings that enclose the dump; where nothing moved meanwhile, that is equality.
 */
export function compareSequences(expected: Facts, actual: Facts): Finding {
  const sameMajor = expected.server.major === actual.server.major;
  const definitions = findDifferences(expected, actual, ['sequences']).filter((each) => sameMajor || each.actual === undefined);
  const found = new Map(actual.sequences.map((sequence) => [keyOf(sequence), sequence]));
  const values = expected.sequences.flatMap((sequence) => compareValue(sequence, found.get(keyOf(sequence))));
  const examined = Math.max(Object.keys(expected.sets.sequences).length, expected.sequences.length);
  const certain = values.filter((each) => each.certain).map(({ item }) => item);
  const wrong = [...new Set([...definitions.flatMap(describeDifference), ...certain])];
  const doubtful = values.filter((each) => !each.certain).map(({ item }) => item);
  if (wrong.length > 0) {
    const detail = `${count(wrong.length, 'difference')} in ${count(Math.max(examined, 1), 'sequence')}: ${wrong[0]}`;
    return makeFinding(SEQUENCES, { status: 'failed', cause: 'backup', examined: Math.max(examined, 1), detail, items: wrong });
  }
  if (doubtful.length > 0) {
    const detail = `${doubtful[0]}: it turned round while the dump ran`;
    return makeFinding(SEQUENCES, { status: 'could_not_verify', cause: 'source', examined, detail, items: doubtful });
  }
  if (examined === 0) {
    const detail = 'neither the source nor the copy has sequences';
    return makeFinding(SEQUENCES, { status: 'not_applicable', examined, detail });
  }
  const moving = expected.sequences.filter(({ before, after }) => !sameValue(before, after)).length;
  const note = moving > 0 ? `; ${moving} moved during the dump and lie between the two readings` : '';
  return makeFinding(SEQUENCES, { status: 'passed', examined, detail: `${count(examined, 'sequence')} equal${note}` });
}

interface Deviation {
  readonly item: string;
  readonly certain: boolean;
}

function compareValue(expected: SequenceFacts, actual: SequenceFacts | undefined): Deviation[] {
  const { before, after } = expected;
  const name = `sequence ${expected.schema}.${expected.name}`;
  if (actual === undefined) return [{ item: `${name}: missing`, certain: true }];
  const value = actual.before;
  if (sameValue(value, before) || sameValue(value, after)) return [];
  if (sameValue(before, after)) {
    return [{ item: `${name}: ${describe(value)}, expected ${describe(before)}`, certain: true }];
  }
  const forward = BigInt(expected.increment) > 0n;
  const [low, high] = forward ? [next(before, expected), next(after, expected)] : [next(after, expected), next(before, expected)];
  const position = next(value, expected);
  if (low <= high && low <= position && position <= high) return [];
  const range = low <= high ? `between ${low} and ${high}` : `${high} or ${low}`;
  // A sequence that was set back or began its cycle anew has no order left to lie between.
  return [{ item: `${name}: continues at ${position}, expected ${range}`, certain: low <= high }];
}

function sameValue(a: SequenceValue, b: SequenceValue): boolean {
  return a.last === b.last && a.called === b.called;
}

function describe({ last, called }: SequenceValue): string {
  return called ? `last value ${last}` : `next value ${last}`;
}

/** The value that the next nextval() gives, limits aside. */
export function next({ last, called }: SequenceValue, { increment }: { readonly increment: string }): bigint {
  return BigInt(last) + (called ? BigInt(increment) : 0n);
}

function keyOf({ schema, name }: SequenceFacts): string {
  return JSON.stringify([schema, name]);
}
