import {
  CreateDBClusterCommand,
  CreateDBClusterSnapshotCommand,
  CreateDBInstanceCommand,
  CreateDBSnapshotCommand,
  CreateDBSubnetGroupCommand,
  RDSClient,
  type RDSClientConfig,
} from '@aws-sdk/client-rds';
import { emulator, subnetIds, uniqueName } from './clients.ts';

const DATABASE_TAG = [{ Key: 'pgproof:database', Value: 'shop' }];
const PRODUCTION = { MasterUsername: 'owner', MasterUserPassword: 'production-password', Tags: [{ Key: 'environment', Value: 'production' }] };

/** A production account in the emulator: an instance and a cluster, each with a snapshot, and a place for drills. */
export interface RdsAccount {
  readonly subnetGroup: string;
  readonly instance: string;
  readonly snapshot: string;
  readonly cluster: string;
  readonly clusterSnapshot: string;
}

export async function makeAccount(): Promise<RdsAccount> {
  const rds = new RDSClient(emulator());
  const [subnetGroup, instance, snapshot, cluster, clusterSnapshot] = ['drills', 'orders', 'orders-1', 'ledger', 'ledger-1'].map(uniqueName) as [string, string, string, string, string];
  await rds.send(new CreateDBSubnetGroupCommand({ DBSubnetGroupName: subnetGroup, DBSubnetGroupDescription: 'drills', SubnetIds: await subnetIds() }));
  const shape = { Engine: 'postgres', EngineVersion: '17.4', DBInstanceClass: 'db.m7g.large', AllocatedStorage: 20 };
  await rds.send(new CreateDBInstanceCommand({ DBInstanceIdentifier: instance, ...shape, BackupRetentionPeriod: 7, ...PRODUCTION }));
  await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: instance, DBSnapshotIdentifier: snapshot, Tags: DATABASE_TAG }));
  await rds.send(new CreateDBClusterCommand({ DBClusterIdentifier: cluster, Engine: 'aurora-postgresql', EngineVersion: '16.4', ...PRODUCTION }));
  await rds.send(new CreateDBClusterSnapshotCommand({ DBClusterIdentifier: cluster, DBClusterSnapshotIdentifier: clusterSnapshot, Tags: DATABASE_TAG }));
  return { subnetGroup, instance, snapshot, cluster, clusterSnapshot };
}

/** Before this moment nothing in the emulator can be restored; after the call itself neither. */
const EARLIEST = new Date('2026-01-01T00:00:00Z');

/**
 * A client of the emulator that adds what RDS does and the emulator does not: it says since when something can be
 * recovered and of which instance a backup is, and it refuses moments outside of the recovery window.
 */
export function clientOfRds(config: RDSClientConfig = {}): RDSClient {
  const rds = new RDSClient({ ...emulator(), ...config });
  let described: string | undefined;
  const add = (output: Answer): Answer => {
    described = output.DBInstances?.[0]?.DbiResourceId ?? described;
    const { DBClusters, DBInstanceAutomatedBackups } = output;
    return {
      ...output,
      ...(DBClusters ? { DBClusters: DBClusters.map((each) => ({ ...each, EarliestRestorableTime: EARLIEST })) } : {}),
      ...(DBInstanceAutomatedBackups
        ? { DBInstanceAutomatedBackups: DBInstanceAutomatedBackups.map((each) => ({ ...each, DbiResourceId: described, RestoreWindow: { EarliestTime: EARLIEST } })) }
        : {}),
    };
  };
  rds.middlewareStack.add(
    (next) => async (args) => {
      const { RestoreTime, RestoreToTime } = args.input as { RestoreTime?: Date; RestoreToTime?: Date };
      const to = RestoreTime ?? RestoreToTime;
      if (to && (to < EARLIEST || to > new Date())) throw Object.assign(new Error('outside of the window'), { name: 'InvalidRestoreFault' });
      const result = await next(args);
      return { ...result, output: add(result.output as Answer) as never };
    },
    { step: 'initialize' },
  );
  return rds;
}

interface Answer {
  readonly DBInstances?: { readonly DbiResourceId?: string }[];
  readonly DBClusters?: object[];
  readonly DBInstanceAutomatedBackups?: object[];
}
