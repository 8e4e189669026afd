import { only, take, type Deed } from './session.ts';

/** Customers, their opinions and their complaints. */
export const PEOPLE_DEEDS: readonly Deed[] = [
  {
    name: 'register customer',
    weight: 8,
    async run(session) {
      const name = `${session.random.choose(['Ada', 'Łucja', 'Søren', '美咲'])} ${session.random.choose(['Berg', "O'Hara", 'Weiß'])}`;
      // The transaction's own number makes the address unique, however often the writer is started with one seed.
      const { id } = only(
        await session.change<{ id: string }>(
          `insert into shop.customers (email, full_name, billing, preferences, tags, signup_ip, created_at, default_address)
           values ('new' || txid_current() || '@example.com', $1, row('Neue Straße 1', 'Bremen', '28195', 'DE'),
             '{"newsletter": true}', '{b2c,"new, 2026"}', '2001:db8:1::'::inet + $2::integer, $3, 1)
           returning id`,
          [name, session.random.below(60_000), session.now()],
        ),
      );
      // The default address is named before it exists; that is checked at commit.
      await session.change(
        `insert into shop.customer_addresses (customer_id, address_no, label, address)
         select id, 1, 'Home', billing from shop.customers where id = $1`,
        [id],
      );
      return 'commit';
    },
  },
  {
    name: 'change customer',
    weight: 8,
    async run(session) {
      await session.change(
        `update shop.customers set last_seen_at = $2, tier = $3, preferences = preferences || jsonb_build_object('visits', $4::integer),
           credit_limit = $4::integer
         where id = $1`,
        [session.ownCustomer(), session.now(), session.random.choose(['basic', 'silver', 'gold']), session.random.below(5000)],
      );
      return 'commit';
    },
  },
  {
    name: 'write review',
    weight: 5,
    async run(session) {
      const rows = await session.change<{ id: string }>(
        `insert into shop.reviews (product_id, customer_id, rating, title, body, written_at)
         select $1, id, $3, 'Schön 👌', repeat('It works. ', $4::integer), $5
         from shop.customers where id >= $2 order by id limit 1
         returning id`,
        [session.anyProduct(), session.anyCustomer(), 1 + session.random.below(5), 1 + session.random.below(40), session.now()],
      );
      session.remember(session.reviews, only(rows).id);
      return 'commit';
    },
  },
  {
    name: 'delete review',
    weight: 2,
    ready: (session) => session.reviews.length > 5,
    async run(session) {
      await session.change('delete from shop.reviews where id = $1', [take(session.reviews)]);
      return 'commit';
    },
  },
  {
    name: 'open ticket',
    weight: 3,
    async run(session) {
      const rows = await session.change<{ id: number }>(
        `insert into shop.support_tickets (region, customer_id, subject, body, opened_at, priority)
         select current_setting('shop.region'), id, 'Where is my parcel?', 'Grüße', $2, $3
         from shop.customers where id >= $1 order by id limit 1
         returning id`,
        [session.anyCustomer(), session.now(), 1 + session.random.below(5)],
      );
      session.remember(session.tickets, only(rows).id);
      return 'commit';
    },
  },
  {
    name: 'archive ticket',
    weight: 2,
    ready: (session) => session.tickets.length > 3,
    async run(session) {
      await session.change(
        `with closed as (
           delete from only shop.support_tickets where id = $1
           returning id, region, customer_id, subject, body, sealed, opened_at, priority
         )
         insert into shop.support_tickets_archive (id, region, customer_id, subject, body, sealed, opened_at, priority, closed_at)
         select *, $2::timestamptz from closed`,
        [take(session.tickets), session.now()],
      );
      return 'commit';
    },
  },
];
