import { afterEach, describe, expect, it } from 'vitest';
import { runDrill } from '../../local/drill-machine.ts';
import { databaseConfig, parseConfig } from '../../src/config/config.ts';
import { readEvidence } from '../../src/drill/chain.ts';
import type { DrillPlan, DrillState } from '../../src/drill/contract.ts';
import type { EvidenceBody, Proof } from '../../src/drill/evidence.ts';
import { axes } from '../../src/drill/outcome.ts';
import { goodProof, makeScriptedCloud, putValidatedDump, type ScriptedCloud } from '../helpers/scripted-cloud.ts';

/** Between the worker and the seal lies a file: only a whole proof of this very drill may decide it. */
const made: ScriptedCloud[] = [];
afterEach(async () => {
  await Promise.all(made.splice(0).map((cloud) => cloud.remove()));
});

async function seal(prove: (plan: DrillPlan) => unknown): Promise<EvidenceBody> {
  const cloud = await makeScriptedCloud({ prove: (plan) => prove(plan) as Proof | undefined });
  made.push(cloud);
  await putValidatedDump(cloud);
  const signal = new AbortController().signal;
  const { result } = await runDrill({ cloud, tasks: cloud.tasks, drillId: '20261120T120000Z-pf', input: {}, signal, pauseMilliseconds: 1 });
  const evidence = result && (await readEvidence(cloud.store, result.evidenceKey));
  if (!evidence?.body) throw new Error('no evidence');
  return evidence.body;
}

const manifestOf = (plan: DrillPlan, sha256: string) => ({ role: 'manifest', key: plan.manifestKey, bytes: 1, sha256 }) as const;

describe('the proof that a worker left', () => {
  it('decides the drill when it is whole and its own', async () => {
    const body = await seal((plan) => ({ ...goodProof(plan), subjects: [manifestOf(plan, plan.manifestSha256)] }));
    expect([body.verdict, body.errors]).toEqual(['PROVEN', []]);
  });

  it.each<[string, (plan: DrillPlan) => unknown]>([
    ['of another drill', (plan) => ({ ...goodProof(plan), drillId: '20261120T110000Z-xx' })],
    ['of another manifest', (plan) => ({ ...goodProof(plan), subjects: [manifestOf(plan, 'f'.repeat(64))] })],
    ['of a format to come', (plan) => ({ ...goodProof(plan), format: 2 })],
    ['without findings', (plan) => ({ ...goodProof(plan), findings: undefined })],
    ['that is no object', () => 'PROVEN'],
  ])('proves nothing when it is one %s', async (_, prove) => {
    const body = await seal(prove);
    expect(body.verdict).toBe('NOT PROVEN');
    expect(body.reason).toMatch(/^Seal ended with TaskFailedError: v1\/shop\/drills\/20261120T120000Z-pf\/proof\.json is not the proof of this drill/);
  });

  it('is missed when the worker ended well without one', async () => {
    const body = await seal(() => undefined);
    expect(body.verdict).toBe('NOT PROVEN');
    expect(body.reason).toMatch(/the prove task ended well and left no v1\/shop\/drills\/20261120T120000Z-pf\/proof\.json/);
  });
});

describe('the age of the data', () => {
  const { drill } = databaseConfig(parseConfig('databases: { shop: { drill: { rtoTarget: 60s, rpoTarget: 1h } } }', 'pgproof.yml'), 'shop');
  const ageOf = (takenAt: string) =>
    axes({ plan: { takenAt, decidedAt: '2026-11-20T02:00:00.000Z' } } as DrillState, undefined, drill).rpo;

  it.each([
    ['2026-11-20T01:00:00.000Z', { seconds: 3600, status: 'met' }],
    ['2026-11-20T00:59:59.000Z', { seconds: 3601, status: 'missed' }],
    ['2026-11-20T02:00:00.000Z', { seconds: 0, status: 'met' }],
    ['2026-11-20T02:00:01.000Z', { seconds: null, status: 'unknown' }],
  ])('taken at %s is %j', (takenAt, expected) => {
    expect(ageOf(takenAt)).toMatchObject(expected);
  });
});
