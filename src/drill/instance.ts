import type { Cloud } from '../cloud/cloud.ts';
import { readManifest } from '../backup/archive.ts';
import { validateSnapshot } from '../backup/validation-checks.ts';
import { InstanceFailedError, ObjectDamagedError } from '../errors.ts';
import type { CleanupState, DestroyState, DrillPlan, InstanceState } from './contract.ts';

type Setting = Pick<Cloud, 'store' | 'databases' | 'clock'>;

/** How long a destroyed instance may take to be gone before that is a failure of its own. */
const GONE_WITHIN_SECONDS = 3600;

export const EXPIRES_AT_TAG = 'pgproof:expires-at';

/**
 * From the decision to restore: the time limit of restore-drill.asl.json, and an hour more. No state of the drill can need
 * its instance later, so whoever destroys it then takes it from nobody.
 */
export const LONGEST_LIFE_SECONDS = 90_000;

/** Begins to create the throwaway instance: empty for a dump, from the snapshot for a snapshot. */
export async function beginRestore(plan: DrillPlan, { store, databases, clock }: Setting): Promise<{ at: string }> {
  const tags = {
    'pgproof:drill': plan.drillId,
    'pgproof:database': plan.database,
    'pgproof:throwaway': 'true',
    [EXPIRES_AT_TAG]: new Date(Date.parse(plan.decidedAt) + LONGEST_LIFE_SECONDS * 1000).toISOString(),
  };
  const { instanceId } = plan;
  if (plan.kind === 'dump') {
    await databases.createInstance({ instanceId, ...plan.instance, tags });
  } else {
    const { manifest } = await readManifest(store, plan.manifestKey, plan.manifestSha256);
    if (manifest.kind !== 'snapshot') throw new ObjectDamagedError(plan.manifestKey, 'is not the manifest of a snapshot');
    await databases.restoreSnapshot({ instanceId, snapshotId: manifest.snapshot.id, tags });
  }
  return { at: clock.now().toISOString() };
}

/**
 * @throws InstanceFailedError when it failed, vanished, or did not come up before the plan's deadline
 * @throws ObjectDamagedError when it failed because the snapshot it was made of is damaged
 */
export async function observeInstance(plan: DrillPlan, setting: Setting): Promise<InstanceState> {
  const { databases, clock } = setting;
  const { instanceId, deadlineAt } = plan;
  const instance = await databases.describeInstance(instanceId);
  const now = clock.now();
  if (!instance) throw new InstanceFailedError(instanceId, `instance ${instanceId} does not exist`);
  if (instance.status === 'available') return { status: 'available', at: now.toISOString() };
  if (instance.status !== 'creating') {
    if (plan.kind === 'snapshot') await requireIntact(plan, setting);
    throw new InstanceFailedError(instanceId, `instance ${instanceId} is ${instance.status}: ${instance.detail ?? ''}`);
  }
  if (now.getTime() > Date.parse(deadlineAt)) {
    throw new InstanceFailedError(instanceId, `instance ${instanceId} was not available by ${deadlineAt}`, {
      hint: 'raise drill.instanceTimeout in pgproof.yml',
    });
  }
  return { status: 'creating', at: now.toISOString() };
}

/** A server that does not come up is the environment's fault only if it was given what the source once was. */
async function requireIntact(plan: DrillPlan, { store, databases }: Setting): Promise<void> {
  const { manifest } = await readManifest(store, plan.manifestKey, plan.manifestSha256);
  if (manifest.kind !== 'snapshot') return;
  const damaged = (await validateSnapshot(manifest, { databases })).find(({ status }) => status === 'failed');
  if (damaged) throw new ObjectDamagedError(manifest.snapshot.id, `its instance did not come up: ${damaged.detail}`);
}

/** Begins to destroy the instance; one that was never created is gone already. */
export async function beginDestroy(plan: DrillPlan, { databases, clock }: Omit<Setting, 'store'>): Promise<DestroyState> {
  const at = clock.now().toISOString();
  await databases.deleteInstance(plan.instanceId);
  return { at };
}

/** Gone means: asked for, and not there. */
export async function confirmGone(
  plan: DrillPlan,
  destroyed: DestroyState,
  { databases, clock }: Omit<Setting, 'store'>,
): Promise<CleanupState> {
  const instance = await databases.describeInstance(plan.instanceId);
  const now = clock.now();
  const at = now.toISOString();
  if (!instance) return { status: 'verified', at };
  if (now.getTime() - Date.parse(destroyed.at) < GONE_WITHIN_SECONDS * 1000) return { status: 'waiting', at };
  const detail = `still ${instance.status} after ${GONE_WITHIN_SECONDS / 60} minutes`;
  return { status: 'failed', at, detail };
}
