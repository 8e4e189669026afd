import { RunTaskCommand, type ECSClient, type Failure, type RunTaskCommandInput } from '@aws-sdk/client-ecs';
import { TaskRefusedError } from '../../errors.ts';
import type { LaunchedTask, TaskLauncher } from '../task-launcher.ts';
import { nameOf, statusOf } from './service-errors.ts';

export interface TaskPlacement {
  readonly clusterArn: string;
  /** Of the families' names: `<prefix>-source-<database>`, `<prefix>-validate`. */
  readonly prefix: string;
  readonly subnetIds: readonly string[];
  /** Of tasks that read a source. */
  readonly sourceSecurityGroupIds: readonly string[];
  /** Of tasks that need no source: they cannot reach one either. */
  readonly proveSecurityGroupIds: readonly string[];
  readonly publicIp: 'ENABLED' | 'DISABLED';
}

/** Begins worker tasks on Fargate. */
export class EcsTaskLauncher implements TaskLauncher {
  readonly #client: Pick<ECSClient, 'send'>;
  readonly #placement: TaskPlacement;

  constructor(options: { readonly client: Pick<ECSClient, 'send'>; readonly placement: TaskPlacement }) {
    this.#client = options.client;
    this.#placement = options.placement;
  }

  async launch(task: LaunchedTask, token: string): Promise<void> {
    const refusal = (reason: string, retriable: boolean, cause?: unknown) =>
      new TaskRefusedError(`ECS did not begin the task ${task.verb} of ${task.database}: ${reason}`, {
        retriable,
        cause,
        hint: hintFor(reason, this.#placement.clusterArn),
      });
    const request = requestFor(task, token, this.#placement);
    const answer = await this.#client.send(new RunTaskCommand(request)).catch((error: unknown) => {
      throw refusal(`${nameOf(error)}: ${error instanceof Error ? error.message : String(error)}`, mayPass(error), error);
    });
    // A task that could not be placed is an answer with status 200.
    const failure = answer.failures?.[0];
    if (failure) throw refusal(describeFailure(failure), CAPACITY.test(`${failure.reason} ${failure.detail}`));
    if (!answer.tasks?.length) throw refusal('ECS answered with neither a task nor a reason', true);
  }
}

function requestFor(task: LaunchedTask, token: string, placement: TaskPlacement): RunTaskCommandInput {
  const isReader = task.verb !== 'validate';
  return {
    cluster: placement.clusterArn,
    taskDefinition: familyOf(task, placement.prefix),
    launchType: 'FARGATE',
    count: 1,
    clientToken: token,
    startedBy: startedBy(task),
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: [...placement.subnetIds],
        securityGroups: [...(isReader ? placement.sourceSecurityGroupIds : placement.proveSecurityGroupIds)],
        assignPublicIp: placement.publicIp,
      },
    },
    overrides: { containerOverrides: [{ name: 'worker', environment: [{ name: 'PGPROOF_TASK', value: JSON.stringify(task) }] }] },
  };
}

function familyOf(task: LaunchedTask, prefix: string): string {
  return task.verb === 'validate' ? `${prefix}-validate` : `${prefix}-source-${task.database}`;
}

/** Rules tell tasks apart by it: `pgproof/dump/shop`, `pgproof/snapshot-facts-begin/shop`. */
function startedBy(task: LaunchedTask): string {
  const what = task.verb === 'snapshot-facts' ? `${task.verb}-${task.moment}` : task.verb;
  return `pgproof/${what}/${task.database}`;
}

/** What passes by itself, in the words of failures and of messages. */
const CAPACITY = /^RESOURCE:|capacity is unavailable|reached the limit on the number of/i;

/** Names as `nameOf` has them. */
const PASSING = new Set(['Throttling', 'Server', 'LimitExceeded', 'ServiceUnavailable', 'RequestTimeout']);

function mayPass(error: unknown): boolean {
  const status = statusOf(error);
  // No answer at all, or one about the service rather than the request.
  if (status === undefined || status >= 500) return true;
  return PASSING.has(nameOf(error)) || (error instanceof Error && CAPACITY.test(error.message));
}

function describeFailure({ arn, reason, detail }: Failure): string {
  return [reason ?? 'no reason', detail, arn].filter((part) => part !== undefined && part !== '').join(', ');
}

function hintFor(reason: string, clusterArn: string): string {
  if (CAPACITY.test(reason)) return 'more subnets in other zones help: aws.network.subnets in pgproof.yml; aws service-quotas get-service-quota --service-code fargate --quota-code L-3032A538';
  if (/AccessDenied/.test(reason)) return "the function's role needs ecs:RunTask and iam:PassRole: npm run deploy, or look for a service control policy";
  if (/task ?definition/i.test(reason)) return 'a database that was added needs its own task definition: npm run deploy';
  return `aws ecs describe-clusters --clusters ${clusterArn}`;
}
