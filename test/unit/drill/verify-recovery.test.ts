import { describe, expect, it } from 'vitest';
import type { EvidenceBody, Subject } from '../../../src/drill/evidence.ts';
import { seal } from '../../../src/drill/seal.ts';
import { verifyEvidence } from '../../../src/drill/verify-evidence.ts';
import { makeBody } from '../../helpers/evidence.ts';
import { fixedSigner } from '../../helpers/signers.ts';

const signer = fixedSigner();
const DIGEST = 'b802ab9f53cad6bd4004f3c99d9ae71d7a8ff28686bbdc04a30862ee255374dc';
const subject = (role: Subject['role'], key: string, sha256 = DIGEST): Subject => ({ role, key, bytes: 12, sha256 });
const RECORD = subject('manifest', 'v1/shop/drills/20261120T021000Z-d1/recovery.json');
const SUBJECTS = [
  RECORD,
  subject('mark', 'v1/shop/readings/r1/mark.json'),
  subject('mark', 'v1/shop/snapshots/s1/mark-after.json'),
  subject('facts-before', 'v1/shop/readings/r1/facts.json'),
  subject('facts-after', 'v1/shop/snapshots/s1/facts-after.json'),
];

/** The problems of evidence of a drill to a point in time, sealed by the right key as it is. */
async function problemsOf(subjects: readonly Subject[], change: Partial<EvidenceBody> = {}): Promise<string[]> {
  const backup = { id: 'pitr-20261120T020000Z', takenAt: '2026-11-20T02:00:00.000Z', bytes: 0, sha256: DIGEST };
  const body = makeBody({ kind: 'pitr', backup, subjects, ...change });
  const { problems } = await verifyEvidence({ text: await seal(body, signer), publicKey: signer.publicKey });
  return problems.map(({ part, problem }) => `${part} ${problem}`);
}

describe('evidence of a point in time', () => {
  it('rests on its own record and on readings of the same database, wherever they were made', async () => {
    expect(await problemsOf(SUBJECTS)).toEqual([]);
  });

  it.each([
    ["another drill's record", subject('manifest', 'v1/shop/drills/other/recovery.json')],
    ["another database's mark", subject('mark', 'v1/other/readings/r1/mark.json')],
    ['facts in the place of a mark', subject('mark', 'v1/shop/readings/r1/facts.json')],
    ['a mark in the place of facts', subject('facts-before', 'v1/shop/readings/r1/mark.json')],
    ['a file that leaves the place of readings', subject('mark', 'v1/shop/readings/../mark.json')],
    ["a dump's facts", subject('facts-after', 'v1/shop/dumps/20261120T020000Z-a1/facts.json')],
  ])('is refused when it names %s', async (_what, stranger) => {
    expect(await problemsOf([...SUBJECTS, stranger])).toEqual([
      `evidence.subjects ${stranger.role} ${stranger.key} does not belong to the backup drilled`,
    ]);
  });

  it('is refused without any row of the source behind it', async () => {
    expect(await problemsOf(SUBJECTS.filter(({ role }) => role !== 'mark'))).toEqual(['evidence.subjects nothing that was restored is bound to a PROVEN verdict']);
  });

  it('is refused without its record', async () => {
    expect(await problemsOf(SUBJECTS.slice(1))).toEqual(['evidence.subjects no manifest is bound to a PROVEN verdict']);
  });

  it('is refused when its record is not the one it is named after', async () => {
    const other = { ...RECORD, sha256: 'c8d18c54d108f4f0237eb4e1c4473cfd3dbd267afe97c2d967003bda0f546e08' };
    expect(await problemsOf([other, ...SUBJECTS.slice(1)])).toEqual(['evidence.subjects the record bound is not the recovery named']);
  });
});
