import type { DrillReport } from './verbs/drill.ts';

/** What `run --json` and `drill --json` print for one drill. */
export function drillJson({ body, evidenceFile, reportFile }: DrillReport) {
  const { verdict, assurance, reason, database, backup, kind, findings, rto, rpo, cleanup, drillId, fault, errors } = body;
  return {
    verdict,
    assurance,
    reason,
    database,
    drill: drillId,
    backup: backup && { id: backup.id, kind, bytes: backup.bytes, sha256: backup.sha256, takenAt: backup.takenAt },
    checks: findings.map(({ id, name, status, required, level, examined, cause, detail, items, differences }) => ({
      id,
      name,
      status,
      required,
      level,
      examined,
      ...(cause === undefined ? {} : { cause }),
      ...(detail === undefined ? {} : { detail }),
      ...(items === undefined ? {} : { items }),
      ...(differences === undefined ? {} : { differences }),
    })),
    rto,
    rpo,
    cleanup: cleanup.status,
    fault,
    errors,
    evidence: evidenceFile,
    report: reportFile,
  };
}
