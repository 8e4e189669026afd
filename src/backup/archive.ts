import * as z from 'zod';
import type { ObjectStore } from '../cloud/object-store.ts';
import { ObjectDamagedError, PgproofError } from '../errors.ts';
import type { Facts } from '../facts/facts.ts';
import { describeDamage, hashing, sha256Of, StreamHasher, type StreamDigest } from './digest.ts';
import { parseManifest, type DumpManifest, type Manifest, type StoredFile } from './manifest.ts';

/**
 * Reads stored files against what the manifest says of them. Nothing that fails here is ever passed on as if it were
 * whole: small files are checked before they are returned, the archive when its stream ends.
 */

/** @throws ObjectNotFoundError, ObjectDamagedError when the bytes are not those the manifest recorded */
export async function readBound(store: ObjectStore, file: StoredFile): Promise<string> {
  const bytes = await readAll(store, file.key);
  if (bytes.byteLength !== file.bytes) {
    const how = bytes.byteLength < file.bytes ? 'is truncated' : 'is longer than recorded';
    throw new ObjectDamagedError(file.key, `${how}: ${bytes.byteLength} instead of ${file.bytes} bytes`);
  }
  if (sha256Of(bytes) !== file.sha256) {
    throw new ObjectDamagedError(file.key, 'does not have the SHA-256 in the manifest: altered or swapped');
  }
  return new TextDecoder().decode(bytes);
}

/**
 * @param expectedSha256 what it was when it was validated, if that is known
 * @throws ObjectNotFoundError, ObjectDamagedError
 */
export async function readManifest(
  store: ObjectStore,
  key: string,
  expectedSha256?: string,
): Promise<{ manifest: Manifest; sha256: string; bytes: number }> {
  const bytes = await readAll(store, key);
  const sha256 = sha256Of(bytes);
  const manifest = parseManifest(key, new TextDecoder().decode(bytes));
  if (expectedSha256 !== undefined && sha256 !== expectedSha256) {
    throw new ObjectDamagedError(key, 'is not the manifest that was validated: altered since');
  }
  return { manifest, sha256, bytes: bytes.byteLength };
}

/**
 * Streams the archive and compares every byte with the manifest. The stream ends normally only if all of it was as
 * recorded; otherwise it throws after the last byte, so that a consumer which waits for the end cannot miss it.
 * @throws ObjectNotFoundError, ObjectDamagedError naming the part that differs
 */
export async function* readArchive(
  store: ObjectStore,
  archive: DumpManifest['archive'],
  options: { signal?: AbortSignal; onDigest?: (digest: StreamDigest) => void } = {},
): AsyncGenerator<Uint8Array, void> {
  const hasher = new StreamHasher(archive.partBytes);
  yield* hashing(await store.read(archive.key, options.signal), hasher);
  const found = hasher.digest();
  options.onDigest?.(found);
  const damage = describeDamage(archive, found, archive.partBytes);
  if (damage) throw new ObjectDamagedError(archive.key, damage);
}

async function readAll(store: ObjectStore, key: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await store.read(key)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Parses facts that a digest has vouched for.
 * @throws ObjectDamagedError when they are none: then what wrote the digest was wrong too
 */
export function parseFacts(key: string, text: string): Facts {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ObjectDamagedError(key, 'is not JSON', { cause });
  }
  const parsed = FactsShape.safeParse(json);
  if (!parsed.success) throw new ObjectDamagedError(key, `holds no facts: ${parsed.error.issues[0]?.path.join('.')}`);
  return json as Facts;
}

/** As much of the shape as tells facts from anything else; what is in them is for the checks to judge. */
const FactsShape = z.looseObject({
  format: z.literal(1),
  scope: z.enum(['structure', 'rows', 'content']),
  server: z.looseObject({ major: z.number(), database: z.string() }),
  tables: z.array(z.looseObject({ schema: z.string(), name: z.string() })),
  sets: z.record(z.string(), z.record(z.string(), z.string())),
  sequences: z.array(z.unknown()),
});

/** True for errors that say something about the stored backup, not about the attempt to read it. */
export function isAboutBackup(error: unknown): error is PgproofError {
  return error instanceof PgproofError && error.origin === 'backup';
}
