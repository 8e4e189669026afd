import { describe, expect, it } from 'vitest';
import { describeDamage, hashing, sha256Of, StreamHasher, type StreamDigest } from '../../../src/backup/digest.ts';

// Digests by sha256sum.
const WHOLE = '72399361da6a7754fec986dca5b7cbaf1c810a28ded4abaf56b2106d06cb78b0'; // abcdefghij
const PARTS = [
  { bytes: 4, sha256: '88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589' }, // abcd
  { bytes: 4, sha256: 'e5e088a0b66163a0a26a5e053d2a4496dc16ab6e0e3dd1adf2d16aa84a078c9d' }, // efgh
  { bytes: 2, sha256: 'c9df9c3f2963b19b9b95f58c4d33b053fa9f8586dd6ee04126e52a868f882108' }, // ij
];
const ALTERED = '25b313ad0a78bedd25eba8d2ecd1d43fa44f208a553fc626294dccaab916d4fe'; // abXd

function digestOf(...chunks: string[]): StreamDigest {
  const hasher = new StreamHasher(4);
  for (const chunk of chunks) hasher.update(Buffer.from(chunk));
  return hasher.digest();
}

describe('the digest of a stream', () => {
  it.each([
    [['abcdefghij']],
    [['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']],
    [['abc', 'defghi', '', 'j']],
    [['abcd', 'efgh', 'ij']],
  ])('does not depend on its chunks: %j', (chunks) => {
    expect(digestOf(...chunks)).toEqual({ bytes: 10, sha256: WHOLE, parts: PARTS });
  });

  it('has no empty part where the stream ends with one', () => {
    expect(digestOf('abcd', 'efgh').parts).toEqual(PARTS.slice(0, 2));
  });

  it('of nothing is that of nothing', () => {
    const nothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    expect(digestOf()).toEqual({ bytes: 0, sha256: nothing, parts: [] });
    expect(sha256Of('')).toBe(nothing);
    expect(sha256Of(new Uint8Array())).toBe(nothing);
  });

  it('is taken while the stream passes unchanged', async () => {
    const hasher = new StreamHasher(4);
    const source = async function* () {
      yield Buffer.from('abcde');
      yield Buffer.from('fghij');
    };
    const passed = await Array.fromAsync(hashing(source(), hasher), (chunk) => Buffer.from(chunk).toString());
    expect(passed).toEqual(['abcde', 'fghij']);
    expect(hasher.bytes).toBe(10);
    expect(hasher.digest().sha256).toBe(WHOLE);
  });
});

describe('damage', () => {
  const recorded = digestOf('abcdefghij');

  it('is none when every byte is the recorded one', () => {
    expect(describeDamage(recorded, digestOf('abcde', 'fghij'), 4)).toBeUndefined();
  });

  it.each([
    ['abcdefgh', 'is truncated: 8 of 10 bytes'],
    ['', 'is truncated: 0 of 10 bytes'],
    ['abcdefghijk', 'is longer than recorded: 11 instead of 10 bytes'],
    ['abXdefghij', 'has altered bytes in 1 of 3 parts, the first between byte 0 and 3'],
    ['abcdefgXij', 'has altered bytes in 1 of 3 parts, the first between byte 4 and 7'],
    ['abcdXfghiX', 'has altered bytes in 2 of 3 parts, the first between byte 4 and 7'],
    ['abcdefghiX', 'has altered bytes in 1 of 3 parts, the first between byte 8 and 9'],
  ])('of %j is told with its place', (found, expected) => {
    expect(describeDamage(recorded, digestOf(found), 4)).toBe(expected);
  });

  it('is never overlooked because the parts agree', () => {
    const lying = { ...recorded, sha256: ALTERED };
    expect(describeDamage(lying, digestOf('abcdefghij'), 4)).toMatch(/the manifest is inconsistent$/);
  });
});
