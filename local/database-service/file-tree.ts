import { constants } from 'node:fs';
import { chmod, copyFile, lchown, mkdir, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { SnapshotUnsupportedError } from '../../src/errors.ts';
import type { Identity } from '../../src/postgres/cluster/identity.ts';

/** Gives a directory and everything in it to the server's identity; links are given, not followed. */
export async function giveTree(root: string, identity: Identity | undefined, signal?: AbortSignal): Promise<void> {
  if (!identity) return;
  for await (const { path } of walk(root, signal)) await lchown(path, identity.uid, identity.gid);
  await lchown(root, identity.uid, identity.gid);
}

/**
 * Copies a data directory, sharing the blocks on disk where the file system can. Only its owner may enter the copy.
 * @throws SnapshotUnsupportedError on anything that is neither file nor directory: a link would lead out of the copy
 */
export async function copyTree(
  from: string,
  to: string,
  { identity, signal }: { identity: Identity | undefined; signal?: AbortSignal },
): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  for await (const { path, kind } of walk(from, signal)) {
    const target = join(to, path.slice(from.length));
    if (kind === 'directory') await mkdir(target, { mode: 0o700 });
    else if (kind === 'file') await copyFile(path, target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    else throw new SnapshotUnsupportedError(`${path} is neither a file nor a directory`, { hint: `ls -l ${path}` });
    if (kind === 'file') await chmod(target, 0o600);
  }
  await giveTree(to, identity, signal);
}

interface Entry {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'other';
}

/** Everything below `root`, a directory before what is in it. */
async function* walk(root: string, signal: AbortSignal | undefined): AsyncGenerator<Entry> {
  for await (const entry of await opendir(root)) {
    signal?.throwIfAborted();
    const path = join(root, entry.name);
    const kind = entry.isDirectory() ? 'directory' : entry.isFile() ? 'file' : 'other';
    yield { path, kind };
    if (kind === 'directory') yield* walk(path, signal);
  }
}
