import type { Cloud } from '../src/cloud/cloud.ts';
import type { TaskRunner } from '../src/cloud/task-runner.ts';
import { WorkerTask, type DrillInput, type SealResult } from '../src/drill/contract.ts';
import { InterruptedError } from '../src/errors.ts';
import { confirmGone } from '../functions/restore-drill/confirm-gone/handler.ts';
import { describeInstance } from '../functions/restore-drill/describe-instance/handler.ts';
import { destroy } from '../functions/restore-drill/destroy/handler.ts';
import { plan } from '../functions/restore-drill/plan/handler.ts';
import { report } from '../functions/restore-drill/report/handler.ts';
import { restore } from '../functions/restore-drill/restore/handler.ts';
import { seal } from '../functions/restore-drill/seal/handler.ts';
import { loadDefinition, placeholdersIn } from './state-machine/definition.ts';
import { execute, type ExecutionEnd, type ExecutionEvent, type ResourceHandler } from './state-machine/execution.ts';

export const DRILL_DEFINITION = new URL('../functions/restore-drill/restore-drill.asl.json', import.meta.url);

/** The Lambdas behind the placeholders of the state machine's file. */
const FUNCTIONS: Readonly<Record<string, unknown>> = {
  PlanFunctionArn: plan,
  RestoreFunctionArn: restore,
  DescribeInstanceFunctionArn: describeInstance,
  DestroyFunctionArn: destroy,
  ConfirmGoneFunctionArn: confirmGone,
  SealFunctionArn: seal,
  ReportFunctionArn: report,
};

/** A state's own input type is its contract with the file; here every one is the state's JSON. */
type Handle = (input: unknown, cloud: Cloud) => Promise<unknown>;

/** Once the user has asked to stop, nothing new is begun; destroying and sealing still happen. */
const STOPPABLE: ReadonlySet<string> = new Set(['PlanFunctionArn', 'RestoreFunctionArn', 'DescribeInstanceFunctionArn']);

/** Of the worker's placement on AWS; here the worker is a child process. */
const PLACEMENT = {
  WorkerClusterArn: 'local',
  ProveTaskDefinitionArn: 'local',
  SourceTaskDefinitionPrefix: 'local-',
  WorkerSubnetIds: 'local',
  ProveSecurityGroupIds: 'local',
  SourceSecurityGroupIds: 'local',
  WorkerPublicIp: 'DISABLED',
};

export interface DrillRun {
  readonly cloud: Cloud;
  readonly tasks: TaskRunner;
  readonly drillId: string;
  readonly input: DrillInput;
  readonly signal: AbortSignal;
  readonly pauseMilliseconds?: number;
  readonly onEvent?: (event: ExecutionEvent) => void;
}

export interface DrillEnd {
  readonly end: ExecutionEnd;
  /** What Seal returned; absent when even that failed. */
  readonly result: SealResult | undefined;
}

/** Executes the file that is deployed to AWS, with the same handlers, on this machine's own database service. */
export async function runDrill(run: DrillRun): Promise<DrillEnd> {
  let result: SealResult | undefined;
  const resources = new Map<string, ResourceHandler>();
  for (const [placeholder, handle] of Object.entries(FUNCTIONS)) {
    resources.set(arnOf(placeholder), async (input) => {
      if (run.signal.aborted && STOPPABLE.has(placeholder)) throw new InterruptedError('the drill was stopped');
      const output: unknown = await (handle as Handle)(input, run.cloud);
      if (handle === seal) result = output as SealResult;
      return output;
    });
  }
  resources.set('arn:aws:states:::ecs:runTask.sync', (input) => runWorker(input, run));
  const end = await execute({
    machine: loadDefinition(DRILL_DEFINITION, drillSubstitutions()),
    resources,
    name: run.drillId,
    startedAt: run.cloud.clock.now(),
    input: run.input,
    pauseMilliseconds: run.pauseMilliseconds ?? 150,
    ...(run.onEvent ? { onEvent: run.onEvent } : {}),
  });
  return { end, result };
}

export function drillSubstitutions(): Record<string, string> {
  return { ...Object.fromEntries(Object.keys(FUNCTIONS).map((name) => [name, arnOf(name)])), ...PLACEMENT };
}

export { placeholdersIn };

function arnOf(placeholder: string): string {
  return `arn:aws:lambda:local:000000000000:function:${placeholder.replace(/FunctionArn$/, '')}`;
}

interface RunTaskParameters {
  readonly Overrides: {
    readonly ContainerOverrides: readonly { readonly Environment: readonly { Name: string; Value: string }[] }[];
  };
}

/** What `ecs:runTask.sync` does: runs the worker with the environment it is given and fails the state when it fails. */
async function runWorker(input: unknown, { tasks, signal }: DrillRun): Promise<null> {
  const { Overrides } = input as RunTaskParameters;
  const variable = Overrides.ContainerOverrides[0]?.Environment.find(({ Name }) => Name === 'PGPROOF_TASK');
  await tasks.run(WorkerTask.parse(JSON.parse(variable?.Value ?? 'null')), signal);
  return null;
}
