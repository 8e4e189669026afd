import type { EvidenceBody, TableResult } from '../evidence.ts';
import { mark, type Mark } from './marks.ts';
import { html, name, type Content, type Markup } from './markup.ts';
import { count, counted, percent, size } from './wording.ts';

/** How many are drawn before the rest is folded away, and from how many on the overview helps. */
const OPEN_DIFFERENT = 100;
const OPEN_OTHERS = 15;
const OVERVIEW_FROM = 40;

/** Every table as a bar: what was expected in pale, what was found in it. Differences first, then by size. */
export function renderTables({ tables }: EvidenceBody): Markup {
  if (tables.length === 0) {
    return html`<section aria-labelledby="tables"><h2 id="tables">Tables</h2><p>No table was compared.</p></section>`;
  }
  const byRows = tables.some((table) => rowsOf(table).length > 0);
  const weight = (table: TableResult) => (byRows ? Math.max(0, ...rowsOf(table).map(Number)) : table.bytes);
  const scale = { byRows, whole: Math.max(...tables.map(weight)) };
  const sorted = tables.toSorted((a, b) => weight(b) - weight(a) || (nameOf(a) < nameOf(b) ? -1 : 1));
  const different = sorted.filter((table) => outcomeOf(table) === 'different');
  const others = sorted.filter((table) => outcomeOf(table) !== 'different');
  return html`<section aria-labelledby="tables"><h2 id="tables">Tables</h2>
<p>${summarise(tables, different.length)} Bars show ${byRows ? 'rows' : 'sizes'}, all on one scale.</p>
${tables.length >= OVERVIEW_FROM ? renderOverview(tables) : undefined}
${different.length > 0 ? html`<h3>${counted(different.length, 'table differs', 'tables differ')}</h3>` : undefined}
${renderRows(different, OPEN_DIFFERENT, scale, 'that differ')}
${different.length > 0 && others.length > 0 ? html`<h3>${counted(others.length, 'table')} without a difference</h3>` : undefined}
${renderRows(others, OPEN_OTHERS, scale, 'without a difference')}</section>`;
}

interface Scale {
  readonly byRows: boolean;
  /** What a bar of full length stands for. */
  readonly whole: number;
}

type Outcome = 'equal' | 'different' | 'not_compared';

function outcomeOf({ content, expectedRows, foundRows }: TableResult): Outcome {
  return expectedRows === foundRows ? content : 'different';
}

function rowsOf({ expectedRows, foundRows }: TableResult): string[] {
  return [expectedRows, foundRows].filter((rows) => rows !== undefined);
}

function nameOf({ schema, name: table }: TableResult): string {
  return `${schema}.${table}`;
}

function summarise(tables: readonly TableResult[], different: number): string {
  const sum = (side: 'expectedRows' | 'foundRows') =>
    tables.reduce((total, table) => total + BigInt(table[side] ?? 0), 0n);
  const equal = tables.filter((table) => outcomeOf(table) === 'equal').length;
  const compared = tables.some((table) => rowsOf(table).length > 0);
  const rows = compared ? ` ${count(sum('expectedRows'))} rows expected, ${count(sum('foundRows'))} found.` : ' Rows were not compared.';
  const unread = tables.length - equal - different;
  const parts = [`${count(equal)} equal in content`, `${count(different)} different`, unread > 0 ? `${count(unread)} not compared` : ''];
  return `${counted(tables.length, 'table')}: ${parts.filter(Boolean).join(', ')}.${rows}`;
}

/** One square per table in the order of names: how rare a difference is, and where, at a glance. */
function renderOverview(tables: readonly TableResult[]): Markup {
  const cells = tables.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)).map((table) => html`<i class="${outcomeOf(table)}"></i>`);
  return html`<figure class="overview"><div aria-hidden="true">${cells}</div>
<figcaption>Every square is one table, in the order of names: filled is equal, crossed is different, hollow was not compared.</figcaption></figure>`;
}

function renderRows(tables: readonly TableResult[], open: number, scale: Scale, which: string): Content {
  if (tables.length === 0) return undefined;
  // One or two more are shown rather than folded: the fold would take as much room.
  const shown = tables.length <= open + 2 ? tables.length : open;
  const list = (some: readonly TableResult[]) => html`<ul class="tables">${some.map((table) => renderTable(table, scale))}</ul>`;
  const rest = tables.slice(shown);
  if (rest.length === 0) return list(tables);
  return html`${list(tables.slice(0, shown))}<details><summary>${counted(rest.length, 'more table')} ${which}</summary>${list(rest)}</details>`;
}

function renderTable(table: TableResult, scale: Scale): Markup {
  const outcome = outcomeOf(table);
  const width = (value: number) => percent(value, scale.whole);
  const { expectedRows, foundRows, bytes } = table;
  const expected = scale.byRows ? Number(expectedRows ?? 0) : bytes;
  const found = scale.byRows ? Number(foundRows ?? 0) : bytes;
  return html`<li class="${outcome}"><span class="table">${name(table.schema)}.${name(table.name)}</span><span class="outcome">${mark(OUTCOMES[outcome].mark)}${OUTCOMES[outcome].word}</span><svg class="bar" height="14" aria-hidden="true" focusable="false"><rect class="expected" width="${width(expected)}" height="14" rx="2"/><rect class="found" y="4" width="${width(found)}" height="6" rx="1"/></svg><span class="rows">${describeRows(table)}</span><span class="size">${size(bytes)}</span></li>`;
}

const OUTCOMES: Readonly<Record<Outcome, { readonly mark: Mark; readonly word: string }>> = {
  equal: { mark: 'good', word: 'equal' },
  different: { mark: 'bad', word: 'different' },
  not_compared: { mark: 'empty', word: 'not compared' },
};

function describeRows({ expectedRows, foundRows, content }: TableResult): string {
  if (expectedRows === undefined && foundRows === undefined) return 'rows not counted';
  if (foundRows === undefined) return `not restored, expected ${counted(expectedRows ?? '0', 'row')}`;
  if (expectedRows === undefined) return `not in the source, found ${counted(foundRows, 'row')}`;
  if (expectedRows === foundRows) return `${counted(foundRows, 'row')}${content === 'different' ? ', other content' : ''}`;
  const gap = BigInt(foundRows) - BigInt(expectedRows);
  if (gap < 0n) return `found ${count(foundRows)} of ${count(expectedRows)}: ${count(-gap)} missing`;
  return `found ${count(foundRows)}, expected ${count(expectedRows)}: ${count(gap)} too many`;
}
