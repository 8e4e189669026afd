import { deriveVerdict } from '../../src/checks/verdict.ts';
import type { EvidenceBody, TableResult } from '../../src/drill/evidence.ts';
import { HEALTHY_FINDINGS, makeBody, makeFinding } from './evidence.ts';

/** Evidence whose verdict follows from its findings and errors, whatever they are. */
export function bodyOf(overrides: Partial<EvidenceBody> = {}): EvidenceBody {
  const body = makeBody(overrides);
  return { ...body, ...deriveVerdict({ findings: body.findings, required: body.policy.required, errors: body.errors }), ...overrides };
}

/** So many equal tables of 1,000, 2,000, 3,000 … rows. */
export function manyTables(number: number): TableResult[] {
  return Array.from({ length: number }, (_, index) => {
    const rows = String((index + 1) * 1000);
    return { schema: 'app', name: `journal_${index + 1}`, bytes: (index + 1) * 80_000, expectedRows: rows, foundRows: rows, content: 'equal' };
  });
}

export const FAILED_BODY: EvidenceBody = bodyOf({
  fault: 'lose-rows',
  findings: HEALTHY_FINDINGS.map((finding) =>
    finding.id === 'row-count'
      ? { ...finding, status: 'failed', cause: 'backup', detail: '1 of 2 tables differs', items: ['app.orders: 60000 rows expected, 59997 found'] }
      : finding,
  ),
  tables: [
    { schema: 'app', name: 'customers', bytes: 3_000_000, expectedRows: '20000', foundRows: '20000', content: 'equal' },
    { schema: 'app', name: 'orders', bytes: 9_000_000, expectedRows: '60000', foundRows: '59997', content: 'different' },
  ],
  rto: { seconds: 4210, targetSeconds: 3600, status: 'missed' },
});

export const NOT_PROVEN_BODY: EvidenceBody = bodyOf({
  findings: HEALTHY_FINDINGS.slice(0, 2),
  policy: { required: ['archive-digest', 'row-count'], sha256: '0'.repeat(64), dropped: ['owners'] },
  tables: [],
  timings: [],
  subjects: [],
  backup: null,
  rto: { seconds: null, targetSeconds: 3600, status: 'unknown' },
  rpo: { seconds: null, targetSeconds: null, status: 'no target' },
  cleanup: { status: 'failed', detail: 'instance pgproof-drill-shop-d1 is still there after 600 s' },
  scope: { examined: [], notExamined: ['the restored database: it was never there'] },
  errors: [{ state: 'Restore', name: 'InstanceRefusedError', origin: 'environment', message: 'no free port' }],
});

export const HOSTILE = [
  '<script>globalThis.hostile=1</script>',
  '"><img src=x onerror="globalThis.hostile=1">',
  "'><svg onload=globalThis.hostile=1>",
  '</style><script>globalThis.hostile=1</script>',
  '<!-- ${globalThis.hostile=1} {{hostile}} &lt;b&gt; \\u003cscript>',
  'W'.repeat(63),
  'جدول المبيعات',
  'right\u202Eleft\u2066isolated\u0000nothing',
  '👩‍👩‍👧‍👦 family',
  '二百字'.repeat(70),
] as const;

/** A hostile name in every place that shows text. */
export const HOSTILE_BODY: EvidenceBody = bodyOf({
  drillId: HOSTILE[0],
  database: HOSTILE.join(' '),
  backup: { id: HOSTILE[1], takenAt: HOSTILE[0], bytes: 1, sha256: HOSTILE[2] },
  assurance: HOSTILE[1],
  reason: HOSTILE.join(' '),
  findings: HOSTILE.map((text, index) =>
    makeFinding({
      id: text,
      name: text,
      level: ((index % 6) + 1) as 1,
      status: index % 2 === 0 ? 'failed' : 'accepted',
      detail: text,
      items: [...HOSTILE],
      acceptances: [{ check: text, object: text, reason: text, owner: text, expires: text }],
    }),
  ),
  tables: HOSTILE.map((text, index) => ({ schema: text, name: text, bytes: index, expectedRows: '1', foundRows: '2', content: 'different' })),
  timings: HOSTILE.map((text, index) => ({ stage: text, beganAt: '2026-11-20T02:10:00.000Z', endedAt: `2026-11-20T02:10:0${index}.000Z`, seconds: index })),
  cleanup: { status: 'failed', detail: HOSTILE.join(' ') },
  scope: { examined: [...HOSTILE], notExamined: [...HOSTILE] },
  subjects: HOSTILE.map((text) => ({ role: 'archive', key: text, bytes: 1, sha256: text })),
  tools: Object.fromEntries(HOSTILE.map((text) => [text, text])),
  policy: { required: [...HOSTILE, 'unanswered <b>'], sha256: HOSTILE[0], dropped: [...HOSTILE] },
  errors: HOSTILE.map((text) => ({ state: text, name: text, origin: 'tool', message: text })),
  previous: { key: HOSTILE[0], sha256: HOSTILE[1] },
});
