import { lambda } from '../../../src/cloud/aws/lambda.ts';
import { config, signer, store } from '../../../src/cloud/aws/parts.ts';
import type { Cloud } from '../../../src/cloud/cloud.ts';
import { closeDrill } from '../../../src/drill/close.ts';
import type { DrillState, SealResult } from '../../../src/drill/contract.ts';
import { aboutDrill } from '../../../src/drill/metrics.ts';

/** After teardown: derives the verdict, seals the evidence, writes the report. Also for a drill that never began. */
export async function seal(state: DrillState, cloud: Pick<Cloud, 'store' | 'signer' | 'config' | 'clock'>): Promise<SealResult> {
  return await closeDrill(state, cloud);
}

export const handler = lambda(seal, {
  needs: { store, signer, config },
  about: (state, result) => ({ ...aboutDrill(state), ...(result && { verdict: result.verdict, cleanup: result.cleanup }) }),
});
