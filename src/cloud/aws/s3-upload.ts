import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3';
import { StoreWriteError } from '../../errors.ts';
import type { ObjectName } from './s3-errors.ts';
import { checksumOf, encodeChecksum, MAX_PARTS, type Part } from './s3-parts.ts';

export interface UploadTarget extends ObjectName {
  readonly ifAbsent: boolean;
  /** Sent with the object: its type and who wrote it. */
  readonly headers: { readonly ContentType: string; readonly Metadata: Record<string, string> };
}

/** Bytes of parts that may be under way at once; at least one part always is. */
const BYTES_IN_FLIGHT = 24 * 1024 * 1024;
const MAX_IN_FLIGHT = 3;

/** One multipart upload. Whoever makes one calls `complete` or `abort`, whatever happens in between. */
export class MultipartUpload {
  readonly #client: S3Client;
  readonly #target: UploadTarget;
  readonly #uploadId: string;
  /** Stops what is under way, and whoever waits for more to send. */
  readonly #stop: AbortController;
  /** Gets the memory of parts that were sent. */
  readonly #spare: Uint8Array[];
  readonly #parts: CompletedPart[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  /** S3's error about a part, when it was that which stopped the upload. */
  failure: unknown;
  #bytes = 0;
  #checksum = 0;

  private constructor(client: S3Client, target: UploadTarget, uploadId: string, stop: AbortController, spare: Uint8Array[]) {
    this.#client = client;
    this.#target = target;
    this.#uploadId = uploadId;
    this.#stop = stop;
    this.#spare = spare;
  }

  static async begin(
    client: S3Client,
    target: UploadTarget,
    stop: AbortController,
    spare: Uint8Array[],
  ): Promise<MultipartUpload> {
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({
        ...nameOf(target),
        ...target.headers,
        ChecksumAlgorithm: 'CRC32',
        ChecksumType: 'FULL_OBJECT',
      }),
    );
    if (UploadId === undefined) throw new StoreWriteError(target.key, `cannot write ${target.key}: S3 named no upload`);
    return new MultipartUpload(client, target, UploadId, stop, spare);
  }

  /** Begins to send a part; waits while enough others are under way. A part that fails aborts `stop` with its error. */
  async add(part: Part): Promise<void> {
    if (part.number > MAX_PARTS) {
      throw new StoreWriteError(this.#target.key, `cannot write ${this.#target.key}: more than ${MAX_PARTS} parts`, {
        hint: 'the database grew while it was dumped, run it again: parts are sized by the size of the database',
      });
    }
    const limit = Math.min(MAX_IN_FLIGHT, Math.max(1, Math.floor(BYTES_IN_FLIGHT / part.bytes.length)));
    while (this.#inFlight.size >= limit) await Promise.race(this.#inFlight);
    this.#stop.signal.throwIfAborted();
    this.#bytes += part.bytes.length;
    this.#checksum = checksumOf(part.bytes, this.#checksum);
    const sending: Promise<void> = this.#send(part)
      .catch((error: unknown) => {
        if (this.#stop.signal.aborted) return; // it was stopped, it did not fail
        this.failure = error;
        this.#stop.abort(error);
      })
      .finally(() => this.#inFlight.delete(sending));
    this.#inFlight.add(sending);
  }

  /** S3 compares the whole object's checksum and size with ours before the object appears. */
  async complete(): Promise<{ bytes: number; versionId?: string | undefined }> {
    await Promise.all(this.#inFlight);
    this.#stop.signal.throwIfAborted();
    // Without the signal: a completion that is given up on may still happen.
    const { VersionId } = await this.#client.send(
      new CompleteMultipartUploadCommand({
        ...nameOf(this.#target),
        UploadId: this.#uploadId,
        MultipartUpload: { Parts: this.#parts.toSorted((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0)) },
        ChecksumCRC32: encodeChecksum(this.#checksum),
        ChecksumType: 'FULL_OBJECT',
        MpuObjectSize: this.#bytes,
        ...(this.#target.ifAbsent ? { IfNoneMatch: '*' } : {}),
      }),
    );
    return { bytes: this.#bytes, versionId: VersionId };
  }

  /**
   * Removes the parts sent so far, after those under way have ended: one that arrives later would stay. Never throws,
   * because the error that led here is the one to report; what is left over is removed by the bucket's lifecycle rule.
   */
  async abort(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#inFlight);
    const command = new AbortMultipartUploadCommand({ ...nameOf(this.#target), UploadId: this.#uploadId });
    await this.#client.send(command).catch(() => undefined);
  }

  async #send({ number, bytes }: Part): Promise<void> {
    const ChecksumCRC32 = encodeChecksum(checksumOf(bytes));
    const { ETag } = await this.#client.send(
      new UploadPartCommand({
        ...nameOf(this.#target),
        UploadId: this.#uploadId,
        PartNumber: number,
        Body: bytes,
        ContentLength: bytes.length,
        ChecksumCRC32,
      }),
      { abortSignal: this.#stop.signal },
    );
    this.#parts.push({ PartNumber: number, ETag, ChecksumCRC32 });
    this.#spare.push(bytes);
  }
}

function nameOf({ bucket, key }: ObjectName): { Bucket: string; Key: string } {
  return { Bucket: bucket, Key: key };
}
