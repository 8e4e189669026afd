import { walkStates, type Machine } from '../../local/state-machine/definition.ts';
import { resolve } from '../package/resolve.ts';
import type { Deployed } from './deployed.ts';
import type { Act, Policy } from './policy-simulation.ts';

/** Something that a role was used for, in the names that `resolve` makes up for what the account names. */
export type Used = Act & { readonly actor: string };

const ECS = 'arn:aws:ecs:eu-central-1:123456789012';

/** A role's policies as they are in the template. */
export function policiesOf({ template }: Deployed, role: string): Policy[] {
  const inline = resolve(template, template.Resources[role]?.Properties['Policies']) as { PolicyDocument: Policy }[];
  return inline.map(({ PolicyDocument }) => PolicyDocument);
}

export function rolesIn({ template }: Deployed): string[] {
  return Object.keys(template.Resources).filter((name) => template.Resources[name]?.Type === 'AWS::IAM::Role');
}

/** What functions and tasks asked of the emulator, with what each such call makes AWS ask in the caller's name. */
export async function recordedActs(deployed: Deployed): Promise<Used[]> {
  const names = await madeUpNames(deployed);
  const asked = deployed.recorder.calls.flatMap(({ actor, action, resources, context }) =>
    resources.map((resource) => ({ actor, action, resource: names(resource), context: mapValues({ ...context, ...tagsOfSecret(resource) }, names) })),
  );
  return asked.flatMap((act) => (act.action === 'ecs:RunTask' ? [act, ...handsOnRoles(deployed, act.actor, act.resource)] : [act]));
}

/** RDS tags the secrets that it keeps with what they open; the emulator does not. */
function tagsOfSecret(resource: string): Record<string, string> {
  const cluster = resource.includes('secret:rds!cluster-');
  if (!cluster && !resource.includes('secret:rds!db-')) return {};
  const [key, kind] = cluster ? ['primaryDBClusterArn', 'cluster'] : ['primaryDBInstanceArn', 'db'];
  return { [`secretsmanager:ResourceTag/aws:rds:${key}`]: `arn:aws:rds:eu-central-1:123456789012:${kind}:pgproof-drill-1` };
}

/** Whoever runs a task must be allowed to hand it its two roles. */
function handsOnRoles({ template }: Deployed, actor: string, definitionArn: string): Used[] {
  const family = /task-definition\/(.+):\d+$/.exec(definitionArn)?.[1];
  const definition = Object.values(template.Resources).find(({ Type, Properties }) => Type === 'AWS::ECS::TaskDefinition' && Properties['Family'] === family);
  if (!definition) throw new Error(`the template has no task definition of the family ${family}`);
  return ['TaskRoleArn', 'ExecutionRoleArn'].map((property) => ({
    actor,
    action: 'iam:PassRole',
    resource: String(resolve(template, definition.Properties[property])),
    context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
  }));
}

/** What the services do under the roles that pgproof gives them, read off what is deployed: no request of ours shows it. */
export function derivedActs(deployed: Deployed): Used[] {
  return [...machineActs(deployed), ...scheduleActs(deployed), ...startActs(deployed)];
}

function machineActs(deployed: Deployed): Used[] {
  const { Properties } = deployed.template.Resources['RestoreDrill'] ?? {};
  const substitutions = resolve(deployed.template, Properties?.['DefinitionSubstitutions']) as Record<string, string>;
  const text = String(Properties?.['DefinitionString']).replaceAll(/\$\{([A-Za-z0-9]+)\}/g, (_, name: string) => substitutions[name] ?? '');
  const actor = 'RestoreDrillRole';
  return [...walkStates(JSON.parse(text) as Machine)].flatMap(([, state]): Used[] => {
    const { Resource, Parameters } = state as { Resource?: string; Parameters?: { Cluster: string; TaskDefinition?: string; 'TaskDefinition.$'?: string } };
    if (Resource === undefined) return [];
    if (Resource.startsWith('arn:aws:lambda:')) return [{ actor, action: 'lambda:InvokeFunction', resource: Resource }];
    if (Resource !== 'arn:aws:states:::ecs:runTask.sync') throw new Error(`nobody can say what ${Resource} asks for`);
    const prefix = /States\.Format\('([^']+)\{\}'/.exec(Parameters?.['TaskDefinition.$'] ?? '')?.[1];
    const family = prefix === undefined ? 'pgproof-prod-prove' : `${prefix}shop`;
    const run = { actor, action: 'ecs:RunTask', resource: `${ECS}:task-definition/${family}:1`, context: { 'ecs:cluster': Parameters?.Cluster ?? '' } };
    const watched = ['ecs:StopTask', 'ecs:DescribeTasks'].map((action) => ({ actor, action, resource: `${ECS}:task/pgproof-prod/0123456789abcdef` }));
    const rule = 'arn:aws:events:eu-central-1:123456789012:rule/StepFunctionsGetEventsForECSTaskRule';
    const heard = ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'].map((action) => ({ actor, action, resource: rule }));
    return [run, ...handsOnRoles(deployed, actor, run.resource), ...watched, ...heard];
  });
}

function scheduleActs({ template }: Deployed): Used[] {
  const schedules = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::Scheduler::Schedule');
  return schedules.flatMap(({ Properties }) => {
    const { Arn, Input, RoleArn, DeadLetterConfig } = resolve(template, Properties['Target']) as { Arn: string; Input: string; RoleArn: string; DeadLetterConfig: { Arn: string } };
    const actor = RoleArn.split(':').at(-1)?.replace(/^role\//, '') ?? '';
    const begun = Arn.includes(':lambda:')
      ? { actor, action: 'lambda:InvokeFunction', resource: Arn }
      : { actor, action: 'states:StartExecution', resource: (JSON.parse(Input) as { StateMachineArn: string }).StateMachineArn };
    return [begun, { actor, action: 'sqs:SendMessage', resource: DeadLetterConfig.Arn }];
  });
}

/** What Fargate does before a container runs. */
function startActs({ template }: Deployed): Used[] {
  const actor = 'WorkerExecutionRole';
  const repository = String(resolve(template, { 'Fn::GetAtt': ['WorkerRepository', 'Arn'] }));
  const pull = ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'].map((action) => ({ actor, action, resource: repository }));
  return [...pull, { actor, action: 'ecr:GetAuthorizationToken', resource: '*' }];
}

const NAMES = ['PGPROOF_BUCKET', 'PGPROOF_PEOPLE_TOPIC_ARN', 'PGPROOF_CHAT_TOPIC_ARN', 'PGPROOF_SIGNING_KEY_ARN', 'PGPROOF_CLUSTER_ARN', 'PGPROOF_INSTANCE_SUBNET_GROUP'];

/** Translates the names of the account into those that `resolve` makes up, by what both say of a function's environment. */
async function madeUpNames(deployed: Deployed): Promise<(resource: string) => string> {
  const real = await deployed.environment('validate');
  const { Properties } = deployed.template.Resources['ValidateLambdaFunction'] ?? {};
  const { Variables } = resolve(deployed.template, Properties?.['Environment']) as { Variables: Record<string, string> };
  const pairs = NAMES.map((name) => [real[name] ?? '', Variables[name] ?? ''] as const).filter(([name]) => name !== '');
  // A key is asked for by whatever name it answered to.
  const signingKey = (real['PGPROOF_SIGNING_KEY_ARN'] ?? '').split('/').at(-1) ?? '';
  return (resource) => {
    if (resource === 'BackupKey') return 'arn:aws:kms:eu-central-1:123456789012:key/BackupKey';
    if (resource.includes(signingKey)) return Variables['PGPROOF_SIGNING_KEY_ARN'] ?? '';
    return pairs.reduce((text, [name, made]) => text.replace(name, made), resource);
  };
}

function mapValues(context: Readonly<Record<string, string>>, change: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(context).map(([key, value]) => [key, change(value)]));
}
