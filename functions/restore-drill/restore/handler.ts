import { lambda } from '../../../src/cloud/aws/lambda.ts';
import { databases, store } from '../../../src/cloud/aws/parts.ts';
import type { Cloud } from '../../../src/cloud/cloud.ts';
import type { DrillPlan } from '../../../src/drill/contract.ts';
import { beginRestore } from '../../../src/drill/instance.ts';
import { aboutDrill } from '../../../src/drill/metrics.ts';

/** Begins to create the throwaway instance. Does not wait for it. */
export async function restore({ plan }: { plan: DrillPlan }, cloud: Pick<Cloud, 'store' | 'databases' | 'clock'>): Promise<{ at: string }> {
  return await beginRestore(plan, cloud);
}

export const handler = lambda(restore, {
  needs: { store, databases },
  about: ({ plan }) => aboutDrill({ plan }),
});
