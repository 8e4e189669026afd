import { randomUuid } from '../random.ts';
import { only, take, type Deed } from './session.ts';

/** What visitors leave behind: hits, events, baskets, coupons, papers. */
export const VISIT_DEEDS: readonly Deed[] = [
  {
    name: 'visit page',
    weight: 12,
    async run(session) {
      const seen = session.now();
      await session.change(
        `insert into analytics.events (occurred_at, kind, customer_id, session_id, payload)
         select $2, 'view', id, $3, jsonb_build_object('path', '/p/' || id, 'ms', $4::integer)
         from shop.customers where id >= $1 order by id limit 1`,
        [session.anyCustomer(), seen, randomUuid(session.random), session.random.below(3000)],
      );
      // Twice the very same row: this table has no key.
      await session.change(
        `insert into analytics.page_hits select $1::date, '/basket', 200, 'Firefox' from generate_series(1, 2)`,
        [seen],
      );
      return 'commit';
    },
  },
  {
    name: 'fill cart',
    weight: 6,
    async run(session) {
      const token = randomUuid(session.random);
      await session.change(
        `insert into shop.carts (token, content, touched_at) values ($1, $2, $3)
         on conflict (token) do update set content = excluded.content, touched_at = excluded.touched_at`,
        [token, JSON.stringify([{ product: session.anyProduct(), quantity: 1 }]), session.now()],
      );
      session.remember(session.carts, token);
      return 'commit';
    },
  },
  {
    name: 'empty cart',
    weight: 4,
    ready: (session) => session.carts.length > 2,
    async run(session) {
      await session.change('delete from shop.carts where token = $1', [take(session.carts)]);
      return 'commit';
    },
  },
  {
    name: 'use coupon',
    weight: 2,
    async run(session) {
      await session.change('update shop.coupons set times_used = times_used + 1 where code = $1', [
        session.random.choose(session.extent.coupons),
      ]);
      return 'commit';
    },
  },
  {
    // A rule turns the deletion into a retirement.
    name: 'retire coupon',
    weight: 1,
    async run(session) {
      await session.change('delete from shop.coupons where code = $1', [session.random.choose(session.extent.coupons)]);
      return 'commit';
    },
  },
  {
    name: 'attach document',
    weight: 2,
    ready: (session) => session.paid.length > 0,
    async run(session) {
      const [order] = session.paid;
      const { content } = only(
        await session.change<{ content: number }>(`select lo_from_bytea(0, convert_to(repeat($1, $2), 'UTF8')) as content`, [
          'Zollerklärung ',
          1 + session.random.below(800),
        ]),
      );
      const rows = await session.change<{ id: number }>(
        `insert into shop.order_documents (order_id, placed_at, title, content) values ($1, $2, 'Beleg.pdf', $3) returning id`,
        [order?.id, order?.placedAt, content],
      );
      session.remember(session.documents, only(rows).id);
      return 'commit';
    },
  },
  {
    name: 'shred document',
    weight: 1,
    ready: (session) => session.documents.length > 4,
    async run(session) {
      await session.change(
        `with gone as (delete from shop.order_documents where id = $1 returning content) select lo_unlink(content) from gone`,
        [take(session.documents)],
      );
      return 'commit';
    },
  },
];
