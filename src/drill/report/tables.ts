import type { EvidenceBody, TableResult } from '../evidence.ts';
import { mark, type Mark } from './marks.ts';
import { html, name, type Content, type Markup } from './markup.ts';
import { describeRows, describeSize, judgeTables, sumRows, type Outcome, type ShownTable } from './table-outcome.ts';
import { count, counted, percent } from './wording.ts';

/** How many are drawn before the rest is folded away, and from how many on the overview helps. */
const OPEN_DIFFERENT = 100;
const OPEN_OTHERS = 15;
const OVERVIEW_FROM = 40;

/** Every table as a bar: what was expected in pale, what was found in it. Differences first, then by size. */
export function renderTables(body: EvidenceBody): Markup {
  const tables = judgeTables(body);
  if (tables.length === 0) {
    return html`<section aria-labelledby="tables"><h2 id="tables">Tables</h2><p>No table was compared.</p></section>`;
  }
  const scale = scaleOf(body.tables);
  const sorted = tables.toSorted((a, b) => scale.weight(b.table) - scale.weight(a.table) || byName(a, b));
  const different = sorted.filter(({ outcome }) => outcome === 'different');
  const others = sorted.filter(({ outcome }) => outcome !== 'different');
  return html`<section aria-labelledby="tables"><h2 id="tables">Tables</h2>
<p>${summarise(tables)} Bars show ${scale.byRows ? 'rows' : 'sizes'}, all on one scale.</p>
${tables.length >= OVERVIEW_FROM ? renderOverview(tables) : undefined}
${different.length > 0 ? html`<h3>${counted(different.length, 'table differs', 'tables differ')}</h3>` : undefined}
${renderRows(different, OPEN_DIFFERENT, scale, 'that differ')}
${different.length > 0 && others.length > 0 ? html`<h3>${counted(others.length, 'table')} without a difference</h3>` : undefined}
${renderRows(others, OPEN_OTHERS, scale, different.length > 0 ? 'without a difference' : '')}</section>`;
}

interface Scale {
  readonly byRows: boolean;
  weight(table: TableResult): number;
  /** What a bar of full length stands for. */
  readonly whole: number;
}

function scaleOf(tables: readonly TableResult[]): Scale {
  const rowsOf = ({ expectedRows, foundRows }: TableResult) => [expectedRows, foundRows].filter((rows) => rows !== undefined);
  const byRows = tables.some((table) => rowsOf(table).length > 0);
  const weight = (table: TableResult) => (byRows ? Math.max(0, ...rowsOf(table).map(Number)) : table.bytes);
  return { byRows, weight, whole: tables.reduce((most, table) => Math.max(most, weight(table)), 0) };
}

function byName(a: ShownTable, b: ShownTable): number {
  const nameOf = ({ table }: ShownTable) => `${table.schema}.${table.name}`;
  return nameOf(a) < nameOf(b) ? -1 : 1;
}

function summarise(tables: readonly ShownTable[]): string {
  const times = (outcome: Outcome) => tables.filter((each) => each.outcome === outcome).length;
  const parts = [
    times('equal') > 0 ? `${count(times('equal'))} equal in content` : '',
    `${count(times('different'))} different`,
    times('not_compared') > 0 ? `${count(times('not_compared'))} whose content was not compared` : '',
  ];
  return `${counted(tables.length, 'table')}: ${parts.filter(Boolean).join(', ')}. ${summariseRows(tables.map(({ table }) => table))}`;
}

function summariseRows(tables: readonly TableResult[]): string {
  const expected = sumRows(tables, 'expectedRows');
  const found = sumRows(tables, 'foundRows');
  if (expected !== undefined) return `${count(expected)} rows expected, ${count(found ?? 0n)} found.`;
  return found === undefined ? 'Rows were not counted.' : `${count(found)} rows found, not compared with the source.`;
}

/** One square per table in the order of names: how rare a difference is, and where, at a glance. */
function renderOverview(tables: readonly ShownTable[]): Markup {
  const cells = tables.toSorted(byName).map(({ outcome }) => html`<i class="${outcome}"></i>`);
  return html`<figure class="overview"><div aria-hidden="true">${cells}</div>
<figcaption>Every square is one table, in the order of names: filled is equal, crossed is different, hollow was not compared.</figcaption></figure>`;
}

function renderRows(tables: readonly ShownTable[], open: number, scale: Scale, which: string): Content {
  if (tables.length === 0) return undefined;
  // One or two more are shown rather than folded: the fold would take as much room.
  const shown = tables.length <= open + 2 ? tables.length : open;
  const list = (some: readonly ShownTable[]) => html`<ul class="tables">${some.map((table) => renderTable(table, scale))}</ul>`;
  const rest = tables.slice(shown);
  if (rest.length === 0) return list(tables);
  return html`${list(tables.slice(0, shown))}<details><summary>${counted(rest.length, 'more table')} ${which}</summary>${list(rest)}</details>`;
}

function renderTable(shown: ShownTable, scale: Scale): Markup {
  const { table, outcome } = shown;
  const { expectedRows, foundRows, bytes } = table;
  const expected = percent(scale.byRows ? Number(expectedRows ?? 0) : bytes, scale.whole);
  const found = percent(scale.byRows ? Number(foundRows ?? 0) : bytes, scale.whole);
  return html`<li class="${outcome}"><span class="table">${name(table.schema)}.${name(table.name)}</span><span class="outcome">${mark(OUTCOMES[outcome].mark)}${OUTCOMES[outcome].word}</span><svg class="bar" height="14" aria-hidden="true" focusable="false"><rect class="expected" width="${expected}" height="14" rx="2"/><rect class="found" y="4" width="${found}" height="6" rx="1"/></svg><span class="rows">${describeRows(shown)}</span><span class="size">${describeSize(table)}</span></li>`;
}

const OUTCOMES: Readonly<Record<Outcome, { readonly mark: Mark; readonly word: string }>> = {
  equal: { mark: 'good', word: 'equal' },
  different: { mark: 'bad', word: 'different' },
  not_compared: { mark: 'empty', word: 'not compared' },
};
