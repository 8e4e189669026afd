import { aboutEvent, sourceOfEvent } from '../../src/backup/event-about.ts';
import { placeOfKey } from '../../src/backup/manifest.ts';
import { parseScheduled } from '../../src/backup/scheduled.ts';
import { beginSnapshot, continueSnapshot, type BeginCloud, type BeginResult } from '../../src/backup/snapshot-begin.ts';
import { endOf, taskOf } from '../../src/backup/task-end.ts';
import { lambda } from '../../src/cloud/aws/lambda.ts';
import { config, launcher, notifier, snapshots, store } from '../../src/cloud/aws/parts.ts';
import { ObjectCreatedEvent } from '../../src/cloud/events.ts';
import { TaskStoppedEvent } from '../../src/cloud/service-events.ts';

/**
 * A snapshot is due, and later: the reading before it has landed (S3), or the task that should have made it has ended
 * without one (ECS). Duplicates and another order change nothing.
 */
export async function snapshot(event: unknown, cloud: BeginCloud): Promise<BeginResult> {
  const source = sourceOfEvent(event) ?? 'schedule';
  switch (source) {
    case 'aws.s3': {
      const place = placeOfKey(ObjectCreatedEvent.parse(event).detail.object.key);
      if (place?.kind !== 'snapshot' || place.file !== 'facts-before.json') return 'not ours';
      return await continueSnapshot({ database: place.database, snapshotId: place.backupId }, cloud);
    }
    case 'aws.ecs': {
      const stopped = TaskStoppedEvent.parse(event);
      const task = taskOf(stopped);
      if (task?.verb !== 'snapshot-facts' || task.moment !== 'begin' || endOf(stopped).exitCode === 0) return 'not ours';
      return await continueSnapshot(task, cloud);
    }
    default:
      return await beginSnapshot(parseScheduled(event, cloud.config), cloud);
  }
}

export const handler = lambda(snapshot, { needs: { store, notifier, config, snapshots, launcher }, about: aboutEvent });
