import { describe, expect, it } from 'vitest';
import { chooseCompression, choosePartBytes } from '../../../src/backup/pg-dump.ts';
import { missingFromContents } from '../../../src/backup/decode.ts';

describe('the compression of an archive', () => {
  it.each([
    ['auto', 13, 'gzip'],
    ['auto', 15, 'gzip'],
    ['auto', 16, 'zstd'],
    ['auto', 18, 'zstd'],
    ['zstd', 16, 'zstd'],
    ['none', 15, 'none'],
    ['gzip', 17, 'gzip'],
  ] as const)('%s with pg_dump %i is %s', (wanted, major, expected) => {
    expect(chooseCompression(wanted, major)).toBe(expected);
  });

  it('is refused where pg_dump does not know it', () => {
    expect(() => chooseCompression('zstd', 15)).toThrow('dump.compression: zstd needs pg_dump 16 or newer, found 15');
  });
});

describe('the parts of an archive', () => {
  it.each([
    [0, 8_388_608],
    [60_000_000_000, 8_388_608],
    [1_000_000_000_000, 125_829_120],
    [64_000_000_000_000, 8_000_634_880],
  ])('of a database of %i bytes have %i bytes, and there are never more than a store takes', (database, expected) => {
    expect(choosePartBytes(database)).toBe(expected);
    expect(database / choosePartBytes(database)).toBeLessThan(10_000);
  });
});

describe('an archive’s table of contents', () => {
  const LINES = [
    '215; 1259 16385 TABLE public orders shop_owner',
    '3365; 0 16385 TABLE DATA public orders shop_owner',
    '3366; 0 16390 TABLE DATA public order lines shop_owner',
    '3367; 0 16392 TABLE DATA Odd Schema two lines shop_owner',
  ];

  it('holds the data of every table', () => {
    const tables = [
      { schema: 'public', name: 'orders', rows: '1' },
      { schema: 'public', name: 'order lines', rows: '1' },
      { schema: 'Odd Schema', name: 'two\nlines', rows: '1' },
    ];
    expect(missingFromContents(LINES, tables)).toEqual([]);
  });

  it('names those whose data it lacks, a mere definition notwithstanding', () => {
    const missing = missingFromContents(LINES, [
      { schema: 'public', name: 'orders_2026', rows: '1' },
      { schema: 'shop', name: 'orders', rows: '1' },
    ]);
    expect(missing).toEqual(['public.orders_2026', 'shop.orders']);
    expect(missingFromContents(LINES, [{ schema: 'public', name: 'order', rows: '1' }, { schema: 'public', name: 'order lines', rows: '1' }])).toEqual(['public.order']);
    expect(missingFromContents(LINES.slice(0, 1), [{ schema: 'public', name: 'orders', rows: '0' }])).toEqual(['public.orders']);
  });
});
