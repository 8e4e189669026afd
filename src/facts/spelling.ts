/**
 * PostgreSQL writes `status in ('new', 'open')` on a varchar column as one array that is cast,
 *
 *     (ARRAY['new'::character varying, 'open'::character varying])::text[]
 *
 * and reads that back as an array of elements each of which is cast. So the same constraint, view or index predicate is
 * spelled differently in the source and after a dump and restore, and only the first time. Both are brought to the
 * second spelling here, the one that does not change any more.
 *
 *     ARRAY[('new'::character varying)::text, ('open'::character varying)::text]
 */
export function settleSpelling(text: string): string {
  if (!text.includes('ARRAY[')) return text;
  let settled = '';
  let index = 0;
  while (index < text.length) {
    const literal = literalAt(text, index);
    if (literal > 0) {
      settled += text.slice(index, index + literal);
      index += literal;
      continue;
    }
    const array = castArrayAt(text, index);
    settled += array ? array.settled : text.charAt(index);
    index += array ? array.length : 1;
  }
  return settled;
}

interface CastArray {
  /** Characters of the original. */
  readonly length: number;
  readonly settled: string;
}

/** `(ARRAY[…])::type[]`, or `ARRAY[…]::type[]` where PostgreSQL writes without parentheses; with at least one element. */
function castArrayAt(text: string, begin: number): CastArray | undefined {
  const enclosed = text.startsWith('(ARRAY[', begin);
  if (!enclosed && !(text.startsWith('ARRAY[', begin) && !/[\w"]/.test(text.charAt(begin - 1)))) return undefined;
  const open = begin + (enclosed ? '(ARRAY['.length : 'ARRAY['.length);
  const list = elementsFrom(text, open);
  if (!list || list.elements.length === 0) return undefined;
  const cast = (enclosed ? CAST_AFTER_PARENTHESIS : CAST).exec(text.slice(list.end, list.end + LONGEST_CAST));
  const type = cast?.[1];
  if (cast === null || type === undefined) return undefined;
  const elements = list.elements.map((element) => castElement(element, type, enclosed));
  return { length: list.end + cast[0].length - begin, settled: `ARRAY[${elements.join(', ')}]` };
}

/** A type's name may be quoted, qualified, of several words and with a modifier. */
const TYPE = String.raw`((?:"(?:[^"]|"")+"|[\w .])+(?:\(\d+(?:,\d+)?\))?[\w ]*)`;
const CAST = new RegExp(String.raw`^::${TYPE}\[\]`);
const CAST_AFTER_PARENTHESIS = new RegExp(String.raw`^\)::${TYPE}\[\]`);
const LONGEST_CAST = 300;

function castElement(element: string, type: string, enclosed: boolean): string {
  // Dimensions are not part of a type: each inner array takes the same cast.
  if (element.startsWith('ARRAY[')) {
    const inner = enclosed ? `(${element})::${type}[]` : `${element}::${type}[]`;
    return settleSpelling(inner);
  }
  const settled = settleSpelling(element);
  return enclosed ? `(${settled})::${type}` : `${settled}::${type}`;
}

/** The elements of a list, and where the text goes on behind its closing bracket; undefined when it never closes. */
function elementsFrom(text: string, begin: number): { elements: string[]; end: number } | undefined {
  const elements: string[] = [];
  let depth = 0;
  let from = begin;
  for (let index = begin; index < text.length; index += Math.max(1, literalAt(text, index))) {
    const character = text.charAt(index);
    if ('([{'.includes(character)) depth += 1;
    else if (depth > 0 && ')]}'.includes(character)) depth -= 1;
    else if (depth === 0 && (character === ']' || character === ',')) {
      elements.push(text.slice(from, index).trim());
      from = index + 1;
      if (character === ']') return { elements: elements.filter(Boolean), end: index + 1 };
    }
  }
  return undefined;
}

/** Length of the string literal or quoted name that begins here, or 0. */
function literalAt(text: string, index: number): number {
  const quote = text.charAt(index);
  if (quote !== "'" && quote !== '"') return 0;
  // A literal with backslashes is written E'…', and a quote inside is doubled in both forms.
  const escaped = quote === "'" && /[eE]/.test(text.charAt(index - 1)) && !/[\w"]/.test(text.charAt(index - 2));
  for (let end = index + 1; end < text.length; end += 1) {
    const character = text.charAt(end);
    if (escaped && character === '\\') end += 1;
    else if (character === quote && text.charAt(end + 1) === quote) end += 1;
    else if (character === quote) return end + 1 - index;
  }
  return 0;
}
