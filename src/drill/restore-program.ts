import type { DumpManifest } from '../backup/manifest.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import { SubprocessError } from '../errors.ts';
import { addressEnvironment, type Address } from '../postgres/address.ts';
import type { PostgresPrograms } from '../postgres/programs.ts';
import { runProgram, type Program } from '../postgres/subprocess.ts';
import type { Administrator } from './administrator.ts';

/** A database every server has and nobody keeps data in: where to stand while the real one is created. */
export const MAINTENANCE = 'template1';

export interface RestoreSetting {
  readonly store: ObjectStore;
  readonly manifest: DumpManifest;
  readonly programs: PostgresPrograms;
  /** The throwaway instance, as its administrator; the database named here is the one that will be restored. */
  readonly target: Address;
  /** Set when that administrator is no superuser. */
  readonly administrator?: Administrator | undefined;
  /** Plants a fault between the store and pg_restore. */
  readonly tamper?: (archive: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

/** What a program said, and how it failed if it did. */
export async function attempt(program: Program): Promise<{ stdout: string; stderr: string; error?: SubprocessError }> {
  try {
    return await runProgram(program);
  } catch (error) {
    if (error instanceof SubprocessError) return { stdout: '', stderr: error.failure.stderr, error };
    throw error;
  }
}

/** A database or role whose sessions begin read-only could not be restored by a session of its own. */
export function restoreEnvironment({ target }: RestoreSetting): Record<string, string> {
  return { ...addressEnvironment(target), PGDATABASE: MAINTENANCE, PGOPTIONS: '-c default_transaction_read_only=off' };
}
