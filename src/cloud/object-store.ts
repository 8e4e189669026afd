/**
 * The bucket. Keys are slash-separated, never begin with a slash and are documented in docs/format.md.
 * Every implementation passes the suite in test/store.
 */
export interface ObjectStore {
  /**
   * Writes one object; readers see all of it or nothing.
   *
   * The body is pulled with back-pressure and held in memory only a part at a time. When the body throws, or `signal`
   * aborts, the upload is aborted, nothing is visible under `key`, and the body's own error is rethrown unchanged.
   *
   * @throws ObjectExistsError when `ifAbsent` and the key is taken; nothing is changed
   * @throws StoreWriteError when the store cannot keep the bytes (full, quota, permission)
   */
  put(key: string, body: ObjectBody, options?: PutOptions): Promise<StoredObject>;

  /**
   * Opens an object for reading from its first byte. The stream errors with StoreReadError when it breaks off early.
   * @throws ObjectNotFoundError
   */
  read(key: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>;

  /** Size and time of an object, or undefined when there is none. */
  head(key: string): Promise<StoredObject | undefined>;

  /** All objects whose key begins with `prefix`, in key order. Unfinished uploads are never listed. */
  list(prefix: string): AsyncIterable<StoredObject>;
}

export type ObjectBody = string | Uint8Array | AsyncIterable<Uint8Array>;

export interface PutOptions {
  /** Refuse to replace: the object must not exist yet (S3 `If-None-Match: *`). */
  readonly ifAbsent?: boolean;
  /** Bytes per part of a multipart upload; a hint for stores that have parts. At least 5 MiB. */
  readonly partBytes?: number;
  readonly signal?: AbortSignal;
}

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
  /** The store's name for this very version of the object, where it has one. */
  readonly versionId?: string;
}
