import { lambda } from '../../../src/cloud/aws/lambda.ts';
import type { Cloud } from '../../../src/cloud/cloud.ts';
import type { DrillPlan, PlanRequest } from '../../../src/drill/contract.ts';
import { planDrill } from '../../../src/drill/plan.ts';

/** First state of the drill: chooses the backup and fixes every name. Creates nothing. */
export async function plan(request: PlanRequest, cloud: Cloud): Promise<DrillPlan> {
  return await planDrill(request, cloud);
}

export const handler = lambda(plan);
