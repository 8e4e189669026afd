import { lambda } from '../../../src/cloud/aws/lambda.ts';
import { databases, store } from '../../../src/cloud/aws/parts.ts';
import type { Cloud } from '../../../src/cloud/cloud.ts';
import type { DrillPlan, InstanceState } from '../../../src/drill/contract.ts';
import { observeInstance } from '../../../src/drill/instance.ts';
import { aboutDrill } from '../../../src/drill/metrics.ts';

/** Says whether the throwaway instance is available yet; throws when it never will be. */
export async function describeInstance({ plan }: { plan: DrillPlan }, cloud: Pick<Cloud, 'store' | 'databases' | 'clock'>): Promise<InstanceState> {
  return await observeInstance(plan, cloud);
}

export const handler = lambda(describeInstance, {
  needs: { store, databases },
  about: ({ plan }) => aboutDrill({ plan }),
});
