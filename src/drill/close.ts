import { acceptFindings } from '../checks/acceptance.ts';
import { deriveVerdict } from '../checks/verdict.ts';
import type { Cloud } from '../cloud/cloud.ts';
import { databaseConfig, type DatabaseConfig } from '../config/schema.ts';
import { ObjectExistsError, ObjectNotFoundError } from '../errors.ts';
import { findDroppedChecks, findPrevious } from './chain.ts';
import { DrillInput, type DrillPlan, type DrillState, type SealResult } from './contract.ts';
import { caughtErrors } from './caught-error.ts';
import type { EvidenceBody, Proof } from './evidence.ts';
import { axes, cleanupOf, timingsOf } from './outcome.ts';
import { makePolicy } from './policy.ts';
import { drillKey } from './prove.ts';
import { renderReport } from './report/report.ts';
import { requiredChecks } from './required-checks.ts';
import { readSeal, seal } from './seal.ts';
import { parseEvidence } from './verify-body.ts';

type CloseSetting = Pick<Cloud, 'store' | 'signer' | 'clock' | 'config'>;

/**
 * Ends every drill, also one that never began: derives the verdict from what the proof and the errors say, seals it
 * after teardown, and writes evidence and report. Asked again for a drill that is sealed, it answers with that seal.
 */
export async function closeDrill(state: DrillState, setting: CloseSetting): Promise<SealResult> {
  const named = DrillInput.safeParse(state.input);
  const database = state.plan?.database ?? named.data?.database ?? 'unknown';
  const place = { database, drillId: state.drillId };
  const evidenceKey = drillKey(place, 'evidence.json');
  const earlier = await readOptional(setting, evidenceKey);
  if (earlier) return resultOf(earlier, place);
  const body = await composeBody(state, place, setting);
  const text = await seal(body, setting.signer);
  try {
    await setting.store.put(evidenceKey, text, { ifAbsent: true });
  } catch (error) {
    if (!(error instanceof ObjectExistsError)) throw error;
    const other = await readOptional(setting, evidenceKey);
    if (other) return resultOf(other, place);
    throw error;
  }
  await setting.store.put(drillKey(place, 'report.html'), renderReport(body, readSeal(text)));
  return resultOf(body, place);
}

async function composeBody(
  state: DrillState,
  { database, drillId }: { database: string; drillId: string },
  setting: CloseSetting,
): Promise<EvidenceBody> {
  const { plan } = state;
  const config = databaseConfig(setting.config, database);
  const kind = plan?.kind ?? DrillInput.safeParse(state.input).data?.kind ?? 'dump';
  const { proof, problem } = await readProof(state, setting);
  const now = setting.clock.now();
  const required = requiredChecks(kind, config);
  const findings = acceptFindings(proof?.findings ?? [], acceptancesOf(config), now);
  const errors = caughtErrors(state, proof, problem);
  const dropped = await findDroppedChecks(setting.store, { database, kind, drillId }, required);
  const previous = await findPrevious(setting.store, database, drillId);
  return {
    format: 1,
    drillId,
    database,
    kind,
    backup: backupOf(state, proof),
    ...deriveVerdict({ findings, required, errors }),
    findings,
    tables: proof?.tables ?? [],
    timings: timingsOf(state, proof),
    ...axes(state, proof, config.drill),
    ...(proof?.storage === undefined ? {} : { storage: proof.storage }),
    cleanup: cleanupOf(state, proof),
    scope: proof?.scope ?? { examined: [], notExamined: ['everything: the drill ended before it could examine anything'] },
    subjects: proof?.subjects ?? [],
    tools: proof?.tools ?? {},
    policy: { ...makePolicy(required), dropped },
    fault: plan?.fault ?? null,
    errors,
    previous: previous ? { key: previous.key, sha256: previous.sha256 } : null,
    startedAt: state.startedAt,
    sealedAt: now.toISOString(),
  };
}

function acceptancesOf(config: DatabaseConfig) {
  return config.drill.accept.map(({ check, object, reason, owner, expires }) => ({
    check,
    reason,
    owner,
    expires,
    ...(object === undefined ? {} : { object }),
  }));
}

function backupOf({ plan }: DrillState, proof: Proof | undefined): EvidenceBody['backup'] {
  if (!plan) return null;
  const subject = proof?.subjects.find(({ role }) => role === 'archive' || role === 'snapshot');
  return {
    id: plan.backupId,
    takenAt: plan.takenAt,
    bytes: subject?.bytes ?? 0,
    // A point in time has no bytes of its own; what binds it is the record of what it was held against.
    sha256: plan.kind === 'pitr' ? plan.manifestSha256 : (subject?.sha256 ?? ''),
  };
}

interface FoundProof {
  readonly proof?: Proof;
  /** What is wrong with what lies there. */
  readonly problem?: string;
}

/** The proof that the worker left, if it is one and of this very drill: no other may decide it. */
async function readProof({ plan, error }: DrillState, setting: CloseSetting): Promise<FoundProof> {
  if (!plan) return {};
  const key = drillKey(plan, 'proof.json');
  const text = await readText(setting, key);
  const proof = text === undefined ? undefined : parseProof(text, plan);
  if (proof) return { proof };
  if (text !== undefined) return { problem: `${key} is not the proof of this drill: altered or swapped` };
  // A drill that broke off has its own error to tell.
  return error ? {} : { problem: `the prove task ended well and left no ${key}` };
}

function parseProof(text: string, { drillId, manifestKey, manifestSha256 }: DrillPlan): Proof | undefined {
  let proof: Partial<Proof> | null;
  try {
    proof = JSON.parse(text) as Partial<Proof> | null;
  } catch {
    return undefined;
  }
  const lists = [proof?.findings, proof?.errors, proof?.subjects, proof?.timings, proof?.tables];
  if (proof?.format !== 1 || proof.drillId !== drillId || !lists.every(Array.isArray)) return undefined;
  const manifests = proof.subjects?.filter(({ role }) => role === 'manifest') ?? [];
  return manifests.every(({ key, sha256 }) => key === manifestKey && sha256 === manifestSha256) ? (proof as Proof) : undefined;
}

async function readOptional(setting: CloseSetting, key: string): Promise<EvidenceBody | undefined> {
  const text = await readText(setting, key);
  return text === undefined ? undefined : parseEvidence(Buffer.from(text));
}

async function readText({ store }: CloseSetting, key: string): Promise<string | undefined> {
  try {
    return Buffer.concat(await Array.fromAsync(await store.read(key))).toString('utf8');
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  }
}

function resultOf(body: EvidenceBody, place: { database: string; drillId: string }): SealResult {
  return {
    ...place,
    verdict: body.verdict,
    assurance: body.assurance,
    reason: body.reason,
    cleanup: body.cleanup.status,
    evidenceKey: drillKey(place, 'evidence.json'),
    reportKey: drillKey(place, 'report.html'),
  };
}
