import type { TableResult } from '../drill/evidence.ts';
import type { Facts, FactSet, FactSetName } from '../facts/facts.ts';
import { CATALOGUE_CHECKS, type CatalogueCheck } from './catalogue.ts';
import { countItems, describeDifference } from './differences.ts';
import type { Finding } from './finding.ts';
import { count, makeFinding } from './registry.ts';
import { allowForReaders } from './reader-version.ts';
import { boundSequences } from './sequence-bounds.ts';
import { compareServer } from './server-facts.ts';

/**
 * Compares a copy of the server's files with two readings of the source's structure that enclose the moment of the
 * copy. What is the same in both readings must be in the copy exactly; what changed between them may be either; what
 * neither reading knew may have come and gone between them, or not: that cannot be verified. Rows
 * are not compared, because nobody could read the source at the moment of the copy: nothing here speaks of level 4 or 5.
 */
export function compareStructure(before: Facts, after: Facts, actual: Facts): { findings: Finding[]; tables: TableResult[] } {
  const findings = [
    ...CATALOGUE_CHECKS.map((check) => boundSets(check, before, after, actual)),
    boundSequences(before, after, actual),
    ...compareServer(after, actual),
  ];
  return {
    findings: allowForReaders(findings, after, actual).sort((a, b) => a.number - b.number),
    tables: actual.tables.map(({ schema, name, bytes, rows, kind }) => ({
      schema,
      name,
      bytes,
      ...(rows === undefined ? {} : { foundRows: rows }),
      content: 'not_compared',
      ...(kind === 'partitioned' ? { partitioned: true as const } : {}),
    })),
  };
}

function boundSets({ check, sets, what, always }: CatalogueCheck, before: Facts, after: Facts, actual: Facts): Finding {
  const found = sets.map((set) => boundSet(set, before.sets[set], after.sets[set], actual.sets[set]));
  const wrong = found.flatMap((each) => each.wrong);
  const unknown = found.flatMap((each) => each.unknown);
  const changed = found.reduce((sum, each) => sum + each.changed, 0);
  const examined = Math.max(countItems(after, sets), countItems(before, sets));
  if (wrong.length > 0) {
    const looked = Math.max(examined, countItems(actual, sets));
    const detail = `${count(wrong.length, 'difference')} in ${looked.toLocaleString('en-US')} ${what}: ${wrong[0]}`;
    return makeFinding(check, { status: 'failed', cause: 'backup', examined: looked, detail, items: wrong });
  }
  if (unknown.length > 0) {
    const detail = `changed between the readings, and the copy has neither form: ${unknown[0]}`;
    return makeFinding(check, { status: 'could_not_verify', cause: 'source', examined, detail, items: unknown });
  }
  const note = changed > 0 ? `; ${changed} changed between the readings and have one of both forms` : '';
  if (examined > changed) {
    return makeFinding(check, { status: 'passed', examined, detail: `${examined.toLocaleString('en-US')} ${what} are equal${note}` });
  }
  if (always || examined > 0) {
    const detail = examined > 0 ? `all of the ${what} changed between the readings` : `the source has no ${what}`;
    return makeFinding(check, { status: 'could_not_verify', cause: 'source', examined: 0, detail });
  }
  return makeFinding(check, { status: 'not_applicable', examined, detail: `neither the source nor the copy has ${what}` });
}

/** Large objects are data: which of them there are is compared no more than rows are. */
const DATA = /^large objects /;

function boundSet(set: FactSetName, before: FactSet, after: FactSet, actual: FactSet) {
  const identities = [...new Set([before, after, actual].flatMap((each) => Object.keys(each)))].sort().filter((each) => !DATA.test(each));
  const wrong: string[] = [];
  const unknown: string[] = [];
  let changed = 0;
  for (const identity of identities) {
    const [early, late, found] = [before, after, actual].map((each) => (Object.hasOwn(each, identity) ? each[identity] : undefined));
    if (early !== late) changed += 1;
    if (found === early || found === late) continue;
    const lines = describeDifference({ set, identity, expected: late, actual: found });
    (early === late && early !== undefined ? wrong : unknown).push(...lines);
  }
  return { wrong, unknown, changed };
}
