import { only, take, type Deed } from './session.ts';

/** Goods: moves that travel from partition to partition, counts, prices. */
export const WAREHOUSE_DEEDS: readonly Deed[] = [
  {
    name: 'plan move',
    weight: 9,
    async run(session) {
      const from = 1 + session.random.below(12);
      const to = 1 + ((from + session.random.below(11)) % 12);
      const rows = await session.change<{ id: string }>(
        `insert into inventory.stock_moves (product_id, from_warehouse, to_warehouse, quantity, planned_at)
         values ($1, $2, $3, $4, $5) returning id`,
        [session.ownProduct(), from, to, 1 + session.random.below(40), session.now()],
      );
      session.remember(session.plannedMoves, only(rows).id);
      return 'commit';
    },
  },
  {
    name: 'dispatch move',
    weight: 8,
    ready: (session) => session.plannedMoves.length > 0,
    async run(session) {
      const move = take(session.plannedMoves);
      await session.change(`update inventory.stock_moves set status = 'in_transit' where id = $1 and status = 'planned'`, [move]);
      session.remember(session.movesInTransit, move);
      return 'commit';
    },
  },
  {
    name: 'finish move',
    weight: 6,
    ready: (session) => session.movesInTransit.length > 0,
    async run(session) {
      await session.change('call inventory.finish_move($1, $2)', [take(session.movesInTransit), session.now()]);
      return 'commit';
    },
  },
  {
    name: 'lose move',
    weight: 1,
    ready: (session) => session.movesInTransit.length > 5,
    async run(session) {
      await session.change(
        `update inventory.stock_moves set status = 'lost', moved_at = $2 where id = $1 and status = 'in_transit'`,
        [take(session.movesInTransit), session.now()],
      );
      return 'commit';
    },
  },
  {
    name: 'count stock',
    weight: 6,
    async run(session) {
      await session.change(
        `update inventory.stock_levels set on_hand = $2, reserved = $3, counted_at = $4 where product_id = $1`,
        [session.ownProduct(), session.random.below(800), session.random.below(5), session.now()],
      );
      return 'commit';
    },
  },
  {
    name: 'change price',
    weight: 3,
    async run(session) {
      await session.change('update shop.products set price = greatest(cost, round(price * $2, 2)) where id = $1', [
        session.ownProduct(),
        (90 + session.random.below(21)) / 100,
      ]);
      return 'commit';
    },
  },
  {
    name: 'print pick list',
    weight: 1,
    async run(session) {
      await session.change(
        `insert into inventory.pick_lists (day, picker, order_ids)
         select $1::date, 'Nachtschicht', coalesce(array_agg(id order by id), '{}')
         from (select id from shop.orders where placed_at >= '2026-10-31 00:00+00' order by placed_at limit $2) as chosen`,
        [session.now(), 1 + session.random.below(5)],
      );
      return 'commit';
    },
  },
];
