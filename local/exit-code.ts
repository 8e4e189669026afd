import type { EvidenceBody } from '../src/drill/evidence.ts';
import { CleanupFailedError, ConfigurationError, InterruptedError, NoBackupError, PostgresNotFoundError, SigningKeyError } from '../src/errors.ts';

/** 0 proven or done, 1 failed, 2 not proven, 3 configuration or usage, 4 cleanup failed, 130 stopped by the user. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 130;

/** The worst of several drills. A failed cleanup wins over success only: a failed backup is the worse news. */
export function exitCodeOf(bodies: readonly EvidenceBody[]): ExitCode {
  const codes = bodies.map(codeOf);
  return ([1, 3, 2, 4] as const).find((code) => codes.includes(code)) ?? 0;
}

function codeOf(body: EvidenceBody): ExitCode {
  if (body.verdict === 'FAILED') return 1;
  if (body.errors.some(({ state, origin }) => state === 'Plan' && origin === 'configuration')) return 3;
  if (body.verdict === 'NOT PROVEN') return 2;
  return body.cleanup.status === 'failed' ? 4 : 0;
}

export function exitCodeOfError(error: unknown): ExitCode {
  if (error instanceof InterruptedError) return 130;
  if (error instanceof CleanupFailedError) return 4;
  const usage = [ConfigurationError, NoBackupError, SigningKeyError, PostgresNotFoundError];
  return usage.some((kind) => error instanceof kind) ? 3 : 1;
}
