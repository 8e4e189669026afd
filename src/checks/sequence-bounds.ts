import type { Facts, SequenceFacts } from '../facts/facts.ts';
import { describeDifference, findDifferences } from './differences.ts';
import type { Finding } from './finding.ts';
import { count, makeFinding, SEQUENCES } from './registry.ts';
import { next } from './sequences.ts';

/** PostgreSQL writes a sequence to its log that many values ahead, and a copy of its files continues from there. */
const LOGGED_AHEAD = 32n;

/**
 * Check 25 for a copy of the server's files: a sequence continues where it was before the copy or further on, at most
 * the logged values beyond where it was after it. Going back would hand out a value twice; only an unlogged sequence
 * does, together with its table, which a copy of files leaves empty.
 */
export function boundSequences(before: Facts, after: Facts, actual: Facts): Finding {
  const late = new Map(after.sequences.map((sequence) => [keyOf(sequence), sequence]));
  const found = new Map(actual.sequences.map((sequence) => [keyOf(sequence), sequence]));
  const settled = before.sequences.filter((sequence) => late.has(keyOf(sequence)));
  const kept = findDifferences(after, actual, ['sequences']).filter(
    ({ identity, expected }) => expected !== undefined && before.sets.sequences[identity] === expected,
  );
  const values = settled.map((early) => judge(early, late.get(keyOf(early)) ?? early, found.get(keyOf(early))));
  const wrong = [...kept.flatMap(describeDifference), ...values.filter((each) => each?.certain).map((each) => each?.item ?? '')];
  const doubtful = values.filter((each) => each && !each.certain).map((each) => each?.item ?? '');
  const examined = settled.length;
  if (wrong.length > 0) {
    const detail = `${count(wrong.length, 'difference')} in ${count(examined, 'sequence')}: ${wrong[0]}`;
    return makeFinding(SEQUENCES, { status: 'failed', cause: 'backup', examined, detail, items: wrong });
  }
  if (doubtful.length > 0) {
    const detail = `${doubtful[0]}: it was set back between the readings`;
    return makeFinding(SEQUENCES, { status: 'could_not_verify', cause: 'source', examined, detail, items: doubtful });
  }
  if (examined === 0) {
    return makeFinding(SEQUENCES, { status: 'not_applicable', examined, detail: 'the source has no sequences' });
  }
  const detail = `${count(examined, 'sequence')}: definitions equal, none has gone back`;
  return makeFinding(SEQUENCES, { status: 'passed', examined, detail });
}

function judge(early: SequenceFacts, late: SequenceFacts, found: SequenceFacts | undefined) {
  const name = `sequence ${early.schema}.${early.name}`;
  if (found === undefined) return { item: `${name}: missing`, certain: true };
  if (early.unlogged) return undefined;
  const increment = BigInt(early.increment);
  const direction = increment > 0n ? 1n : -1n;
  const [low, high] = [next(early.before, early), next(late.before, late) + LOGGED_AHEAD * increment];
  const position = next(found.before, found);
  if ((position - low) * direction >= 0n && (high - position) * direction >= 0n) return undefined;
  const wentBack = (next(late.before, late) - low) * direction < 0n || early.cycle;
  return { item: `${name}: continues at ${position}, expected from ${low} to ${high}`, certain: !wentBack };
}

function keyOf({ schema, name }: SequenceFacts): string {
  return JSON.stringify([schema, name]);
}
