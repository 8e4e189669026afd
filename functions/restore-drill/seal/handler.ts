import { lambda } from '../../../src/cloud/aws/lambda.ts';
import type { Cloud } from '../../../src/cloud/cloud.ts';
import { closeDrill } from '../../../src/drill/close.ts';
import type { DrillState, SealResult } from '../../../src/drill/contract.ts';

/** After teardown: derives the verdict, seals the evidence, writes the report. Also for a drill that never began. */
export async function seal(state: DrillState, cloud: Cloud): Promise<SealResult> {
  return await closeDrill(state, cloud);
}

export const handler = lambda(seal);
