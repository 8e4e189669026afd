import { describe, expect, it } from 'vitest';
import { execute } from '../../../local/state-machine/execution.ts';
import type { Machine } from '../../../local/state-machine/definition.ts';

const ARN = 'arn:aws:lambda:local:000000000000:function:Known';

function machineWith(parameters: Record<string, unknown>): Machine {
  return { StartAt: 'Only', States: { Only: { Type: 'Task', Resource: ARN, Parameters: parameters, End: true } } };
}

async function callWith(machine: Machine, input: unknown): Promise<unknown> {
  const calls: unknown[] = [];
  const end = await execute({
    machine,
    resources: new Map([[ARN, async (received: unknown) => void calls.push(received)]]),
    name: 'x',
    startedAt: new Date('2026-11-20T02:00:00Z'),
    input,
    pauseMilliseconds: 0,
  });
  expect(end.status).toBe('SUCCEEDED');
  return calls[0];
}

describe('JSON that a Task is given as text', () => {
  it('arrives as AWS hands it over, quotation marks and backslashes included', async () => {
    const machine = machineWith({ Environment: [{ Name: 'TASK', 'Value.$': 'States.JsonToString($.task)' }] });
    const task = { path: '"$user", public', pattern: '\\d+\n', name: "it's ${x}" };
    expect(await callWith(machine, { task })).toEqual({
      Environment: [{ Name: 'TASK', Value: '{"path":"\\"$user\\", public","pattern":"\\\\d+\\n","name":"it\'s ${x}"}' }],
    });
  });

  it('leaves every other parameter alone', async () => {
    const machine = machineWith({ 'whole.$': '$.task', 'text.$': 'States.JsonToString($.task.a)', fixed: [1, { b: null }] });
    expect(await callWith(machine, { task: { a: [1] } })).toEqual({ whole: { a: [1] }, text: '[1]', fixed: [1, { b: null }] });
  });

  it('is refused where it would come out broken', async () => {
    const nested = machineWith({ 'text.$': "States.Format('{}', States.JsonToString($.task))" });
    await expect(callWith(nested, {})).rejects.toThrow(/^state Only: States\.JsonToString is done on the laptop only as/);
    const pass: Machine = { StartAt: 'P', States: { P: { Type: 'Pass', Parameters: { 'a.$': 'States.JsonToString($)' }, End: true } } };
    await expect(callWith(pass, {})).rejects.toThrow(/^state P: States\.JsonToString/);
  });
});
