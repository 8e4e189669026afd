import { PgproofError, StoreReadError, StoreWriteError } from '../../src/errors.ts';

/** The file is not there, or what should be a directory on its way is a file. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Names the object and says what to do; our own errors pass through. */
export function writeError(key: string, root: string, error: unknown): Error {
  if (error instanceof PgproofError) return error;
  const [problem, hint] = PROBLEMS[codeOf(error) ?? ''] ?? [String((error as Error).message), LOOK];
  return new StoreWriteError(key, `cannot write ${key}: ${problem}`, {
    cause: error,
    hint: hint.replaceAll('ROOT', `'${root}'`),
  });
}

export function readError(key: string, error: unknown): Error {
  if (error instanceof PgproofError) return error;
  return new StoreReadError(key, `cannot read ${key}: ${String((error as Error).message)}`, { cause: error });
}

const LOOK = 'look at the directory: ls -la ROOT';
const PROBLEMS: Readonly<Record<string, readonly [problem: string, hint: string]>> = {
  ENOSPC: ['the disk is full', 'make room or choose another place with --home: df -h ROOT; df -i ROOT'],
  EDQUOT: ['the disk quota is used up', 'make room or choose another place with --home: quota -s; du -sh ROOT'],
  EACCES: ['permission denied', 'give the user that runs pgproof the directory: ls -ld ROOT; id'],
  EPERM: ['not permitted, or the file system has no hard links', 'choose another place with --home: df -T ROOT'],
  EROFS: ['the file system is read-only', 'choose another place with --home: findmnt --target ROOT'],
  EXDEV: ['the bucket spans two file systems', 'keep it on one, see: findmnt --target ROOT'],
  EFBIG: ['the file is larger than the file system or a limit allows', 'raise the limit: ulimit -f; df -T ROOT'],
  EEXIST: ['a directory of that name holds other objects', LOOK],
  EISDIR: ['a directory of that name holds other objects', LOOK],
  ENOTDIR: ['an object is stored where its directory should be', LOOK],
};

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
