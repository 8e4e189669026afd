import { lambda } from '../../../src/cloud/aws/lambda.ts';
import { config, databases, store } from '../../../src/cloud/aws/parts.ts';
import type { Cloud } from '../../../src/cloud/cloud.ts';
import type { DrillPlan, PlanRequest } from '../../../src/drill/contract.ts';
import { planDrill } from '../../../src/drill/plan.ts';
import { aboutDrill } from '../../../src/drill/metrics.ts';

/** First state of the drill: chooses the backup and fixes every name. Creates nothing. */
export async function plan(request: PlanRequest, cloud: Pick<Cloud, 'store' | 'config' | 'clock' | 'databases'>): Promise<DrillPlan> {
  return await planDrill(request, cloud);
}

export const handler = lambda(plan, {
  needs: { store, config, databases },
  about: (request, plan) => aboutDrill({ plan, drillId: request.drillId }),
});
