import type { Act } from './policy-simulation.ts';

/** What no role may ever do, whatever its code is made to ask; `except` names those whose very work it is. */
export interface Forbidden {
  readonly what: string;
  readonly act: Act;
  readonly except?: readonly string[];
}

const RDS = 'arn:aws:rds:eu-central-1:123456789012';
const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret';
const ECS = 'arn:aws:ecs:eu-central-1:123456789012';
export const THROWAWAY = { 'aws:ResourceTag/pgproof:throwaway': 'true' };
const OURS = { 'aws:RequestTag/pgproof:throwaway': 'true' };
const PUBLIC = { ...OURS, 'rds:PubliclyAccessible': 'true' };
const TO_ECS = { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' };
const PRODUCTION_SECRET = { 'secretsmanager:ResourceTag/aws:rds:primaryDBInstanceArn': `${RDS}:db:orders` };

export const FORBIDDEN: readonly Forbidden[] = [
  { what: 'delete production', act: { action: 'rds:DeleteDBInstance', resource: `${RDS}:db:shop-production`, context: THROWAWAY } },
  { what: 'delete a cluster of production', act: { action: 'rds:DeleteDBCluster', resource: `${RDS}:cluster:ledger`, context: THROWAWAY } },
  { what: 'change production', act: { action: 'rds:ModifyDBInstance', resource: `${RDS}:db:shop-production`, context: THROWAWAY } },
  { what: 'change a cluster of production', act: { action: 'rds:ModifyDBCluster', resource: `${RDS}:cluster:ledger`, context: THROWAWAY } },
  { what: 'tag production', act: { action: 'rds:AddTagsToResource', resource: `${RDS}:db:shop-production`, context: OURS } },
  { what: 'tag a cluster of production', act: { action: 'rds:AddTagsToResource', resource: `${RDS}:cluster:ledger`, context: OURS } },
  { what: 'stop production', act: { action: 'rds:StopDBInstance', resource: `${RDS}:db:shop-production` } },
  { what: 'restart production', act: { action: 'rds:RebootDBInstance', resource: `${RDS}:db:shop-production` } },
  { what: 'delete what is named like a throwaway but is not tagged so', act: { action: 'rds:DeleteDBInstance', resource: `${RDS}:db:pgproof-drill-x` } },
  { what: 'change what is named like a throwaway but is not tagged so', act: { action: 'rds:ModifyDBInstance', resource: `${RDS}:db:pgproof-drill-x` } },
  { what: 'take the tag off', act: { action: 'rds:RemoveTagsFromResource', resource: `${RDS}:db:pgproof-drill-x`, context: THROWAWAY } },
  { what: 'make a throwaway without its tag', act: { action: 'rds:AddTagsToResource', resource: `${RDS}:db:pgproof-drill-x` } },
  { what: 'delete a snapshot', act: { action: 'rds:DeleteDBSnapshot', resource: `${RDS}:snapshot:pgproof-shop-20261120t011700z` } },
  { what: 'share a snapshot', act: { action: 'rds:ModifyDBSnapshotAttribute', resource: `${RDS}:snapshot:pgproof-shop-20261120t011700z` } },
  { what: 'copy a snapshot', act: { action: 'rds:CopyDBSnapshot', resource: `${RDS}:snapshot:pgproof-shop-20261120t011700z` } },
  { what: 'take a snapshot of what is not configured', act: { action: 'rds:CreateDBSnapshot', resource: `${RDS}:db:orders` } },
  { what: 'give a snapshot a name that is not ours', act: { action: 'rds:CreateDBSnapshot', resource: `${RDS}:snapshot:orders-before-migration` } },
  { what: 'restore under a name of production', act: { action: 'rds:RestoreDBInstanceFromDBSnapshot', resource: `${RDS}:db:orders`, context: OURS } },
  { what: 'restore to a point in time from what is not configured', act: { action: 'rds:RestoreDBInstanceToPointInTime', resource: `${RDS}:db:orders`, context: OURS } },
  { what: 'restore a cluster under a name of production', act: { action: 'rds:RestoreDBClusterFromSnapshot', resource: `${RDS}:cluster:ledger`, context: OURS } },
  { what: 'make an instance open to the world', act: { action: 'rds:CreateDBInstance', resource: `${RDS}:db:pgproof-drill-x`, context: PUBLIC } },
  { what: 'restore an instance open to the world', act: { action: 'rds:RestoreDBInstanceFromDBSnapshot', resource: `${RDS}:db:pgproof-drill-x`, context: PUBLIC } },
  { what: 'recover an instance open to the world', act: { action: 'rds:RestoreDBInstanceToPointInTime', resource: `${RDS}:db:pgproof-drill-x`, context: PUBLIC } },
  { what: "read another database's secret", act: { action: 'secretsmanager:GetSecretValue', resource: `${SECRET}:orders-AbCdEf` } },
  { what: "read the secret of production's master user", act: { action: 'secretsmanager:GetSecretValue', resource: `${SECRET}:rds!db-orders-abc`, context: PRODUCTION_SECRET } },
  { what: 'read a secret of RDS that is tagged with nothing', act: { action: 'secretsmanager:GetSecretValue', resource: `${SECRET}:rds!db-orders-abc` } },
  { what: 'log in to another database', act: { action: 'rds-db:connect', resource: 'arn:aws:rds-db:eu-central-1:123456789012:dbuser:db-ORDERS/pgproof' } },
  { what: 'delete a backup', act: { action: 's3:DeleteObject', resource: 'BUCKET/v1/shop/dumps/1/archive.dump' } },
  { what: 'delete a version of a backup', act: { action: 's3:DeleteObjectVersion', resource: 'BUCKET/v1/shop/dumps/1/archive.dump' } },
  // Where it writes over one, the lock keeps the version that was there, and the manifest names its SHA-256.
  { what: 'write an archive', act: { action: 's3:PutObject', resource: 'BUCKET/v1/shop/dumps/1/archive.dump' }, except: ['DatabaseShopSourceRole'] },
  { what: "write another database's archive", act: { action: 's3:PutObject', resource: 'BUCKET/v1/orders/dumps/1/archive.dump' } },
  { what: "write the manifest of a dump", act: { action: 's3:PutObject', resource: 'BUCKET/v1/shop/dumps/1/manifest.json' }, except: ['DatabaseShopSourceRole'] },
  { what: 'write evidence', act: { action: 's3:PutObject', resource: 'BUCKET/v1/shop/drills/1/evidence.json' }, except: ['SealRole'] },
  { what: 'write a proof', act: { action: 's3:PutObject', resource: 'BUCKET/v1/shop/drills/1/proof.json' }, except: ['ProveTaskRole'] },
  { what: 'write outside of its format', act: { action: 's3:PutObject', resource: 'BUCKET/anything.txt' } },
  { what: 'shorten a lock', act: { action: 's3:PutObjectRetention', resource: 'BUCKET/v1/shop/dumps/1/archive.dump' } },
  { what: 'get around a lock', act: { action: 's3:BypassGovernanceRetention', resource: 'BUCKET/v1/shop/dumps/1/archive.dump' } },
  { what: 'open the bucket', act: { action: 's3:PutBucketPolicy', resource: 'BUCKET' } },
  { what: 'take the lock off the bucket', act: { action: 's3:PutBucketObjectLockConfiguration', resource: 'BUCKET' } },
  { what: 'seal what was not proved', act: { action: 'kms:Sign', resource: 'arn:aws:kms:eu-central-1:123456789012:key/SigningKey' }, except: ['SealRole'] },
  { what: 'delete the key', act: { action: 'kms:ScheduleKeyDeletion', resource: 'arn:aws:kms:eu-central-1:123456789012:key/BackupKey' } },
  { what: 'hand on another role', act: { action: 'iam:PassRole', resource: 'arn:aws:iam::123456789012:role/admin', context: TO_ECS } },
  { what: 'run another task', act: { action: 'ecs:RunTask', resource: `${ECS}:task-definition/orders-app:1`, context: { 'ecs:cluster': `${ECS}:WorkerCluster` } } },
  { what: 'run a task elsewhere', act: { action: 'ecs:RunTask', resource: `${ECS}:task-definition/pgproof-prod-source-shop:1`, context: { 'ecs:cluster': `${ECS}:cluster/orders` } } },
  { what: 'call another function', act: { action: 'lambda:InvokeFunction', resource: 'arn:aws:lambda:eu-central-1:123456789012:function:orders' } },
  { what: 'start another state machine', act: { action: 'states:StartExecution', resource: 'arn:aws:states:eu-central-1:123456789012:stateMachine:orders' } },
  { what: 'publish elsewhere', act: { action: 'sns:Publish', resource: 'arn:aws:sns:eu-central-1:123456789012:orders' } },
];
