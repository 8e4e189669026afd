import type pg from 'pg';
import { ConfigurationError } from '../../src/errors.ts';
import { ConnectionWriter, type Halt } from './connection-writer.ts';
import { Random } from './random.ts';
import type { RowCounts, Share } from './workload/session.ts';

export interface WriterOptions {
  /** Whole number; the same seed gives each connection the same series of transactions. */
  readonly seed: number;
  /** Connections that write at the same time; 2 unless told. */
  readonly connections?: number;
  /** What all connections together aim at; 300 unless told. A slow server gets fewer. */
  readonly transactionsPerSecond?: number;
}

export interface WriterSummary {
  readonly committed: number;
  readonly rolledBack: number;
  /** Transactions by what they did. */
  readonly deeds: Readonly<Record<string, number>>;
  /** Rows touched by the statements themselves; what triggers wrote is not in it. */
  readonly rows: Readonly<RowCounts>;
  readonly seconds: number;
}

export interface Writer {
  /**
   * Ends the writing after the transactions under way and closes the connections. Asking twice gives the same answer.
   * @throws SampleDatabaseError when any write failed, however long ago
   * @throws SourceUnreachableError when a connection was lost
   */
  stop(): Promise<WriterSummary>;
}

/**
 * Keeps a sample database busy as its shop would: short transactions in the role of the application. Resolves when
 * every connection has ended its first transaction, so what comes next is certain to meet writes.
 * @param connect opens a connection as superuser to a database that createSample filled; called once per connection
 */
export async function startWriter(connect: () => Promise<pg.Client>, options: WriterOptions): Promise<Writer> {
  const { seed, connections = 2, transactionsPerSecond = 300 } = options;
  if (!(connections >= 1) || !(transactionsPerSecond > 0)) {
    throw new ConfigurationError(['writer: connections and transactionsPerSecond must be positive']);
  }
  const pool = new WritingPool(transactionsPerSecond / connections);
  try {
    for (let index = 0; index < connections; index += 1) {
      await pool.open(connect, new Random(seed * 8191 + index), { index, of: connections });
    }
    await pool.begin();
  } catch (error) {
    await pool.close();
    throw error;
  }
  let summary: Promise<WriterSummary> | undefined;
  return { stop: () => (summary ??= pool.end()) };
}

class WritingPool {
  readonly #millisecondsEach: number;
  readonly #writers: ConnectionWriter[] = [];
  readonly #begunAt = performance.now();
  readonly #halt: Halt = { requested: false, failure: undefined };
  #loops: Promise<void>[] = [];

  constructor(transactionsPerSecond: number) {
    this.#millisecondsEach = 1000 / transactionsPerSecond;
  }

  async open(connect: () => Promise<pg.Client>, random: Random, share: Share): Promise<void> {
    const client = await connect();
    this.#writers.push(new ConnectionWriter(client, this.#halt));
    await this.#writers.at(-1)?.enter(random, share);
  }

  async begin(): Promise<void> {
    for (const writer of this.#writers) await writer.write();
    if (this.#halt.failure !== undefined) throw this.#halt.failure;
    this.#loops = this.#writers.map((writer) => writer.writeUntilHalted(this.#millisecondsEach));
  }

  async end(): Promise<WriterSummary> {
    this.#halt.requested = true;
    await Promise.all(this.#loops);
    const seconds = (performance.now() - this.#begunAt) / 1000;
    await this.close();
    if (this.#halt.failure !== undefined) throw this.#halt.failure;
    return { ...addUp(this.#writers), seconds };
  }

  async close(): Promise<void> {
    // A connection that was lost cannot be closed again, and its loss is what gets reported.
    await Promise.all(this.#writers.map((writer) => writer.close().catch(() => undefined)));
  }
}

function addUp(writers: readonly ConnectionWriter[]): Omit<WriterSummary, 'seconds'> {
  const deeds: Record<string, number> = {};
  const rows: RowCounts = { inserted: 0, updated: 0, deleted: 0 };
  let [committed, rolledBack] = [0, 0];
  for (const writer of writers) {
    for (const [name, count] of Object.entries(writer.deeds)) deeds[name] = (deeds[name] ?? 0) + count;
    rows.inserted += writer.rows.inserted;
    rows.updated += writer.rows.updated;
    rows.deleted += writer.rows.deleted;
    committed += writer.ends.commit;
    rolledBack += writer.ends.rollback;
  }
  return { committed, rolledBack, deeds, rows };
}
