import type { Finding } from '../checks/finding.ts';
import { findingOf } from '../backup/validation-checks.ts';
import type { DumpManifest } from '../backup/manifest.ts';
import type { Origin, SubprocessError } from '../errors.ts';
import { withoutValue, type Complaint } from '../postgres/restore-output.ts';
import { ownFinding } from './proof-builder.ts';
import type { RestoreOutcome } from './restore-dump.ts';

const RESTORE = { id: 'restore-output', name: 'Restore without unexplained messages', number: 8, level: 2 } as const;

/**
 * What the restore itself shows: the bytes were the recorded ones, and every message of it is explained. Once the server
 * lacked something, an extension say, what fails after it may be a consequence: then nothing is known of the backup.
 */
export function restoreFindings(
  manifest: DumpManifest,
  globals: readonly Complaint[],
  outcome: RestoreOutcome,
): Finding[] {
  return [digestFinding(manifest, outcome), outputFinding(manifest, [...globals, ...outcome.complaints], outcome)];
}

function digestFinding({ archive }: DumpManifest, { digest, damage, aborted }: RestoreOutcome): Finding {
  const finding = findingOf('archive-digest', {
    error: damage,
    examined: digest?.parts.length ?? 0,
    detail: `${archive.bytes} bytes in ${archive.parts.length} parts as restored`,
  });
  if (damage || digest) return finding;
  return { ...finding, status: 'could_not_verify', cause: 'tool', detail: aborted?.message ?? 'not all of it was read' };
}

function outputFinding(manifest: DumpManifest, complaints: readonly Complaint[], outcome: RestoreOutcome): Finding {
  const told = complaints.filter(({ severity }) => severity !== 'tolerated');
  // The exit of each of the two programs, and every message of theirs.
  const examined = 2 + complaints.length;
  const items = told.map(({ line, meaning }) => `${line} (${meaning})`);
  const rest = { examined, items: items.slice(0, 50), differences: items.length };
  const first = told[0];
  if (outcome.aborted) {
    const cause = causeOfAbort(outcome.aborted, outcome, first);
    const status = cause === 'backup' ? 'failed' : 'could_not_verify';
    return ownFinding(RESTORE, { status, cause, detail: `the restore broke off: ${withoutValue(outcome.aborted.message)}`, ...rest });
  }
  if (first?.severity === 'failed') return ownFinding(RESTORE, { status: 'failed', cause: 'backup', detail: first.line, ...rest });
  if (!outcome.hasDatabase && !first) {
    const detail = `the archive brought back no database ${manifest.source.database}: it is that of another`;
    return ownFinding(RESTORE, { status: 'failed', cause: 'backup', detail, ...rest });
  }
  if (first) {
    const detail = `${first.line}: ${first.meaning}`;
    return ownFinding(RESTORE, { status: 'could_not_verify', cause: first.cause, detail, ...rest });
  }
  const tolerated = complaints.length === 0 ? 'no message at all' : `${complaints.length} messages, all explained`;
  return ownFinding(RESTORE, { status: 'passed', examined, detail: tolerated });
}

/** Damaged bytes explain any end. A program that was killed, or that the server let down first, says nothing of the backup. */
function causeOfAbort({ failure }: SubprocessError, { damage }: RestoreOutcome, first: Complaint | undefined): Origin {
  if (damage) return 'backup';
  return failure.exitCode === undefined || first?.severity === 'environment' ? 'environment' : 'backup';
}
