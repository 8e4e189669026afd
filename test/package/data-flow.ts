import type { Machine, State } from '../../local/state-machine/definition.ts';
import { ANYTHING, assume, fieldsOf, find, isSame, join, LEAF, put, type Shape } from './shape.ts';

/** What a task takes from its input and what it answers. */
export interface TaskContract {
  /** Paths that its function reads of the input, besides those in Parameters. */
  readonly reads: readonly string[];
  readonly answers: Shape;
}

/** Of the context object; the same for every state. */
const CONTEXT = /^\$\$\.(Execution\.(Id|Name|Input|StartTime)|State\.(Name|EnteredTime)|StateMachine\.(Id|Name))(\.|$)/;

type Way = readonly [next: string | undefined, shape: Shape];

/**
 * Goes through a machine on every way, catches too, and tells every path that a state reads and that was not produced
 * before it on each of them. What Step Functions would answer with States.Runtime, which nothing catches.
 *
 * @param contractOf of a Task state
 */
export function dataFlowFaults(machine: Machine, input: Shape, contractOf: (name: string, state: State) => TaskContract): string[] {
  const faults = new Set<string>();
  walk(machine, input);
  return [...faults].sort();

  function walk({ StartAt, States }: Machine, begin: Shape): void {
    const known = new Map<string, Shape>([[StartAt, begin]]);
    const waiting = [StartAt];
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const state = States[name];
      const shape = known.get(name);
      if (!state || !shape) throw new Error(`there is no state ${name}`);
      for (const [next, after] of leave(name, state, shape)) {
        if (next === undefined) continue;
        const before = known.get(next);
        const joined = before ? join(before, after) : after;
        if (before && isSame(before, joined)) continue;
        known.set(next, joined);
        waiting.push(next);
      }
    }
  }

  function leave(name: string, state: State, shape: Shape): Way[] {
    const input = read(name, shape, (state['InputPath'] as string | undefined) ?? '$');
    switch (state.Type) {
      case 'Choice':
        return choose(name, state, shape);
      case 'Succeed':
        return [[undefined, shape]];
      case 'Fail':
        for (const field of ['CausePath', 'ErrorPath']) if (field in state) read(name, shape, String(state[field]));
        return [];
      case 'Wait':
        for (const field of ['SecondsPath', 'TimestampPath']) if (field in state) read(name, shape, String(state[field]));
        return [[state['Next'] as string | undefined, shape]];
      case 'Pass':
        return go(name, state, shape, state['Parameters'] === undefined ? input : build(name, input, state['Parameters']));
      case 'Task': {
        const given = state['Parameters'] === undefined ? input : build(name, input, state['Parameters']);
        const { reads, answers } = contractOf(name, state);
        for (const path of reads) read(name, given, path);
        return go(name, state, shape, answers);
      }
      case 'Parallel':
        for (const branch of state.Branches ?? []) walk(branch, input);
        return go(name, state, shape, LEAF);
      default:
        throw new Error(`a state of the type ${state.Type} cannot be followed`);
    }
  }

  function go(name: string, state: State, shape: Shape, result: Shape): Way[] {
    if ('ResultSelector' in state) throw new Error(`${name}: ResultSelector cannot be followed`);
    const after = place(shape, state['ResultPath'] as string | null | undefined, result);
    const next: Way = [state['End'] === true ? undefined : String(state['Next']), read(name, after, (state['OutputPath'] as string | undefined) ?? '$')];
    const error = fieldsOf({ Error: LEAF, Cause: LEAF });
    const catches = (state['Catch'] ?? []) as { Next: string; ResultPath?: string | null }[];
    return [next, ...catches.map(({ Next, ResultPath }): Way => [Next, place(shape, ResultPath, error)])];
  }

  function choose(name: string, { Choices, Default }: State, shape: Shape): Way[] {
    const ways: Way[] = [];
    let known = shape;
    for (const rule of Choices as Rule[]) {
      ways.push([rule.Next, test(name, known, rule)]);
      // A rule that only asks whether something is missing was passed by: it is there.
      if (rule.Not?.IsPresent === true && rule.Not.Variable !== undefined) known = assume(known, rule.Not.Variable);
    }
    return typeof Default === 'string' ? [...ways, [Default, known]] : ways;
  }

  /** @returns what is known where the rule is true */
  function test(name: string, shape: Shape, rule: Rule): Shape {
    if (rule.Not) test(name, shape, rule.Not);
    for (const each of rule.Or ?? []) test(name, shape, each);
    const all = (rule.And ?? []).reduce((known, each) => test(name, known, each), shape);
    if (rule.Variable === undefined) return all;
    if (rule.IsPresent === true) return assume(all, rule.Variable);
    read(name, all, rule.Variable);
    for (const [field, value] of Object.entries(rule)) if (field.endsWith('Path')) read(name, all, String(value));
    return all;
  }

  function build(name: string, shape: Shape, template: unknown): Shape {
    if (typeof template !== 'object' || template === null) return LEAF;
    if (Array.isArray(template)) {
      template.forEach((item) => build(name, shape, item));
      return LEAF;
    }
    const entries = Object.entries(template).map(([key, value]) =>
      key.endsWith('.$') ? ([key.slice(0, -2), evaluate(name, shape, String(value))] as const) : ([key, build(name, shape, value)] as const),
    );
    return fieldsOf(Object.fromEntries(entries));
  }

  /** A path, or an intrinsic function with paths among its arguments. */
  function evaluate(name: string, shape: Shape, expression: string): Shape {
    if (expression.startsWith('$')) return read(name, shape, expression);
    const withoutText = expression.replaceAll(/'(?:[^'\\]|\\.)*'/g, "''");
    for (const [path] of withoutText.matchAll(/\$[\w.$]*/g)) read(name, shape, path);
    return LEAF;
  }

  function read(name: string, shape: Shape, path: string): Shape {
    const found = path.startsWith('$$') ? (CONTEXT.test(path) ? ANYTHING : undefined) : find(shape, path);
    if (!found) faults.add(`${name} reads ${path}, which is not there on every way`);
    return found ?? ANYTHING;
  }
}

interface Rule {
  readonly Next?: string;
  readonly Variable?: string;
  readonly IsPresent?: boolean;
  readonly Not?: Rule;
  readonly And?: readonly Rule[];
  readonly Or?: readonly Rule[];
}

/** Where a result goes: in place of the input, nowhere, or into it. */
function place(shape: Shape, path: string | null | undefined, result: Shape): Shape {
  if (path === null) return shape;
  return path === undefined || path === '$' ? result : put(shape, path, result);
}
