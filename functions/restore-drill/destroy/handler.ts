import { lambda } from '../../../src/cloud/aws/lambda.ts';
import type { Cloud } from '../../../src/cloud/cloud.ts';
import type { DestroyState, DrillPlan } from '../../../src/drill/contract.ts';
import { beginDestroy } from '../../../src/drill/instance.ts';

/** Begins to destroy the throwaway instance, whatever happened before. Does not wait for its end. */
export async function destroy({ plan }: { plan: DrillPlan }, cloud: Cloud): Promise<DestroyState> {
  return await beginDestroy(plan, cloud);
}

export const handler = lambda(destroy);
