import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { ConfigurationError, ObjectDamagedError } from '../../src/errors.ts';
import { ownerName } from '../../src/owner.ts';
import { syncDirectory } from '../store/durable.ts';
import { entriesIn, UNBORN } from './instance-record.ts';
import type { Places } from './places.ts';

/**
 * The log of one cluster: whole segments, and a record of them with the SHA-256 of each, so that a segment that is
 * missing or altered is known before a recovery comes to it. `archives/<database>/<system identifier>/`.
 */
const WalArchive = z.strictObject({
  kind: z.literal('pgproof wal archive'),
  database: z.string(),
  systemIdentifier: z.string().regex(/^\d+$/),
  major: z.number().int(),
  segmentBytes: z.number().int().positive(),
  segments: z.record(z.string().regex(/^[0-9A-F]{24}$/), z.string().regex(/^[0-9a-f]{64}$/)),
  /** The latest commit in the segments, ISO 8601 with microseconds. */
  lastCommit: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
});
export type WalArchive = z.infer<typeof WalArchive>;

export const ARCHIVE_RECORD = 'archive.json';

export type ArchivePlace = Pick<WalArchive, 'database' | 'systemIdentifier'>;

export function archiveDirectory(places: Places, { database, systemIdentifier }: ArchivePlace): string {
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(database) || !/^\d+$/.test(systemIdentifier)) {
    throw new ConfigurationError([`${JSON.stringify(database)} is no name of a database in pgproof.yml`]);
  }
  return join(places.archives, database, systemIdentifier);
}

/** As errors name a segment, and where it lies in the home. */
export function segmentKey({ database, systemIdentifier }: ArchivePlace, segment: string): string {
  return `archives/${database}/${systemIdentifier}/${segment}`;
}

/** @throws ObjectDamagedError when there is a record and it does not read as one */
export async function readArchive(places: Places, place: ArchivePlace): Promise<WalArchive | undefined> {
  const text = await readFile(join(archiveDirectory(places, place), ARCHIVE_RECORD), 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  });
  if (text === undefined) return undefined;
  const record = WalArchive.safeParse(parseJson(text));
  const isOwn = record.success && record.data.database === place.database && record.data.systemIdentifier === place.systemIdentifier;
  if (isOwn) return record.data;
  throw new ObjectDamagedError(segmentKey(place, ARCHIVE_RECORD), 'does not read as the record of this archive');
}

/** Every archive of a database, that of the latest commit first. */
export async function listArchives(places: Places, database: string): Promise<WalArchive[]> {
  const names = (await entriesIn(join(places.archives, database))).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(names.map((systemIdentifier) => readArchive(places, { database, systemIdentifier })));
  const archives = found.filter((archive) => archive !== undefined);
  return archives.sort((one, other) => (one.lastCommit < other.lastCommit ? 1 : -1));
}

/** Replaces the record in one step; the segments that it names are on disk already. */
export async function writeArchive(places: Places, archive: WalArchive): Promise<void> {
  const directory = archiveDirectory(places, archive);
  const unfinished = join(directory, unfinishedName());
  await writeFile(unfinished, `${JSON.stringify(archive, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(unfinished, join(directory, ARCHIVE_RECORD));
  await syncDirectory(directory);
}

export async function makeArchiveDirectory(places: Places, place: ArchivePlace): Promise<string> {
  const directory = archiveDirectory(places, place);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return directory;
}

/** Named after its owner, so that a sweep knows whether anybody is still at it. */
export function unfinishedName(): string {
  return `${UNBORN}${ownerName()}-${randomBytes(6).toString('hex')}`;
}

/** The name of the segment that holds a position of the log. */
export function segmentAt(lsn: string, timeline: number, segmentBytes: number): string {
  const [high = '0', low = '0'] = lsn.split('/');
  const number = ((BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)) / BigInt(segmentBytes);
  return segmentName(number, timeline, segmentBytes);
}

/** All names from the first to the last, whether or not there are such segments. */
export function segmentsBetween(first: string, last: string, segmentBytes: number): string[] {
  const timeline = Number.parseInt(first.slice(0, 8), 16);
  const [begin, end] = [numberOf(first, segmentBytes), numberOf(last, segmentBytes)];
  const names: string[] = [];
  for (let number = begin; number <= end; number += 1n) names.push(segmentName(number, timeline, segmentBytes));
  return names;
}

function segmentName(number: bigint, timeline: number, segmentBytes: number): string {
  const perFile = 0x1_0000_0000n / BigInt(segmentBytes);
  return [BigInt(timeline), number / perFile, number % perFile].map((part) => part.toString(16).toUpperCase().padStart(8, '0')).join('');
}

function numberOf(segment: string, segmentBytes: number): bigint {
  const perFile = 0x1_0000_0000n / BigInt(segmentBytes);
  return BigInt(`0x${segment.slice(8, 16)}`) * perFile + BigInt(`0x${segment.slice(16)}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
