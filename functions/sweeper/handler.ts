import { lambda } from '../../src/cloud/aws/lambda.ts';
import { databases, notifier } from '../../src/cloud/aws/parts.ts';
import type { Cloud } from '../../src/cloud/cloud.ts';
import { cutOffOf } from '../../src/watch/cut-off.ts';
import { aboutSweep, sweep, sweepDrill, sweepMetrics, type Sweep } from '../../src/watch/sweep.ts';

/**
 * Every hour: destroys throwaway instances that have outlived their drill. When an execution of the state machine was
 * stopped or timed out: destroys at once what it left. Touches nothing else.
 */
export async function sweeper(event: unknown, cloud: Pick<Cloud, 'databases' | 'notifier' | 'clock'>): Promise<Sweep> {
  const cutOff = cutOffOf(event);
  return cutOff ? await sweepDrill(cutOff, cloud) : await sweep(cloud);
}

export const handler = lambda(sweeper, {
  needs: { databases, notifier },
  about: (event, result) => {
    const drill = cutOffOf(event)?.drillId;
    return { ...(drill === undefined ? {} : { drill }), ...(result && aboutSweep(result)) };
  },
  metrics: sweepMetrics,
});
