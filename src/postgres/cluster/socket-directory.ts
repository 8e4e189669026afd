import { createHash } from 'node:crypto';

/**
 * The directory of a cluster's socket. Its name follows from the cluster's own, so that it is found without any record;
 * it is in /tmp whatever TMPDIR says, because the path of a socket may have no more than 107 bytes.
 */
export function socketDirectoryOf(directory: string): string {
  const name = createHash('sha256').update(directory).digest('hex');
  return `/tmp/pgproof-${name.slice(0, 16)}`;
}
