import { beginDump, type DumpCloud } from '../../src/backup/dump-begin.ts';
import { aboutEvent } from '../../src/backup/event-about.ts';
import { parseScheduled } from '../../src/backup/scheduled.ts';
import { lambda } from '../../src/cloud/aws/lambda.ts';
import { config, launcher, notifier, store } from '../../src/cloud/aws/parts.ts';

/** A dump is due: begins the task that takes it. Its manifest, or its death, is an event of its own. */
export async function dump(input: unknown, cloud: DumpCloud): Promise<'begun' | 'committed already'> {
  return await beginDump(parseScheduled(input, cloud.config), cloud);
}

export const handler = lambda(dump, { needs: { store, notifier, config, launcher }, about: aboutEvent });
