import type pg from 'pg';
import { SampleDatabaseError } from '../../../src/errors.ts';
import type { Random } from '../random.ts';

/** An order that this session made, as far as it has come. */
export interface MadeOrder {
  readonly id: string;
  readonly placedAt: Date;
}

/** Which of how many sessions this is, from 0. */
export interface Share {
  readonly index: number;
  readonly of: number;
}

/** How many rows of each kind may be referred to; read once, when the writer starts. */
export interface Extent {
  readonly customers: number;
  readonly products: number;
  readonly coupons: readonly [string, ...string[]];
}

export interface RowCounts {
  inserted: number;
  updated: number;
  deleted: number;
}

/** Enough for every later step to find something to do, little enough not to grow for ever. */
const REMEMBERED = 200;

/**
 * One connection of the shop's application, with what it remembers of its own doings. Sessions never update each
 * other's rows (each keeps to the numbers that leave its own remainder), so none ever waits for another in a circle.
 */
export class Session {
  readonly random: Random;
  readonly extent: Extent;
  readonly rows: RowCounts = { inserted: 0, updated: 0, deleted: 0 };
  readonly placed: MadeOrder[] = [];
  readonly paid: MadeOrder[] = [];
  readonly shipped: MadeOrder[] = [];
  readonly plannedMoves: string[] = [];
  readonly movesInTransit: string[] = [];
  readonly reviews: string[] = [];
  readonly carts: string[] = [];
  readonly tickets: number[] = [];
  readonly documents: number[] = [];
  readonly #client: pg.Client;
  readonly #share: Share;
  #now: number;

  constructor(client: pg.Client, extent: Extent, random: Random, share: Share) {
    this.#client = client;
    this.extent = extent;
    this.random = random;
    this.#share = share;
    // The shop's own time, where the sample's two years of trade end: no row depends on the day of the run.
    this.#now = Date.UTC(2026, 10, 1) + share.index * 500;
  }

  /** Runs one statement and counts the rows it changed. */
  async change<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    const result = await this.#client.query<Row>(sql, [...values]);
    const rows = result.rowCount ?? 0;
    if (result.command === 'INSERT') this.rows.inserted += rows;
    if (result.command === 'UPDATE') this.rows.updated += rows;
    if (result.command === 'DELETE') this.rows.deleted += rows;
    return result.rows;
  }

  /** The shop's time; it goes on by some seconds whenever somebody looks at it. */
  now(): Date {
    this.#now += 1000 * (1 + this.random.below(20));
    return new Date(this.#now);
  }

  anyCustomer(): number {
    return 1 + this.random.below(this.extent.customers);
  }

  anyProduct(): number {
    return 1 + this.random.below(this.extent.products);
  }

  /** A product that only this session changes. */
  ownProduct(): number {
    return this.#own(this.extent.products);
  }

  /** A customer that only this session changes. */
  ownCustomer(): number {
    return this.#own(this.extent.customers);
  }

  /** Keeps something for a later transaction, and forgets it when there is plenty already. */
  remember<T>(list: T[], item: T): void {
    if (list.length < REMEMBERED) list.push(item);
  }

  #own(count: number): number {
    const { index, of } = this.#share;
    const rounds = Math.floor(count / of);
    return rounds === 0 ? 1 : 1 + this.random.below(rounds) * of + index;
  }
}

/** One kind of short transaction. */
export interface Deed {
  readonly name: string;
  /** How often, in proportion to the others. */
  readonly weight: number;
  /** False while there is nothing to do it to. */
  readonly ready?: (session: Session) => boolean;
  /** Runs between `begin` and the end that it asks for. */
  readonly run: (session: Session) => Promise<'commit' | 'rollback'>;
}

/** First of a list that `ready` has found not to be empty. */
export function take<T>(list: T[]): T {
  const [item] = list.splice(0, 1);
  if (item === undefined) throw new SampleDatabaseError('nothing left to take');
  return item;
}

/** The row of a statement that returns exactly one. */
export function only<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined || rows.length !== 1) throw new SampleDatabaseError(`expected one row, got ${rows.length}`);
  return row;
}
