import { ExecutionError, StateMachine, type RunOptions } from 'aws-local-stepfunctions';
import { requireFaithful, walkStates, type Machine } from './definition.ts';
import { liftStringification, type Lifted } from './stringification.ts';

export type ResourceHandler = (input: unknown) => Promise<unknown>;

export interface ExecutionOptions {
  readonly machine: Machine;
  /** What answers for each `Resource` of a Task. */
  readonly resources: ReadonlyMap<string, ResourceHandler>;
  readonly name: string;
  readonly startedAt: Date;
  readonly input: unknown;
  /** Waits and pauses before retries take this long instead of what the file says. */
  readonly pauseMilliseconds: number;
  readonly onEvent?: (event: ExecutionEvent) => void;
}

export interface ExecutionEvent {
  readonly type: string;
  readonly timestamp: number;
  readonly state?: { readonly name: string; readonly type: string };
  readonly stateError?: { readonly Error?: string; readonly Cause?: string };
}

export type ExecutionEnd =
  | { readonly status: 'SUCCEEDED'; readonly output: unknown }
  | { readonly status: 'FAILED'; readonly error: string; readonly cause: string };

/**
 * Runs the state machine as AWS would, in this process. What it cannot show: permissions, heartbeats, quotas, the real
 * `ecs:runTask.sync`.
 */
export async function execute(options: ExecutionOptions): Promise<ExecutionEnd> {
  const lifted = liftStringification(options.machine);
  const definition = requireFaithful(lifted.machine, new Set(options.resources.keys()));
  const execution = new StateMachine(definition).run(options.input as never, {
    context: contextOf(options) as never,
    overrides: overridesOf(options, lifted),
  });
  const watched = watch(execution.eventLogs as AsyncIterable<ExecutionEvent>, options.onEvent);
  try {
    return { status: 'SUCCEEDED', output: await execution.result };
  } catch (error) {
    const cause = error instanceof ExecutionError ? (error.cause as Error | undefined) : undefined;
    if (!cause) throw error;
    return { status: 'FAILED', error: cause.name, cause: cause.message };
  } finally {
    await watched;
  }
}

async function watch(events: AsyncIterable<ExecutionEvent>, onEvent?: (event: ExecutionEvent) => void): Promise<void> {
  for await (const event of events) onEvent?.(event);
}

function contextOf({ name, startedAt, input }: ExecutionOptions) {
  const StartTime = startedAt.toISOString();
  return { Execution: { Id: `arn:aws:states:local:000000000000:execution:restore-drill:${name}`, Name: name, Input: input, StartTime } };
}

/** The interpreter goes by the names of states, the file by resources. */
function overridesOf(
  { resources, pauseMilliseconds }: ExecutionOptions,
  { machine, stringify }: Lifted,
): NonNullable<RunOptions['overrides']> {
  const handlers: NonNullable<NonNullable<RunOptions['overrides']>['taskResourceLocalHandlers']> = {};
  const waits: Record<string, number> = {};
  const retries: Record<string, number[]> = {};
  for (const [name, state] of walkStates(machine)) {
    const handler = resources.get(state.Resource ?? '');
    // A handler that returns nothing returns null on AWS.
    if (handler) handlers[name] = async (input) => ((await handler(stringify(name, input))) ?? null) as never;
    if (state.Type === 'Wait') waits[name] = pauseMilliseconds;
    if (Array.isArray(state.Retry)) retries[name] = state.Retry.map(() => pauseMilliseconds);
  }
  return { taskResourceLocalHandlers: handlers, waitTimeOverrides: waits, retryIntervalOverrides: retries };
}
