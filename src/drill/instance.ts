import type { Cloud } from '../cloud/cloud.ts';
import { readManifest } from '../backup/archive.ts';
import { validateSnapshot } from '../backup/validation-checks.ts';
import { CleanupFailedError, InstanceFailedError, ObjectDamagedError } from '../errors.ts';
import { readRecovery } from './recovery.ts';
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

/** Begins to create the throwaway instance: empty for a dump, from the snapshot, or as the source was at a point in time. */
export async function beginRestore(plan: DrillPlan, { store, databases, clock }: Setting): Promise<{ at: string }> {
  const tags = {
    'pgproof:drill': plan.drillId,
    'pgproof:database': plan.database,
    'pgproof:throwaway': 'true',
    [EXPIRES_AT_TAG]: new Date(Date.parse(plan.decidedAt) + LONGEST_LIFE_SECONDS * 1000).toISOString(),
  };
  const { instanceId, differences } = plan;
  if (plan.kind === 'dump') {
    await databases.createInstance({ instanceId, ...plan.instance, tags, differences });
  } else if (plan.kind === 'pitr') {
    const { record } = await readRecovery(store, plan.manifestKey, plan.manifestSha256);
    const source = { database: plan.database, ...record.source };
    await databases.restoreToPointInTime({ instanceId, source, to: new Date(record.target), tags, differences });
  } else {
    const { manifest } = await readManifest(store, plan.manifestKey, plan.manifestSha256);
    if (manifest.kind !== 'snapshot') throw new ObjectDamagedError(plan.manifestKey, 'is not the manifest of a snapshot');
    await databases.restoreSnapshot({ instanceId, snapshotId: manifest.snapshot.id, tags, differences });
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
  if (instance.status === 'available') {
    const { loadingPercent } = instance;
    return { status: 'available', at: now.toISOString(), ...(loadingPercent === undefined ? {} : { loadingPercent }) };
  }
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

/** Gone means: asked for, and not there. What is neither gone nor on its way is asked to go once more. */
export async function confirmGone(
  plan: DrillPlan,
  destroyed: DestroyState,
  { databases, clock }: Omit<Setting, 'store'>,
): Promise<CleanupState> {
  const { instanceId } = plan;
  const instance = await databases.describeInstance(instanceId, { advance: false });
  const now = clock.now();
  const at = now.toISOString();
  if (!instance) return { status: 'verified', at };
  const refusal = instance.status === 'deleting' ? undefined : await askAgain(instanceId, databases);
  const isLate = now.getTime() - Date.parse(destroyed.at) >= GONE_WITHIN_SECONDS * 1000;
  if (!isLate) return { status: 'waiting', at, ...(refusal === undefined ? {} : { detail: refusal }) };
  const detail = `still ${instance.status} after ${GONE_WITHIN_SECONDS / 60} minutes${refusal === undefined ? '' : `: ${refusal}`}`;
  return { status: 'failed', at, detail };
}

/** A refusal may be over at the next look, so it is kept in the state and decides nothing before the time is up. */
async function askAgain(instanceId: string, databases: Setting['databases']): Promise<string | undefined> {
  try {
    await databases.deleteInstance(instanceId);
    return undefined;
  } catch (error) {
    if (error instanceof CleanupFailedError) return error.message;
    throw error;
  }
}
