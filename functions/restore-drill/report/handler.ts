import { lambda } from '../../../src/cloud/aws/lambda.ts';
import { notifier, store } from '../../../src/cloud/aws/parts.ts';
import type { Cloud } from '../../../src/cloud/cloud.ts';
import { announceDrill } from '../../../src/drill/announce.ts';
import type { DrillState } from '../../../src/drill/contract.ts';
import { readEvidence } from '../../../src/drill/chain.ts';
import { aboutDrill, drillMetrics, outcomeOfDrill, type DrillOutcome } from '../../../src/drill/metrics.ts';

/** Tells people how the drill ended. Fails when nobody could be told. */
export async function report(state: DrillState, cloud: Pick<Cloud, 'store' | 'notifier' | 'clock'>): Promise<DrillOutcome> {
  const evidence = state.result && (await readEvidence(cloud.store, state.result.evidenceKey));
  await cloud.notifier.publish(announceDrill(state, evidence?.body));
  return outcomeOfDrill(state, evidence?.body);
}

export const handler = lambda(report, {
  needs: { store, notifier },
  about: (state, outcome) => ({ ...aboutDrill(state), ...(outcome && { verdict: outcome.verdict, planted: outcome.planted }) }),
  metrics: drillMetrics,
});
