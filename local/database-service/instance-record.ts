import { lstat, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { ConfigurationError } from '../../src/errors.ts';
import { makeOpenDirectory } from '../../src/postgres/cluster/open-directory.ts';
import { ownerName } from '../../src/owner.ts';

/** What is kept of a throwaway instance beside its data, so that any later process can find and destroy it. */
export const instanceRecordSchema = z.strictObject({
  kind: z.literal('pgproof throwaway instance'),
  instanceId: z.string(),
  status: z.enum(['creating', 'available', 'deleting', 'failed']),
  detail: z.string().optional(),
  createdAt: z.iso.datetime(),
  tags: z.record(z.string(), z.string()),
  /** The process that made it and is expected to destroy it. */
  owner: z.string(),
  superuser: z.string(),
  major: z.number().int(),
  port: z.number().int().optional(),
  /** The snapshot it was restored from. */
  snapshotId: z.string().optional(),
});
export type InstanceRecord = z.infer<typeof instanceRecordSchema>;

export const RECORD = 'instance.json';
/** Begins the name of a directory that is not yet an instance; no instance id begins so. */
export const UNBORN = '.new-';

/** Ids become names of directories: nothing else may come of them. */
export function checkId(id: string, what: 'instance' | 'snapshot'): string {
  if (/^[a-z][a-z0-9-]{0,62}$/.test(id)) return id;
  throw new ConfigurationError([
    `${JSON.stringify(id)} is no ${what} id: expected a letter, then up to 62 of a-z, 0-9 and -`,
  ]);
}

/**
 * Claims the directory of a new instance, its record already in it. False when the id is taken: of many processes that
 * ask at once exactly one gets true.
 */
export async function claimInstance(instances: string, record: InstanceRecord): Promise<boolean> {
  const unborn = join(instances, `${UNBORN}${ownerName()}-${randomBytes(6).toString('hex')}`);
  await makeOpenDirectory(unborn);
  try {
    await writeRecord(unborn, record);
    await rename(unborn, join(instances, record.instanceId));
    return true;
  } catch (error) {
    await rm(unborn, { recursive: true, force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  }
}

/** Replaces the record in one step. Fails when the directory is gone: nothing brings back what was destroyed. */
export async function writeRecord(directory: string, record: InstanceRecord): Promise<void> {
  const unfinished = join(directory, `${RECORD}.${randomBytes(6).toString('hex')}`);
  await writeFile(unfinished, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(unfinished, join(directory, RECORD));
}

/**
 * The record of the instance in this directory; undefined when there is no such directory, or an empty one (the very
 * last moment of a deletion).
 * @throws ConfigurationError when the directory holds something that is no instance of ours
 */
export async function readRecord(directory: string, instanceId: string): Promise<InstanceRecord | undefined> {
  const found = await lstat(directory).catch((error: unknown) => absent(error));
  if (!found) return undefined;
  const text = found.isDirectory() ? await readFile(join(directory, RECORD), 'utf8').catch(absent) : '';
  if (text === undefined && (await readdir(directory)).length === 0) return undefined;
  const record = instanceRecordSchema.safeParse(parseJson(text ?? ''));
  if (record.success && record.data.instanceId === instanceId) return record.data;
  throw new ConfigurationError([`${directory} is no throwaway instance of pgproof and is left alone`], {
    hint: `ls -la ${directory}`,
  });
}

/** The names in a directory; none when it was not made yet. */
export async function entriesIn(directory: string): Promise<string[]> {
  return (await readdir(directory).catch((error: unknown) => absent(error))) ?? [];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
