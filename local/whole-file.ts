import { randomUUID } from 'node:crypto';
import { link, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory, writeNewFile } from './store/durable.ts';

/**
 * Creates a small file that readers see whole or not at all, and only if the name is free.
 * @returns false when the name is taken; nothing is changed
 */
export async function createWholeFile(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}.tmp`;
  await writeNewFile(draft, [Buffer.from(text)]);
  try {
    await link(draft, path);
    await syncDirectory(dirname(path));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}
