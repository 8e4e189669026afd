import { expect, test } from 'vitest';
import { canonicalJson, sha256Hex } from '../../../src/drill/canonical.ts';

test('writes the example of RFC 8785 as that document does', () => {
  const value = {
    numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
    literals: [null, true, false],
  };
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test('sorts keys by UTF-16 code units, as RFC 8785 asks', () => {
  const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
  expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
});

test('leaves out what has no value', () => {
  expect(canonicalJson({ b: undefined, a: [1, -0] })).toBe('{"a":[1,0]}');
});

test('keeps a key named __proto__', () => {
  expect(canonicalJson(JSON.parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}');
});

test('mends text that was cut in the middle of a character, in values and keys', () => {
  const cut = '😀'.slice(0, 1);
  expect(canonicalJson({ [cut]: [`cut${cut}`] })).toBe('{"\ufffd":["cut\ufffd"]}');
});

test('refuses what is no number', () => {
  expect(() => canonicalJson({ seconds: Number.NaN })).toThrow('NaN is not allowed');
  expect(() => canonicalJson(undefined)).toThrow('this value has no JSON form');
});

test('hashes text as UTF-8', () => {
  expect(sha256Hex('the archive')).toBe(sha256Hex(Buffer.from('the archive')));
  expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
