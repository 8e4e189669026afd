import { lambda } from '../../../src/cloud/aws/lambda.ts';
import type { Cloud } from '../../../src/cloud/cloud.ts';
import type { CleanupState, DestroyState, DrillPlan } from '../../../src/drill/contract.ts';
import { confirmGone as confirm } from '../../../src/drill/instance.ts';

interface Input {
  readonly plan: DrillPlan;
  readonly destroyed: DestroyState;
}

/** Looks for the throwaway instance: gone is only what is not found. */
export async function confirmGone({ plan, destroyed }: Input, cloud: Cloud): Promise<CleanupState> {
  return await confirm(plan, destroyed, cloud);
}

export const handler = lambda(confirmGone);
