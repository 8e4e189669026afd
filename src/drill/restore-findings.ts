import type { Finding } from '../checks/finding.ts';
import { findingOf } from '../backup/validation-checks.ts';
import type { DumpManifest } from '../backup/manifest.ts';
import type { Complaint } from '../postgres/restore-output.ts';
import { ownFinding } from './proof-builder.ts';
import type { RestoreOutcome } from './restore-dump.ts';

const RESTORE = { id: 'restore-output', name: 'Restore without unexplained messages', number: 8, level: 2 } as const;

/** What the restore itself shows: the bytes were the recorded ones, and every message of it is explained. */
export function restoreFindings(
  manifest: DumpManifest,
  globals: readonly Complaint[],
  outcome: RestoreOutcome,
): Finding[] {
  return [digestFinding(manifest, outcome), outputFinding([...globals, ...outcome.complaints], outcome)];
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

function outputFinding(complaints: readonly Complaint[], outcome: RestoreOutcome): Finding {
  const failed = complaints.filter(({ severity }) => severity === 'failed');
  const hindered = complaints.filter(({ severity }) => severity === 'environment');
  // The exit of each of the two programs, and every message of theirs.
  const examined = 2 + complaints.length;
  const items = [...failed, ...hindered].map(({ line, meaning }) => `${line} (${meaning})`);
  const rest = { examined, items: items.slice(0, 50), differences: items.length };
  if (outcome.aborted) {
    const cause = outcome.damage || failed.length > 0 || hindered.length === 0 ? 'backup' : 'environment';
    const status = cause === 'backup' ? 'failed' : 'could_not_verify';
    return ownFinding(RESTORE, { status, cause, detail: `the restore broke off: ${outcome.aborted.message}`, ...rest });
  }
  if (failed[0]) return ownFinding(RESTORE, { status: 'failed', cause: 'backup', detail: failed[0].line, ...rest });
  if (hindered[0]) {
    const detail = `${hindered[0].line}: ${hindered[0].meaning}`;
    return ownFinding(RESTORE, { status: 'could_not_verify', cause: hindered[0].cause, detail, ...rest });
  }
  const tolerated = complaints.length === 0 ? 'no message at all' : `${complaints.length} messages, all explained`;
  return ownFinding(RESTORE, { status: 'passed', examined, detail: tolerated });
}
