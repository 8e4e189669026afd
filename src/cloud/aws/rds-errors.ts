import { CleanupFailedError, InstanceFailedError, InstanceRefusedError, NoBackupError } from '../../errors.ts';
import { nameOf } from './service-errors.ts';

/** What RDS's refusal to make an instance means and what to do about it. */
export function refusal(instanceId: string, error: unknown): Error {
  const name = nameOf(error);
  if (name === 'DBSnapshotNotFound' || name === 'DBClusterSnapshotNotFound') {
    return new NoBackupError(`instance ${instanceId} cannot be restored: its snapshot is gone`, {
      cause: error,
      hint: 'aws rds describe-db-snapshots --snapshot-type manual',
    });
  }
  const hint = HINTS[name] ?? 'look at the last events: aws rds describe-events --duration 60';
  return new InstanceRefusedError(`RDS refused instance ${instanceId}: ${name}: ${messageOf(error)}`, { cause: error, hint });
}

export function cleanupFailure(instanceId: string, error: unknown, kind: 'instance' | 'cluster' = 'instance'): CleanupFailedError {
  return new CleanupFailedError(instanceId, `RDS refused to delete ${instanceId}: ${nameOf(error)}: ${messageOf(error)}`, {
    cause: error,
    hint: `aws rds delete-db-${kind} --skip-final-snapshot --db-${kind}-identifier ${instanceId}`,
  });
}

export function observationFailure(
  instanceId: string,
  action: string,
  error: unknown,
  kind: 'instance' | 'cluster' = 'instance',
): InstanceFailedError {
  return new InstanceFailedError(instanceId, `${action} of ${instanceId} failed: ${nameOf(error)}: ${messageOf(error)}`, {
    cause: error,
    hint: `aws rds describe-db-${kind}s --db-${kind}-identifier ${instanceId}`,
  });
}

const HINTS: Readonly<Record<string, string>> = {
  InsufficientDBInstanceCapacity: 'choose another class or a subnet group with more zones: drill.instance in pgproof.yml',
  InstanceQuotaExceeded: 'aws service-quotas get-service-quota --service-code rds --quota-code L-7B6409FD',
  StorageQuotaExceeded: 'aws service-quotas get-service-quota --service-code rds --quota-code L-7ADDB58A',
  KMSKeyNotAccessible: "the drill's role needs kms:CreateGrant and kms:DescribeKey on the snapshot's key",
  DBSubnetGroupDoesNotCoverEnoughAZs: 'the subnet group needs subnets in two zones: aws rds describe-db-subnet-groups',
  InsufficientDBClusterCapacity: 'choose another class or a subnet group with more zones: drill.instance in pgproof.yml',
  DBClusterQuotaExceeded: 'aws service-quotas get-service-quota --service-code rds --quota-code L-952B80B8',
  DBClusterParameterGroupNotFound:
    'a cluster of Aurora takes a cluster parameter group: name it in databases.<name>.drill.instance.parameterGroup; aws rds describe-db-cluster-parameter-groups',
  PointInTimeRestoreNotEnabled: "the source has no automated backups: raise its retention above 0 days, or leave pitr out of drill.kinds",
  InvalidRestore: 'the moment may be outside the recovery window: aws rds describe-db-instance-automated-backups',
  DBInstanceNotFound: 'the source is gone: look at databases.<name>.source in pgproof.yml; aws rds describe-db-instances',
  DBClusterNotFound: 'the source is gone: look at databases.<name>.source in pgproof.yml; aws rds describe-db-clusters',
  DBSubnetGroupNotFound: 'aws rds describe-db-subnet-groups',
  DBParameterGroupNotFound: 'aws rds describe-db-parameter-groups',
  InvalidParameterCombination: "class, version or parameter group do not fit the database's major: aws rds describe-orderable-db-instance-options --engine postgres",
  InvalidDBClusterSnapshotState: 'wait until it is available: aws rds describe-db-cluster-snapshots',
  InvalidDBSnapshotState: 'wait until it is available: aws rds describe-db-snapshots',
  AccessDenied: "the drill's role lacks a permission: deploy again, or look for a service control policy",
};

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
