import * as z from 'zod';
import { parseJson } from '../json.ts';

/** A drill whose execution ended without its last states: stopped by somebody, or by its time limit. */
export interface CutOff {
  readonly drillId: string;
  readonly status: 'TIMED_OUT' | 'ABORTED';
  readonly executionArn: string;
  /** As far as the execution's input names it. */
  readonly database?: string;
}

/** What EventBridge delivers when an execution of a state machine changes its status; unknown fields pass. */
export const ExecutionStatusEvent = z.looseObject({
  source: z.literal('aws.states'),
  'detail-type': z.literal('Step Functions Execution Status Change'),
  detail: z.looseObject({
    executionArn: z.string().min(1),
    stateMachineArn: z.string().min(1),
    /** Of the execution; the drill's id. */
    name: z.string().min(1),
    status: z.string(),
    /** JSON; left out when it is large. */
    input: z.string().nullish(),
  }),
});

const CUT_OFF = z.enum(['TIMED_OUT', 'ABORTED']);

const OfStepFunctions = z.looseObject({ source: z.literal('aws.states') });

/**
 * Undefined when the event is about anything else: then it is the hourly one.
 * @throws ZodError when it is about an execution and does not say which
 */
export function cutOffOf(event: unknown): CutOff | undefined {
  if (!OfStepFunctions.safeParse(event).success) return undefined;
  const { name, executionArn, status: ended, input } = ExecutionStatusEvent.parse(event).detail;
  const status = CUT_OFF.safeParse(ended).data;
  if (status === undefined) return undefined;
  const database = databaseIn(input ?? '');
  return { drillId: name, status, executionArn, ...(database === undefined ? {} : { database }) };
}

const NamesDatabase = z.looseObject({ database: z.string().min(1) });

function databaseIn(input: string): string | undefined {
  return NamesDatabase.safeParse(parseJson(input)).data?.database;
}
