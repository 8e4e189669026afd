import { CONTENT_CHECKS, REQUIRED_CHECKS } from '../checks/required.ts';
import type { DatabaseConfig } from '../config/config.ts';
import type { DrillKind } from './contract.ts';

/** Checks of the artefact and of the restore itself; those of the data are named beside them in src/checks. */
const OWN: Readonly<Record<DrillKind, readonly string[]>> = {
  dump: ['selection', 'files', 'archive-digest', 'restore-output', 'primary', 'disarmed'],
  snapshot: ['selection', 'files', 'snapshot-files', 'readable', 'primary', 'disarmed'],
  // The service gives nothing of its log to look at before it is replayed.
  pitr: ['selection', 'files', 'readable', 'primary', 'disarmed'],
};

/** Every check without which a drill of this kind is not PROVEN. */
export function requiredChecks(kind: DrillKind, config: DatabaseConfig): string[] {
  const asked = config.drill.queries.length > 0 ? ['sanity'] : [];
  const leftOut = config.dump.facts === 'rows' ? new Set(CONTENT_CHECKS) : new Set();
  return [...OWN[kind], ...REQUIRED_CHECKS[kind].filter((id) => !leftOut.has(id)), ...asked];
}
