import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { ConfigurationError, SampleDatabaseError, SourceUnreachableError } from '../../src/errors.ts';
import { Random } from './random.ts';
import { ORDER_DEEDS } from './workload/orders.ts';
import { PEOPLE_DEEDS } from './workload/people.ts';
import { only, Session, type Deed, type Extent, type RowCounts } from './workload/session.ts';
import { VISIT_DEEDS } from './workload/visits.ts';
import { WAREHOUSE_DEEDS } from './workload/warehouse.ts';

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

const DEEDS: readonly Deed[] = [...ORDER_DEEDS, ...PEOPLE_DEEDS, ...WAREHOUSE_DEEDS, ...VISIT_DEEDS];

/**
 * Keeps a sample database busy as its shop would: short transactions in the role of the application. Resolves when
 * every connection has committed its first transaction, so what comes next is certain to meet writes.
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

  async open(connect: () => Promise<pg.Client>, random: Random, share: { index: number; of: number }): Promise<void> {
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

/** Shared by all connections: the first failure ends them all. */
interface Halt {
  requested: boolean;
  failure: Error | undefined;
}

class ConnectionWriter {
  readonly deeds: Record<string, number> = {};
  readonly ends = { commit: 0, rollback: 0 };
  readonly #client: pg.Client;
  readonly #halt: Halt;
  #session: Session | undefined;

  constructor(client: pg.Client, halt: Halt) {
    this.#client = client;
    this.#halt = halt;
    client.on('error', (cause) => {
      this.#halt.failure ??= new SourceUnreachableError('the sample writer lost its connection', { cause });
    });
  }

  get rows(): RowCounts {
    return this.#session?.rows ?? { inserted: 0, updated: 0, deleted: 0 };
  }

  /** Takes the application's role, so that grants, policies and definer's rights are exercised as well. */
  async enter(random: Random, share: { index: number; of: number }): Promise<void> {
    const region = share.index % 2 === 0 ? 'eu' : 'us';
    await this.#client.query(
      `set role shop_app; set search_path = ''; set timezone = 'UTC'; set jit = off; set shop.region = '${region}'`,
    );
    this.#session = new Session(this.#client, await readExtent(this.#client), random, share);
  }

  async writeUntilHalted(millisecondsEach: number): Promise<void> {
    let due = performance.now();
    while (!this.#halt.requested && this.#halt.failure === undefined) {
      await this.write();
      // A server that cannot keep up is not flooded afterwards to make up for it.
      due = Math.max(due + millisecondsEach, performance.now() - 100);
      if (due > performance.now()) await sleep(due - performance.now());
    }
  }

  /** One transaction. Never throws: a failure is kept for whoever stops the writer. */
  async write(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    const deed = nextDeed(session);
    try {
      await this.#client.query('begin');
      const end = await deed.run(session);
      await this.#client.query(end);
      this.ends[end] += 1;
      this.deeds[deed.name] = (this.deeds[deed.name] ?? 0) + 1;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#halt.failure ??= new SampleDatabaseError(`the sample writer failed to ${deed.name}: ${reason}`, { cause });
    }
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}

async function readExtent(client: pg.Client): Promise<Extent> {
  const { rows } = await client.query<{ customers: string; products: number; coupons: [string, ...string[]] }>(`
    select (select max(id) from shop.customers) as customers, (select max(id) from shop.products) as products,
      (select array_agg(code order by code) from shop.coupons) as coupons`);
  const { customers, products, coupons } = only(rows);
  return { customers: Number(customers), products, coupons };
}

function nextDeed(session: Session): Deed {
  const ready = DEEDS.filter((deed) => deed.ready?.(session) ?? true);
  let ticket = session.random.below(ready.reduce((sum, deed) => sum + deed.weight, 0));
  for (const deed of ready) {
    ticket -= deed.weight;
    if (ticket < 0) return deed;
  }
  throw new RangeError('no deed is ready');
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
