import { validateBackup, type Validation } from '../../src/backup/validation.ts';
import { lambda } from '../../src/cloud/aws/lambda.ts';
import type { Cloud } from '../../src/cloud/cloud.ts';
import { ObjectCreatedEvent } from '../../src/cloud/events.ts';
import { announceValidation } from '../../src/drill/announce.ts';

/**
 * A manifest has landed: reads the whole backup back, keeps the result beside it and tells people.
 * A duplicate of an event finds the result there and tells nobody twice.
 */
export async function validate(event: unknown, cloud: Cloud): Promise<Validation['status'] | 'not a manifest'> {
  const { key } = ObjectCreatedEvent.parse(event).detail.object;
  const result = await validateBackup(key, cloud);
  if (!result) return 'not a manifest';
  if (result.fresh) await cloud.notifier.publish(announceValidation(result.validation));
  return result.validation.status;
}

export const handler = lambda(validate);
