import { CloudFormationClient, DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { DescribeTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient, ListRulesCommand, ListTargetsByRuleCommand, type Rule } from '@aws-sdk/client-eventbridge';
import { GetRoleCommand, GetRolePolicyCommand, IAMClient, ListRolePoliciesCommand } from '@aws-sdk/client-iam';
import { GetFunctionCommand, GetPolicyCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { emulator } from './clients.ts';

interface Document {
  readonly Statement: readonly Statement[];
}

export interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource?: string | string[];
  readonly Principal?: { readonly Service?: string };
  readonly Condition?: unknown;
}

/** A role as IAM has it. */
export interface Role {
  readonly trust: readonly Statement[];
  readonly statements: readonly Statement[];
}

/** The real name of each resource by its logical one. */
export async function physicalIds(): Promise<ReadonlyMap<string, string>> {
  const client = new CloudFormationClient(emulator());
  const { StackResources = [] } = await client.send(new DescribeStackResourcesCommand({ StackName: 'pgproof-prod' }));
  return new Map(StackResources.map(({ LogicalResourceId = '', PhysicalResourceId = '' }) => [LogicalResourceId, PhysicalResourceId]));
}

export async function readRole(name: string): Promise<Role> {
  const client = new IAMClient(emulator());
  const { Role: role } = await client.send(new GetRoleCommand({ RoleName: name }));
  const { PolicyNames = [] } = await client.send(new ListRolePoliciesCommand({ RoleName: name }));
  const documents = await Promise.all(
    PolicyNames.map(async (PolicyName) => parse((await client.send(new GetRolePolicyCommand({ RoleName: name, PolicyName }))).PolicyDocument)),
  );
  return { trust: parse(role?.AssumeRolePolicyDocument).Statement, statements: documents.flatMap(({ Statement: statements }) => statements) };
}

/** The emulator gives back a trust policy of CloudFormation's as Python writes it. */
function parse(document = ''): Document {
  const text = document.startsWith('%') ? decodeURIComponent(document) : document;
  return JSON.parse(text.startsWith("{'") ? text.replaceAll("'", '"') : text) as Document;
}

/** Those of the stack, each with what it calls. */
export async function readRules(): Promise<{ readonly rule: Rule; readonly targets: readonly string[] }[]> {
  const client = new EventBridgeClient(emulator());
  const { Rules = [] } = await client.send(new ListRulesCommand({ NamePrefix: 'pgproof-prod-' }));
  return Promise.all(
    Rules.map(async (rule) => {
      const { Targets = [] } = await client.send(new ListTargetsByRuleCommand({ Rule: rule.Name }));
      return { rule, targets: Targets.map(({ Arn = '' }) => Arn) };
    }),
  );
}

/** Who may call a function: the service, and for which of its things. */
export async function readCallers(functionArn: string): Promise<{ readonly service: string; readonly from: string }[]> {
  const { Policy } = await new LambdaClient(emulator()).send(new GetPolicyCommand({ FunctionName: functionArn }));
  return parse(Policy).Statement.map(({ Principal, Condition }) => ({
    service: Principal?.Service ?? '',
    from: (Condition as { ArnLike?: Record<string, string> } | undefined)?.ArnLike?.['AWS:SourceArn'] ?? '',
  }));
}

export async function roleOfFunction(name: string): Promise<string> {
  const { Configuration } = await new LambdaClient(emulator()).send(new GetFunctionCommand({ FunctionName: name }));
  return Configuration?.Role ?? '';
}

/** What the container of a task finds in its environment. */
export async function environmentOfTask(family: string): Promise<Readonly<Record<string, string>>> {
  const { taskDefinition } = await new ECSClient(emulator()).send(new DescribeTaskDefinitionCommand({ taskDefinition: family }));
  const [container] = taskDefinition?.containerDefinitions ?? [];
  return Object.fromEntries((container?.environment ?? []).map(({ name = '', value = '' }) => [name, value]));
}

export function roleName(arn: string): string {
  return arn.split('/').at(-1) ?? '';
}
