import { only, take, type Deed, type MadeOrder, type Session } from './session.ts';

/** From the basket to the credit note. */
export const ORDER_DEEDS: readonly Deed[] = [
  {
    name: 'place order',
    weight: 30,
    async run(session) {
      const order = await insertOrder(session);
      await insertItems(session, order, 1 + session.random.below(4));
      await session.change(
        `update shop.orders set status = 'placed', total = shop.order_total(id) where id = $1 and placed_at = $2`,
        [order.id, order.placedAt],
      );
      session.remember(session.placed, order);
      return 'commit';
    },
  },
  {
    // Somebody closes the window: the number is used up and the rows never were.
    name: 'abandon order',
    weight: 3,
    async run(session) {
      await insertItems(session, await insertOrder(session), 2);
      return 'rollback';
    },
  },
  {
    name: 'pay order',
    weight: 18,
    ready: (session) => session.placed.length > 3,
    async run(session) {
      const order = take(session.placed);
      const key = [order.id, order.placedAt];
      await session.change(`update shop.orders set status = 'paid' where id = $1 and placed_at = $2`, key);
      await session.change(
        `insert into shop.payments (order_id, placed_at, method, amount, fee, provider_answer, settled_at)
         select id, placed_at, $3, total, round(total * 0.0142, 6), $4, $5 from shop.orders where id = $1 and placed_at = $2`,
        [
          ...key,
          session.random.choose(['card', 'wallet', 'transfer']),
          `{"paid":true, "attempt": ${1 + session.random.below(3)}}`,
          session.now(),
        ],
      );
      await session.change(
        `insert into shop.invoices (order_id, placed_at, issued_on, due_on, net, vat_rate)
         select id, placed_at, $3::date, $3::date + 14, round(total / 1.19, 2), 19
         from shop.orders where id = $1 and placed_at = $2`,
        [...key, order.placedAt],
      );
      session.remember(session.paid, order);
      return 'commit';
    },
  },
  {
    name: 'ship order',
    weight: 12,
    ready: (session) => session.paid.length > 0,
    async run(session) {
      const order = take(session.paid);
      await session.change(
        `update shop.orders set status = $3, details = details || jsonb_build_object('handled', $4::text)
         where id = $1 and placed_at = $2`,
        [order.id, order.placedAt, session.random.choose(['on_hold', 'packed', 'shipped', 'delivered']), session.now()],
      );
      session.remember(session.shipped, order);
      return 'commit';
    },
  },
  {
    name: 'return order',
    weight: 3,
    ready: (session) => session.shipped.length > 0,
    async run(session) {
      const order = take(session.shipped);
      await session.change(`update shop.orders set status = 'returned' where id = $1 and placed_at = $2`, [
        order.id,
        order.placedAt,
      ]);
      await session.change(
        `insert into shop.credit_notes (invoice_number, issued_on, amount, reason)
         select number, due_on, -net, 'returned' from shop.invoices where order_id = $1`,
        [order.id],
      );
      return 'commit';
    },
  },
  {
    name: 'delete order',
    weight: 4,
    ready: (session) => session.placed.length > 10,
    async run(session) {
      const order = take(session.placed);
      await session.change(`delete from shop.orders where id = $1 and placed_at = $2`, [order.id, order.placedAt]);
      return 'commit';
    },
  },
  {
    name: 'ring up offline',
    weight: 2,
    async run(session) {
      await session.change(
        `insert into shop.offline_receipts (till, rung_up_at, opening_hour, closing_hour, lines, total)
         values ($1, $2::timestamptz at time zone 'UTC', '08:00', '20:00+01', $3, $4::numeric::money)`,
        [1 + session.random.below(6), session.now(), '[{"sku":"OD-000001", "n":1}]', session.random.below(9000) / 100],
      );
      return 'commit';
    },
  },
];

async function insertOrder(session: Session): Promise<MadeOrder> {
  const placedAt = session.now();
  const coupon = session.random.below(9) === 0 ? session.random.choose(session.extent.coupons) : null;
  const rows = await session.change<{ id: string }>(
    `insert into shop.orders (customer_id, placed_at, coupon_code, ship_to, details)
     select id, $2, $3, billing, jsonb_build_object('channel', $4::text)
     from shop.customers where id >= $1 order by id limit 1
     returning id`,
    [session.anyCustomer(), placedAt, coupon, session.random.choose(['web', 'app', 'phone'])],
  );
  return { id: only(rows).id, placedAt };
}

async function insertItems(session: Session, order: MadeOrder, count: number): Promise<void> {
  const products = Array.from({ length: count }, () => session.anyProduct());
  await session.change(
    `insert into shop.order_items (order_id, placed_at, line_no, product_id, quantity, unit_price, discount)
     select $1, $2, wanted.line_no, p.id, 1 + p.id % 3, p.price, 5 * (p.id % 4)
     from unnest($3::integer[]) with ordinality as wanted (product_id, line_no)
       join shop.products as p on p.id = wanted.product_id`,
    [order.id, order.placedAt, products],
  );
}
