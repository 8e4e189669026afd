import { isAboutBackup } from '../../src/backup/archive.ts';
import { formatDuration } from '../../src/config/duration.ts';
import type { EvidenceBody } from '../../src/drill/evidence.ts';
import type { Laptop } from '../laptop.ts';

/** To which moments a database can be recovered, and how the newest drill of that ended. */
export interface RecoveryStatus {
  /** Null when no log is kept any more, or when what is kept cannot be read. */
  readonly window: { readonly earliest: string; readonly latest: string } | null;
  readonly problem: string | null;
  readonly verdict: string;
  /** The moment of that drill. */
  readonly target: string | null;
  readonly drilledAt: string | null;
}

/** Null where there has never been a log. */
export async function readRecoveryStatus(
  { databases }: Laptop,
  database: string,
  drills: readonly EvidenceBody[],
): Promise<RecoveryStatus | null> {
  const newest = drills.find(({ kind, backup }) => kind === 'pitr' && backup !== null);
  const { window, problem = null } = await readWindow(databases, database);
  if (!window && problem === null && !newest) return null;
  return {
    window: window ? { earliest: window.earliest.toISOString(), latest: window.latest.toISOString() } : null,
    problem,
    verdict: newest?.verdict ?? 'not drilled',
    target: newest?.backup?.takenAt ?? null,
    drilledAt: newest?.sealedAt ?? null,
  };
}

async function readWindow(databases: Laptop['databases'], database: string) {
  try {
    return { window: await databases.recoveryWindow({ database }) };
  } catch (error) {
    if (isAboutBackup(error)) return { window: undefined, problem: error.message };
    throw error;
  }
}

export function renderRecovery({ window, problem, verdict, target }: RecoveryStatus, now: Date): string {
  const old = (time: string) => `${formatDuration((now.getTime() - Date.parse(time)) / 1000)} old`;
  const range = window ? `any time from ${window.earliest} to ${window.latest}, ${old(window.latest)}` : (problem ?? 'no log is kept any more');
  return `  pitr     ${range}; ${target === null ? verdict : `drilled to ${target}: ${verdict}`}`;
}
