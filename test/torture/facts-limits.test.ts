import { afterAll, beforeAll, expect, it } from 'vitest';
import { factsOf } from '../helpers/facts-round-trip.ts';
import { startSource, type Source } from '../helpers/source.ts';

let source: Source;

beforeAll(async () => {
  source = await startSource();
  await source.createDatabase('limits');
});
afterAll(() => source.end());

it('hashes a row whose text as a whole would be longer than PostgreSQL can write', async () => {
  // Written as one row these two columns take 1.2 GB, because every quote in them is doubled.
  const big = `repeat('"', 300 * 1024 * 1024)`;
  await source.sql('limits', 'create table big (a text, b text)', `insert into big values (${big}, ${big})`);
  await expect(source.sql('limits', 'select length(big::text) from big')).rejects.toThrow();
  const { tables } = await factsOf(source, 'limits');
  expect(tables).toMatchObject([{ name: 'big', rows: '1', hash: expect.stringMatching(/^-?[1-9]/) as string }]);
});
