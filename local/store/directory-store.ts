import { constants } from 'node:fs';
import { link, lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readBody } from '../../src/cloud/object-body.ts';
import { checkObjectKey, compareKeys } from '../../src/cloud/object-key.ts';
import type { ObjectBody, ObjectStore, PutOptions, StoredObject } from '../../src/cloud/object-store.ts';
import { InvalidKeyError, ObjectExistsError, ObjectNotFoundError } from '../../src/errors.ts';
import type { EventQueue } from '../events.ts';
import { makeDirectory, syncDirectory, writeNewFile, type WrittenFile } from './durable.ts';
import { isMissing, readError, writeError } from './faults.ts';
import { isUnfinished, sweepUnfinishedFiles, unfinishedName, UNFINISHED } from './unfinished.ts';

export interface DirectoryStoreOptions {
  /** The bucket: the object `a/b` is the file `<root>/a/b`. Made when first needed. */
  readonly root: string;
  /** Told of each object that lands, as EventBridge is by S3. Without it nobody is told. */
  readonly events?: EventQueue;
}

/**
 * The bucket as a plain directory. An object is written to `<root>/.unfinished`, put on disk, and appears under its key
 * in one step: link(2) for `ifAbsent`, which the kernel lets only one of many processes win, otherwise rename(2).
 */
export class DirectoryStore implements ObjectStore {
  readonly #root: string;
  readonly #events: EventQueue | undefined;

  constructor({ root, events }: DirectoryStoreOptions) {
    this.#root = root;
    this.#events = events;
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<StoredObject> {
    const path = this.#pathOf(key);
    // Only a courtesy to a large body; what decides is the link below.
    if (options.ifAbsent && (await this.head(key))) throw new ObjectExistsError(key);
    const bodyErrors = new Set<unknown>();
    try {
      await makeDirectory(join(this.#root, UNFINISHED));
      const temporary = join(this.#root, UNFINISHED, unfinishedName());
      const written = await writeNewFile(temporary, remember(readBody(body, options.signal), bodyErrors));
      await this.#land(key, temporary, path, written, options);
      return { key, bytes: written.bytes, modifiedAt: written.modifiedAt };
    } catch (error) {
      if (bodyErrors.has(error) || options.signal?.aborted) throw error;
      throw writeError(key, this.#root, error);
    }
  }

  async read(key: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    signal?.throwIfAborted();
    const path = this.#pathOf(key);
    // Opened again by the first pull: a stream that nobody ever pulls must not hold a descriptor.
    await (await this.#openFile(key, path)).close();
    return this.#chunks(key, path, signal);
  }

  async head(key: string): Promise<StoredObject | undefined> {
    const path = this.#pathOf(key);
    try {
      const found = await lstat(path);
      return found.isFile() ? { key, bytes: found.size, modifiedAt: found.mtime } : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw readError(key, error);
    }
  }

  async *list(prefix: string): AsyncGenerator<StoredObject, void> {
    yield* this.#listDirectory('', prefix);
  }

  /**
   * Removes what killed processes left behind and delivers the events they had not got round to. For the start of a
   * program; the files of processes that are still alive are left alone.
   *
   * @returns how many unfinished files were removed
   */
  async sweepUnfinished(): Promise<number> {
    // Events first: a leftover still holds the inode by which a landing is told from none.
    await this.#events?.settleUnfinished(async (key) => {
      const found = await lstat(this.#pathOf(key), { bigint: true }).catch(() => undefined);
      return found?.isFile() ? String(found.ino) : undefined;
    });
    return sweepUnfinishedFiles(join(this.#root, UNFINISHED));
  }

  #pathOf(key: string): string {
    checkObjectKey(key);
    if (isUnfinished(key)) throw new InvalidKeyError(key, `begins with ${UNFINISHED}, where unfinished writes are kept`);
    return join(this.#root, ...key.split('/'));
  }

  async #land(key: string, temporary: string, path: string, written: WrittenFile, options: PutOptions): Promise<void> {
    try {
      await makeDirectory(dirname(path));
      const notice = await this.#events?.announce({ key, ...written });
      try {
        options.signal?.throwIfAborted();
        await (options.ifAbsent ? linkNew(key, temporary, path) : rename(temporary, path));
      } catch (error) {
        await notice?.withdraw();
        throw error;
      }
      await syncDirectory(dirname(path));
      await notice?.publish();
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async #openFile(key: string, path: string) {
    try {
      // Without O_NONBLOCK a pipe left in the bucket would hang the reader for ever.
      const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      if ((await handle.stat()).isFile()) return handle;
      await handle.close();
    } catch (error) {
      if (!isMissing(error)) throw readError(key, error);
    }
    throw new ObjectNotFoundError(key, { hint: `ls -l '${dirname(path)}'` });
  }

  async *#chunks(key: string, path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
    const handle = await this.#openFile(key, path);
    try {
      const { size } = await handle.stat();
      let position = 0;
      while (position < size) {
        signal?.throwIfAborted();
        const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, size - position));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, position).catch((error: unknown) => {
          throw readError(key, error);
        });
        if (bytesRead === 0) throw readError(key, new Error(`it was cut to ${position} of ${size} bytes meanwhile`));
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  }

  async *#listDirectory(directory: string, prefix: string): AsyncGenerator<StoredObject, void> {
    for (const name of await this.#namesIn(directory)) {
      const key = directory + name;
      if (isUnfinished(key)) continue;
      if (name.endsWith('/')) {
        if (key.startsWith(prefix) || prefix.startsWith(key)) yield* this.#listDirectory(key, prefix);
      } else if (key.startsWith(prefix)) {
        const found = await this.head(key);
        if (found) yield found;
      }
    }
  }

  /** Files as `name`, directories as `name/`: sorted so, the keys below come out in S3's order. */
  async #namesIn(directory: string): Promise<string[]> {
    try {
      const entries = await readdir(join(this.#root, directory), { withFileTypes: true });
      return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).toSorted(compareKeys);
    } catch (error) {
      if (isMissing(error)) return [];
      throw readError(directory, error);
    }
  }
}

/** Large enough that the loop costs nothing, small enough that many streams fit in memory. */
const READ_BYTES = 128 * 1024;

async function linkNew(key: string, temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EEXIST' && !(await lstat(path)).isDirectory();
    throw taken ? new ObjectExistsError(key, { cause: error }) : error;
  }
}

/** Passes chunks on and remembers the body's own error, which must reach the caller as it is. */
async function* remember(body: AsyncIterable<Uint8Array>, errors: Set<unknown>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body;
  } catch (error) {
    errors.add(error);
    throw error;
  }
}
