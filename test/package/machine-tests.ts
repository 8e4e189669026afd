import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateLint } from '@wmfs/statelint';
import validate from 'asl-validator';
import { expect, test } from 'vitest';
import { placeholdersIn, walkStates, type Machine } from '../../local/state-machine/definition.ts';
import * as errors from '../../src/errors.ts';
import type { Packaged } from './packaging.ts';
import { resolve } from './resolve.ts';

const FILE = join(import.meta.dirname, '../../functions/restore-drill/restore-drill.asl.json');

/** The state machine as it is deployed. */
export function testStateMachine(packaged: () => Packaged): void {
  const properties = () => packaged().template.Resources['RestoreDrill']?.Properties ?? {};
  const substitutions = () => resolve(packaged().template, properties()['DefinitionSubstitutions']) as Record<string, string>;
  const machine = (): Machine => {
    const text = String(properties()['DefinitionString']).replaceAll(/\$\{([A-Za-z0-9]+)\}/g, (_, name: string) => substitutions()[name] ?? '');
    return JSON.parse(text) as Machine;
  };
  const tasks = () => [...walkStates(machine())].filter(([, state]) => state.Type === 'Task');

  const namedErrors = () =>
    [...walkStates(machine())].flatMap(([, { Retry = [], Catch = [] }]) =>
      ([...(Retry as object[]), ...(Catch as object[])] as { ErrorEquals: string[] }[]).flatMap(({ ErrorEquals }) => ErrorEquals),
    );

  test('is the very file that the laptop runs', () => {
    expect(properties()['DefinitionString']).toBe(readFileSync(FILE, 'utf8'));
  });

  test('has a value for every placeholder and a placeholder for every value', () => {
    const placeholders = placeholdersIn(readFileSync(FILE, 'utf8'));
    expect(placeholders.length).toBeGreaterThan(10);
    expect(Object.keys(substitutions()).toSorted()).toEqual(placeholders);
    expect(Object.values(substitutions()).every((value) => value !== '')).toBe(true);
  });

  test('passes both validators of the language', () => {
    expect(validate(machine())).toMatchObject({ isValid: true });
    expect(new StateLint().validate(machine())).toEqual([]);
  });

  test('fails both validators when a transition is broken', () => {
    const { States, ...rest } = machine();
    const broken = { ...rest, States: { ...States, Begin: { ...States['Begin'], Next: 'Nowhere' } } };
    expect(validate(broken)).toMatchObject({ isValid: false });
    expect(new StateLint().validate(broken)).not.toEqual([]);
  });

  test('calls the function that its state is named after, and gives it more time than the function gives itself', () => {
    const called = tasks().filter(([, state]) => state.Resource?.startsWith('arn:aws:lambda'));
    expect(called.length).toBeGreaterThanOrEqual(7);
    for (const [name, state] of called) {
      const logicalId = state.Resource?.split(':').at(-1) ?? '';
      const { Properties } = packaged().template.Resources[logicalId] ?? {};
      expect(logicalId).toBe(`${name}LambdaFunction`);
      expect(state['TimeoutSeconds']).toBeGreaterThan(Properties?.['Timeout'] as number);
    }
  });

  test('has a time limit for every task and ends it on every way out', () => {
    expect(tasks().filter(([, state]) => typeof state['TimeoutSeconds'] !== 'number')).toEqual([]);
  });

  test('retries and catches only errors that somebody throws', () => {
    const ours = new Set(Object.keys(errors));
    const named = namedErrors();
    expect(named.length).toBeGreaterThan(10);
    // Step Functions', Lambda's and ECS's own, as their documentation names them.
    const theirs = /^(States\.(ALL|Timeout|TaskFailed)|Lambda\.(ServiceException|AWSLambdaException|SdkClientException|TooManyRequestsException)|AmazonECS\.Unknown|ECS\.(AmazonECSException|ServerException))$/;
    expect(named.filter((name) => !theirs.test(name) && !ours.has(name))).toEqual([]);
  });

  test('throws somewhere in the code what it names', () => {
    // An error that nobody constructs would be a retry that never happens.
    const code = sources(join(FILE, '../../../src')).join('\n');
    const thrown = (name: string) => code.includes(`new ${name}(`);
    expect(namedErrors().filter((name) => name in errors).length).toBeGreaterThan(2);
    expect(namedErrors().filter((name) => name in errors && !thrown(name))).toEqual([]);
    expect(thrown('InstanceRefused')).toBe(false);
  });

  test.each([
    ['Prove', 'ProveSecurityGroup', 'ProveTaskDefinition'],
    ['ReadSource', 'SourceSecurityGroup', 'DatabaseShopSourceTaskDefinition'],
  ])('runs %s in the cluster, the network and under the name that the template makes', (name, group, definition) => {
    const [, state] = tasks().find(([each]) => each === name) ?? [];
    const text = JSON.stringify(state).replaceAll("States.Format('pgproof-prod-source-{}', $.plan.database)", 'pgproof-prod-source-shop');
    const parameters = (JSON.parse(text) as { Parameters: Record<string, unknown> }).Parameters;
    const { ContainerDefinitions, Family } = packaged().template.Resources[definition]?.Properties ?? {};
    expect(state?.Resource).toBe('arn:aws:states:::ecs:runTask.sync');
    expect(parameters).toMatchObject({
      Cluster: 'arn:aws:ecs:eu-central-1:123456789012:WorkerCluster',
      NetworkConfiguration: { AwsvpcConfiguration: { 'SecurityGroups.$': `States.StringSplit('${group}', ',')`, AssignPublicIp: 'DISABLED' } },
      Overrides: { ContainerOverrides: [{ Name: (ContainerDefinitions as { Name: string }[])[0]?.Name }] },
    });
    expect([`arn:aws:ecs:eu-central-1:123456789012:${definition}`, Family]).toContain(parameters['TaskDefinition'] ?? parameters['TaskDefinition.$']);
  });

  test('has a folder under functions/ for each of its functions', () => {
    for (const [name, { Resource: arn }] of tasks()) {
      if (arn?.startsWith('arn:aws:states')) continue;
      const folder = name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
      expect(existsSync(join(FILE, '..', folder, 'handler.ts')), folder).toBe(true);
    }
  });
}

/** The text of every file of ours below a directory. */
function sources(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== 'errors.ts')
    .map((file) => readFileSync(join(directory, file), 'utf8'));
}
