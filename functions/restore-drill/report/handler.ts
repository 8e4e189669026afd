import { lambda } from '../../../src/cloud/aws/lambda.ts';
import type { Cloud } from '../../../src/cloud/cloud.ts';
import { announceDrill } from '../../../src/drill/announce.ts';
import type { DrillState } from '../../../src/drill/contract.ts';
import { readEvidence } from '../../../src/drill/chain.ts';

/** Tells people how the drill ended. Fails when nobody could be told. */
export async function report(state: DrillState, cloud: Cloud): Promise<void> {
  const evidence = state.result && (await readEvidence(cloud.store, state.result.evidenceKey));
  await cloud.notifier.publish(announceDrill(state, evidence?.body));
}

export const handler = lambda(report);
