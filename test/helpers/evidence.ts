import type { Finding } from '../../src/checks/finding.ts';
import type { EvidenceBody, StageTiming, Subject, TableResult } from '../../src/drill/evidence.ts';
import { makePolicy } from '../../src/drill/policy.ts';

/** A finding that passed; give what makes it another. */
export function makeFinding(overrides: Partial<Finding> = {}): Finding {
  return {
    id: 'row-count',
    name: 'Row counts',
    number: 12,
    status: 'passed',
    required: true,
    level: 4,
    equality: true,
    examined: 15,
    detail: '15 tables hold exactly the rows they held in the snapshot',
    ...overrides,
  };
}

export const HEALTHY_FINDINGS: readonly Finding[] = [
  makeFinding({ id: 'archive-digest', name: 'Archive digest', number: 2, level: 1, equality: false, examined: 1, detail: '9,437,184 bytes are those that were recorded' }),
  makeFinding({ id: 'archive-decodes', name: 'Archive decodes', number: 4, level: 1, equality: false, examined: 1, detail: 'every block was read' }),
  makeFinding({ id: 'restore-output', name: 'Restore output', number: 8, level: 2, equality: false, examined: 1, detail: 'no line of pg_restore is unexplained' }),
  makeFinding({ id: 'constraints', name: 'Constraints', number: 16, level: 3, examined: 41, detail: '41 constraints are defined as in the source' }),
  makeFinding({ id: 'grants', name: 'Grants', number: 20, level: 3, examined: 64, detail: '64 grants are those of the source' }),
  makeFinding({ id: 'large-objects', name: 'Large objects', number: 24, level: 3, status: 'not_applicable', examined: 0, detail: 'the source has no large objects' }),
  makeFinding(),
  makeFinding({ id: 'content-hash', name: 'Content hashes', number: 13, level: 5, detail: '15 tables hash to what they hashed to in the snapshot' }),
  makeFinding({ id: 'invalid-indexes', name: 'Invalid indexes', number: 30, level: 3, required: false, equality: false, examined: 38, detail: 'every index is valid' }),
];

const PLACE = 'v1/shop/dumps/20261120T020000Z-a1';
export const ARCHIVE_KEY = `${PLACE}/archive.dump`;
export const MANIFEST_KEY = `${PLACE}/manifest.json`;

/** What the store holds under each key in these tests. */
export const OBJECTS: Readonly<Record<string, string>> = {
  [MANIFEST_KEY]: 'the manifest',
  [ARCHIVE_KEY]: 'the archive',
  [`${PLACE}/facts.json`]: 'the facts',
  [`${PLACE}/globals.sql`]: 'the globals',
  [`${PLACE}/validation.json`]: 'the validation',
};

// Digests of the texts above, by sha256sum.
const SUBJECTS: readonly Subject[] = [
  { role: 'manifest', key: MANIFEST_KEY, bytes: 12, sha256: 'b802ab9f53cad6bd4004f3c99d9ae71d7a8ff28686bbdc04a30862ee255374dc' },
  { role: 'archive', key: ARCHIVE_KEY, bytes: 11, sha256: 'c8d18c54d108f4f0237eb4e1c4473cfd3dbd267afe97c2d967003bda0f546e08' },
  { role: 'facts', key: `${PLACE}/facts.json`, bytes: 9, sha256: 'cfd886a9801ba3730078c2e9308ee27a1edbcd083aa14cfb0e67c09823034f89' },
  { role: 'globals', key: `${PLACE}/globals.sql`, bytes: 11, sha256: '2cd9638d3fbdf341ca804e2c36857bd6e0452e174afbf95e7310005141a12a38' },
  { role: 'validation', key: `${PLACE}/validation.json`, bytes: 14, sha256: 'd633d018f0accadd1f59c45dcfd27beec5b0a0f8bbc36f78434a2b8fa58801f5' },
];

const TABLES: readonly TableResult[] = [
  { schema: 'app', name: 'orders', bytes: 9_000_000, expectedRows: '60000', foundRows: '60000', content: 'equal' },
  { schema: 'app', name: 'customers', bytes: 3_000_000, expectedRows: '20000', foundRows: '20000', content: 'equal' },
];

const TIMINGS: readonly StageTiming[] = [
  { stage: 'plan', beganAt: '2026-11-20T02:10:00.000Z', endedAt: '2026-11-20T02:10:01.000Z', seconds: 1 },
  { stage: 'create instance', beganAt: '2026-11-20T02:10:01.000Z', endedAt: '2026-11-20T02:10:05.000Z', seconds: 4 },
  { stage: 'restore archive', beganAt: '2026-11-20T02:10:05.000Z', endedAt: '2026-11-20T02:10:17.000Z', seconds: 12 },
  { stage: 'compare', beganAt: '2026-11-20T02:10:17.000Z', endedAt: '2026-11-20T02:10:19.000Z', seconds: 2 },
  { stage: 'destroy', beganAt: '2026-11-20T02:10:19.000Z', endedAt: '2026-11-20T02:10:20.000Z', seconds: 1 },
];

/** The evidence of a small healthy drill whose verdict follows from its findings; give what makes it another. */
export function makeBody(overrides: Partial<EvidenceBody> = {}): EvidenceBody {
  const findings = overrides.findings ?? HEALTHY_FINDINGS;
  return {
    format: 1,
    drillId: '20261120T021000Z-d1',
    database: 'shop',
    kind: 'dump',
    backup: { id: '20261120T020000Z-a1', takenAt: '2026-11-20T02:00:00.000Z', bytes: 11, sha256: SUBJECTS[1]?.sha256 ?? '' },
    verdict: 'PROVEN',
    assurance: 'L5',
    reason: '7 required checks passed, 4 of them comparisons with the source; 1 does not apply',
    findings,
    tables: TABLES,
    timings: TIMINGS,
    rto: { seconds: 17, targetSeconds: 3600, status: 'met' },
    rpo: { seconds: 600, targetSeconds: 86400, status: 'met' },
    cleanup: { status: 'verified', detail: 'instance pgproof-drill-shop-d1 is gone: no process, no file' },
    scope: { examined: ['schema app', 'schema public'], notExamined: ['replication slots: not restorable'] },
    subjects: SUBJECTS,
    tools: { pg_dump: '15.18', pg_restore: '15.18', server: '15.18' },
    policy: makePolicy(findings.filter(({ required }) => required).map(({ id }) => id)),
    fault: null,
    errors: [],
    previous: null,
    startedAt: '2026-11-20T02:10:00.000Z',
    sealedAt: '2026-11-20T02:10:20.500Z',
    ...overrides,
  };
}
