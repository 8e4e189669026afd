import { sha256Of } from '../../src/backup/digest.ts';
import type { ObjectStore } from '../../src/cloud/object-store.ts';
import type { DrillPlan } from '../../src/drill/contract.ts';
import { uniqueName } from './clients.ts';
import { snapshotManifest } from './manifests.ts';

type Wanted =
  | { readonly kind: 'snapshot'; readonly snapshotId: string; readonly drillId?: string }
  | { readonly kind: 'pitr'; readonly aurora: string; readonly drillId?: string };

/** A plan as Plan would make it, with the object that it is bound to. */
export async function functionPlan(store: ObjectStore, wanted: Wanted): Promise<DrillPlan> {
  const drillId = wanted.drillId ?? uniqueName('drill');
  const { key, text, sha256 } = wanted.kind === 'snapshot' ? snapshotManifest(wanted.snapshotId) : recoveryRecord(drillId, wanted.aurora);
  await store.put(key, text);
  return {
    drillId,
    database: 'shop',
    kind: wanted.kind,
    backupId: wanted.kind === 'snapshot' ? '20261120T010000Z-snap' : 'pitr-20261120T010001Z',
    manifestKey: key,
    manifestSha256: sha256,
    takenAt: '2026-11-20T01:00:01.000Z',
    selection: { listed: 1, passedOver: [] },
    instanceId: uniqueName('pgproof-drill'),
    decidedAt: '2026-11-20T02:00:00.000Z',
    deadlineAt: '2099-11-20T03:00:00.000Z',
    instance: { major: 17, superuser: 'postgres', parameters: {} },
    target: 'service',
    readsSource: false,
    differences: {},
  };
}

function recoveryRecord(drillId: string, aurora: string): { key: string; text: string; sha256: string } {
  const text = JSON.stringify({
    format: 1,
    kind: 'pitr',
    database: 'shop',
    drillId,
    source: { aurora },
    window: { earliest: '2026-11-01T00:00:00.000Z', latest: '2026-11-20T01:30:00.000Z' },
    requested: '2026-11-20T01:00:01Z',
    target: '2026-11-20T01:00:01.000Z',
    marks: [],
    readsSource: false,
  });
  return { key: `v1/shop/drills/${drillId}/recovery.json`, text, sha256: sha256Of(Buffer.from(text)) };
}
