import type { Clock } from '../cloud/clock.ts';
import type { DatabaseService } from '../cloud/database-service.ts';
import { describeError } from '../errors.ts';
import type { StorageLoading } from './evidence.ts';

/**
 * How much of a restored instance's storage is there when the first query is asked. It answers long before all of it
 * has arrived, so an RTO that was met says nothing about how fast it answers. This is beside the proof: not knowing it is
 * written down and ends nothing.
 *
 * @returns undefined where the service has no such thing
 */
export async function readStorage(
  instanceId: string,
  { databases, clock }: { readonly databases: DatabaseService; readonly clock: Clock },
): Promise<StorageLoading | undefined> {
  const at = clock.now().toISOString();
  try {
    const instance = await databases.describeInstance(instanceId, { advance: false });
    const percent = instance?.loadingPercent;
    if (percent === undefined) return undefined;
    return { loadedPercent: percent, at, detail: percent < 100 ? `still loading: ${percent} % at the first query` : 'fully loaded at the first query' };
  } catch (error) {
    return { loadedPercent: null, at, detail: `unknown: ${describeError(error)}` };
  }
}
