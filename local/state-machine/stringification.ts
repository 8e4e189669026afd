import { StateMachineUnsupportedError } from '../../src/errors.ts';
import { walkStates, type Machine, type State } from './definition.ts';

/** A machine without `States.JsonToString`, and what its Tasks' inputs must go through instead. */
export interface Lifted {
  readonly machine: Machine;
  readonly stringify: (state: string, input: unknown) => unknown;
}

/** Where in a Task's input a string belongs, e.g. `Overrides`, `ContainerOverrides`, `0`, `Value`. */
type Place = readonly string[];

/**
 * The local interpreter strips every backslash from what an intrinsic function returns, so its `States.JsonToString`
 * makes broken JSON of any text with a quotation mark. Here the function is taken out of the Parameters of Tasks and
 * done by hand when the Task is called; the result is what AWS hands over.
 *
 * @throws StateMachineUnsupportedError where it cannot be taken out
 */
export function liftStringification(original: Machine): Lifted {
  const machine = structuredClone(original);
  const places = new Map<string, Place[]>();
  for (const [name, state] of walkStates(machine)) {
    const found = state.Type === 'Task' ? liftFrom(state.Parameters, []) : [];
    if (found.length > 0) places.set(name, found);
    requireNone(name, state);
  }
  return { machine, stringify: (state, input) => (places.get(state) ?? []).reduce(stringifyAt, input) };
}

const INNER = new Set(['Branches', 'ItemProcessor', 'Iterator']);

function liftFrom(template: unknown, above: Place): Place[] {
  if (typeof template !== 'object' || template === null) return [];
  return Object.entries(template).flatMap(([field, value]) => {
    const path = typeof value === 'string' ? /^States\.JsonToString\((\$[^()]*)\)$/.exec(value)?.[1] : undefined;
    if (path === undefined) return liftFrom(value, [...above, field]);
    (template as Record<string, unknown>)[field] = path;
    return [[...above, field.replace(/\.\$$/, '')]];
  });
}

function stringifyAt(input: unknown, place: Place): unknown {
  const [field, ...below] = place;
  if (field === undefined) return JSON.stringify(input);
  const copy = (Array.isArray(input) ? [...(input as unknown[])] : { ...(input as object) }) as Record<string, unknown>;
  copy[field] = stringifyAt(copy[field], below);
  return copy;
}

function requireNone(name: string, state: State): void {
  // The states inside are looked at by themselves.
  const own = JSON.stringify(state, (field, value: unknown) => (INNER.has(field) ? undefined : value));
  if (!own.includes('States.JsonToString')) return;
  throw new StateMachineUnsupportedError(
    `state ${name}: States.JsonToString is done on the laptop only as a whole parameter of a Task`,
  );
}
