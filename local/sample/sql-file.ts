import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { SampleDatabaseError } from '../../src/errors.ts';

/** What the placeholders `{{seed}}` and `{{scale}}` stand for. Numbers only, so nothing needs quoting. */
export interface Placeholders {
  readonly seed: number;
  readonly scale: number;
}

/**
 * Runs one of the SQL files beside this module, all its statements in one go.
 * @throws SampleDatabaseError naming the file and the line
 */
export async function runSqlFile(client: pg.ClientBase, file: string, values?: Placeholders): Promise<void> {
  const text = await readFile(new URL(file, import.meta.url), 'utf8');
  const sql = values
    ? text.replaceAll('{{seed}}', String(values.seed)).replaceAll('{{scale}}', String(values.scale))
    : text;
  try {
    await client.query(sql);
  } catch (error) {
    throw new SampleDatabaseError(`local/sample/${file}${lineOf(sql, error)}: ${messageOf(error)}`, { cause: error });
  }
}

function lineOf(sql: string, error: unknown): string {
  if (!(error instanceof pg.DatabaseError) || error.position === undefined) return '';
  return `:${sql.slice(0, Number(error.position)).split('\n').length}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
