import type { Validation } from '../backup/validation.ts';
import type { Notification } from '../cloud/notifier.ts';
import { formatDuration } from '../config/duration.ts';
import type { DrillState, SealResult } from './contract.ts';
import type { EvidenceBody } from './evidence.ts';

/** What people are told of a drill; `body` is its evidence, absent when sealing failed. */
export function announceDrill(state: DrillState, body: EvidenceBody | undefined): Notification {
  const database = state.plan?.database ?? 'unknown';
  const { result } = state;
  if (!result || !body) {
    return {
      subject: `pgproof: drill of ${database} ended without evidence`,
      text: `Drill ${state.drillId} could not seal its evidence, so it proves nothing.`,
      severity: 'bad',
      database,
      event: 'drill.unsealed',
      facts: { drill: state.drillId },
    };
  }
  const what = body.kind === 'pitr' ? `point in time ${body.backup?.takenAt ?? ''}`.trim() : body.kind;
  const planted = body.fault === null ? '' : ` (with the fault ${body.fault} planted on purpose)`;
  return {
    subject: `${result.verdict} ${result.verdict === 'PROVEN' ? `${result.assurance} ` : ''}– ${what} of ${body.database}`.slice(0, 100),
    text: [`${result.reason}${planted}`, cleanupLine(result), `Evidence: ${result.evidenceKey}`, `Report: ${result.reportKey}`].join('\n'),
    severity: severityOf(result),
    database: body.database,
    event: `drill.${result.verdict.toLowerCase().replace(' ', '-')}`,
    facts: factsOf(body),
  };
}

function cleanupLine({ cleanup }: SealResult): string {
  if (cleanup === 'failed') return 'The throwaway instance could NOT be destroyed: see the evidence.';
  return cleanup === 'verified' ? 'The throwaway instance is gone.' : 'No instance was created.';
}

function severityOf({ verdict, cleanup }: SealResult): Notification['severity'] {
  if (verdict === 'FAILED') return 'bad';
  return verdict === 'PROVEN' && cleanup !== 'failed' ? 'good' : 'warning';
}

function factsOf(body: EvidenceBody): Record<string, string> {
  const passed = body.findings.filter(({ status }) => status === 'passed').length;
  return {
    drill: body.drillId,
    ...(body.backup ? { backup: body.backup.id } : {}),
    checks: `${passed} of ${body.findings.length} passed`,
    rto: body.rto.seconds === null ? 'unknown' : formatDuration(body.rto.seconds),
    rpo: body.rpo.seconds === null ? 'unknown' : formatDuration(body.rpo.seconds),
    cleanup: body.cleanup.status,
  };
}

/** What people are told when a backup has landed and was looked at. */
export function announceValidation(validation: Validation): Notification {
  const { kind, database, backupId, status } = validation;
  const failed = validation.findings.find(({ status }) => status === 'failed');
  const valid = status === 'valid';
  return {
    subject: `${valid ? 'valid' : 'INVALID'} ${kind} of ${database}`,
    text: valid
      ? `${kind} ${backupId} landed and every byte of it was read back as recorded.`
      : `${kind} ${backupId} is not usable: ${failed?.detail ?? 'no detail'}. It will not be drilled as the newest.`,
    severity: valid ? 'good' : 'bad',
    database,
    event: `backup.${status}`,
    facts: { backup: backupId, took: formatDuration(validation.milliseconds / 1000) },
  };
}
