import type pg from 'pg';
import { parseFacts, readBound } from '../backup/archive.ts';
import { findingOf } from '../backup/validation-checks.ts';
import type { DumpManifest } from '../backup/manifest.ts';
import { compareFacts } from '../checks/compare.ts';
import { checkIntegrity } from '../checks/integrity.ts';
import { checkSanity } from '../checks/sanity.ts';
import { checkDisarmed, checkPrimary } from '../checks/server.ts';
import { leaveOutService, noteLeftOut } from '../checks/service-own.ts';
import type { Facts } from '../facts/facts.ts';
import { readFacts } from '../facts/read.ts';
import { connect, type Address } from '../postgres/address.ts';
import { liftTimeLimits } from '../postgres/exported-snapshot.ts';
import type { PostgresPrograms } from '../postgres/programs.ts';
import { SERVICE_SUPERUSER } from '../postgres/service-roles.ts';
import { administratorOf, joinRoles, unreadableFinding, type Administrator } from './administrator.ts';
import type { DrillPlan } from './contract.ts';
import { plantFault, tamperFor } from './planted-fault.ts';
import type { ProofBuilder } from './proof-builder.ts';
import type { ProveSetting } from './prove.ts';
import { restoreArchive } from './restore-dump.ts';
import { restoreFindings } from './restore-findings.ts';
import { restoreGlobals } from './restore-globals.ts';
import { MAINTENANCE, type RestoreSetting } from './restore-program.ts';

export interface ProveContext {
  readonly plan: DrillPlan;
  readonly setting: ProveSetting;
  readonly proof: ProofBuilder;
  /** The copy, as the instance's superuser or, on a service that has none to give, its administrator. */
  readonly target: Address;
  readonly programs: PostgresPrograms;
}

/** A dump has the facts of its own snapshot: the copy must equal them exactly. */
export async function proveDump(manifest: DumpManifest, context: ProveContext): Promise<void> {
  const { setting, proof } = context;
  proof.tool('pg_restore', context.programs.version);
  const expected = await proof.stage('read facts', () => readExpected(manifest, context));
  const administrator = await administratorOf({ ...context.target, database: MAINTENANCE });
  const restored = await restore(manifest, context, administrator);
  if (!restored) return;
  const copy = await connect(context.target);
  try {
    await liftTimeLimits(copy);
    await proof.stage('analyze', async () => {
      await copy.query('analyze');
      await copy.query('select 1');
      proof.answered();
    });
    proof.add(await checkPrimary(copy), await checkDisarmed(copy));
    await letSessionWrite(copy);
    const planted = await plantFault(copy, context.plan.fault);
    if (planted !== undefined) proof.scope.examined.push(`a fault planted on purpose: ${planted}`);
    if (administrator) await joinRoles(copy, administrator);
    const unreadable = administrator && (await unreadableFinding(copy));
    if (unreadable) return proof.add(unreadable);
    await compare(expected, context, administrator);
    proof.add(...(await proof.stage('check integrity', () => checkIntegrity(copy, expected))));
    proof.add(await proof.stage('ask sanity queries', () => checkSanity(copy, setting.config.drill.queries)));
  } finally {
    await copy.end();
  }
}

/** Some checks write and roll back, which a database whose sessions begin read-only would refuse. */
export async function letSessionWrite(copy: pg.Client): Promise<void> {
  await copy.query('set default_transaction_read_only = off');
}

async function readExpected(manifest: DumpManifest, { setting, proof }: ProveContext): Promise<Facts> {
  const text = await readBound(setting.store, manifest.facts);
  proof.bind({ role: 'facts', ...manifest.facts });
  proof.bind({ role: 'globals', ...manifest.globals });
  const { key, bytes, sha256 } = manifest.archive;
  proof.bind({ role: 'archive', key, bytes, sha256 });
  return parseFacts(manifest.facts.key, text);
}

/** Returns false when there is no database to examine afterwards. */
async function restore(manifest: DumpManifest, context: ProveContext, administrator: Administrator | undefined) {
  const { plan, setting, proof, target, programs } = context;
  const tamper = tamperFor(plan.fault, manifest.archive.bytes);
  const { store, signal } = setting;
  const options: RestoreSetting = { store, manifest, programs, target, administrator, signal, ...(tamper ? { tamper } : {}) };
  const globals = await proof.stage('restore globals', () => restoreGlobals(options));
  proof.add(findingOf('files', { examined: 2, detail: 'facts.json, globals.sql' }));
  const outcome = await proof.stage('restore archive', () => restoreArchive(options));
  const findings = restoreFindings(manifest, globals, outcome);
  proof.add(...findings);
  // A copy that the server could not be made to hold in full would only differ, and seem to blame the backup for it.
  const isHindered = findings.some(({ status }) => status === 'could_not_verify');
  return outcome.aborted === undefined && outcome.damage === undefined && outcome.hasDatabase && !isHindered;
}

async function compare(source: Facts, { setting, proof, target, programs }: ProveContext, administrator: Administrator | undefined): Promise<void> {
  const found = await proof.stage('read the copy', () =>
    readFacts({
      connect: () => connect(target),
      scope: source.scope,
      parallel: setting.config.dump.readers,
      signal: setting.signal,
    }),
  );
  proof.tool('server', found.server.version);
  proof.tool('client', programs.version);
  const own = administrator && { administrator: administrator.name, major: administrator.major, isOfService: source.server.superuser === SERVICE_SUPERUSER };
  const { expected: [expected = source], actual, leftOut } = leaveOutService([source], found, own);
  const { findings, tables } = compareFacts(expected, actual);
  proof.add(...noteLeftOut(findings, leftOut));
  proof.tables(tables);
  const rows = expected.scope === 'content' ? 'rows counted and hashed' : 'rows counted, values not compared';
  proof.scope.examined.push(`${tables.length} tables and partitions: ${rows}`, 'the whole catalogue: definitions, owners, grants, roles, settings');
  proof.scope.notExamined.push('passwords of roles and options of user mappings (never stored)', 'tablespaces', 'rows of materialised views and foreign tables');
}
