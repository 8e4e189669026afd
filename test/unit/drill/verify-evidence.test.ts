import { describe, expect, test } from 'vitest';
import type { Acceptance, Finding } from '../../../src/checks/finding.ts';
import { ObjectNotFoundError, StoreReadError } from '../../../src/errors.ts';
import { sha256Hex } from '../../../src/drill/canonical.ts';
import type { EvidenceBody } from '../../../src/drill/evidence.ts';
import { makePolicy } from '../../../src/drill/policy.ts';
import { seal } from '../../../src/drill/seal.ts';
import { verifyEvidence, type ReadObject, type VerifyRequest } from '../../../src/drill/verify-evidence.ts';
import { ARCHIVE_KEY, HEALTHY_FINDINGS, makeBody, MANIFEST_KEY, OBJECTS } from '../../helpers/evidence.ts';
import { fixedSigner } from '../../helpers/signers.ts';

const signer = fixedSigner();
const { publicKey } = signer;

async function* streamOf(text: string): AsyncGenerator<Uint8Array> {
  for (const letter of text) yield Buffer.from(letter);
}

function reading(objects: Readonly<Record<string, string>>): ReadObject {
  return (key) => (objects[key] === undefined ? undefined : streamOf(objects[key]));
}

async function verify(body: EvidenceBody, more: Partial<VerifyRequest> = {}) {
  return verifyEvidence({ text: await seal(body, signer), publicKey, ...more });
}

/** The problems of a body that was sealed by the right key as it is. */
async function problemsOf(change: Partial<EvidenceBody>, more: Partial<VerifyRequest> = {}): Promise<string[]> {
  const { problems } = await verify(makeBody(change), more);
  return problems.map(({ part, problem }) => `${part} ${problem}`);
}

function changed(id: string, change: Partial<Finding>): Finding[] {
  return HEALTHY_FINDINGS.map((finding) => (finding.id === id ? { ...finding, ...change } : finding));
}

describe('a verdict that its own findings do not give', () => {
  test.each([
    [{ findings: changed('grants', { status: 'failed', detail: 'lost' }), assurance: 'L2' }, 'evidence.verdict is PROVEN, the findings give FAILED: Grants: lost'],
    [{ findings: changed('grants', { examined: 0 }), assurance: 'L2' }, 'evidence.verdict is PROVEN, the findings give NOT PROVEN: Grants: it examined nothing'],
    [{ verdict: 'FAILED' as const }, 'evidence.verdict is FAILED, the findings give PROVEN: 7 required checks passed, 4 of them comparisons with the source; 1 does not apply'],
    [{ assurance: 'L6' }, 'evidence.assurance is L6, the findings give L5'],
    [
      { errors: [{ state: 'Prove', name: 'ObjectDamagedError', origin: 'backup' as const, message: 'x' }] },
      'evidence.verdict is PROVEN, the findings give FAILED: Prove ended with ObjectDamagedError: x',
    ],
  ])('is refused although the seal is sound: %#', async (change, problem) => {
    expect(await problemsOf(change)).toEqual([problem]);
  });

  test('is refused when a required check was taken out of the findings alone', async () => {
    const findings = HEALTHY_FINDINGS.filter(({ id }) => id !== 'content-hash');
    const policy = makeBody().policy;
    expect(await problemsOf({ findings, policy, assurance: 'L0' })).toEqual([
      'evidence.verdict is PROVEN, the findings give NOT PROVEN: Required check content-hash was not requested',
    ]);
  });

  test('may word its reason as it likes: wording is no rule', async () => {
    expect(await problemsOf({ reason: 'said otherwise' })).toEqual([]);
  });
});

describe('an acceptance in the evidence', () => {
  const acceptance: Acceptance = { check: 'grants', reason: 'known', owner: 'ops', expires: '2026-11-20T02:10:00.001Z' };

  test('is honoured while it holds', async () => {
    expect(await problemsOf({ findings: changed('grants', { status: 'accepted', acceptances: [acceptance] }) })).toEqual([]);
  });

  test('is refused when it had expired before the drill began', async () => {
    const findings = changed('grants', { status: 'accepted', acceptances: [{ ...acceptance, expires: '2026-11-20' }] });
    expect(await problemsOf({ findings })).toEqual(['evidence.findings.grants an acceptance that it rests on expired at 2026-11-20']);
  });
});

describe('the policy', () => {
  test('must have the digest of what it requires', async () => {
    const { required } = makeBody().policy;
    const policy = { required, sha256: makePolicy(['row-count']).sha256, dropped: [] };
    expect(await problemsOf({ policy })).toEqual(['evidence.policy its digest is not that of the required checks']);
  });
});

describe('the objects', () => {
  test('are all re-hashed where a store is given', async () => {
    const result = await verify(makeBody(), { readObject: reading(OBJECTS) });
    expect(result.problems).toEqual([]);
    expect(result.checked).toEqual(['seal', 'verdict', 'policy', ...Object.keys(OBJECTS)]);
  });

  test('are said to be unchecked where none is', async () => {
    const { ok, unchecked } = await verify(makeBody());
    expect(ok).toBe(true);
    expect(unchecked.filter(({ reason }) => reason === 'no store was given').map(({ part }) => part)).toEqual(Object.keys(OBJECTS));
  });

  test.each(Object.keys(OBJECTS))('are named when altered, cut, swapped or deleted: %s', async (key) => {
    const content = OBJECTS[key] ?? '';
    const flipped = content.replace('the', 'thf');
    const cases: [Record<string, string>, string][] = [
      [{ ...OBJECTS, [key]: flipped }, `${key} its bytes are not those that were sealed`],
      [{ ...OBJECTS, [key]: content.slice(1) }, `${key} has ${content.length - 1} bytes, ${content.length} were sealed`],
      [{ ...OBJECTS, [key]: '' }, `${key} has 0 bytes, ${content.length} were sealed`],
    ];
    for (const [objects, problem] of cases) expect(await problemsOf({}, { readObject: reading(objects) })).toEqual([problem]);
    const others = Object.fromEntries(Object.entries(OBJECTS).filter(([name]) => name !== key));
    expect(await problemsOf({}, { readObject: reading(others) })).toEqual([`${key} is missing from the store`]);
    const throwing: ReadObject = (asked) => (asked === key ? Promise.reject(new ObjectNotFoundError(key)) : reading(OBJECTS)(asked));
    const { ok, problems } = await verify(makeBody(), { readObject: throwing });
    expect(ok).toBe(false);
    expect(problems).toEqual([{ part: key, problem: 'is missing from the store', kind: 'missing' }]);
  });

  test('that cannot be read now fail the verification itself, for it found nothing out', async () => {
    const failure = new StoreReadError(ARCHIVE_KEY, 'connection lost');
    await expect(verify(makeBody(), { readObject: () => Promise.reject(failure) })).rejects.toBe(failure);
  });

  test.each(['../../etc/passwd', '/etc/passwd', 'v1/shop/dumps/20261120T020000Z-a1/../../../../etc/passwd', 'v1/shop/dumps/other/archive.dump', 'v1/other/dumps/20261120T020000Z-a1/archive.dump'])(
    'are never opened outside of the backup: %s',
    async (key) => {
      const opened: string[] = [];
      const subjects = makeBody().subjects.map((subject) => (subject.role === 'facts' ? { ...subject, key } : subject));
      const readObject: ReadObject = (asked) => {
        opened.push(asked);
        return reading(OBJECTS)(asked);
      };
      expect(await problemsOf({ subjects }, { readObject })).toEqual([`evidence.subjects facts ${key} does not belong to the backup drilled`]);
      expect(opened).not.toContain(key);
      expect(opened).toContain(MANIFEST_KEY);
    },
  );
});

describe('a PROVEN that binds nothing', () => {
  const subjects = makeBody().subjects;

  test('is refused without manifest or archive', async () => {
    expect(await problemsOf({ subjects: subjects.filter(({ role }) => role !== 'manifest') })).toEqual(['evidence.subjects no manifest is bound to a PROVEN verdict']);
    expect(await problemsOf({ subjects: subjects.filter(({ role }) => role !== 'archive') })).toEqual(['evidence.subjects nothing that was restored is bound to a PROVEN verdict']);
  });

  test('is refused when the archive bound is not the backup named', async () => {
    const backup = { id: '20261120T020000Z-a1', takenAt: '2026-11-20T02:00:00.000Z', bytes: 11, sha256: sha256Hex('another') };
    expect(await problemsOf({ backup })).toEqual(['evidence.subjects the archive bound is not the backup named']);
  });
});

describe('the chain', () => {
  const key = 'v1/shop/drills/20261119T021000Z-d0/evidence.json';

  async function linked(before: Partial<EvidenceBody> = {}, change: Partial<EvidenceBody> = {}) {
    const previousText = await seal(makeBody({ drillId: '20261119T021000Z-d0', ...before }), signer);
    return { previousText, body: makeBody({ previous: { key, sha256: sha256Hex(previousText) }, ...change }) };
  }

  test('is checked against the evidence before, from the store or by hand', async () => {
    const { previousText, body } = await linked();
    const fromStore = await verify(body, { readObject: reading({ ...OBJECTS, [key]: previousText }) });
    expect(fromStore).toMatchObject({ ok: true, unchecked: [] });
    expect(fromStore.checked).toContain('chain');
    const byHand = await verify(body, { previous: previousText });
    expect(byHand.ok).toBe(true);
    expect(byHand.checked).toContain('chain');
  });

  test('breaks on one altered byte of the evidence before', async () => {
    const { previousText, body } = await linked();
    for (const altered of [previousText.replace('L5', 'L4'), `${previousText}\n`, '']) {
      expect(await problemsOf(body, { previous: altered })).toEqual([`chain ${key} is not the evidence that this one follows`]);
    }
  });

  test('says when the evidence before is missing', async () => {
    const { body } = await linked();
    const { ok, unchecked } = await verify(body, { readObject: reading(OBJECTS) });
    expect(ok).toBe(true);
    expect(unchecked).toEqual([{ part: 'chain', reason: `the evidence before this one is missing: ${key}` }]);
  });

  test.each(['v1/other/drills/20261119T021000Z-d0/evidence.json', 'v1/shop/drills/../evidence.json', 'v1/shop/drills/20261120T021000Z-d1/evidence.json', MANIFEST_KEY])(
    'does not follow a link elsewhere: %s',
    async (elsewhere) => {
      const { previousText } = await linked();
      const previous = { key: elsewhere, sha256: sha256Hex(previousText) };
      expect(await problemsOf({ previous }, { previous: previousText })).toEqual([`chain ${elsewhere} is no earlier evidence of shop`]);
    },
  );

  test('shows a required check that was dropped without a word', async () => {
    const required = [...makeBody().policy.required, 'owners'];
    const { previousText, body } = await linked({ policy: makePolicy(required) });
    expect(await problemsOf(body, { previous: previousText })).toEqual(['evidence.policy required check owners was dropped and that is not said']);
    const saying = makePolicy(makeBody().policy.required, required);
    expect(await problemsOf({ ...body, policy: saying }, { previous: previousText })).toEqual([]);
  });

  test('does not compare the policies of different kinds of drill', async () => {
    const { previousText, body } = await linked({ kind: 'snapshot', policy: makePolicy(['heartbeat']) });
    expect(await problemsOf(body, { previous: previousText })).toEqual([]);
  });

  test('holds over a previous file that was no evidence when it was bound', async () => {
    const body = makeBody({ previous: { key, sha256: sha256Hex('scribble') } });
    expect(await problemsOf(body, { previous: 'scribble' })).toEqual([]);
  });
});
