import { aboutEvent, sourceOfEvent } from '../../src/backup/event-about.ts';
import { placeOfKey } from '../../src/backup/manifest.ts';
import { readingLanded, snapshotCreated as created, type EndCloud, type EndResult } from '../../src/backup/snapshot-end.ts';
import { followUp } from '../../src/backup/snapshot-follow-up.ts';
import { lambda } from '../../src/cloud/aws/lambda.ts';
import { config, databases, launcher, notifier, store } from '../../src/cloud/aws/parts.ts';
import { ObjectCreatedEvent } from '../../src/cloud/events.ts';
import { RdsSnapshotEvent, SNAPSHOT_CREATED } from '../../src/cloud/service-events.ts';

/**
 * RDS has created a snapshot of ours: begins the reading after it. The reading has landed (S3): writes the manifest.
 * Every hour: looks after those that no event has told of. Duplicates and another order change nothing.
 */
export async function snapshotCreated(event: unknown, cloud: EndCloud): Promise<EndResult | Readonly<Record<string, EndResult>>> {
  const source = sourceOfEvent(event);
  if (source === 'aws.events') return await followUp(cloud);
  if (source === 'aws.s3') {
    const place = placeOfKey(ObjectCreatedEvent.parse(event).detail.object.key);
    return place?.kind === 'snapshot' && place.file === 'facts-after.json' ? await readingLanded(place, cloud) : 'not ours';
  }
  const { EventID, SourceIdentifier } = RdsSnapshotEvent.parse(event).detail;
  if (!(SNAPSHOT_CREATED as readonly string[]).includes(EventID)) return 'not ours';
  return await created(SourceIdentifier, cloud);
}

export const handler = lambda(snapshotCreated, { needs: { store, notifier, config, databases, launcher }, about: aboutEvent });
