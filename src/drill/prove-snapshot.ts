import type pg from 'pg';
import { parseFacts, readBound } from '../backup/archive.ts';
import { findingOf, validateSnapshot } from '../backup/validation-checks.ts';
import type { SnapshotManifest } from '../backup/manifest.ts';
import { checkIntegrity } from '../checks/integrity.ts';
import { checkSanity } from '../checks/sanity.ts';
import { checkDisarmed, checkPrimary } from '../checks/server.ts';
import { leaveOutService, noteLeftOut, type ServiceCopy } from '../checks/service-own.ts';
import { compareStructure } from '../checks/structure.ts';
import type { Facts } from '../facts/facts.ts';
import { readFacts } from '../facts/read.ts';
import { connect, type Address } from '../postgres/address.ts';
import { SERVICE_SUPERUSER } from '../postgres/service-roles.ts';
import { liftTimeLimits } from '../postgres/exported-snapshot.ts';
import { openToAdministrator } from './administrator.ts';
import { plantFault } from './planted-fault.ts';
import { ownFinding, type ProofBuilder } from './proof-builder.ts';
import { letSessionWrite, type ProveContext } from './prove-dump.ts';

/**
 * A snapshot is a copy of the server's files at a moment nobody could read from inside. What the source was just before
 * and just after is known: its structure must lie between the two. Row counts and contents are read to the last row, and
 * not compared with the source.
 */
export async function proveSnapshot(manifest: SnapshotManifest, context: ProveContext): Promise<void> {
  const { setting, proof, target } = context;
  const { before, after } = await proof.stage('read facts', () => readBracket(manifest, context));
  proof.bind({
    role: 'snapshot',
    key: manifest.snapshot.id,
    bytes: manifest.snapshot.bytes,
    sha256: manifest.snapshot.sha256 ?? '',
  });
  const copy = await connect(target);
  try {
    const opened = await openCopy(copy, target, proof);
    if (opened.unreadable) return;
    const planted = await plantFault(copy, context.plan.fault);
    if (planted !== undefined) proof.scope.examined.push(`a fault planted on purpose: ${planted}`);
    const actual = await proof.stage('read the copy', () => readCopy(context, opened.sets));
    proof.tool('server', actual.server.version);
    const { findings, tables } = compareBetween(before, after, actual, opened.copy);
    // What is wrong with its files explains whatever else is wrong, so it is told first.
    proof.add(...(await proof.stage('verify the snapshot', () => validateSnapshot(manifest, setting))));
    proof.add(readableFinding(actual), ...findings);
    proof.tables(tables);
    proof.add(...(await proof.stage('check integrity', () => checkIntegrity(copy, after))));
    proof.add(await proof.stage('ask sanity queries', () => checkSanity(copy, setting.config.drill.queries)));
  } finally {
    await copy.end();
  }
  proof.scope.examined.push('the whole catalogue, between two readings of the source', 'every row of every table, read once');
  proof.scope.notExamined.push('equality of rows with the source: a snapshot has no moment that could be read on both sides');
}

/** The first query of a copied server: the clock of the recovery stops, the server is looked at, and what is closed is opened. */
export async function openCopy(copy: pg.Client, target: Address, proof: ProofBuilder): Promise<Awaited<ReturnType<typeof openToAdministrator>>> {
  await liftTimeLimits(copy);
  await copy.query('select 1');
  proof.answered();
  proof.add(await checkPrimary(copy), await checkDisarmed(copy));
  await letSessionWrite(copy);
  const opened = await openToAdministrator(copy, target);
  if (opened.unreadable) proof.add(opened.unreadable);
  return opened;
}

async function readBracket(manifest: SnapshotManifest, { setting, proof }: ProveContext) {
  const read = async (role: 'facts-before' | 'facts-after', file: SnapshotManifest['factsBefore']) => {
    const text = await readBound(setting.store, file);
    proof.bind({ role, ...file });
    return parseFacts(file.key, text);
  };
  const before = await read('facts-before', manifest.factsBefore);
  const after = await read('facts-after', manifest.factsAfter);
  proof.add(findingOf('files', { examined: 2, detail: 'facts-before.json, facts-after.json' }));
  return { before, after };
}

/** @param sets as they were before the administrator was given what he needs to read the rest */
export async function readCopy({ setting, target }: Pick<ProveContext, 'setting' | 'target'>, sets: Partial<Facts['sets']>): Promise<Facts> {
  const facts = await readFacts({
    connect: () => connect(target),
    scope: 'content',
    parallel: setting.config.dump.readers,
    signal: setting.signal,
  });
  return { ...facts, sets: { ...facts.sets, ...sets } };
}

/** As `compareStructure`, without what is the service's own. */
export function compareBetween(before: Facts, after: Facts, found: Facts, copy: ServiceCopy | undefined): ReturnType<typeof compareStructure> {
  const { expected: [early = before, late = after], actual, leftOut } = leaveOutService([before, after], found, copy && { ...copy, isOfService: after.server.superuser === SERVICE_SUPERUSER });
  const { findings, tables } = compareStructure(early, late, actual);
  return { findings: noteLeftOut(findings, leftOut), tables };
}

/** Check 37 as far as SQL reaches: every row was read and every value of it brought out of line and hashed. */
export function readableFinding(actual: Facts) {
  const read = actual.tables.filter((table) => table.hash !== undefined);
  const rows = read.reduce((sum, table) => sum + BigInt(table.kind === 'partitioned' ? 0 : (table.rows ?? 0)), 0n);
  return ownFinding(
    { id: 'readable', name: 'Every row can be read', number: 37, level: 2 },
    {
      status: read.length > 0 ? 'passed' : 'could_not_verify',
      examined: read.length,
      detail: `${rows} rows in ${read.length} tables read to the last value`,
      ...(read.length > 0 ? {} : { cause: 'source' as const }),
    },
  );
}
