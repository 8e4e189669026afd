import * as z from 'zod';
import { ConfigurationError } from '../errors.ts';

/**
 * EventBridge's event patterns, as far as pgproof's rules use them: exact strings, `prefix`, `suffix` and `wildcard`.
 * The laptop evaluates the very file that the deployed rule is made of, so anything else must be refused: a matcher
 * that is silently ignored here would be a rule that behaves differently there.
 */
const Matcher = z.union([
  z.string(),
  z.strictObject({ prefix: z.string() }),
  z.strictObject({ suffix: z.string() }),
  // Two stars in a row are refused by EventBridge; a backslash would be its escape character.
  z.strictObject({ wildcard: z.string().regex(/^(?!.*\*\*)[^\\]+$/) }),
]);
type Matcher = z.infer<typeof Matcher>;

export interface EventPattern {
  readonly [field: string]: EventPattern | readonly Matcher[];
}

const EventPattern: z.ZodType<EventPattern> = z.lazy(() =>
  z.record(z.string(), z.union([z.array(Matcher).min(1), EventPattern])),
);

/** @throws ConfigurationError when the pattern uses what is not evaluated here, naming the field */
export function parseEventPattern(value: unknown): EventPattern {
  const result = EventPattern.safeParse(value);
  if (result.success) return result.data;
  throw new ConfigurationError(result.error.issues.map((issue) => `event pattern ${issue.path.join('.')}: ${issue.message}`));
}

/** True when every field of the pattern is in the event and matches one of its alternatives. */
export function matchesPattern(pattern: EventPattern, event: unknown): boolean {
  return Object.entries(pattern).every(([field, expected]) => {
    const found = fieldOf(event, field);
    if (!Array.isArray(expected)) return matchesPattern(expected as EventPattern, found);
    return typeof found === 'string' && (expected as readonly Matcher[]).some((matcher) => matches(matcher, found));
  });
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, field)
    ? (value as Record<string, unknown>)[field]
    : undefined;
}

function matches(matcher: Matcher, text: string): boolean {
  if (typeof matcher === 'string') return matcher === text;
  if ('prefix' in matcher) return text.startsWith(matcher.prefix);
  if ('suffix' in matcher) return text.endsWith(matcher.suffix);
  const expression = matcher.wildcard.replaceAll(/[.+?^${}()|[\]]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${expression}$`, 's').test(text);
}
