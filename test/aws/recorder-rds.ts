import type { Part, Request } from './recorder.ts';

const ACCOUNT = '123456789012';
const REGION = 'eu-central-1';

/** Parameters that name something, and what kind of thing in an ARN; of most calls each is a resource of its own. */
const NAMED: readonly (readonly [parameter: string, kind: string])[] = [
  ['DBInstanceIdentifier', 'db'],
  ['TargetDBInstanceIdentifier', 'db'],
  ['SourceDBInstanceIdentifier', 'db'],
  ['DBClusterIdentifier', 'cluster'],
  ['SourceDBClusterIdentifier', 'cluster'],
  ['DBSnapshotIdentifier', 'snapshot'],
  ['DBClusterSnapshotIdentifier', 'cluster-snapshot'],
  ['SnapshotIdentifier', 'cluster-snapshot'],
  ['DBSubnetGroupName', 'subgrp'],
  ['DBParameterGroupName', 'pg'],
  ['DBClusterParameterGroupName', 'cluster-pg'],
];

/** What a call makes, by the parameter that names it: whoever makes it also tags it. */
const MADE: Readonly<Record<string, string>> = {
  CreateDBInstance: 'DBInstanceIdentifier',
  RestoreDBInstanceFromDBSnapshot: 'DBInstanceIdentifier',
  RestoreDBInstanceToPointInTime: 'TargetDBInstanceIdentifier',
  RestoreDBClusterFromSnapshot: 'DBClusterIdentifier',
  RestoreDBClusterToPointInTime: 'DBClusterIdentifier',
  CreateDBSnapshot: 'DBSnapshotIdentifier',
  CreateDBClusterSnapshot: 'DBClusterSnapshotIdentifier',
};

/** What a listing without a name looks at. */
const LISTED: Readonly<Record<string, string>> = {
  DescribeDBInstances: 'db',
  DescribeDBClusters: 'cluster',
  DescribeDBSnapshots: 'snapshot',
  DescribeDBClusterSnapshots: 'cluster-snapshot',
};

/** What one call to RDS has to be allowed, with what RDS then does in the caller's name. */
export function rdsCalls({ body }: Request): Part[] {
  const asked = new URLSearchParams(body);
  const name = asked.get('Action') ?? '';
  const action = `rds:${name}`;
  const resources = resourcesOf(name, asked);
  const made = MADE[name];
  if (made !== undefined) return [{ action, resources, context: contextOf(name, asked) }, ...tagging(made, asked), ...inTheCallersName(name, asked)];
  if (/^(Describe|AddTags|RemoveTags|ListTags)/.test(name)) return [{ action, resources, context: requestTags(asked) }];
  // By the time of a change what is changed has the tags that it was born with.
  return [{ action, resources, context: { 'aws:ResourceTag/pgproof:throwaway': 'true' } }, ...inTheCallersName(name, asked)];
}

function resourcesOf(name: string, asked: URLSearchParams): string[] {
  const resource = asked.get('ResourceName');
  if (resource !== null) return [resource];
  const named = NAMED.flatMap(([parameter, kind]) => (asked.has(parameter) ? [arn(kind, asked.get(parameter) ?? '')] : []));
  // A backup has a name that nobody chose, and its instance is asked about.
  if (name === 'DescribeDBInstanceAutomatedBackups') return [...named, arn('auto-backup', 'ab-0123456789')];
  if (named.length > 0) return named;
  return LISTED[name] === undefined ? ['*'] : [arn(LISTED[name], '*')];
}

/** Public is what an instance is by default; of a cluster it cannot be said, only of its instances. */
function contextOf(name: string, asked: URLSearchParams): Record<string, string> {
  const isInstance = name.includes('DBInstance');
  return { ...requestTags(asked), ...(isInstance ? { 'rds:PubliclyAccessible': asked.get('PubliclyAccessible') ?? 'true' } : {}) };
}

function tagging(parameter: string, asked: URLSearchParams): Part[] {
  const kind = NAMED.find(([each]) => each === parameter)?.[1] ?? '';
  return [{ action: 'rds:AddTagsToResource', resources: [arn(kind, asked.get(parameter) ?? '')], context: requestTags(asked) }];
}

function inTheCallersName(name: string, asked: URLSearchParams): Part[] {
  const isOfCluster = asked.has('DBClusterIdentifier');
  const password = asked.has('ManageMasterUserPassword') ? keepingAPassword(isOfCluster ? 'cluster' : 'db') : [];
  // What is encrypted, as all should be, RDS decrypts in the name of whoever restores it or adds an instance to it.
  const decrypts = name.startsWith('Restore') || (name === 'CreateDBInstance' && isOfCluster);
  return [...password, ...(decrypts ? DECRYPTING : [])];
}

/** RDS keeps a managed password as a secret in the name of whoever asked for it. */
function keepingAPassword(kind: 'db' | 'cluster'): Part[] {
  const resources = [`arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:rds!${kind}-0-abc`];
  const secret = ['secretsmanager:CreateSecret', 'secretsmanager:TagResource'].map((action): Part => ({ action, resources }));
  return [...secret, { action: 'kms:DescribeKey', resources: [`arn:aws:kms:${REGION}:${ACCOUNT}:key/aws-secretsmanager`] }];
}

const DECRYPTING: readonly Part[] = ['kms:CreateGrant', 'kms:DescribeKey'].map((action) => ({
  action,
  resources: [`arn:aws:kms:${REGION}:${ACCOUNT}:key/production`],
  context: { 'kms:ViaService': `rds.${REGION}.amazonaws.com`, 'kms:GrantIsForAWSResource': 'true' },
}));

function requestTags(asked: URLSearchParams): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const [name, key] of asked) {
    const index = /^Tags\.\w+\.(\d+)\.Key$/.exec(name)?.[1];
    if (index !== undefined) tags[`aws:RequestTag/${key}`] = asked.get(name.replace(/Key$/, 'Value')) ?? '';
  }
  return tags;
}

function arn(kind: string, name: string): string {
  return `arn:aws:rds:${REGION}:${ACCOUNT}:${kind}:${name}`;
}
