import type { Machine, State } from '../local/state-machine/definition.ts';

/** The state machine as a Mermaid diagram, drawn from the file that runs, so that the picture cannot be out of date. */
export function drawMachine(machine: Machine): string {
  return ['stateDiagram-v2', `  [*] --> ${machine.StartAt}`, ...drawStates(machine, '  ')].join('\n');
}

function drawStates({ States }: Machine, indent: string): string[] {
  return Object.entries(States).flatMap(([name, state]) => [
    ...drawBranches(name, state, indent),
    ...arrowsFrom(name, state).map((arrow) => `${indent}${arrow}`),
  ]);
}

function drawBranches(name: string, { Branches = [] }: State, indent: string): string[] {
  return Branches.flatMap((branch) => [
    `${indent}state ${name} {`,
    `${indent}  [*] --> ${branch.StartAt}`,
    ...drawStates(branch, `${indent}  `),
    `${indent}}`,
  ]);
}

interface Rule {
  readonly Next?: string;
  readonly [field: string]: unknown;
}

function arrowsFrom(name: string, state: State): string[] {
  const { Next, Default, End, Type } = state as State & { Next?: string; Default?: string; End?: boolean };
  const choices = (state.Choices ?? []) as Rule[];
  const catches = (state.Catch ?? []) as Rule[];
  return [
    ...choices.map((rule) => `${name} --> ${rule.Next}: ${describeRule(rule)}`),
    ...(Default === undefined ? [] : [`${name} --> ${Default}: otherwise`]),
    ...(Next === undefined ? [] : [`${name} --> ${Next}`]),
    ...catches.map((rule) => `${name} --> ${rule.Next}: any error`),
    ...(End || Type === 'Succeed' || Type === 'Fail' ? [`${name} --> [*]`] : []),
  ];
}

function describeRule(rule: Rule): string {
  if (rule.Not !== undefined) return `no ${lastName((rule.Not as Rule).Variable)}`;
  return `${lastName(rule.Variable)} ${String(rule.StringEquals ?? rule.BooleanEquals)}`;
}

function lastName(path: unknown): string {
  return String(path).split('.').at(-1) ?? '';
}
