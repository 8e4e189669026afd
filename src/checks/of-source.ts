import type { Finding } from './finding.ts';
import { count, makeFinding, type Check } from './registry.ts';

/** A defect seen in the copy, as one line beginning with the object's name. */
export interface Defect {
  readonly item: string;
  /** True when the source is known to have it too: the copy is then faithful. */
  readonly inSource: boolean;
}

export interface Examination {
  readonly check: Check;
  readonly examined: number;
  readonly defects: readonly Defect[];
  /** What was examined, in the plural. */
  readonly what: string;
  /** Said when everything is in order. */
  readonly fine: string;
  /** Said when there was nothing to examine. */
  readonly none: string;
}

/**
 * The finding about the copy, and, when the source has defects of its own, one more about those. The first is what a
 * drill requires; the second is for the owner of the database and decides nothing.
 */
export function judgeDefects({ check, examined, defects, what, fine, none }: Examination): Finding[] {
  const own = defects.filter(({ inSource }) => !inSource).map(({ item }) => item);
  const inherited = defects.filter(({ inSource }) => inSource).map(({ item }) => item);
  return [judgeCopy(), ...(inherited.length > 0 ? [judgeSource()] : [])];

  function judgeCopy(): Finding {
    if (own.length > 0) {
      const detail = `${own.length} of ${examined} ${what}: ${own[0]}`;
      return makeFinding(check, { status: 'failed', cause: 'backup', examined, detail, items: own });
    }
    if (examined === 0) return makeFinding(check, { status: 'not_applicable', examined, detail: none });
    const note = inherited.length > 0 ? `; ${count(inherited.length, 'defect')} that the source has too` : '';
    return makeFinding(check, { status: 'passed', examined, detail: `${fine}${note}` });
  }

  function judgeSource(): Finding {
    const source = { ...check, id: `${check.id}-of-source`, name: `${check.name}: as in the source` };
    const detail = `the source itself: ${inherited[0]}`;
    return makeFinding(source, { status: 'failed', cause: 'source', required: false, examined, detail, items: inherited });
  }
}
