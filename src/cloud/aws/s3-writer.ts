import { randomUUID } from 'node:crypto';
import { HeadObjectCommand, PutObjectCommand, type HeadObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { ObjectExistsError } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { ObjectBody, PutOptions } from '../object-store.ts';
import { putError, type ObjectName } from './s3-errors.ts';
import { checksumOf, encodeChecksum, readParts, type Part } from './s3-parts.ts';
import { MultipartUpload, type UploadTarget } from './s3-upload.ts';
import { nameOf } from './service-errors.ts';

export interface Written {
  readonly bytes: number;
  readonly versionId?: string | undefined;
}

const DEFAULT_PART_BYTES = 16 * 1024 * 1024;

/** Names the put that wrote an object, so that a put whose answer was lost can recognise its own work. */
const WRITE_ID = 'pgproof-write';

/** Writes one object: a body that fits one part by one PutObject, a larger one by a multipart upload. */
export class ObjectWriter {
  readonly #client: S3Client;
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #target: UploadTarget;
  readonly #options: PutOptions;
  /** Aborted by the caller's signal and by a part that fails: both must end the wait for a silent body. */
  readonly #stop = new AbortController();

  constructor(client: S3Client, clock: Pick<Clock, 'sleep'>, name: ObjectName, options: PutOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#options = options;
    this.#target = {
      ...name,
      ifAbsent: options.ifAbsent ?? false,
      headers: { ContentType: contentTypeOf(name.key), Metadata: { [WRITE_ID]: randomUUID() } },
    };
  }

  async write(body: ObjectBody): Promise<Written> {
    const { signal, partBytes = DEFAULT_PART_BYTES } = this.#options;
    const forward = (): void => {
      this.#stop.abort(signal?.reason);
    };
    if (signal?.aborted) forward();
    signal?.addEventListener('abort', forward, { once: true });
    const spare: Uint8Array[] = [];
    const parts = readParts(body, partBytes, this.#stop.signal, spare);
    try {
      const { value: first } = await parts.next();
      if (!first) throw new RangeError('a body has at least one part');
      return await (first.last ? this.#putWhole(first.bytes) : this.#putParts(first, parts, spare));
    } finally {
      signal?.removeEventListener('abort', forward);
      await parts.return();
    }
  }

  async #putWhole(bytes: Uint8Array): Promise<Written> {
    this.#stop.signal.throwIfAborted();
    const { ifAbsent, headers } = this.#target;
    const command = new PutObjectCommand({
      ...this.#key(),
      ...headers,
      Body: bytes,
      ContentLength: bytes.length,
      ChecksumAlgorithm: 'CRC32',
      ChecksumCRC32: encodeChecksum(checksumOf(bytes)),
      ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
    });
    for (let attempt = 1; ; attempt += 1) {
      try {
        // Without the signal: a request that is given up on may still be carried out.
        const { VersionId } = await this.#client.send(command);
        return { bytes: bytes.length, versionId: VersionId };
      } catch (error) {
        // While another writer's object is on its way there is no telling yet whether it will be there.
        if (nameOf(error) !== 'ConditionalRequestConflict' || attempt === 5) return await this.#settle(error);
        await this.#clock.sleep(200 * attempt, this.#options.signal);
      }
    }
  }

  async #putParts(first: Part, rest: AsyncIterable<Part>, spare: Uint8Array[]): Promise<Written> {
    const upload = await MultipartUpload.begin(this.#client, this.#target, this.#stop, spare).catch((error: unknown) => {
      throw putError(this.#target, error);
    });
    try {
      await upload.add(first);
      for await (const part of rest) await upload.add(part);
    } catch (error) {
      await upload.abort();
      // Only S3's own errors are translated: the body's and the caller's belong to the caller.
      throw error === upload.failure ? putError(this.#target, error) : error;
    }
    try {
      return await upload.complete();
    } catch (error) {
      await upload.abort();
      if (this.#options.signal?.aborted) throw error;
      return await this.#settle(error);
    }
  }

  /**
   * A write failed, or only its answer was lost: S3 may have carried it out, and a retry of the SDK then meets its own
   * object and is told that it exists. The object itself says whose it is.
   */
  async #settle(error: unknown): Promise<Written> {
    const found = await this.#find();
    const writeId = this.#target.headers.Metadata[WRITE_ID];
    if (found?.Metadata?.[WRITE_ID] === writeId) return { bytes: found?.ContentLength ?? 0, versionId: found?.VersionId };
    if (found && this.#target.ifAbsent) throw new ObjectExistsError(this.#target.key, { cause: error });
    throw putError(this.#target, error);
  }

  async #find(): Promise<HeadObjectCommandOutput | undefined> {
    try {
      return await this.#client.send(new HeadObjectCommand(this.#key()));
    } catch {
      return undefined; // not there, or not to be asked: the error of the write says more
    }
  }

  #key(): { Bucket: string; Key: string } {
    return { Bucket: this.#target.bucket, Key: this.#target.key };
  }
}

/** So that the console and a browser show reports instead of saving them. */
function contentTypeOf(key: string): string {
  if (key.endsWith('.json')) return 'application/json';
  if (key.endsWith('.html')) return 'text/html; charset=utf-8';
  return key.endsWith('.sql') ? 'text/plain; charset=utf-8' : 'application/octet-stream';
}
