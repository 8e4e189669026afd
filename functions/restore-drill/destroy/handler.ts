import { lambda } from '../../../src/cloud/aws/lambda.ts';
import { databases } from '../../../src/cloud/aws/parts.ts';
import type { Cloud } from '../../../src/cloud/cloud.ts';
import type { DestroyState, DrillPlan } from '../../../src/drill/contract.ts';
import { beginDestroy } from '../../../src/drill/instance.ts';
import { aboutDrill } from '../../../src/drill/metrics.ts';

/** Begins to destroy the throwaway instance, whatever happened before. Does not wait for its end. */
export async function destroy({ plan }: { plan: DrillPlan }, cloud: Pick<Cloud, 'databases' | 'clock'>): Promise<DestroyState> {
  return await beginDestroy(plan, cloud);
}

export const handler = lambda(destroy, {
  needs: { databases },
  about: ({ plan }) => aboutDrill({ plan }),
});
