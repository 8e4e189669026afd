import { relative } from 'node:path';
import type { AssuranceLevel, Finding } from '../src/checks/finding.ts';
import { formatDuration } from '../src/config/duration.ts';
import type { EvidenceBody } from '../src/drill/evidence.ts';
import { formatBytes, formatCount } from './format.ts';
import type { DrillReport } from './verbs/drill.ts';

/** The end of a drill for a person at a terminal: the word first, then what it rests on, then all that is not well. */
export function renderVerdict({ body, evidenceFile, reportFile }: DrillReport, color: boolean): string {
  const paint = painter(color);
  const lines = [
    '',
    `${headline(body, paint)}  ${subject(body)}`,
    `  ${body.reason}`,
    ...levelLines(body, paint),
    ...troubleLines(body, paint),
    `  ${axesLine(body)}`,
    `  evidence  ${relative(process.cwd(), evidenceFile)}`,
    `  report    ${relative(process.cwd(), reportFile)}`,
  ];
  return lines.join('\n');
}

/** A point in time is named by its moment: its id is made of that, and less exact. */
function subject({ kind, database, backup }: EvidenceBody): string {
  if (kind === 'pitr') return `point in time of ${database}${backup ? `, ${backup.takenAt}` : ''}`;
  return `${kind} of ${database}${backup ? `, ${backup.id}` : ''}`;
}

type Paint = (text: string, code: 'green' | 'red' | 'yellow' | 'dim' | 'bold') => string;

function painter(color: boolean): Paint {
  const codes = { green: 32, red: 31, yellow: 33, dim: 2, bold: 1 };
  return (text, code) => (color ? `\u001B[${codes[code]}m${text}\u001B[0m` : text);
}

function headline({ verdict, assurance, fault }: EvidenceBody, paint: Paint): string {
  const planted = fault === null ? '' : `  (fault planted on purpose: ${fault})`;
  if (verdict === 'PROVEN') return paint(paint(`PROVEN ${assurance}`, 'bold'), 'green') + planted;
  return paint(paint(verdict, 'bold'), verdict === 'FAILED' ? 'red' : 'yellow') + planted;
}

const LEVELS: Readonly<Record<AssuranceLevel, string>> = {
  1: 'artefact intact',
  2: 'restores',
  3: 'structure equal',
  4: 'rows equal',
  5: 'content equal',
  6: 'application works',
};

function levelLines(body: EvidenceBody, paint: Paint): string[] {
  return ([1, 2, 3, 4, 5, 6] as const).flatMap((level) => {
    const findings = body.findings.filter((finding) => finding.level === level);
    if (findings.length === 0) return [];
    const name = `L${level} ${LEVELS[level]}`.padEnd(22);
    return [`  ${mark(findings, paint)} ${name} ${paint(levelDetail(body, level, findings), 'dim')}`];
  });
}

function mark(findings: readonly Finding[], paint: Paint): string {
  const required = findings.filter((finding) => finding.required);
  const has = (status: Finding['status']) => required.some((finding) => finding.status === status);
  if (has('failed')) return paint('✘', 'red');
  if (has('could_not_verify') || has('not_requested')) return paint('?', 'yellow');
  return required.some(({ status }) => status === 'passed' || status === 'accepted') ? paint('✔', 'green') : paint('–', 'dim');
}

function levelDetail(body: EvidenceBody, level: AssuranceLevel, findings: readonly Finding[]): string {
  const counted = findings.filter(({ status }) => status === 'passed');
  const checks = `${counted.length} of ${findings.length} checks`;
  const examined = counted.reduce((sum, finding) => sum + finding.examined, 0);
  if (counted.length === 0) return findings.map(({ detail }) => detail).filter(Boolean)[0] ?? checks;
  if (level === 1) return body.backup && body.kind !== 'pitr' ? `${checks}, ${formatBytes(body.backup.bytes)}` : checks;
  if (level === 2 && body.kind === 'pitr') return `${checks}, ${boundaryOf(counted) ?? 'the boundary not proved'}`;
  if (level === 3) return `${checks}, ${formatCount(examined)} definitions, grants and settings`;
  if (level === 4) return `${checks}, ${formatCount(totalRows(body))} rows, table by table (${formatCount(body.tables.length)} with partitions)`;
  if (level === 5) return `${checks}, every value of ${formatCount(totalRows(body))} rows`;
  return checks;
}

/** The heart of a point in time: what is there from before it, and what is not from after it. */
function boundaryOf(passed: readonly Finding[]): string | undefined {
  return passed.find(({ id }) => id === 'boundary')?.detail?.split(';')[0];
}

function totalRows(body: EvidenceBody): string {
  const own = body.tables.filter(({ partitioned }) => !partitioned);
  return own.reduce((sum, table) => sum + BigInt(table.foundRows ?? 0), 0n).toString();
}

const MARKS: Partial<Record<Finding['status'], readonly [string, 'red' | 'yellow' | 'dim']>> = {
  failed: ['✘', 'red'],
  could_not_verify: ['?', 'yellow'],
  accepted: ['a', 'yellow'],
};

/** Everything that is not well, required or not, with the objects concerned. */
function troubleLines({ findings, errors, cleanup }: EvidenceBody, paint: Paint): string[] {
  const lines = findings.flatMap((finding) => {
    const shown = MARKS[finding.status];
    if (!shown) return [];
    const [sign, color] = finding.required ? shown : (['!', 'yellow'] as const);
    const about = finding.required ? '' : ' (the source is so itself; reproduced as it is)';
    const items = (finding.items ?? []).slice(0, 5).map((item) => `        ${oneLine(item)}`);
    const more = (finding.differences ?? 0) - items.length;
    const head = `    ${paint(sign, color)} ${finding.name}: ${oneLine(finding.detail ?? finding.status)}${about}`;
    return [head, ...items, ...(more > 0 ? [`        … and ${more} more`] : [])];
  });
  const failures = errors.map((error) => `    ${paint('!', 'yellow')} ${error.state}: ${error.message.replaceAll('\n', '\n      ')}`);
  const left = cleanup.status === 'failed' ? [`    ${paint('✘', 'red')} NOT destroyed: ${cleanup.detail}`] : [];
  return [...lines, ...failures, ...left];
}

function oneLine(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ');
  return flat.length > 160 ? `${flat.slice(0, 159)}…` : flat;
}

function axesLine({ rto, rpo, cleanup }: EvidenceBody): string {
  const target = (axis: EvidenceBody['rto']) =>
    axis.targetSeconds === null ? '' : ` (target ${formatDuration(axis.targetSeconds)}: ${axis.status})`;
  const restored = rto.seconds === null ? 'never answered a query' : `answered after ${formatDuration(rto.seconds)}${target(rto)}`;
  const age = rpo.seconds === null ? 'age of the data unknown' : `data ${formatDuration(rpo.seconds)} old${target(rpo)}`;
  const gone = { verified: 'instance gone', failed: 'instance NOT gone', 'nothing to clean': 'no instance made' };
  return `${restored} · ${age} · ${gone[cleanup.status]}`;
}
