import type { Part, Request } from './recorder.ts';

const ACCOUNT = '123456789012';
const REGION = 'eu-central-1';

/** What running a task has to be allowed; the roles that are handed on with it are the template's to know. */
export function ecsCalls({ headers, body }: Request): Part[] {
  const action = `ecs:${String(headers['x-amz-target']).split('.').at(-1)}`;
  const { cluster = '', taskDefinition = '' } = JSON.parse(body) as { cluster?: string; taskDefinition?: string };
  const family = taskDefinition.split('/').at(-1)?.replace(/:\d+$/, '') ?? '';
  const resources = [`arn:aws:ecs:${REGION}:${ACCOUNT}:task-definition/${family}:1`];
  return [{ action, resources, context: { 'ecs:cluster': cluster } }];
}
