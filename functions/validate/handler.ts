import { aboutBackup, backupMetrics, measureBackup, type MeasuredBackup } from '../../src/backup/metrics.ts';
import { handOver, validateAndTell } from '../../src/backup/validation-event.ts';
import { lambda } from '../../src/cloud/aws/lambda.ts';
import { config, databases, launcher, notifier, programsFor, store } from '../../src/cloud/aws/parts.ts';
import type { Cloud, DeployedCloud } from '../../src/cloud/cloud.ts';
import { ObjectCreatedEvent } from '../../src/cloud/events.ts';

/** On the laptop there is nobody to hand a large backup to, and no need. */
type Needed = Pick<Cloud, 'store' | 'databases' | 'notifier' | 'programsFor' | 'clock' | 'config'> & Partial<Pick<DeployedCloud, 'launcher'>>;

/**
 * A manifest has landed: reads the whole backup back, keeps the result beside it and tells people; one that is too large
 * for a function is left to a worker task. A duplicate of an event finds the result there and tells nobody twice.
 */
export async function validate(event: unknown, cloud: Needed): Promise<MeasuredBackup | 'not a manifest' | 'handed to a task'> {
  const { key } = ObjectCreatedEvent.parse(event).detail.object;
  if (await handOver(key, cloud)) return 'handed to a task';
  const validation = await validateAndTell(key, cloud);
  return validation ? await measureBackup(validation, cloud.store) : 'not a manifest';
}

export const handler = lambda(validate, {
  needs: { store, databases, notifier, programsFor, config, launcher },
  about: (event, result) => ({
    key: ObjectCreatedEvent.parse(event).detail.object.key,
    ...(typeof result === 'object' && aboutBackup(result)),
  }),
  metrics: (result) => (typeof result === 'object' ? backupMetrics(result) : []),
});
