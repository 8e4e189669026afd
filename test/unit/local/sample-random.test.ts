import { describe, expect, it } from 'vitest';
import { Random, randomUuid } from '../../../local/sample/random.ts';

describe('the random numbers of the sample writer', () => {
  it('are those of mulberry32', () => {
    const random = new Random(1);
    // Three outputs of the published algorithm for this seed.
    expect([random.below(2 ** 32), random.below(2 ** 32), random.below(2 ** 32)]).toEqual([2693262067, 11749833, 2265367787]);
  });

  it('stay below their limit and reach every number below it', () => {
    const random = new Random(2);
    const seen = new Set(Array.from({ length: 500 }, () => random.below(7)));
    expect([...seen].toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('are the same for the same seed and others for another', () => {
    const draw = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 8 }, () => random.below(1000));
    };
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });

  it('choose every item of a list', () => {
    const random = new Random(3);
    const chosen = new Set(Array.from({ length: 100 }, () => random.choose(['a', 'b', 'c'])));
    expect([...chosen].toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('make UUIDs of the fourth version', () => {
    const random = new Random(4);
    const [one, other] = [randomUuid(random), randomUuid(random)];
    expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(other).not.toBe(one);
  });
});
