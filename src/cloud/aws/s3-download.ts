import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { StoreReadError } from '../../errors.ts';
import { getError, type ObjectName } from './s3-errors.ts';

/** One version of an object, as it was when reading began. */
export interface ObjectVersion extends ObjectName {
  readonly bytes: number;
  readonly etag: string | undefined;
  readonly versionId: string | undefined;
}

/** How often in a row the connection may break without a byte in between. */
const MAX_BREAKS = 5;

/**
 * The bytes of one version from first to last. A connection that breaks, as long ones do, is taken up again at the
 * byte where it broke; the entity tag makes sure that it is the same object.
 */
export async function* download(client: S3Client, version: ObjectVersion, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  let position = 0;
  let breaks = 0;
  while (position < version.bytes) {
    const begin = position;
    try {
      for await (const chunk of open(client, version, position, signal)) {
        position += chunk.length;
        yield chunk;
        signal?.throwIfAborted();
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!isBroken(error)) throw getError(version, error);
      breaks = position > begin ? 1 : breaks + 1;
      if (breaks >= MAX_BREAKS) throw getError(version, error);
      continue;
    }
    if (position < version.bytes) breaks = position > begin ? 1 : breaks + 1;
    if (position > version.bytes || breaks >= MAX_BREAKS) {
      throw new StoreReadError(version.key, `cannot read ${version.key}: got ${position} of ${version.bytes} bytes`);
    }
  }
}

async function* open(
  client: S3Client,
  { bucket, key, etag, versionId }: ObjectVersion,
  position: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  const { Body } = await client.send(
    new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      IfMatch: etag,
      VersionId: versionId,
      ...(position > 0 ? { Range: `bytes=${position}-` } : {}),
    }),
    signal ? { abortSignal: signal } : {},
  );
  const stream = Body as Readable;
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } finally {
    // Whoever stops early must not hold the connection.
    stream.destroy();
  }
}

/** The connection broke, as opposed to S3 answering with an error. */
function isBroken(error: unknown): boolean {
  const { code, name, $metadata } = error as { code?: string; name?: string; $metadata?: { httpStatusCode?: number } };
  if ($metadata?.httpStatusCode !== undefined) return $metadata.httpStatusCode >= 500;
  return ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code ?? '') || name === 'TimeoutError';
}
