import { aboutEvent } from '../../src/backup/event-about.ts';
import { tellOfEnd, type EndCloud } from '../../src/backup/task-end.ts';
import { lambda } from '../../src/cloud/aws/lambda.ts';
import { notifier, store } from '../../src/cloud/aws/parts.ts';
import { TaskStoppedEvent } from '../../src/cloud/service-events.ts';

/** A worker task has ended: tells people when it did not succeed, and why. */
export async function taskStopped(event: unknown, cloud: EndCloud): Promise<'succeeded' | 'told' | 'known' | 'not ours'> {
  return await tellOfEnd(TaskStoppedEvent.parse(event), cloud);
}

export const handler = lambda(taskStopped, { needs: { store, notifier }, about: aboutEvent });
