/** As much of AWS's policy language as our templates use; anything else is an error, never a guess. */
export interface Policy {
  readonly Statement: readonly Statement[];
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Act {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string>>;
}

/** Allowed means: some statement allows it and none denies it. */
export function isAllowed(policies: readonly Policy[], act: Act): boolean {
  const matching = policies.flatMap(({ Statement }) => Statement).filter((statement) => appliesTo(statement, act));
  return matching.some(({ Effect }) => Effect === 'Allow') && !matching.some(({ Effect }) => Effect === 'Deny');
}

export function appliesTo(statement: Statement, { action, resource, context = {} }: Act): boolean {
  const known = new Set(['Sid', 'Effect', 'Action', 'Resource', 'NotResource', 'Condition']);
  const unknown = Object.keys(statement).find((key) => !known.has(key));
  if (unknown !== undefined) throw new Error(`a statement with ${unknown} cannot be simulated`);
  if (!toList(statement.Action).some((pattern) => isLike(action.toLowerCase(), pattern.toLowerCase()))) return false;
  const named = statement.Resource === undefined || toList(statement.Resource).some((pattern) => isLike(resource, pattern));
  const excepted = toList(statement.NotResource ?? []).some((pattern) => isLike(resource, pattern));
  return named && !excepted && holds(statement.Condition ?? {}, context);
}

function holds(condition: NonNullable<Statement['Condition']>, context: Readonly<Record<string, string>>): boolean {
  return Object.entries(condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, expected]) => {
      const found = context[key];
      switch (operator) {
        case 'Null':
          return (found === undefined) === (String(expected) === 'true');
        case 'Bool':
        case 'StringEquals':
          return found === String(expected);
        case 'StringNotEquals':
          return found !== String(expected);
        case 'ArnEquals':
        case 'ArnLike':
          return found !== undefined && isLike(found, expected);
        default:
          throw new Error(`the condition ${operator} cannot be simulated`);
      }
    }),
  );
}

export function toList(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}

function isLike(text: string, pattern: string): boolean {
  const expression = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 's').test(text);
}
