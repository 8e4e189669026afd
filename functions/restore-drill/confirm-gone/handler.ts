import { lambda } from '../../../src/cloud/aws/lambda.ts';
import { databases } from '../../../src/cloud/aws/parts.ts';
import type { Cloud } from '../../../src/cloud/cloud.ts';
import type { CleanupState, DestroyState, DrillPlan } from '../../../src/drill/contract.ts';
import { confirmGone as confirm } from '../../../src/drill/instance.ts';
import { aboutDrill } from '../../../src/drill/metrics.ts';

interface Input {
  readonly plan: DrillPlan;
  readonly destroyed: DestroyState;
}

/** Looks for the throwaway instance: gone is only what is not found. */
export async function confirmGone({ plan, destroyed }: Input, cloud: Pick<Cloud, 'databases' | 'clock'>): Promise<CleanupState> {
  return await confirm(plan, destroyed, cloud);
}

export const handler = lambda(confirmGone, {
  needs: { databases },
  about: ({ plan }) => aboutDrill({ plan }),
});
