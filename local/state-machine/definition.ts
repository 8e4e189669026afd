import { readFileSync } from 'node:fs';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { StateMachineUnsupportedError } from '../../src/errors.ts';

/** A state as far as it is looked at here. */
export interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly Branches?: readonly Machine[];
  readonly ItemProcessor?: Machine & { readonly ProcessorConfig?: { readonly Mode?: string } };
  readonly Iterator?: Machine;
  readonly [field: string]: unknown;
}

export interface Machine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
  readonly QueryLanguage?: string;
}

/** The very file that AWS gets, with `${Name}` filled in from `substitutions` as CloudFormation does. */
export function loadDefinition(file: URL, substitutions: Readonly<Record<string, string>>): Machine {
  const text = readFileSync(file, 'utf8').replaceAll(/\$\{([A-Za-z0-9]+)\}/g, (_, name: string) => {
    const value = substitutions[name];
    if (value === undefined) throw new StateMachineUnsupportedError(`no substitution for \${${name}}`);
    return value;
  });
  return JSON.parse(text) as Machine;
}

export function placeholdersIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\$\{([A-Za-z0-9]+)\}/g)].map((match) => match[1] ?? ''))].sort();
}

/** Every state with its name, also those in branches and maps. */
export function* walkStates(machine: Machine): Generator<readonly [string, State]> {
  for (const [name, state] of Object.entries(machine.States)) {
    yield [name, state];
    const inner = [...(state.Branches ?? []), state.ItemProcessor, state.Iterator];
    for (const part of inner) if (part) yield* walkStates(part);
  }
}

const IGNORED_FIELDS = [
  'Assign',
  'Arguments',
  'Output',
  'HeartbeatSeconds',
  'HeartbeatSecondsPath',
  'Credentials',
  'ItemReader',
  'ItemBatcher',
  'ResultWriter',
  'ToleratedFailureCount',
  'ToleratedFailureCountPath',
  'ToleratedFailurePercentage',
  'ToleratedFailurePercentagePath',
];

/**
 * Refuses what the local interpreter would accept and silently ignore: a machine that runs here must mean the same on
 * AWS.
 * @throws StateMachineUnsupportedError naming the state and the field
 */
export function requireFaithful(machine: Machine, resources: ReadonlySet<string>): StateMachineDefinition {
  requireJsonPath('the machine', machine.QueryLanguage);
  for (const [name, state] of walkStates(machine)) {
    requireJsonPath(`state ${name}`, state.QueryLanguage);
    const field = IGNORED_FIELDS.find((ignored) => ignored in state);
    if (field !== undefined) throw new StateMachineUnsupportedError(`state ${name}: ${field} is ignored on the laptop`);
    if (state.ItemProcessor?.ProcessorConfig?.Mode === 'DISTRIBUTED') {
      throw new StateMachineUnsupportedError(`state ${name}: a distributed map is run inline on the laptop`);
    }
    const test = negatedTest(state.Choices);
    if (test !== undefined) {
      throw new StateMachineUnsupportedError(`state ${name}: ${test}: false is never true on the laptop; write Not`);
    }
    if (state.Type === 'Task' && !resources.has(state.Resource ?? '')) {
      throw new StateMachineUnsupportedError(`state ${name}: nothing on the laptop answers for ${state.Resource}`);
    }
  }
  return machine as unknown as StateMachineDefinition;
}

/** The first type test (`IsPresent`, `IsNull` …) that asks for false, at any depth of the rules. */
function negatedTest(rules: unknown): string | undefined {
  if (typeof rules !== 'object' || rules === null) return undefined;
  for (const [field, value] of Object.entries(rules)) {
    if (/^Is[A-Z]/.test(field) && value === false) return field;
    const inner = negatedTest(value);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function requireJsonPath(where: string, language: unknown): void {
  if (language === undefined || language === 'JSONPath') return;
  throw new StateMachineUnsupportedError(`${where}: query language ${JSON.stringify(language)} is ignored on the laptop`);
}
