import type { Origin } from '../errors.ts';

/**
 * Reads what pg_restore and psql say on stderr. Their exit code says little: pg_restore goes on after an error, and one
 * error out of a thousand may be the table that matters. Every line is accounted for; a line that is not understood
 * counts as a failure, never as noise.
 */
export interface Complaint {
  /** The line that names the cause, as printed. */
  readonly line: string;
  readonly severity: 'tolerated' | 'environment' | 'failed';
  readonly cause: Origin;
  /** Why it is tolerated, or what it means. */
  readonly meaning: string;
}

interface Rule {
  readonly pattern: RegExp;
  readonly severity: Complaint['severity'];
  readonly cause: Origin;
  readonly meaning: string;
}

/** Matched against the cause line only; a statement's text may hold anything. */
const RULES: readonly Rule[] = [
  {
    pattern: /unrecognized configuration parameter "(transaction_timeout|idle_session_timeout)"/,
    severity: 'tolerated',
    cause: 'environment',
    meaning: 'a newer pg_restore sets a time limit that this older server does not know',
  },
  {
    pattern: /extension "[^"]*" (is not available|must be installed)|could not open extension control file/,
    severity: 'environment',
    cause: 'environment',
    meaning: 'the throwaway server lacks the extension',
  },
  {
    pattern: /extension "[^"]*" has no installation script nor update path/,
    severity: 'environment',
    cause: 'environment',
    meaning: 'the throwaway server lacks this version of the extension',
  },
  {
    pattern: /could not (access|load) (file|library)/,
    severity: 'environment',
    cause: 'environment',
    meaning: 'the throwaway server lacks a library',
  },
  {
    pattern: /invalid (locale|LC_[A-Z]+) name|could not create locale|collation "[^"]*" for encoding "[^"]*" does not exist|ICU locale/,
    severity: 'environment',
    cause: 'environment',
    meaning: 'the throwaway server lacks the locale',
  },
  {
    pattern: /No space left on device|could not (extend|write to) file/,
    severity: 'environment',
    cause: 'environment',
    meaning: 'the throwaway server has no room',
  },
  {
    pattern: /permission denied|must be (superuser|owner|a superuser)/,
    severity: 'environment',
    cause: 'environment',
    meaning: 'the throwaway server does not let its administrator do this',
  },
  {
    pattern: /server closed the connection|terminating connection|connection to server .* failed|the database system is/,
    severity: 'environment',
    cause: 'environment',
    meaning: 'the throwaway server went away',
  },
];

const NOISE = [
  /^pg_restore: (while|from TOC entry|in TOC entry) /i,
  /^pg_restore: warning: errors ignored on restore: \d+$/,
  /^(DETAIL|HINT|CONTEXT|QUERY|LOCATION|STATEMENT|LINE \d+):/,
];

/**
 * One complaint for each error or warning. `expected` are further tolerated lines, each with its reason.
 *
 * pg_restore prints the cause line, its DETAIL and the like, then "Command was:" with the statement, which may run over
 * many lines up to the next line of pg_restore's own.
 */
export function classifyRestoreOutput(
  stderr: string,
  expected: readonly { readonly pattern: RegExp; readonly meaning: string }[] = [],
): Complaint[] {
  const complaints: Complaint[] = [];
  let inStatement = false;
  let afterCause = false;
  for (const line of stderr.split('\n')) {
    const own = /^(pg_restore|psql)(:|$)|^psql:/.test(line);
    if (own) inStatement = false;
    if (/^Command was:/.test(line)) inStatement = true;
    if (inStatement || line.trim() === '') continue;
    if (NOISE.some((pattern) => pattern.test(line))) {
      afterCause ||= /^(DETAIL|HINT|CONTEXT|QUERY|LINE)/.test(line);
      continue;
    }
    // Details of the error above may run over several lines; they begin with white space or stand behind its details.
    if (!own && (afterCause || /^\s/.test(line)) && complaints.length > 0) continue;
    afterCause = own && /error:|ERROR:/.test(line);
    complaints.push(classify(line, expected));
  }
  return complaints;
}

function classify(line: string, expected: readonly { readonly pattern: RegExp; readonly meaning: string }[]): Complaint {
  const known = expected.find(({ pattern }) => pattern.test(line));
  if (known) return { line, severity: 'tolerated', cause: 'environment', meaning: known.meaning };
  const rule = RULES.find(({ pattern }) => pattern.test(line));
  if (rule) return { line, severity: rule.severity, cause: rule.cause, meaning: rule.meaning };
  return { line, severity: 'failed', cause: 'backup', meaning: 'not a known harmless message' };
}

/** What pg_restore itself counted, 0 when it counted none. */
export function ignoredErrors(stderr: string): number {
  return Number(/errors ignored on restore: (\d+)/.exec(stderr)?.[1] ?? 0);
}

/** How many error lines there are, to be held against `ignoredErrors`. */
export function countErrors(complaints: readonly Complaint[]): number {
  return complaints.filter(({ line }) => /^pg_restore: error:/.test(line)).length;
}
