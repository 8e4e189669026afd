import { describe, expect, it } from 'vitest';
import { settleSpelling } from '../../../src/facts/spelling.ts';

describe('the spelling of casts of arrays', () => {
  const cases = [
    {
      case: 'an IN list on a varchar column',
      before: `CHECK (((status)::text = ANY ((ARRAY['new'::character varying, 'open'::character varying])::text[])))`,
      after: `CHECK (((status)::text = ANY (ARRAY[('new'::character varying)::text, ('open'::character varying)::text])))`,
    },
    {
      case: 'the form without parentheses, as in extended statistics',
      before: `(status::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[]))`,
      after: `(status::text = ANY (ARRAY['a'::character varying::text, 'b'::character varying::text]))`,
    },
    {
      case: 'a type with a modifier',
      before: `((ARRAY['a'::text])::character varying(10)[])`,
      after: `(ARRAY[('a'::text)::character varying(10)])`,
    },
    {
      case: 'a qualified, quoted type',
      before: `(ARRAY[a, f(b, c)])::"My Schema"."t]y""pe"[]`,
      after: `ARRAY[(a)::"My Schema"."t]y""pe", (f(b, c))::"My Schema"."t]y""pe"]`,
    },
    {
      case: 'an array in an array',
      before: `(ARRAY[ARRAY['a'::character varying], ARRAY['b'::character varying]])::text[]`,
      after: `ARRAY[ARRAY[('a'::character varying)::text], ARRAY[('b'::character varying)::text]]`,
    },
    {
      case: 'values that look like syntax',
      before: `(ARRAY['a, b]'::character varying, 'it''s ('::character varying, E'\\\\\\'['::character varying])::text[]`,
      after: `ARRAY[('a, b]'::character varying)::text, ('it''s ('::character varying)::text, (E'\\\\\\'['::character varying)::text]`,
    },
  ];
  it.each(cases)('brings $case to its settled form', ({ before, after }) => {
    expect(settleSpelling(before)).toBe(after);
  });

  it.each(cases)('leaves the settled form of $case alone', ({ after }) => {
    expect(settleSpelling(after)).toBe(after);
  });

  it.each([
    { case: 'an empty array', text: `ARRAY[]::text[]` },
    { case: 'an array without a cast', text: `(x = ANY (ARRAY[1, 2]))` },
    { case: 'a cast of a literal', text: `'{a,b}'::text[]` },
    { case: 'the same characters inside a literal', text: `'(ARRAY[1])::text[]'::text` },
    { case: 'the same characters inside a name', text: `"(ARRAY[1])::text[]"` },
    { case: 'a name that ends in ARRAY', text: `MYARRAY[1]::text[]` },
    { case: 'an array that never closes', text: `(ARRAY['a', b` },
    { case: 'text with an apostrophe that never closes', text: `don't ARRAY[ here` },
  ])('leaves $case alone', ({ text }) => {
    expect(settleSpelling(text)).toBe(text);
  });

  it('still tells different values, types and orders apart', () => {
    const base = settleSpelling(`(ARRAY['a'::character varying, 'b'::character varying])::text[]`);
    expect(settleSpelling(`(ARRAY['a'::character varying, 'c'::character varying])::text[]`)).not.toBe(base);
    expect(settleSpelling(`(ARRAY['b'::character varying, 'a'::character varying])::text[]`)).not.toBe(base);
    expect(settleSpelling(`(ARRAY['a'::character varying, 'b'::character varying])::name[]`)).not.toBe(base);
  });
});
