import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { execFileSync } from 'node:child_process';
import { sha256Of, StreamHasher } from '../../src/backup/digest.ts';
import { dumpKey, type DumpManifest } from '../../src/backup/manifest.ts';
import { readValidation, type Validation } from '../../src/backup/validation.ts';
import { validate } from '../../functions/validate/handler.ts';
import { addressEnvironment } from '../../src/postgres/address.ts';
import type { TestHome } from './home.ts';
import type { Source } from './source.ts';

/** A backup of a database, by its places in the store. */
export interface Place {
  readonly database: string;
  readonly backupId: string;
}

/**
 * Lays a backup into the store whose archive is not the one its facts belong to, but whose manifest knows nothing of that:
 * every digest is right; or whose globals are not. Such is what a faulty backup job leaves. Returns what validation says of it when it lands.
 */
export async function forgeBackup(
  home: TestHome,
  from: Place,
  to: Place,
  archive: Uint8Array,
  changeGlobals = (sql: string): string => sql,
): Promise<Validation> {
  const file = (place: Place, name: string) => home.file(place.database, place.backupId, name);
  const manifest = JSON.parse(await readFile(file(from, 'manifest.json'), 'utf8')) as DumpManifest;
  await mkdir(dirname(file(to, 'manifest.json')), { recursive: true });
  const globals = Buffer.from(changeGlobals(await readFile(file(from, 'globals.sql'), 'utf8')));
  const hasher = new StreamHasher(manifest.archive.partBytes);
  hasher.update(archive);
  const forged: DumpManifest = {
    ...manifest,
    ...to,
    archive: { ...manifest.archive, ...hasher.digest(), parts: [], key: dumpKey(to, 'archive.dump') },
    globals: { key: dumpKey(to, 'globals.sql'), bytes: globals.length, sha256: sha256Of(globals) },
    facts: { ...manifest.facts, key: dumpKey(to, 'facts.json') },
  };
  const again = new StreamHasher(manifest.archive.partBytes);
  again.update(archive);
  forged.archive.parts = [...again.digest().parts];
  await writeFile(file(to, 'globals.sql'), globals);
  await writeFile(file(to, 'facts.json'), await readFile(file(from, 'facts.json')));
  await writeFile(file(to, 'archive.dump'), archive);
  await writeFile(file(to, 'manifest.json'), `${JSON.stringify(forged, null, 2)}\n`);
  await validate(landing(dumpKey(to, 'manifest.json')), home.laptop);
  const validation = await readValidation(home.laptop.store, { kind: 'dump', ...to });
  if (!validation) throw new Error(`${to.backupId} was not validated`);
  return validation;
}

/** Makes a result of validation say `valid`, as if whoever validated had looked away. */
export async function overrule(home: TestHome, place: Place): Promise<void> {
  const path = home.file(place.database, place.backupId, 'validation.json');
  const validation = JSON.parse(await readFile(path, 'utf8')) as Validation;
  const findings = validation.findings.slice(0, 1).map((finding) => ({ ...finding, status: 'passed', examined: 1 }));
  await writeFile(path, JSON.stringify({ ...validation, status: 'valid', findings }));
}

/** What pg_dump prints for these arguments. */
export function dumpWith(source: Source, database: string, ...args: readonly string[]): Buffer {
  const env = { ...process.env, ...addressEnvironment(source.address(database)) };
  return execFileSync(source.programs.path('pg_dump'), args, { env, maxBuffer: 1 << 28 });
}

function landing(key: string): unknown {
  return {
    ...{ version: '0', id: 'e', 'detail-type': 'Object Created', source: 'aws.s3', account: '0', time: '2026-11-20T02:00:00Z' },
    ...{ region: 'local', resources: [], detail: { version: '0', bucket: { name: 'b' }, object: { key, size: 1 } } },
  };
}
