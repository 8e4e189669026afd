import { readManifest } from '../backup/archive.ts';
import { clientMajor } from '../backup/manifest.ts';
import type { Clock } from '../cloud/clock.ts';
import type { DatabaseService } from '../cloud/database-service.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import type { TaskServers } from '../cloud/task-servers.ts';
import type { DatabaseConfig } from '../config/config.ts';
import { isAboutBackup } from '../backup/archive.ts';
import type { Address } from '../postgres/address.ts';
import type { PostgresPrograms } from '../postgres/programs.ts';
import type { DrillPlan } from './contract.ts';
import { withCopyServer } from './copy-server.ts';
import { ProofBuilder, ownFinding } from './proof-builder.ts';
import { proveDump } from './prove-dump.ts';
import { proveRecovery } from './prove-pitr.ts';
import { proveSnapshot } from './prove-snapshot.ts';
import { readStorage } from './storage.ts';

export interface ProveSetting {
  readonly store: ObjectStore;
  readonly databases: DatabaseService;
  readonly clock: Clock;
  readonly config: DatabaseConfig;
  programsFor(major: number): Promise<PostgresPrograms>;
  readonly taskServers?: TaskServers;
  readonly signal: AbortSignal;
  readonly onStage?: (stage: string) => void;
}

export function drillKey(plan: Pick<DrillPlan, 'database' | 'drillId'>, file: string): string {
  return `v1/${plan.database}/drills/${plan.drillId}/${file}`;
}

/**
 * Restores the planned backup into the waiting instance, compares, and leaves `proof.json`. What was found out before
 * an error is kept: the proof is written first, then the error is thrown, unless it is a fact about the backup, which
 * the proof itself carries.
 *
 * @throws whatever kept it from finding out; the drill then ends NOT PROVEN
 */
export async function prove(plan: DrillPlan, setting: ProveSetting): Promise<void> {
  const proof = new ProofBuilder(plan, setting.clock, setting.onStage);
  let failure: { error: unknown } | undefined;
  try {
    await proveAll(plan, setting, proof);
  } catch (error) {
    proof.failed(error);
    if (!isAboutBackup(error)) failure = { error };
  }
  await setting.store.put(drillKey(plan, 'proof.json'), `${JSON.stringify(proof.build(), null, 2)}\n`);
  if (failure) throw failure.error;
}

async function proveAll(plan: DrillPlan, setting: ProveSetting, proof: ProofBuilder): Promise<void> {
  if (plan.kind === 'pitr') {
    proof.storage(await readStorage(plan.instanceId, setting));
    await proveRecovery({ plan, setting, proof });
    return;
  }
  proof.add(selectionFinding(plan));
  const { manifest, sha256, bytes } = await readManifest(setting.store, plan.manifestKey, plan.manifestSha256);
  proof.bind({ role: 'manifest', key: plan.manifestKey, bytes, sha256 });
  const programs = await setting.programsFor(clientMajor(manifest));
  const proveOn = async (login: Omit<Address, 'database'>) => {
    const context = { plan, setting, proof, programs, target: { ...login, database: manifest.source.database } };
    if (manifest.kind === 'dump') await proveDump(manifest, context);
    else await proveSnapshot(manifest, context);
  };
  if (plan.target === 'task') await withCopyServer(plan, manifest, { setting, proof }, proveOn);
  else {
    const login = await setting.databases.connection(plan.instanceId);
    if (plan.kind !== 'dump') proof.storage(await readStorage(plan.instanceId, setting));
    await proveOn(login);
  }
}

/** Check 1: which backup this is, and which newer ones it is not. */
function selectionFinding(plan: DrillPlan) {
  const { listed, passedOver } = plan.selection;
  const newer = passedOver.length === 0 ? '' : `; passed over: ${passedOver.join('; ')}`;
  return ownFinding(
    { id: 'selection', name: 'Backup chosen', number: 1, level: 1 },
    { status: 'passed', examined: listed, detail: `${plan.kind} ${plan.backupId}, one of ${listed}${newer}` },
  );
}
