import { parseFacts, readBound } from '../backup/archive.ts';
import { parseMark, readingKeys, readMark, type Mark } from '../backup/mark.ts';
import { findingOf } from '../backup/validation-checks.ts';
import { checkBoundary } from '../checks/boundary.ts';
import type { Finding } from '../checks/finding.ts';
import { checkIntegrity } from '../checks/integrity.ts';
import { checkSanity } from '../checks/sanity.ts';
import type { Facts } from '../facts/facts.ts';
import { connect } from '../postgres/address.ts';
import type { DrillPlan } from './contract.ts';
import { plantAtBoundary } from './planted-mark.ts';
import { ownFinding, type ProofBuilder } from './proof-builder.ts';
import { compareBetween, openCopy, readableFinding, readCopy } from './prove-snapshot.ts';
import type { ProveSetting } from './prove.ts';
import { readRecovery, type BoundReading, type RecoveryRecord } from './recovery.ts';
import { inMicroseconds } from './surroundings.ts';

export interface RecoveryContext {
  readonly plan: DrillPlan;
  readonly setting: ProveSetting;
  readonly proof: ProofBuilder;
}

/** What the copy is held against. */
interface Expected {
  readonly record: RecoveryRecord;
  readonly before: Facts | undefined;
  readonly after: Facts | undefined;
  readonly marks: readonly Mark[];
}

/**
 * A point in time is proved from both sides: what was written before it is there, what was written after it is not. The
 * structure must lie between the readings around it. Rows are read to the last one and not compared with the source.
 */
export async function proveRecovery({ plan, setting, proof }: RecoveryContext): Promise<void> {
  const expected = await proof.stage('read facts', () => readExpected(plan, setting, proof));
  const { record, before, after, marks } = expected;
  const login = await setting.databases.connection(plan.instanceId);
  const database = record.server?.database ?? (after ?? before)?.server.database;
  if (database === undefined) return;
  const target = { ...login, database };
  const copy = await connect(target);
  try {
    const opened = await openCopy(copy, target, proof);
    if (opened.unreadable) return;
    const rows = marks.map(({ heartbeat }) => heartbeat).filter((row) => row !== undefined);
    const at = inMicroseconds(new Date(record.target));
    const planted = await plantAtBoundary(copy, plan.fault, rows.filter(({ committedAt }) => committedAt <= at));
    if (planted !== undefined) proof.scope.examined.push(`a fault planted on purpose: ${planted}`);
    const hasHeartbeat = setting.config.heartbeat !== undefined || rows.length > 0;
    proof.add(await checkBoundary(copy, rows, { target: at, hasHeartbeat, database: plan.database }));
    const actual = await proof.stage('read the copy', () => readCopy({ setting, target }, opened.sets));
    proof.tool('server', actual.server.version);
    const { findings, tables } = compareBetween(...aroundTarget(expected), actual, opened.copy);
    proof.add(readableFinding(actual), ...(before && after ? findings : findings.map(leaveOpen)));
    proof.tables(tables);
    proof.add(...(await proof.stage('check integrity', () => checkIntegrity(copy, after ?? before ?? actual))));
    proof.add(await proof.stage('ask sanity queries', () => checkSanity(copy, setting.config.drill.queries)));
  } finally {
    await copy.end();
  }
  const catalogue = before && after ? 'the whole catalogue, between two readings of the source' : 'the whole catalogue, against one reading of the source';
  proof.scope.examined.push(`${marks.length} marks left in the source around the target`, catalogue, 'every row of every table, read once');
  proof.scope.notExamined.push('equality of rows with the source: nobody could read it at the very moment', "the service's log itself, beyond that it was replayed");
}

function aroundTarget({ before, after }: Expected): [Facts, Facts] {
  return [(before ?? after) as Facts, (after ?? before) as Facts];
}

/** With one reading only, what differs may have changed in the source on the other side of it. */
function leaveOpen(finding: Finding): Finding {
  if (finding.status !== 'failed') return finding;
  return { ...finding, status: 'could_not_verify', cause: 'configuration', detail: `only one reading to compare with: ${finding.detail ?? ''}` };
}

async function readExpected(plan: DrillPlan, { store }: ProveSetting, proof: ProofBuilder): Promise<Expected> {
  const { record, sha256, bytes } = await readRecovery(store, plan.manifestKey, plan.manifestSha256);
  proof.bind({ role: 'manifest', key: plan.manifestKey, bytes, sha256 });
  proof.add(selectionFinding(record));
  const marks: Mark[] = [];
  for (const file of record.marks) {
    marks.push(parseMark(file.key, await readBound(store, file)));
    proof.bind({ role: 'mark', ...file });
  }
  const readFacts = async (role: 'facts-before' | 'facts-after', reading: Pick<BoundReading, 'facts'> | undefined) => {
    if (!reading) return undefined;
    const text = await readBound(store, reading.facts);
    proof.bind({ role, ...reading.facts });
    return parseFacts(reading.facts.key, text);
  };
  const before = await readFacts('facts-before', record.before);
  const own = record.readsSource ? await readMark(store, readingKeys({ database: plan.database, readingId: plan.drillId }).mark) : undefined;
  if (own) proof.bind({ role: 'mark', ...own.file });
  if (own) marks.push(own.mark);
  const after = await readFacts('facts-after', record.after ?? own?.mark);
  const examined = marks.length + [before, after].filter((each) => each !== undefined).length;
  const detail = `${marks.length} marks and the readings around the target`;
  proof.add({ ...findingOf('files', { examined, detail }), name: 'Readings and marks as recorded' });
  return { record, before, after, marks };
}

/** Check 1: which moment this is, and between which it could be. */
function selectionFinding({ target, requested, window }: RecoveryRecord): Finding {
  const asked = requested === 'latest' ? ' (the latest)' : '';
  return ownFinding(
    { id: 'selection', name: 'Point in time chosen', number: 1, level: 1 },
    { status: 'passed', examined: 1, detail: `${target}${asked}, of ${window.earliest} to ${window.latest}` },
  );
}
