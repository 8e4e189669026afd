import { expect, test } from 'vitest';
import { count, counted, duration, instant, percent, size } from '../../../../src/drill/report/wording.ts';

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [999.6, '1.0 kB'],
  [1500, '1.5 kB'],
  [99_949, '99.9 kB'],
  [99_960, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [9_437_184, '9.4 MB'],
  [2_500_000_000_000_000_000, '2,500 PB'],
])('%d bytes are %s', (bytes, text) => {
  expect(size(bytes)).toBe(text);
});

test.each([
  [0, '0 ms'],
  [0.0124, '12 ms'],
  [0.0994, '99 ms'],
  [0.0996, '0.1 s'],
  [0.44, '0.4 s'],
  [9.94, '9.9 s'],
  [9.96, '10 s'],
  [59.4, '59 s'],
  [59.6, '1 min'],
  [64, '1 min 4 s'],
  [3600, '1 h'],
  [7500, '2 h 5 min'],
  [86_400, '1 d'],
  [273_600, '3 d 4 h'],
])('%d seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test('counts are exact whatever their length', () => {
  expect(count('12345678901234567891')).toBe('12,345,678,901,234,567,891');
  expect(count(1_234_567)).toBe('1,234,567');
  expect(count('many')).toBe('many');
  expect([counted(1, 'row'), counted('2', 'row'), counted(0n, 'entry', 'entries')]).toEqual(['1 row', '2 rows', '0 entries']);
});

test('an instant is shown in UTC, and as it is when it is none', () => {
  expect(instant('2026-11-20T03:10:00.500+01:00').markup).toBe('<time datetime="2026-11-20T03:10:00.500+01:00">2026-11-20 02:10:00 UTC</time>');
  expect(instant('"soon"').markup).toBe('<time datetime="&quot;soon&quot;">&quot;soon&quot;</time>');
});

test('a share of nothing is nothing', () => {
  expect([percent(1, 4), percent(1, 3), percent(0, 0), percent(5, 0)]).toEqual(['25%', '33.3333%', '0%', '0%']);
});
