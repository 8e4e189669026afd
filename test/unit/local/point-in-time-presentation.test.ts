import { describe, expect, it } from 'vitest';
import { renderRecovery } from '../../../local/verbs/recovery-status.ts';
import { renderVerdict } from '../../../local/verdict-table.ts';
import type { Finding } from '../../../src/checks/finding.ts';
import { announceDrill } from '../../../src/drill/announce.ts';
import type { EvidenceBody } from '../../../src/drill/evidence.ts';
import { makeBody, makeFinding } from '../../helpers/evidence.ts';

const BOUNDARY = makeFinding({
  id: 'boundary',
  name: 'Boundary of the point in time',
  number: 53,
  level: 2,
  examined: 5,
  detail: '3 rows from before 2026-11-20T02:00:00.000000Z there, 2 rows from after it not; the server replayed to 2026-11-20T01:59:59.990000Z',
});

function bodyWith(boundary: Finding, change: Partial<EvidenceBody> = {}): EvidenceBody {
  const backup = { id: 'pitr-20261120T020000Z', takenAt: '2026-11-20T02:00:00.000Z', bytes: 0, sha256: '' };
  return makeBody({ kind: 'pitr', backup, findings: [makeFinding({ id: 'files', level: 1 }), boundary], ...change });
}

const show = (body: EvidenceBody) => renderVerdict({ body, evidenceFile: '/home/e/evidence.json', reportFile: '/home/e/report.html', machineError: '' }, false);

describe('a point in time', () => {
  it('is shown by its moment and by what is there from before and not from after it', () => {
    const text = show(bodyWith(BOUNDARY));
    expect(text).toMatch(/^PROVEN L5 {2}point in time of shop, 2026-11-20T02:00:00\.000Z$/m);
    expect(text).toMatch(/^ {2}✔ L2 restores {12}1 of 1 checks, 3 rows from before 2026-11-20T02:00:00\.000000Z there, 2 rows from after it not$/m);
    expect(text).toMatch(/^ {2}✔ L1 artefact intact {5}1 of 1 checks$/m);
  });

  it('that went too far is shown with the row', () => {
    const item = 'row 7 of ops.heartbeat, begun at 2026-11-20T02:00:01.000000Z: there, although it is younger';
    const failed = { ...BOUNDARY, status: 'failed', cause: 'backup', detail: item, items: [item] } as const;
    const text = show(bodyWith(failed, { verdict: 'FAILED', assurance: 'L1' }));
    expect(text).toMatch(/✘ L2 restores/);
    expect(text).toContain(`        ${item}`);
  });

  it('is announced by its moment', () => {
    const body = bodyWith(BOUNDARY);
    const result = { drillId: 'd1', database: 'shop', verdict: 'PROVEN', assurance: 'L3', reason: 'x', cleanup: 'verified', evidenceKey: 'e', reportKey: 'r' } as const;
    const { subject } = announceDrill({ input: {}, drillId: 'd1', startedAt: '2026-11-20T02:10:00.000Z', result }, body);
    expect(subject).toBe('PROVEN L3 – point in time 2026-11-20T02:00:00.000Z of shop');
  });
});

describe('the line of the status about recovery', () => {
  const now = new Date('2026-11-20T02:10:00Z');
  const status = { window: { earliest: '2026-11-19T00:00:00.000Z', latest: '2026-11-20T02:00:00.000Z' }, problem: null, verdict: 'PROVEN', target: '2026-11-20T01:00:00.000Z', drilledAt: '2026-11-20T02:05:00.000Z' };

  it('says to which moments, how old the last of them is, and how its drill ended', () => {
    expect(renderRecovery(status, now)).toBe('  pitr     any time from 2026-11-19T00:00:00.000Z to 2026-11-20T02:00:00.000Z, 10 min old; drilled to 2026-11-20T01:00:00.000Z: PROVEN');
  });

  it('says that nothing was drilled, that the log is gone, that it is damaged', () => {
    expect(renderRecovery({ ...status, target: null, verdict: 'not drilled' }, now)).toMatch(/10 min old; not drilled$/);
    expect(renderRecovery({ ...status, window: null }, now)).toMatch(/^ {2}pitr {5}no log is kept any more; drilled to /);
    expect(renderRecovery({ ...status, window: null, problem: 'archive.json: cut' }, now)).toMatch(/^ {2}pitr {5}archive\.json: cut; /);
  });
});
