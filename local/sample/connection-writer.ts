import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { PgproofError, SampleDatabaseError, SourceUnreachableError } from '../../src/errors.ts';
import type { Random } from './random.ts';
import { ORDER_DEEDS } from './workload/orders.ts';
import { PEOPLE_DEEDS } from './workload/people.ts';
import { only, Session, type Deed, type Extent, type RowCounts, type Share } from './workload/session.ts';
import { VISIT_DEEDS } from './workload/visits.ts';
import { WAREHOUSE_DEEDS } from './workload/warehouse.ts';

const DEEDS: readonly Deed[] = [...ORDER_DEEDS, ...PEOPLE_DEEDS, ...WAREHOUSE_DEEDS, ...VISIT_DEEDS];

/** Shared by all connections: the first failure ends them all. */
export interface Halt {
  requested: boolean;
  failure: Error | undefined;
}

/** One connection and what it has done so far. */
export class ConnectionWriter {
  readonly deeds: Record<string, number> = {};
  readonly ends = { commit: 0, rollback: 0 };
  readonly #client: pg.Client;
  readonly #halt: Halt;
  #session: Session | undefined;

  constructor(client: pg.Client, halt: Halt) {
    this.#client = client;
    this.#halt = halt;
    // Without a listener the loss of an idle connection would end the whole process.
    client.on('error', (cause) => {
      this.#halt.failure ??= connectionLost(cause);
    });
  }

  get rows(): RowCounts {
    return this.#session?.rows ?? { inserted: 0, updated: 0, deleted: 0 };
  }

  /** Takes the application's role, so that grants, policies and definer's rights are exercised as well. */
  async enter(random: Random, share: Share): Promise<void> {
    const region = share.index % 2 === 0 ? 'eu' : 'us';
    try {
      await this.#client.query(
        `set role shop_app; set search_path = ''; set timezone = 'UTC'; set jit = off; set shop.region = '${region}'`,
      );
      this.#session = new Session(this.#client, await readExtent(this.#client), random, share);
    } catch (cause) {
      throw new SampleDatabaseError('the sample writer finds no sample database to write to', { cause });
    }
  }

  async writeUntilHalted(millisecondsEach: number): Promise<void> {
    let due = performance.now();
    while (!this.#halt.requested && this.#halt.failure === undefined) {
      await this.write();
      // A server that cannot keep up is not flooded afterwards to make up for it.
      due = Math.max(due + millisecondsEach, performance.now() - 100);
      const pause = due - performance.now();
      if (pause > 0) await sleep(pause);
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
      this.#halt.failure ??= failureOf(deed, cause);
    }
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}

function failureOf(deed: Deed, cause: unknown): Error {
  if (cause instanceof PgproofError) return cause;
  // Classes 08 and 57P are the server's good-bye; anything that is no answer of a server is a broken connection.
  if (!(cause instanceof pg.DatabaseError) || /^(08|57P)/.test(cause.code ?? '')) return connectionLost(cause);
  return new SampleDatabaseError(`the sample writer failed to ${deed.name}: ${cause.message}`, { cause });
}

function connectionLost(cause: unknown): Error {
  return new SourceUnreachableError('the sample writer lost its connection', { cause });
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
  throw new SampleDatabaseError('no deed is ready');
}
