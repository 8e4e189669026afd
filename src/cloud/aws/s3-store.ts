import { HeadObjectCommand, paginateListObjectsV2, type HeadObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { ObjectNotFoundError } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import { checkObjectKey } from '../object-key.ts';
import type { ObjectBody, ObjectStore, PutOptions, StoredObject } from '../object-store.ts';
import { download } from './s3-download.ts';
import { getError, isNotFound } from './s3-errors.ts';
import { ObjectWriter } from './s3-writer.ts';

export interface S3StoreOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly clock: Clock;
}

/**
 * The bucket in S3. Objects carry checksums that S3 verifies before they appear, and `If-None-Match: *` when they must
 * be new. Reading pins the version that was newest when it began.
 */
export class S3Store implements ObjectStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #clock: Clock;

  constructor({ client, bucket, clock }: S3StoreOptions) {
    this.#client = client;
    this.#bucket = bucket;
    this.#clock = clock;
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<StoredObject> {
    checkObjectKey(key);
    const writer = new ObjectWriter(this.#client, this.#clock, { bucket: this.#bucket, key }, options);
    const { bytes, versionId } = await writer.write(body);
    return storedObject(key, { ContentLength: bytes, LastModified: this.#clock.now(), VersionId: versionId });
  }

  async read(key: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    signal?.throwIfAborted();
    const found = await this.#find(key);
    if (!found) throw new ObjectNotFoundError(key, { hint: `aws s3 ls 's3://${this.#bucket}/${key}'` });
    const { ContentLength: bytes = 0, ETag: etag, VersionId: versionId } = found;
    // Opened by the first pull: a stream that nobody pulls must not hold a connection.
    return download(this.#client, { bucket: this.#bucket, key, bytes, etag, versionId }, signal);
  }

  async head(key: string): Promise<StoredObject | undefined> {
    const found = await this.#find(key);
    return found && storedObject(key, found);
  }

  async *list(prefix: string): AsyncGenerator<StoredObject, void> {
    try {
      for await (const page of paginateListObjectsV2({ client: this.#client }, { Bucket: this.#bucket, Prefix: prefix })) {
        for (const { Key, Size, LastModified } of page.Contents ?? []) {
          if (Key !== undefined) yield storedObject(Key, { ContentLength: Size, LastModified });
        }
      }
    } catch (error) {
      throw getError({ bucket: this.#bucket, key: `${prefix}*` }, error);
    }
  }

  async #find(key: string): Promise<HeadObjectCommandOutput | undefined> {
    checkObjectKey(key);
    try {
      return await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw getError({ bucket: this.#bucket, key }, error);
    }
  }
}

type Answer = {
  readonly [field in 'ContentLength' | 'LastModified' | 'VersionId']?: HeadObjectCommandOutput[field] | undefined;
};

function storedObject(key: string, { ContentLength, LastModified, VersionId }: Answer): StoredObject {
  return {
    key,
    bytes: ContentLength ?? 0,
    modifiedAt: LastModified ?? new Date(0),
    ...(VersionId === undefined ? {} : { versionId: VersionId }),
  };
}
