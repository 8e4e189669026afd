import type { Finding } from '../checks/finding.ts';
import { describeError, ObjectDamagedError, ObjectNotFoundError, originOf, type PgproofError } from '../errors.ts';
import { isAboutBackup } from './archive.ts';
import { decodeArchive, listArchive, missingFromContents, type Decoding } from './decode.ts';
import { clientMajor, type DumpManifest, type SnapshotManifest } from './manifest.ts';
import type { ValidationSetting } from './validation.ts';

/** The checks of an artefact at rest: assurance level 1, numbers as in docs/checks.md. */
const CHECKS = {
  manifest: { name: 'Manifest complete', number: 1 },
  files: { name: 'Facts and globals as recorded', number: 2 },
  'archive-digest': { name: 'Archive bytes as recorded', number: 2 },
  'archive-decodes': { name: 'Archive decodes to its end', number: 4 },
  'archive-contents': { name: 'Every table is in the archive', number: 4 },
  'snapshot-files': { name: 'Snapshot files as recorded', number: 2 },
} as const;
export type ArtefactCheck = keyof typeof CHECKS;

interface Outcome {
  readonly error?: unknown;
  readonly examined: number;
  readonly detail?: string;
  readonly items?: readonly string[];
}

/** One finding about a stored artefact: failed when there is an error, else passed. */
export function findingOf(id: ArtefactCheck, outcome: Outcome): Finding {
  const base = { id, ...CHECKS[id], required: true, level: 1, equality: false, examined: outcome.examined } as const;
  if (outcome.error === undefined) {
    return { ...base, status: 'passed', ...(outcome.detail === undefined ? {} : { detail: outcome.detail }) };
  }
  return {
    ...base,
    status: 'failed',
    cause: originOf(outcome.error),
    detail: describeError(outcome.error),
    ...(outcome.items ? { items: outcome.items.slice(0, 50), differences: outcome.items.length } : {}),
  };
}

export async function validateDumpFiles(manifest: DumpManifest, setting: ValidationSetting): Promise<Finding[]> {
  const programs = await setting.programsFor(clientMajor(manifest));
  const { archive } = manifest;
  let decoding: Decoding;
  try {
    decoding = await decodeArchive(setting.store, archive, programs, setting.signal);
  } catch (error) {
    if (!(error instanceof ObjectNotFoundError)) throw error;
    return [findingOf('archive-digest', { error, examined: 1 })];
  }
  const digest = findingOf('archive-digest', {
    error: decoding.damage,
    examined: archive.parts.length,
    detail: `${archive.bytes} bytes in ${archive.parts.length} parts, SHA-256 ${archive.sha256}`,
  });
  const decodes = findingOf('archive-decodes', {
    error: decoding.undecodable && aboutArchive(archive.key, decoding.undecodable),
    examined: archive.parts.length,
    detail: `by pg_restore ${programs.version}`,
  });
  if (decoding.undecodable) return [digest, decodes];
  return [digest, decodes, contentsFinding(manifest, await listArchive(setting.store, archive, programs, setting.signal))];
}

/** pg_restore's complaint, but as a fact about the backup. */
function aboutArchive(key: string, error: PgproofError): PgproofError {
  return new ObjectDamagedError(key, `cannot be decoded: ${error.message}`, { cause: error });
}

export function contentsFinding(manifest: DumpManifest, lines: readonly string[]): Finding {
  if (manifest.tables.length === 0) {
    return { ...findingOf('archive-contents', { examined: 0, detail: 'the source has no table' }), status: 'not_applicable' };
  }
  const missing = missingFromContents(lines, manifest.tables);
  const { key } = manifest.archive;
  return findingOf('archive-contents', {
    examined: lines.length,
    detail: `${manifest.tables.length} tables among ${lines.length} entries`,
    ...(missing.length === 0
      ? {}
      : {
          error: new ObjectDamagedError(key, `holds no data of ${missing.length} tables, the first is ${missing[0]}`),
          items: missing,
        }),
  });
}

/** The snapshot's files against its own list, and that list against the manifest. Before a drill as at the landing. */
export async function validateSnapshot(
  manifest: SnapshotManifest,
  { databases, signal }: Pick<ValidationSetting, 'databases' | 'signal'>,
): Promise<Finding[]> {
  const { id } = manifest.snapshot;
  try {
    const found = await databases.verifySnapshot(id, signal);
    const problem = found.problems[0] ?? digestProblem(manifest, found.sha256);
    return [
      findingOf('snapshot-files', {
        examined: found.examined,
        detail: `${found.examined} files by ${found.method}`,
        ...(problem === undefined ? {} : { error: new ObjectDamagedError(id, problem), items: found.problems }),
      }),
    ];
  } catch (error) {
    if (!isAboutBackup(error)) throw error;
    return [findingOf('snapshot-files', { error, examined: 1 })];
  }
}

function digestProblem(manifest: SnapshotManifest, sha256: string | undefined): string | undefined {
  const recorded = manifest.snapshot.sha256;
  return recorded === sha256 ? undefined : 'its list of files is not the one recorded when it was taken';
}
