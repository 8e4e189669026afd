import type { Notification, Notifier } from '../cloud/notifier.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import { ObjectExistsError } from '../errors.ts';

/**
 * Tells people what they have not been told yet. Events arrive twice and failed functions run again; the mark that is left
 * under `key` afterwards keeps the second from telling it again. The mark comes last: whoever dies between the two tells it
 * twice rather than never, and two that run at the very same time may both tell it.
 *
 * @throws NotificationError when people could not be told; then nothing is marked
 */
export async function announceOnce(
  key: string,
  message: Notification,
  { store, notifier }: { readonly store: ObjectStore; readonly notifier: Notifier },
): Promise<'told' | 'known'> {
  if (await store.head(key)) return 'known';
  await notifier.publish(message);
  const { subject, event } = message;
  try {
    await store.put(key, `${JSON.stringify({ event, subject })}\n`, { ifAbsent: true });
  } catch (error) {
    if (!(error instanceof ObjectExistsError)) throw error;
  }
  return 'told';
}
