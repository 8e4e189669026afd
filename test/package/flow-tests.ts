import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Machine, State } from '../../local/state-machine/definition.ts';
import { DrillPlan, type CleanupState, type DestroyState, type DrillState, type InstanceState, type SealResult } from '../../src/drill/contract.ts';
import { dataFlowFaults, type TaskContract } from './data-flow.ts';
import { fieldsOf, LEAF, shapeOfSchema, type Shape } from './shape.ts';

const FILE = join(import.meta.dirname, '../../functions/restore-drill/restore-drill.asl.json');

type Certain<T> = { [K in keyof T]-?: undefined extends T[K] ? never : K }[keyof T] & string;

/** Fields that an interface promises; the compiler holds the names to it. */
function promised<T>(...names: Certain<T>[]): Shape {
  return fieldsOf(Object.fromEntries(names.map((name) => [name, LEAF])));
}

/** What each function reads of its whole input, and answers. src/drill/contract.ts says the same in types. */
const CONTRACTS: Readonly<Record<string, TaskContract>> = {
  Plan: { reads: ['$.input', '$.drillId', '$.startedAt'], answers: shapeOfSchema(DrillPlan) },
  Restore: { reads: ['$.plan'], answers: fieldsOf({ at: LEAF }) },
  DescribeInstance: { reads: ['$.plan'], answers: promised<InstanceState>('status', 'at') },
  Destroy: { reads: ['$.plan'], answers: promised<DestroyState>('at') },
  ConfirmGone: { reads: ['$.plan', '$.destroyed'], answers: promised<CleanupState>('status', 'at') },
  Seal: {
    // The input may be anything, and is there.
    reads: ['$.input', ...reads('drillId', 'startedAt')],
    answers: promised<SealResult>('drillId', 'database', 'verdict', 'assurance', 'reason', 'cleanup', 'evidenceKey', 'reportKey'),
  },
  Report: { reads: reads('drillId', 'startedAt'), answers: LEAF },
};

function reads(...names: Certain<DrillState>[]): string[] {
  return names.map((name) => `$.${name}`);
}

/** A task of the worker reads what Parameters give it and answers nothing that is kept. */
const WORKER: TaskContract = { reads: [], answers: LEAF };

function contractOf(name: string, { Resource }: State): TaskContract {
  if (Resource === 'arn:aws:states:::ecs:runTask.sync') return WORKER;
  const contract = CONTRACTS[name];
  if (!contract) throw new Error(`nobody says what ${name} reads and answers`);
  return contract;
}

/** What each state of the machine finds when it is reached. */
export function testDataFlow(): void {
  const machine = (change: (text: string) => string = (text) => text): Machine => {
    const text = readFileSync(FILE, 'utf8');
    const changed = change(text);
    if (change.length > 0 && changed === text) throw new Error('the machine has nothing to break there');
    return JSON.parse(changed) as Machine;
  };
  const faults = (broken: Machine): string[] => dataFlowFaults(broken, LEAF, contractOf);
  const broken = (from: string | RegExp, to: string): string[] => faults(machine((text) => text.replace(from, (match, ...groups) => to.replace('$1', typeof groups[0] === 'string' ? groups[0] : match))));

  test('is produced before it on every way there, from the input {} on', () => {
    expect(faults(JSON.parse(readFileSync(FILE, 'utf8')) as Machine)).toEqual([]);
  });

  test.each([
    ['a field that Plan does not answer', '"database.$": "$.plan.database"', '"database.$": "$.plan.name"', 'DescribeReading reads $.plan.name'],
    ['one that it answers only sometimes', '"database.$": "$.plan.database"', '"database.$": "$.plan.fault"', 'DescribeReading reads $.plan.fault'],
    ['a result that was thrown away', '"ResultPath": "$.destroyed"', '"ResultPath": null', 'ConfirmGone reads $.destroyed'],
    ['a result that took the place of everything', '"ResultPath": "$.instance"', '"ResultPath": "$"', 'Prove reads $.plan.instanceId'],
    ['a path in an intrinsic function', 'States.JsonToString($.task)', 'States.JsonToString($.tasks)', 'ReadSource reads $.tasks'],
    ['a choice of what is not there', '"Variable": "$.cleanup.status"', '"Variable": "$.cleanup.state"', 'IsGone reads $.cleanup.state'],
    ['the cause of a failure', '"CausePath": "$.result.reason"', '"CausePath": "$.result.why"', 'Failed reads $.result.why'],
    ['a part of the context that there is not', '$$.Execution.Name', '$$.Execution.Title', 'Begin reads $$.Execution.Title'],
  ])('would be missed: %s', (_, from, to, fault) => {
    expect(broken(from, to).join('\n')).toMatch(new RegExp(fault.replaceAll('$', String.raw`\$`)));
  });

  test('would be missed where a catch leads to a state too early', () => {
    const toDestroy = /("ResultPath": "\$\.error", "Next": )"Seal"/;
    expect(broken(toDestroy, '$1"Destroy"')).toContain('Destroy reads $.plan, which is not there on every way');
  });

  test('would be missed where nobody asks first whether it is there', () => {
    expect(broken(/\{ "Not": \{ "Variable": "\$\.result", "IsPresent": true \}, "Next": "EvidenceUnsealed" \},/, '')).toContain(
      'Verdict reads $.result.verdict, which is not there on every way',
    );
  });
}
