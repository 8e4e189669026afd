import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DatabaseService, Instance } from '../../../src/cloud/database-service.ts';
import type { StorageLoading } from '../../../src/drill/evidence.ts';
import { closeDrill } from '../../../src/drill/close.ts';
import type { DrillPlan } from '../../../src/drill/contract.ts';
import { readEvidence } from '../../../src/drill/chain.ts';
import { drillKey } from '../../../src/drill/prove.ts';
import { renderReport } from '../../../src/drill/report/report.ts';
import { readSeal, seal } from '../../../src/drill/seal.ts';
import { readStorage } from '../../../src/drill/storage.ts';
import { InstanceFailedError } from '../../../src/errors.ts';
import { makeBody } from '../../helpers/evidence.ts';
import { goodProof, makeScriptedCloud } from '../../helpers/scripted-cloud.ts';
import { fixedSigner } from '../../helpers/signers.ts';

const AT = '2026-11-20T12:00:00.000Z';
const clock = { now: () => new Date(AT), sleep: async () => undefined };
const LOADING: StorageLoading = { loadedPercent: 40, at: AT, detail: 'still loading: 40 % at the first query' };

function databases(look: () => Partial<Instance> | undefined): DatabaseService {
  const describeInstance = async () => look() as Instance | undefined;
  return { describeInstance } as Partial<DatabaseService> as DatabaseService;
}

describe('how much of the storage is there', () => {
  test.each<[number | undefined, StorageLoading | undefined]>([
    [40, LOADING],
    [0, { loadedPercent: 0, at: AT, detail: 'still loading: 0 % at the first query' }],
    [100, { loadedPercent: 100, at: AT, detail: 'fully loaded at the first query' }],
    [undefined, undefined],
  ])('%s percent', async (loadingPercent, expected) => {
    const found = loadingPercent === undefined ? {} : { loadingPercent };
    expect(await readStorage('pgproof-drill-a', { databases: databases(() => found), clock })).toEqual(expected);
  });

  test('is unknown when the service cannot be asked, and the drill goes on', async () => {
    const denied = databases(() => {
      throw new InstanceFailedError('pgproof-drill-a', 'describing of pgproof-drill-a failed: AccessDenied');
    });
    expect(await readStorage('pgproof-drill-a', { databases: denied, clock })).toEqual({
      loadedPercent: null,
      at: AT,
      detail: 'unknown: describing of pgproof-drill-a failed: AccessDenied',
    });
  });

  test('is sealed with the evidence, apart from the RTO', async () => {
    const cloud = await makeScriptedCloud();
    try {
      const plan = { database: 'shop', drillId: 'd1', kind: 'snapshot', backupId: 's1', manifestKey: 'm', manifestSha256: 's', takenAt: AT, decidedAt: AT } as DrillPlan;
      await cloud.store.put(drillKey(plan, 'proof.json'), JSON.stringify({ ...goodProof(plan), storage: LOADING }));
      const { evidenceKey } = await closeDrill({ input: {}, drillId: 'd1', startedAt: AT, plan }, cloud);
      const { body } = (await readEvidence(cloud.store, evidenceKey)) ?? {};
      expect(body).toMatchObject({ storage: LOADING, rto: { seconds: 13 } });
    } finally {
      await cloud.remove();
    }
  });

  test.each<[StorageLoading, string]>([
    [LOADING, 'still loading: 40 % at the first query'],
    [{ loadedPercent: null, at: AT, detail: 'unknown: throttled' }, 'unknown: throttled'],
  ])('is on the first screen of the report (%#)', async (storage, said) => {
    const body = { ...makeBody(), storage };
    expect(renderReport(body, readSeal(await seal(body, fixedSigner())))).toContain(said);
    expect(renderReport(makeBody(), readSeal(await seal(makeBody(), fixedSigner())))).not.toContain('how much was there');
  });

  test('is a field of docs/evidence.md', () => {
    expect(readFileSync(join(import.meta.dirname, '../../../docs/evidence.md'), 'utf8')).toContain('| `storage` |');
  });
});
