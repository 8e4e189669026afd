import { createHash } from 'node:crypto';
import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InstanceRefusedError } from '../../errors.ts';
import { makeOpenDirectory } from './open-directory.ts';

/** The unprivileged user that PostgreSQL's server programs run under when this process is root, which they refuse. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** In this order: the user that packages make for PostgreSQL, then the one that every Unix has. */
const USERS = ['postgres', '_postgres', 'nobody'];
const NOBODY: Identity = { uid: 65_534, gid: 65_534 };

/** Undefined when this process is not root: then it runs PostgreSQL as itself. */
export async function serverIdentity(): Promise<Identity | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  return identityFrom(await readFile('/etc/passwd', 'utf8').catch(() => ''));
}

/** Picks from the text of /etc/passwd; never root, whatever the entry says. */
export function identityFrom(passwd: string): Identity {
  const entries = passwd.split('\n').map((line) => line.split(':'));
  for (const user of USERS) {
    const entry = entries.find(([name]) => name === user);
    const [uid, gid] = [Number(entry?.[2]), Number(entry?.[3])];
    if (entry && Number.isInteger(uid) && Number.isInteger(gid) && uid > 0 && gid > 0) return { uid, gid };
  }
  return NOBODY;
}

/**
 * Where clusters are to be: in `home` itself, or, when the server's identity cannot reach that (a home under /root), in a
 * directory of /var/tmp that belongs to this home alone. Makes `home` where it is missing, and resolves symbolic links.
 */
export async function dataRoot(home: string, identity: Identity | undefined, fallback = '/var/tmp'): Promise<string> {
  await makeOpenDirectory(home);
  const real = await realpath(home);
  if (!identity || (await isReachable(real, identity))) return real;
  return join(fallback, `pgproof-${createHash('sha256').update(real).digest('hex').slice(0, 16)}`);
}

/**
 * Makes a directory outside of `home`. Every level is closed to listing by others; only the data directories below it
 * are given to the identity.
 * @throws InstanceRefusedError when somebody else has made it, or could write to it
 */
export async function makeOutsideDirectory(directory: string, identity: Identity | undefined): Promise<void> {
  await makeOpenDirectory(directory);
  const found = await lstat(directory);
  const isOurs = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
  if (isOurs && (!identity || (await isReachable(directory, identity)))) return;
  throw new InstanceRefusedError(`${directory} cannot hold clusters: it belongs to another user or is closed`, {
    hint: `ls -ld ${directory}`,
  });
}

/** True when the identity may enter the directory and every directory above it. */
async function isReachable(directory: string, identity: Identity): Promise<boolean> {
  for (let level = directory; ; level = dirname(level)) {
    if (!mayEnter(await stat(level), identity)) return false;
    if (level === dirname(level)) return true;
  }
}

/** Entering a directory takes its x bit; the first class that fits decides, as in the kernel. */
function mayEnter(directory: { mode: number; uid: number; gid: number }, { uid, gid }: Identity): boolean {
  if (directory.uid === uid) return (directory.mode & 0o100) !== 0;
  if (directory.gid === gid) return (directory.mode & 0o010) !== 0;
  return (directory.mode & 0o001) !== 0;
}
