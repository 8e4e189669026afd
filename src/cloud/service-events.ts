import * as z from 'zod';

/** Events of AWS's services as EventBridge delivers them, as far as pgproof looks at them. Unknown fields pass. */

/** Manual snapshot created, of an instance and of a cluster. */
export const SNAPSHOT_CREATED = ['RDS-EVENT-0042', 'RDS-EVENT-0075'] as const;

/** RDS tells of its snapshots at best effort: an event may come twice, late, or not at all. */
export const RdsSnapshotEvent = z.looseObject({
  source: z.literal('aws.rds'),
  'detail-type': z.enum(['RDS DB Snapshot Event', 'RDS DB Cluster Snapshot Event']),
  time: z.iso.datetime(),
  detail: z.looseObject({
    EventID: z.string(),
    /** The snapshot's identifier. */
    SourceIdentifier: z.string().min(1),
    SourceArn: z.string().optional(),
    SourceType: z.string().optional(),
    Message: z.string().optional(),
  }),
});
export type RdsSnapshotEvent = z.infer<typeof RdsSnapshotEvent>;

const Container = z.looseObject({
  name: z.string(),
  /** Absent when the container never ran. */
  exitCode: z.int().optional(),
  reason: z.string().optional(),
});

/** The end of a task. */
export const TaskStoppedEvent = z.looseObject({
  source: z.literal('aws.ecs'),
  'detail-type': z.literal('ECS Task State Change'),
  time: z.iso.datetime(),
  detail: z.looseObject({
    lastStatus: z.literal('STOPPED'),
    clusterArn: z.string(),
    taskArn: z.string().min(1),
    createdAt: z.iso.datetime().optional(),
    stoppedAt: z.iso.datetime().optional(),
    stopCode: z.string().optional(),
    stoppedReason: z.string().optional(),
    containers: z.array(Container).default([]),
    overrides: z.looseObject({
      containerOverrides: z.array(
        z.looseObject({ name: z.string(), environment: z.array(z.looseObject({ name: z.string(), value: z.string() })).default([]) }),
      ),
    }),
  }),
});
export type TaskStoppedEvent = z.infer<typeof TaskStoppedEvent>;
