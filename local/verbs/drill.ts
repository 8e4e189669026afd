import { join } from 'node:path';
import type { DrillInput } from '../../src/drill/contract.ts';
import type { EvidenceBody } from '../../src/drill/evidence.ts';
import { readEvidence } from '../../src/drill/chain.ts';
import { planDrill } from '../../src/drill/plan.ts';
import { ConfigurationError, NoBackupError, TaskFailedError } from '../../src/errors.ts';
import { runDrill, type DrillEnd } from '../drill-machine.ts';
import type { Laptop } from '../laptop.ts';
import { nameNow, type Session } from '../session.ts';
import type { ExecutionEvent } from '../state-machine/execution.ts';

/** A drill that was sealed: its evidence, and where that lies. */
export interface DrillReport {
  readonly body: EvidenceBody;
  readonly evidenceFile: string;
  readonly reportFile: string;
  /** How the state machine ended, e.g. `DrillFailed`; empty when it succeeded. */
  readonly machineError: string;
}

/** Runs the state machine once. A stop asked for meanwhile still destroys, seals and reports. */
export async function drill(session: Session, input: DrillInput): Promise<DrillReport> {
  const { laptop, console, tasks, signal } = session;
  const drillId = nameNow(laptop);
  await requirePlannable(input, drillId, laptop);
  const isRecovery = input.kind === 'pitr' || input.to !== undefined;
  const what = isRecovery ? `to a point in time, ${input.to ?? 'latest'}` : [input.kind ?? 'dump', input.backup].filter(Boolean).join(' ');
  const planted = input.break === undefined ? '' : `, with the fault ${input.break} planted on purpose`;
  console.say(`drill ${drillId}: restoring ${what}${planted}`);
  const ended = await runDrill({
    cloud: laptop,
    tasks,
    drillId,
    input,
    signal,
    onEvent: (event) => tell(session, drillId, event),
  });
  return await collect(session, drillId, ended);
}

/**
 * A person who mistyped a name is told at once, and nothing is sealed about it. Planning changes nothing, so it may be
 * done twice. A backup that is there and not valid is no slip: the drill says so in evidence.
 * @throws ConfigurationError, NoBackupError
 */
async function requirePlannable(input: DrillInput, drillId: string, laptop: Laptop): Promise<void> {
  try {
    await planDrill({ input, drillId, startedAt: laptop.clock.now().toISOString() }, laptop);
  } catch (error) {
    if (error instanceof ConfigurationError || error instanceof NoBackupError) throw error;
  }
}

async function collect({ laptop, console }: Session, drillId: string, { end, result }: DrillEnd): Promise<DrillReport> {
  const evidence = result && (await readEvidence(laptop.store, result.evidenceKey));
  if (!result || !evidence?.body) {
    const why = end.status === 'FAILED' ? `${end.error}: ${end.cause}` : 'the state machine succeeded without a result';
    throw new TaskFailedError(`drill ${drillId} ended without evidence: ${why}`, 'tool');
  }
  console.say(`drill ${drillId}: ${evidence.body.verdict}`);
  return {
    body: evidence.body,
    evidenceFile: join(laptop.home, 'bucket', result.evidenceKey),
    reportFile: join(laptop.home, 'bucket', result.reportKey),
    machineError: end.status === 'FAILED' ? end.error : '',
  };
}

/** The states a person wants to hear of; the others are bookkeeping. */
const SPOKEN: Readonly<Record<string, string>> = {
  Restore: 'creating the throwaway instance',
  Prove: 'restoring and comparing',
  Destroy: 'destroying the throwaway instance',
  Seal: 'sealing the evidence',
};

function tell({ console }: Session, drillId: string, event: ExecutionEvent): void {
  const text = event.type === 'StateEntered' ? SPOKEN[event.state?.name ?? ''] : undefined;
  if (text !== undefined) console.say(`drill ${drillId}: ${text}`);
}
