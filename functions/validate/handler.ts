import { aboutBackup, backupMetrics, measureBackup, type MeasuredBackup } from '../../src/backup/metrics.ts';
import { validateBackup } from '../../src/backup/validation.ts';
import { lambda } from '../../src/cloud/aws/lambda.ts';
import { databases, notifier, programsFor, store } from '../../src/cloud/aws/parts.ts';
import type { Cloud } from '../../src/cloud/cloud.ts';
import { ObjectCreatedEvent } from '../../src/cloud/events.ts';
import { announceValidation } from '../../src/drill/announce.ts';

type Needed = Pick<Cloud, 'store' | 'databases' | 'notifier' | 'programsFor' | 'clock'>;

/**
 * A manifest has landed: reads the whole backup back, keeps the result beside it and tells people.
 * A duplicate of an event finds the result there and tells nobody twice.
 */
export async function validate(event: unknown, cloud: Needed): Promise<MeasuredBackup | 'not a manifest'> {
  const { key } = ObjectCreatedEvent.parse(event).detail.object;
  const result = await validateBackup(key, cloud);
  if (!result) return 'not a manifest';
  if (result.fresh) await cloud.notifier.publish(announceValidation(result.validation));
  return await measureBackup(result.validation, cloud.store);
}

export const handler = lambda(validate, {
  needs: { store, databases, notifier, programsFor },
  about: (event, result) => ({
    key: ObjectCreatedEvent.parse(event).detail.object.key,
    ...(typeof result === 'object' && aboutBackup(result)),
  }),
  metrics: (result) => (typeof result === 'object' ? backupMetrics(result) : []),
});
