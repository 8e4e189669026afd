import { originOfName } from '../errors.ts';
import type { CaughtError, DrillState } from './contract.ts';
import type { DrillError, Proof } from './evidence.ts';

/**
 * The errors of a drill: what the worker wrote down, and what the state machine caught. When a prove task has written
 * its own error, the machine's account of that task's end adds nothing and is left out.
 *
 * @param problem what is wrong with the proof, if it cannot be used
 */
export function caughtErrors(state: DrillState, proof: Proof | undefined, problem?: string): DrillError[] {
  const own = proof?.errors ?? [];
  const errors: DrillError[] = [...own];
  if (problem !== undefined) errors.push({ state: 'Seal', name: 'TaskFailedError', origin: 'tool', message: problem });
  if (state.error && own.length === 0) errors.push(readCaught(state.plan ? 'Attempt' : 'Plan', state.error));
  if (state.cleanupError) errors.push(asCleanupError(readCaught('Destroy', state.cleanupError)));
  if (state.cleanup?.status === 'failed') {
    const message = state.cleanup.detail ?? 'the throwaway instance is still there';
    errors.push({ state: 'ConfirmGone', name: 'CleanupFailedError', origin: 'environment', message });
  }
  return errors;
}

/** Whatever kept the instance from being destroyed, or from being seen to be gone, says nothing about the backup. */
function asCleanupError({ state, name, message }: DrillError): DrillError {
  const said = name === 'CleanupFailedError' ? message : `${name}: ${message}`;
  return { state, name: 'CleanupFailedError', origin: 'environment', message: said };
}

/** Lambda puts its error as JSON into Cause; the laptop's interpreter puts the message there. */
export function readCaught(state: string, { Error: name, Cause = '' }: CaughtError): DrillError {
  const parsed = parseCause(Cause);
  const known = parsed.name ?? name;
  return { state, name: known, origin: originOfName(known) ?? originOfName(name) ?? 'tool', message: parsed.message || `${name} without a message` };
}

function parseCause(cause: string): { name?: string; message: string } {
  try {
    const { errorType, errorMessage } = JSON.parse(cause) as { errorType?: unknown; errorMessage?: unknown };
    if (typeof errorMessage !== 'string') return { message: cause };
    return typeof errorType === 'string' ? { name: errorType, message: errorMessage } : { message: errorMessage };
  } catch {
    return { message: cause };
  }
}
