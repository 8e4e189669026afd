import type { LaunchedTask } from '../../src/cloud/task-launcher.ts';

/** Events in the shape in which AWS's services send them, with every field that they carry. */

const ACCOUNT = '123456789012';
const REGION = 'eu-central-1';
export const CLUSTER_ARN = `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/pgproof-prod`;
export const BUCKET = 'pgproof-prod-backups';

export function objectCreated(key: string, bucket = BUCKET): Record<string, unknown> {
  return {
    version: '0',
    id: '17793124-05d4-b198-2fde-7ededc63b103',
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account: ACCOUNT,
    time: '2026-11-20T02:00:00Z',
    region: REGION,
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: '0',
      bucket: { name: bucket },
      object: { key, size: 12, etag: 'b1946ac92492d2347c6235b4d2611184', 'version-id': '1', sequencer: '617F08299329D189' },
      'request-id': 'N4N7GDK58NMKJ12R',
      requester: ACCOUNT,
      'source-ip-address': '2600:1f18::7',
      reason: 'PutObject',
    },
  };
}

export interface SnapshotEventOptions {
  readonly eventId?: string;
  readonly cluster?: boolean;
  readonly message?: string;
}

export function snapshotEvent(snapshotId: string, { eventId, cluster = false, message }: SnapshotEventOptions = {}): Record<string, unknown> {
  const arn = `arn:aws:rds:${REGION}:${ACCOUNT}:${cluster ? 'cluster-snapshot' : 'snapshot'}:${snapshotId}`;
  return {
    version: '0',
    id: '844e2571-85d4-695f-b930-0153b71dcb42',
    'detail-type': cluster ? 'RDS DB Cluster Snapshot Event' : 'RDS DB Snapshot Event',
    source: 'aws.rds',
    account: ACCOUNT,
    time: '2026-11-20T02:05:13Z',
    region: REGION,
    resources: [arn],
    detail: {
      EventCategories: [cluster ? 'backup' : 'creation'],
      SourceType: cluster ? 'CLUSTER_SNAPSHOT' : 'SNAPSHOT',
      SourceArn: arn,
      Date: '2026-11-20T02:05:13.882Z',
      SourceIdentifier: snapshotId,
      Message: message ?? (cluster ? 'Manual cluster snapshot created' : 'Manual snapshot created'),
      EventID: eventId ?? (cluster ? 'RDS-EVENT-0075' : 'RDS-EVENT-0042'),
    },
  };
}

export interface TaskEventOptions {
  readonly taskId?: string;
  /** Absent when the container never ran. */
  readonly exitCode?: number;
  readonly lastStatus?: string;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  readonly reason?: string;
  readonly clusterArn?: string;
  readonly family?: string;
  readonly startedBy?: string;
}

/** As Fargate's tasks are told of; `task` is what was put into the worker's environment. */
export function taskEvent(task: LaunchedTask | { readonly verb: 'prove'; readonly plan: object }, options: TaskEventOptions = {}): Record<string, unknown> {
  const { taskId = 'c13b4cb40f1f4fe4a2971f76ae5a47ad', exitCode, lastStatus = 'STOPPED', clusterArn = CLUSTER_ARN, reason } = options;
  const family = options.family ?? familyOf(task);
  const taskArn = `arn:aws:ecs:${REGION}:${ACCOUNT}:task/pgproof-prod/${taskId}`;
  return {
    version: '0',
    id: '3317b2af-7005-947d-b652-f55e762e571a',
    'detail-type': 'ECS Task State Change',
    source: 'aws.ecs',
    account: ACCOUNT,
    time: '2026-11-20T02:04:58Z',
    region: REGION,
    resources: [taskArn],
    detail: {
      attachments: [{ id: '1789bcae', type: 'elasticNetworkInterface', status: 'DELETED', details: [{ name: 'subnetId', value: 'subnet-1' }] }],
      availabilityZone: 'eu-central-1a',
      clusterArn,
      connectivity: 'CONNECTED',
      containers: [
        {
          containerArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:container/pgproof-prod/${taskId}/cf159fd6`,
          ...(exitCode === undefined ? {} : { exitCode }),
          ...(reason === undefined ? {} : { reason }),
          lastStatus,
          name: 'worker',
          image: 'pgproof-prod-worker:0.1.0',
          taskArn,
          networkInterfaces: [],
          cpu: '0',
        },
      ],
      cpu: '1024',
      createdAt: '2026-11-20T02:00:05.000Z',
      desiredStatus: 'STOPPED',
      group: `family:${family}`,
      launchType: 'FARGATE',
      lastStatus,
      memory: '2048',
      overrides: { containerOverrides: [{ environment: [{ name: 'PGPROOF_TASK', value: JSON.stringify(task) }], name: 'worker' }] },
      platformVersion: '1.4.0',
      startedBy: options.startedBy ?? startedBy(task),
      stopCode: options.stopCode ?? 'EssentialContainerExited',
      stoppedAt: '2026-11-20T02:04:57.000Z',
      stoppedReason: options.stoppedReason ?? 'Essential container in task exited',
      taskArn,
      taskDefinitionArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:task-definition/${family}:3`,
      version: 5,
    },
  };
}

function familyOf(task: Parameters<typeof taskEvent>[0]): string {
  if (task.verb === 'prove' || task.verb === 'validate') return `pgproof-prod-${task.verb}`;
  return `pgproof-prod-source-${task.database}`;
}

function startedBy(task: Parameters<typeof taskEvent>[0]): string {
  if (task.verb === 'prove') return 'pgproof-drill-shop-1';
  return task.verb === 'snapshot-facts' ? `pgproof/snapshot-facts-${task.moment}/${task.database}` : `pgproof/${task.verb}/${task.database}`;
}

/** What a rule with a schedule sends. */
export function tick(): Record<string, unknown> {
  return {
    version: '0',
    id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa',
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: ACCOUNT,
    time: '2026-11-20T03:00:00Z',
    region: REGION,
    resources: [`arn:aws:events:${REGION}:${ACCOUNT}:rule/pgproof-prod-SnapshotFollowUpRule`],
    detail: {},
  };
}
