import type pg from 'pg';
import type { SanityQuery } from '../config/config.ts';
import type { Finding } from './finding.ts';

/**
 * Check 56: the owner's own questions, asked of the copy in a read-only transaction with a time limit. What they answer
 * is compared and never repeated: neither logs nor evidence hold a value of the data.
 */
export async function checkSanity(copy: pg.Client, queries: readonly SanityQuery[]): Promise<Finding> {
  const base = { id: 'sanity', name: "The owner's sanity queries", number: 56, level: 6, equality: false } as const;
  if (queries.length === 0) {
    const detail = 'no queries in pgproof.yml under drill.queries';
    return { ...base, required: false, status: 'not_requested', examined: 0, cause: 'configuration', detail };
  }
  const answers: Answer[] = [];
  for (const query of queries) answers.push(await ask(copy, query));
  const wrong = answers.filter(({ status }) => status !== 'passed');
  const rest = { ...base, required: true, examined: queries.length };
  const worst = answers.find(({ status }) => status === 'failed') ?? wrong[0];
  if (!worst) return { ...rest, status: 'passed', detail: queries.map(({ name }) => name).join(', ') };
  return {
    ...rest,
    status: worst.status,
    cause: worst.status === 'failed' ? 'backup' : 'configuration',
    detail: `${worst.name}: ${worst.problem}`,
    items: wrong.slice(0, 50).map(({ name, problem }) => `${name}: ${problem}`),
    differences: wrong.length,
  };
}

interface Answer {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'could_not_verify';
  readonly problem?: string;
}

/** How values are written, whatever the database's own settings say: expectations are compared with this text. */
const OUTPUT = `
  select set_config('statement_timeout', $1, true), set_config('datestyle', 'ISO, YMD', true), set_config('intervalstyle', 'postgres', true),
         set_config('extra_float_digits', '1', true), set_config('bytea_output', 'hex', true)`;

/** The copy's login sees all rows or gets an error: a superuser does in any case, and to him the setting would mean his functions'. */
const SEE_ALL = `
  select set_config('row_security', 'off', true) from pg_catalog.pg_roles where rolname = current_user and not rolsuper`;

async function ask(copy: pg.Client, query: SanityQuery): Promise<Answer> {
  const { name, timeout, role } = query;
  if (isInexact(query.expect)) return { name, status: 'could_not_verify', problem: 'a number this long is not kept exactly: put it in quotes' };
  await copy.query('begin read only');
  try {
    await copy.query(OUTPUT, [`${timeout}s`]);
    if (role === undefined) await copy.query(SEE_ALL);
    if (role !== undefined && !(await becomes(copy, role))) {
      return { name, status: 'could_not_verify', problem: `the copy has no role ${role}` };
    }
    const { rows, fields } = await copy.query<(string | null)[]>({
      text: query.sql,
      rowMode: 'array',
      // Takes one statement and no more: a second one could end the transaction that keeps the first from writing.
      queryMode: 'extended',
      types: { getTypeParser: () => (text: string) => text },
    } as pg.QueryArrayConfig);
    const problem = judge(query.expect, { rows, type: fields[0]?.dataTypeID });
    return problem === undefined ? { name, status: 'passed' } : { name, status: 'failed', problem };
  } catch (error) {
    return explain(query, error);
  } finally {
    await copy.query('rollback');
  }
}

function isInexact({ value, min, max }: SanityQuery['expect']): boolean {
  return [value, min, max].some((each) => Number.isInteger(each) && !Number.isSafeInteger(each));
}

async function becomes(copy: pg.Client, role: string): Promise<boolean> {
  const { rowCount } = await copy.query('select from pg_catalog.pg_roles where rolname = $1', [role]);
  if (rowCount === 1) await copy.query(`set local role ${copy.escapeIdentifier(role)}`);
  return rowCount === 1;
}

/**
 * A query that the copy refuses because something is not there (class 42: table, column, function, privilege) speaks
 * about the copy; one that ran out of time or into another error leaves the question open.
 */
function explain({ name, timeout, role }: SanityQuery, error: unknown): Answer {
  const { code = '', message } = error as pg.DatabaseError;
  const open = (problem: string): Answer => ({ name, status: 'could_not_verify', problem });
  if (code === '57014') return open(`no answer within ${timeout} s`);
  if (code === '25006') return open('it tries to write');
  if (/cannot insert multiple commands/.test(message)) return open('expected one statement, got several');
  const what = isAboutText(error as pg.DatabaseError) ? message : `ended with SQLSTATE ${code || 'unknown'}`;
  if (code === '42601') return open(`not valid SQL: ${what}`);
  // A superuser is refused nothing, so it was the administrator of a service that has none to give.
  if (code === '42501' && role === undefined) return open(`the administrator of the copy: ${what}`);
  return code.startsWith('42') ? { name, status: 'failed', problem: what } : open(what);
}

/**
 * True when the message can quote only the query itself or names in it. One raised while the query ran may quote a value
 * of the data ("invalid input syntax for type integer: …"), and so may one from inside a function.
 */
function isAboutText({ code = '', position, where, internalQuery }: pg.DatabaseError): boolean {
  if (where !== undefined || internalQuery !== undefined || !code.startsWith('42')) return false;
  return position !== undefined || code === '42501';
}

interface Result {
  /** Each value as the server writes it. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** Of the first column; 0 and undefined for none. */
  readonly type: number | undefined;
}

function judge(expect: SanityQuery['expect'], { rows, type }: Result): string | undefined {
  const { rows: count, minRows, maxRows } = expect;
  if (count !== undefined && rows.length !== count) return `expected ${count} rows, got ${rows.length}`;
  if (minRows !== undefined && rows.length < minRows) return `expected at least ${minRows} rows, got ${rows.length}`;
  if (maxRows !== undefined && rows.length > maxRows) return `expected at most ${maxRows} rows, got ${rows.length}`;
  if (expect.value === undefined && expect.min === undefined && expect.max === undefined) return undefined;
  const first = rows[0]?.[0];
  if (first === undefined) return 'expected a value, got no row';
  return judgeValue(expect, first, type ?? 0);
}

function judgeValue({ value, min, max }: SanityQuery['expect'], answer: string | null, type: number): string | undefined {
  if (value !== undefined) {
    const problem = compare(value, answer, type);
    if (problem !== undefined) return problem;
  }
  if (min === undefined && max === undefined) return undefined;
  if (answer === null || !NUMBERS.has(type) || Number.isNaN(Number(answer))) return 'expected a number';
  if (min !== undefined && Number(answer) < min) return `the answer is below ${min}`;
  if (max !== undefined && Number(answer) > max) return `the answer is above ${max}`;
  return undefined;
}

/** Numbers of the types in pg_type: int8, int2, int4, oid, float4, float8, numeric; bool. */
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 1700]);
const BOOLEAN = 16;

/**
 * Typed: 5 is an integer, numeric or floating 5 and never the text '5'; true is a boolean; null is only null. A text is
 * compared with what the server writes, of whatever type, so that a number too long for YAML or a time can be expected.
 */
function compare(value: string | number | boolean | null, answer: string | null, type: number): string | undefined {
  const unexpected = 'the answer is not the expected value';
  if (value === null || answer === null) return value === answer ? undefined : unexpected;
  if (typeof value === 'string') return value === answer ? undefined : unexpected;
  if (typeof value === 'boolean') {
    if (type !== BOOLEAN) return 'expected a boolean';
    return answer === (value ? 't' : 'f') ? undefined : unexpected;
  }
  if (!NUMBERS.has(type)) return 'expected a number';
  return sameNumber(value, answer) ? undefined : unexpected;
}

/** Exact: digits that a floating-point number does not hold are not rounded away. */
function sameNumber(value: number, answer: string): boolean {
  if (Number(answer) !== value) return false;
  return !/^-?\d+(\.\d+)?$/.test(answer) || plain(answer) === plain(decimal(value));
}

function plain(text: string): string {
  const shortened = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return shortened.replace(/^(-?)0+(?=\d)/, '$1').replace(/^-0$/, '0');
}

/** Without an exponent. */
function decimal(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  return Number.isInteger(value) ? BigInt(value).toString() : value.toFixed(20);
}
