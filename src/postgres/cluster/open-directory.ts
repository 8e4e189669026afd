import { chmod, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a directory, and its parents, that others may pass through: PostgreSQL runs as another user when we are root.
 * The mode is set on whatever is made here, whatever this process's umask is; what was there before stays as it is.
 */
export async function makeOpenDirectory(path: string, mode: 0o711 | 0o755 = 0o711): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made !== dirname(first); made = dirname(made)) await chmod(made, mode);
}
