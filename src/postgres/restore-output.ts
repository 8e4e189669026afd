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

const environment = (pattern: RegExp, meaning: string): Rule => ({ pattern, severity: 'environment', cause: 'environment', meaning });

/** Matched against the cause line only; a statement's text may hold anything. What is tolerated is matched whole. */
const RULES: readonly Rule[] = [
  {
    pattern: /^pg_restore: error: could not execute query: ERROR: {2}unrecognized configuration parameter "(transaction_timeout|idle_session_timeout)"$/,
    severity: 'tolerated',
    cause: 'environment',
    meaning: 'a newer pg_restore sets a time limit that this older server does not know',
  },
  environment(
    /extension "[^"]*" (is not available|must be installed)|could not open extension control file/,
    'the throwaway server lacks the extension',
  ),
  environment(/extension "[^"]*" has no installation script nor update path/, 'the throwaway server lacks this version of the extension'),
  environment(/could not (access|load) (file|library)/, 'the throwaway server lacks a library'),
  environment(
    /invalid (locale|LC_[A-Z]+) name|could not create locale|collation "[^"]*" for encoding "[^"]*" does not exist|ICU locale/,
    'the throwaway server lacks the locale',
  ),
  environment(/No space left on device|could not (extend|write to) file/, 'the throwaway server has no room'),
  environment(/out of (shared )?memory/, 'there is too little memory'),
  environment(
    /permission denied|must be (superuser|owner|a superuser|member of role|able to SET ROLE)|must have admin option|only (a )?superusers? (can|may)|(no|not all) privileges (were granted|could be revoked)/i,
    'the throwaway server does not let its administrator do this',
  ),
  environment(
    /server closed the connection|terminating connection|connection to server .* failed|the database system is|no connection to the server|could not (send data to|receive data from) server|connection has been closed unexpectedly/,
    'the throwaway server went away',
  ),
  environment(/canceling statement due to (user request|statement timeout|lock timeout)/, 'somebody stopped it'),
  environment(/^psql:<stdin>:\d+: error: invalid command \\(un)?restrict$/, 'this psql is older than the pg_dumpall that wrote the globals'),
  environment(/unsupported version \([^)]*\) in file header|does not support compression/, 'this pg_restore is too old for the archive'),
];

const NOISE = [
  /^pg_restore: (while|from TOC entry|in TOC entry) /i,
  /^pg_restore: warning: errors ignored on restore: \d+$/,
  /^(DETAIL|HINT|CONTEXT|QUERY|LOCATION|STATEMENT|LINE \d+):/,
];

/** What one restore expects to be told besides, and what that means there. */
export interface Expectation {
  readonly pattern: RegExp;
  readonly meaning: string;
  /** Default: it is tolerated. */
  readonly severity?: 'environment';
}

/**
 * One complaint for each error or warning. `expected` are further lines that are understood, each with its reason.
 *
 * pg_restore prints the cause line, its DETAIL and the like, then "Command was:" with the statement, which may run over
 * many lines up to the next line of pg_restore's own. A statement with a line that looks like pg_restore's own can only
 * add complaints, never hide one.
 */
export function classifyRestoreOutput(
  stderr: string,
  expected: readonly Expectation[] = [],
): Complaint[] {
  const complaints: Complaint[] = [];
  let inStatement = false;
  let afterCause = false;
  for (const line of stderr.split('\n')) {
    const own = /^(pg_restore|psql):/.test(line);
    if (own) inStatement = false;
    if (/^Command was:/.test(line) && afterCause) inStatement = true;
    if (inStatement || line.trim() === '') continue;
    if (NOISE.some((pattern) => pattern.test(line))) continue;
    // The details of an error may run over several lines, up to pg_restore's next word.
    if (!own && afterCause) continue;
    afterCause = own && /error:|ERROR:/.test(line);
    complaints.push(classify(line, expected));
  }
  return complaints;
}

function classify(cause: string, expected: readonly Expectation[]): Complaint {
  const line = withoutValue(cause);
  const known = expected.find(({ pattern }) => pattern.test(cause));
  if (known) return { line, severity: known.severity ?? 'tolerated', cause: 'environment', meaning: known.meaning };
  const rule = RULES.find(({ pattern }) => pattern.test(cause));
  if (rule) return { line, severity: rule.severity, cause: rule.cause, meaning: rule.meaning };
  return { line, severity: 'failed', cause: 'backup', meaning: 'not a known harmless message' };
}

/** Messages that quote names only. Others about rows may quote a value of the data, and evidence must hold none. */
const ABOUT_NAMES = /violates|null value in column|missing data for column|extra data after last/;
const ABOUT_ROWS = /COPY failed for table|invalid input|invalid byte|malformed|out of range/;

export function withoutValue(line: string): string {
  if (!ABOUT_ROWS.test(line) || ABOUT_NAMES.test(line)) return line;
  return line.replace(/(ERROR: {2}.*?)("|0x).*$/, '$1(a value, not repeated here)');
}

/** What pg_restore itself counted, 0 when it counted none: its very last line, or it did not come to its end. */
export function ignoredErrors(stderr: string): number {
  return Number(/^pg_restore: warning: errors ignored on restore: (\d+)$/.exec(stderr.trimEnd().split('\n').at(-1) ?? '')?.[1] ?? 0);
}

/** How many error lines there are, to be held against `ignoredErrors`. */
export function countErrors(complaints: readonly Complaint[]): number {
  return complaints.filter(({ line }) => /^pg_restore: error:/.test(line)).length;
}
