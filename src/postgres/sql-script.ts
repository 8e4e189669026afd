/** One word of a statement, with its place in the statement's text. */
export interface Word {
  /** A keyword or number is bare; a name in quotes, its quotes removed, is quoted. */
  readonly kind: 'bare' | 'quoted' | 'literal' | 'sign';
  /** What it means: of a bare word in lower case, as PostgreSQL reads it. */
  readonly value: string;
  readonly begin: number;
  readonly end: number;
}

export interface Statement {
  /** Without the comments before it; with the semicolon. */
  readonly text: string;
  readonly words: readonly Word[];
}

/** The forms that pg_dumpall writes: comments, names, literals (E'' where there are backslashes), anything else as signs. */
const NEXT =
  /(?<space>\s+|--[^\n]*)|(?<literal>[eE]'(?:[^'\\]|''|\\[\s\S])*'|'(?:[^']|'')*')|(?<quoted>"(?:[^"]|"")*")|(?<bare>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\d+)|(?<sign>[\s\S])/gy;

/**
 * Divides a script of pg_dumpall into statements, and each into words. Commands of psql itself (`\restrict`) come out as
 * statements of one line without words. What is behind the last semicolon is a statement too.
 */
export function splitScript(script: string): Statement[] {
  const statements: Statement[] = [];
  let words: Word[] = [];
  let begin = -1;
  const finish = (end: number) => {
    if (begin >= 0) statements.push({ text: script.slice(begin, end).trimEnd(), words: words.map((word) => shift(word, begin)) });
    words = [];
    begin = -1;
  };
  for (let position = 0; position < script.length; ) {
    if (begin < 0 && script[position] === '\\') {
      const end = lineEnd(script, position);
      statements.push({ text: script.slice(position, end), words: [] });
      position = end;
      continue;
    }
    NEXT.lastIndex = position;
    const { groups = {} } = NEXT.exec(script) ?? {};
    const word = wordOf(groups, position);
    position += word?.length ?? groups.space?.length ?? 1;
    if (!word) continue;
    if (begin < 0) begin = word.begin;
    words.push(word);
    if (word.kind === 'sign' && word.value === ';') finish(position);
  }
  finish(script.length);
  return statements;
}

function lineEnd(script: string, position: number): number {
  const end = script.indexOf('\n', position);
  return end < 0 ? script.length : end;
}

function shift({ kind, value, begin, end }: Word, by: number): Word {
  return { kind, value, begin: begin - by, end: end - by };
}

function wordOf(groups: Readonly<Record<string, string | undefined>>, begin: number): (Word & { length: number }) | undefined {
  const { bare, quoted, literal, sign } = groups;
  const text = bare ?? quoted ?? literal ?? sign;
  if (text === undefined) return undefined;
  const place = { begin, end: begin + text.length, length: text.length };
  if (bare !== undefined) return { kind: 'bare', value: bare.toLowerCase(), ...place };
  if (quoted !== undefined) return { kind: 'quoted', value: quoted.slice(1, -1).replaceAll('""', '"'), ...place };
  return { kind: literal === undefined ? 'sign' : 'literal', value: text, ...place };
}
