import { describe, expect, it } from 'vitest';
import { loadDefinition, requireFaithful, type Machine } from '../../../local/state-machine/definition.ts';
import { execute } from '../../../local/state-machine/execution.ts';
import { StateMachineUnsupportedError } from '../../../src/errors.ts';

const ARN = 'arn:aws:lambda:local:000000000000:function:Known';
const known = new Set([ARN]);

function machineWith(state: Record<string, unknown>, top: Record<string, unknown> = {}): Machine {
  return { StartAt: 'Only', States: { Only: { Type: 'Task', Resource: ARN, End: true, ...state } }, ...top };
}

describe('the guard before the local interpreter', () => {
  it('lets a machine pass that means the same here and on AWS', () => {
    expect(() => requireFaithful(machineWith({ TimeoutSeconds: 5 }), known)).not.toThrow();
  });

  it.each([
    ['Assign', { Assign: { a: 1 } }],
    ['Arguments', { Arguments: {} }],
    ['Output', { Output: '{% $x %}' }],
    ['HeartbeatSeconds', { HeartbeatSeconds: 5 }],
    ['HeartbeatSecondsPath', { HeartbeatSecondsPath: '$.h' }],
    ['Credentials', { Credentials: {} }],
    ['ItemReader', { ItemReader: {} }],
    ['ItemBatcher', { ItemBatcher: {} }],
    ['ResultWriter', { ResultWriter: {} }],
    ['ToleratedFailureCount', { ToleratedFailureCount: 1 }],
    ['ToleratedFailurePercentagePath', { ToleratedFailurePercentagePath: '$.p' }],
  ])('refuses %s, which the interpreter ignores, and names the state', (field, state) => {
    expect(() => requireFaithful(machineWith(state), known)).toThrow(new RegExp(`^state Only: ${field} is ignored`));
  });

  it('refuses JSONata, for the machine and for a state', () => {
    expect(() => requireFaithful(machineWith({}, { QueryLanguage: 'JSONata' }), known)).toThrow(/^the machine: query language "JSONata"/);
    expect(() => requireFaithful(machineWith({ QueryLanguage: 'JSONata' }), known)).toThrow(/^state Only: query language/);
  });

  it('looks into branches and maps', () => {
    const inner = machineWith({ HeartbeatSeconds: 1 });
    const parallel = { StartAt: 'P', States: { P: { Type: 'Parallel', Branches: [inner], End: true } } };
    const map = { StartAt: 'M', States: { M: { Type: 'Map', ItemProcessor: inner, End: true } } };
    expect(() => requireFaithful(parallel, known)).toThrow(StateMachineUnsupportedError);
    expect(() => requireFaithful(map, known)).toThrow(StateMachineUnsupportedError);
  });

  it('refuses a distributed map', () => {
    const processor = { ...machineWith({}), ProcessorConfig: { Mode: 'DISTRIBUTED' } };
    const map = { StartAt: 'M', States: { M: { Type: 'Map', ItemProcessor: processor, End: true } } };
    expect(() => requireFaithful(map, known)).toThrow(/^state M: a distributed map/);
  });

  it('refuses a Task that nothing here answers for', () => {
    expect(() => requireFaithful(machineWith({ Resource: 'arn:aws:states:::aws-sdk:rds:noSuchThing' }), known)).toThrow(/noSuchThing/);
  });

  it('refuses a type test for false, which the interpreter never finds true', () => {
    const choice = machineWith({ Type: 'Choice', Choices: [{ And: [{ Variable: '$.a', IsPresent: false }], Next: 'Only' }] });
    expect(() => requireFaithful(choice, known)).toThrow(/^state Only: IsPresent: false/);
  });
});

describe('an execution', () => {
  it('refuses the machine before the first state runs', async () => {
    let ran = 0;
    const resources = new Map([[ARN, async () => void ran++]]);
    const options = { resources, name: 'x', startedAt: new Date(0), input: {}, pauseMilliseconds: 1 };
    await expect(execute({ ...options, machine: machineWith({ Assign: {} }) })).rejects.toThrow(StateMachineUnsupportedError);
    expect(ran).toBe(0);
    await execute({ ...options, machine: machineWith({}) });
    expect(ran).toBe(1);
  });

  it('fills placeholders, and fails on one that has no value', () => {
    const file = new URL('../../../functions/restore-drill/restore-drill.asl.json', import.meta.url);
    expect(() => loadDefinition(file, {})).toThrow(/^no substitution for \$\{PlanFunctionArn\}/);
  });
});
