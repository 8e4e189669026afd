import { lambda } from '../../src/cloud/aws/lambda.ts';
import { config, store } from '../../src/cloud/aws/parts.ts';
import type { Cloud } from '../../src/cloud/cloud.ts';
import { aboutMeasured, measuredMetrics, measureStore, type Measured } from '../../src/watch/measure.ts';

/** Every hour: how old the newest valid backups and the last proofs are. Reads the store and changes nothing. */
export async function measure(_event: unknown, cloud: Pick<Cloud, 'store' | 'config' | 'clock'>): Promise<Measured[]> {
  return await measureStore(cloud);
}

export const handler = lambda(measure, {
  needs: { store, config },
  about: (_event, measured) => aboutMeasured(measured ?? []),
  metrics: measuredMetrics,
});
