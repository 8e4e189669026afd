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

async function ask(copy: pg.Client, query: SanityQuery): Promise<Answer> {
  const { name, timeout, role } = query;
  await copy.query('begin read only');
  try {
    await copy.query(`select set_config('statement_timeout', $1, true)`, [`${timeout}s`]);
    if (role !== undefined) await copy.query(`set local role ${copy.escapeIdentifier(role)}`);
    const result = await copy.query<unknown[]>({ text: query.sql, rowMode: 'array' });
    if (Array.isArray(result)) return { name, status: 'could_not_verify', problem: 'expected one statement, got several' };
    const problem = judge(query.expect, result.rows);
    return problem === undefined ? { name, status: 'passed' } : { name, status: 'failed', problem };
  } catch (error) {
    return explain(name, timeout, error);
  } finally {
    await copy.query('rollback');
  }
}

/**
 * A query that the copy refuses because something is not there (class 42: table, column, function, privilege) speaks
 * about the copy; one that ran out of time or into another error leaves the question open.
 */
function explain(name: string, timeout: number, error: unknown): Answer {
  const { code = '', message } = error as { code?: string; message: string };
  if (code === '57014') return { name, status: 'could_not_verify', problem: `no answer within ${timeout} s` };
  if (code === '25006') return { name, status: 'could_not_verify', problem: 'it tries to write' };
  if (code === '42601') return { name, status: 'could_not_verify', problem: `not valid SQL: ${message}` };
  if (code.startsWith('42')) return { name, status: 'failed', problem: message };
  // Other messages may quote a value ("invalid input syntax for type integer: …"), so only the code is kept.
  return { name, status: 'could_not_verify', problem: `ended with SQLSTATE ${code || 'unknown'}` };
}

function judge(expect: SanityQuery['expect'], rows: readonly unknown[][]): string | undefined {
  const { rows: count, minRows, maxRows } = expect;
  if (count !== undefined && rows.length !== count) return `expected ${count} rows, got ${rows.length}`;
  if (minRows !== undefined && rows.length < minRows) return `expected at least ${minRows} rows, got ${rows.length}`;
  if (maxRows !== undefined && rows.length > maxRows) return `expected at most ${maxRows} rows, got ${rows.length}`;
  if (expect.value === undefined && expect.min === undefined && expect.max === undefined) return undefined;
  const first = rows[0]?.[0];
  if (first === undefined) return 'expected a value, got no row';
  return judgeValue(expect, first);
}

function judgeValue({ value, min, max }: SanityQuery['expect'], answer: unknown): string | undefined {
  if (value !== undefined && !same(value, answer)) return 'the answer is not the expected value';
  if (min === undefined && max === undefined) return undefined;
  const number = typeof answer === 'string' || typeof answer === 'number' ? Number(answer) : Number.NaN;
  if (Number.isNaN(number)) return 'expected a number';
  if (min !== undefined && number < min) return `the answer is below ${min}`;
  if (max !== undefined && number > max) return `the answer is above ${max}`;
  return undefined;
}

/** Typed: the number 5 is bigint or numeric 5 but not the text '5 apples'; null is only null. */
function same(value: string | number | boolean | null, answer: unknown): boolean {
  if (value === null || answer === null) return value === answer;
  if (typeof value === 'number') return String(answer).trim() !== '' && Number(answer) === value;
  if (typeof value === 'boolean') return answer === value;
  return answer instanceof Date ? answer.toISOString() === value : String(answer) === value;
}
