import { backupKey, dumpKey } from '../../src/backup/manifest.ts';
import { readManifest } from '../../src/backup/archive.ts';
import { commitSnapshot } from '../../src/backup/snapshot.ts';
import { readValidation, type Validation } from '../../src/backup/validation.ts';
import type { BackupKind } from '../../src/drill/contract.ts';
import { ConfigurationError, NoBackupError } from '../../src/errors.ts';
import { describeAddress, parseAddress, type Address } from '../../src/postgres/address.ts';
import { formatBytes } from '../format.ts';
import { deliverEvents, nameNow, stopIfAsked, type Session } from '../session.ts';

/** A backup as the command line reports it. */
export interface BackupReport {
  readonly backup: { readonly id: string; readonly kind: BackupKind; readonly bytes: number; readonly sha256: string };
  readonly validation: { readonly status: Validation['status'] };
}

/** Streams a dump of the source into the bucket and waits for the validation that its landing sets off. */
export async function backUpDump(session: Session, database: string): Promise<BackupReport> {
  const { laptop, console, tasks, signal } = session;
  const backupId = nameNow(laptop);
  console.say(`dump ${backupId} of ${database}: streaming pg_dump into the bucket`);
  await tasks.run({ verb: 'dump', database, backupId }, signal);
  const { manifest } = await readManifest(laptop.store, dumpKey({ database, backupId }, 'manifest.json'));
  if (manifest.kind !== 'dump') throw new NoBackupError(`${backupId} is not a dump`);
  const { bytes, sha256 } = manifest.archive;
  console.say(`dump ${backupId}: ${formatBytes(bytes)}, ${manifest.tables.length} tables; validating what landed`);
  const status = await validated(session, { kind: 'dump', database, backupId });
  return { backup: { id: backupId, kind: 'dump', bytes, sha256 }, validation: { status } };
}

/** Copies the running cluster of the source, between two readings of its structure. */
export async function backUpSnapshot(session: Session, database: string, source: Address): Promise<BackupReport> {
  const { laptop, console, tasks, signal } = session;
  const snapshotId = `s${nameNow(laptop).toLowerCase()}`;
  console.say(`snapshot ${snapshotId} of ${database}: copying the running cluster`);
  await tasks.run({ verb: 'snapshot-facts', database, snapshotId, moment: 'begin' }, signal);
  await laptop.databases.createSnapshot({ snapshotId, database, source, tags: {}, signal });
  await tasks.run({ verb: 'snapshot-facts', database, snapshotId, moment: 'end' }, signal);
  const { snapshot } = await commitSnapshot({ database, snapshotId }, laptop);
  console.say(`snapshot ${snapshotId}: ${formatBytes(snapshot.bytes)}; validating what landed`);
  const status = await validated(session, { kind: 'snapshot', database, backupId: snapshotId });
  const { bytes, sha256 = '' } = snapshot;
  return { backup: { id: snapshotId, kind: 'snapshot', bytes, sha256 }, validation: { status } };
}

async function validated(
  session: Session,
  place: { kind: BackupKind; database: string; backupId: string },
): Promise<Validation['status']> {
  stopIfAsked(session.signal);
  await deliverEvents(session);
  const validation = await readValidation(session.laptop.store, place);
  if (!validation) {
    throw new NoBackupError(`${backupKey(place, 'manifest.json')} landed and was not validated`, {
      hint: 'run the command again: the event of its landing is still in the queue',
    });
  }
  session.console.say(`${place.kind} ${place.backupId}: ${validation.status}`);
  return validation.status;
}

export interface SourceChoice {
  readonly source?: string | undefined;
  readonly database?: string | undefined;
}

/**
 * Which database is meant and where it is: `--source`, or the source of `--database` (or of the only one) in pgproof.yml.
 * Under `--source` alone the database is called as it is inside the server.
 * @throws ConfigurationError naming the option that is missing or wrong
 */
export function chooseSource(session: Session, choice: SourceChoice): { database: string; address: Address } {
  const { config } = session.laptop;
  const named = choice.database ?? (choice.source === undefined ? onlyName(Object.keys(config.databases)) : undefined);
  const url = choice.source ?? configuredUrl(session, named ?? '');
  const address = parseAddress(url, choice.source === undefined ? `databases.${named}.source` : '--source');
  const database = named ?? nameFrom(address.database);
  session.sources.set(database, url);
  session.console.say(`source: ${describeAddress(address)}, kept as ${database}`);
  return { database, address };
}

function onlyName(names: readonly string[]): string {
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  const expected = only === undefined ? 'a postgres:// URL, or --config FILE that names a database' : `--database, one of ${names.join(', ')}`;
  throw new ConfigurationError([`--source: expected ${expected}`], {
    hint: 'npx pgproof backup --source postgres://user@host:5432/database',
  });
}

function configuredUrl({ laptop }: Session, name: string): string {
  const entry = laptop.config.databases[name];
  if (!entry) throw new ConfigurationError([`--database: ${JSON.stringify(name)} is not in ${laptop.configFile ?? 'pgproof.yml'}`]);
  const { source } = entry;
  if (source?.url !== undefined) return source.url;
  if (source?.env === undefined) throw new ConfigurationError([`databases.${name}.source: expected url or env`]);
  const url = process.env[source.env];
  if (url !== undefined) return url;
  throw new ConfigurationError([`databases.${name}.source.env: the environment variable ${source.env} is not set`]);
}

/** A database's name inside the server, as a name for keys. */
function nameFrom(database: string): string {
  const name = database.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '').slice(0, 40);
  if (name !== '') return name;
  throw new ConfigurationError([`--database: expected a name of a-z, 0-9 and -, because ${JSON.stringify(database)} gives none`]);
}
