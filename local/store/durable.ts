import { constants } from 'node:fs';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Only the owner may look into backups: they hold every row of the database. */
export const DIRECTORY_MODE = 0o700;
export const FILE_MODE = 0o600;

/** Makes a directory and its parents; each is on disk, entry in its parent included, when this returns. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
  if (first === undefined) return;
  for (let made = path; made !== dirname(first); made = dirname(made)) await syncDirectory(dirname(made));
}

/** Puts the entries of a directory on disk: a file's own fsync does not do that. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface WrittenFile {
  readonly bytes: number;
  readonly modifiedAt: Date;
  /** Names the file itself, whatever it is linked or renamed to. */
  readonly inode: string;
}

/**
 * Writes a new file chunk by chunk, each awaited before the next is pulled, and puts it on disk. On any error nothing
 * is left under `path` and the error, the body's own or the file system's, is thrown unchanged.
 */
export async function writeNewFile(path: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<WrittenFile> {
  const handle = await open(path, 'wx', FILE_MODE);
  try {
    for await (const chunk of chunks) await writeWhole(handle, chunk);
    await handle.sync();
    const { size, mtime, ino } = await handle.stat({ bigint: true });
    return { bytes: Number(size), modifiedAt: mtime, inode: String(ino) };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** write(2) may take less than it was given, at the edge of a full disk in particular. */
async function writeWhole(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let written = 0;
  while (written < chunk.length) written += (await handle.write(chunk, written)).bytesWritten;
}
