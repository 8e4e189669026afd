import * as z from 'zod';
import { objectionTo } from '../checks/acceptance.ts';
import type { Finding } from '../checks/finding.ts';
import { deriveVerdict } from '../checks/verdict.ts';
import { placeOfKey } from '../backup/manifest.ts';
import type { DrillError, EvidenceBody, Subject } from './evidence.ts';
import { policyDigest } from './policy.ts';
import { recoveryKey } from './recovery.ts';
import { altered, isRecord, type Problem, type Unsealed } from './verify-seal.ts';

/**
 * What the verifier relies on, and no more: later versions of format 1 may add fields, which the digests cover anyway.
 */
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Relied = z.looseObject({
  format: z.literal(1),
  drillId: z.string().min(1),
  database: z.string().min(1),
  kind: z.enum(['dump', 'snapshot', 'pitr']),
  backup: z.looseObject({ id: z.string(), bytes: z.number(), sha256: z.string() }).nullable(),
  verdict: z.string(),
  assurance: z.string(),
  findings: z.array(
    z.looseObject({
      id: z.string(),
      name: z.string(),
      status: z.enum(['passed', 'failed', 'could_not_verify', 'not_applicable', 'not_requested', 'accepted']),
      required: z.boolean(),
      level: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4), z.literal(5), z.literal(6)]),
      equality: z.boolean(),
      examined: z.number(),
    }),
  ),
  errors: z.array(z.looseObject({ state: z.string(), name: z.string(), origin: z.string(), message: z.string() })),
  subjects: z.array(z.looseObject({ role: z.string(), key: z.string(), bytes: z.number(), sha256 })),
  policy: z.looseObject({ required: z.array(z.string()), sha256, dropped: z.array(z.string()) }),
  previous: z.looseObject({ key: z.string(), sha256 }).nullable(),
  startedAt: z.iso.datetime(),
  sealedAt: z.iso.datetime(),
});

/** The body as the verifier understands it, or what keeps it from being understood. */
export function readBody(body: Unsealed): { body?: EvidenceBody; problems: Problem[] } {
  const result = Relied.safeParse(body);
  // The fields named above are checked, the others are only digested.
  if (result.success) return { body: body as unknown as EvidenceBody, problems: [] };
  const problems = result.error.issues.map((issue) =>
    altered(['evidence', ...issue.path].join('.'), `is not what evidence format 1 asks for: ${issue.message}`),
  );
  return { problems };
}

/** The body inside a sealed file, unverified; undefined when the bytes are no evidence. */
export function parseEvidence(bytes: string | Uint8Array): EvidenceBody | undefined {
  let json: unknown;
  try {
    json = JSON.parse(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
  return isRecord(json) && isRecord(json['evidence']) ? readBody(json['evidence']).body : undefined;
}

/** Whether the body says no more than its own findings allow. A sound signature over a false word proves nothing. */
export function verifyBody(body: EvidenceBody): Problem[] {
  return [...verifyVerdict(body), ...verifyPolicy(body), ...verifyAcceptances(body), ...verifySubjects(body)];
}

function verifyVerdict(body: EvidenceBody): Problem[] {
  const findings: readonly Finding[] = body.findings;
  const errors: readonly DrillError[] = body.errors;
  const derived = deriveVerdict({ findings, required: body.policy.required, errors });
  const problems: Problem[] = [];
  if (body.verdict !== derived.verdict) {
    problems.push(altered('evidence.verdict', `is ${body.verdict}, the findings give ${derived.verdict}: ${derived.reason}`));
  }
  if (body.assurance !== derived.assurance) {
    problems.push(altered('evidence.assurance', `is ${body.assurance}, the findings give ${derived.assurance}`));
  }
  return problems;
}

function verifyPolicy({ policy }: EvidenceBody): Problem[] {
  if (policy.sha256 === policyDigest(policy.required)) return [];
  return [altered('evidence.policy', 'its digest is not that of the required checks')];
}

function verifyAcceptances({ findings, startedAt }: EvidenceBody): Problem[] {
  return findings.flatMap(({ id, status, acceptances = [] }) => {
    if (status !== 'accepted') return [];
    const objections = acceptances.map((each) => objectionTo(each, new Date(startedAt)));
    return objections
      .filter((why) => why !== undefined)
      .map((why) => altered(`evidence.findings.${id}`, `an acceptance that it rests on ${why}`));
  });
}

/** Whether an object lies where the objects of the drilled backup lie; nothing else is ever opened. */
export function belongsToBackup(body: EvidenceBody, subject: Subject): boolean {
  const { database, kind, backup } = body;
  if (subject.key.split('/').some((segment) => ['', '.', '..'].includes(segment))) return false;
  if (kind === 'pitr') return belongsToRecovery(body, subject);
  const place = placeOfKey(subject.key);
  return place?.database === database && place.kind === kind && place.backupId === backup?.id;
}

/** A recovery has its own record, and readings of the same source, wherever those were made. */
function belongsToRecovery({ database, drillId }: EvidenceBody, { role, key }: Subject): boolean {
  if (role === 'manifest') return key === recoveryKey({ database, drillId });
  const file = key.startsWith(`v1/${database}/`) ? key.slice(`v1/${database}/`.length) : '';
  const name = role === 'mark' ? 'mark' : 'facts';
  return new RegExp(`^(readings/[^/]+/${name}|snapshots/[^/]+/${name}-(before|after))\\.json$`).test(file);
}

/** Of which object a PROVEN must say that it was what the drill relied on. */
const DATA = { dump: 'archive', snapshot: 'snapshot', pitr: 'mark' } as const;

/** Evidence that names no archive, or another backup's, binds nothing. */
function verifySubjects(body: EvidenceBody): Problem[] {
  const { kind, backup, verdict, subjects } = body;
  const strangers = subjects
    .filter((subject) => subject.role !== 'snapshot' && !belongsToBackup(body, subject))
    .map(({ role, key }) => altered('evidence.subjects', `${role} ${key} does not belong to the backup drilled`));
  if (verdict !== 'PROVEN') return strangers;
  const data = subjects.find(({ role }) => role === DATA[kind]);
  const manifest = subjects.find(({ role }) => role === 'manifest');
  const wanting = [
    manifest ? '' : 'no manifest is bound to a PROVEN verdict',
    data === undefined ? 'nothing that was restored is bound to a PROVEN verdict' : '',
    kind === 'dump' && data && data.sha256 !== backup?.sha256 ? 'the archive bound is not the backup named' : '',
    kind === 'pitr' && manifest && manifest.sha256 !== backup?.sha256 ? 'the record bound is not the recovery named' : '',
  ].filter(Boolean);
  return [...strangers, ...wanting.map((problem) => altered('evidence.subjects', problem))];
}
