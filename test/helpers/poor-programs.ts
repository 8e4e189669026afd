import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { inspectDirectory, type PostgresPrograms } from '../../src/postgres/programs.ts';

/**
 * An installation of PostgreSQL that lacks one extension. A server looks for its files relative to where its program
 * lies, so a copy of the programs below links to everything else is an installation of its own.
 */
export async function withoutExtension(
  programs: PostgresPrograms,
  extension: string,
): Promise<{ programs: PostgresPrograms; remove: () => Promise<void> }> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'pgproof-poor-')));
  await chmod(root, 0o755);
  const bindir = programs.directory;
  const extensions = join(await locate(programs, bindir, '--sharedir'), 'extension');
  // One level above what they have in common: a program may be started by a loader that lies beside.
  const top = dirname(commonDirectory([bindir, extensions]));
  await mirror(top, root, [bindir, extensions]);
  const copied = join(root, relative(top, bindir));
  await cp(bindir, copied, { recursive: true });
  const lacking = join(root, relative(top, extensions));
  await mkdir(lacking);
  for (const name of await readdir(extensions)) {
    const isLeftOut = name.startsWith(`${extension}--`) || name === `${extension}.control`;
    if (!isLeftOut) await symlink(join(extensions, name), join(lacking, name));
  }
  const poor = await inspectDirectory(copied);
  if (!poor) throw new Error(`${copied} is no installation`);
  return { programs: poor, remove: () => rm(root, { recursive: true, force: true }) };
}

/** Where the installation keeps something, as seen from its programs: one that was moved names its old place. */
async function locate(programs: PostgresPrograms, bindir: string, what: string): Promise<string> {
  const ask = (question: string) => execFileSync(programs.path('pg_config'), [question], { encoding: 'utf8' }).trim();
  const moved = join(bindir, relative(ask('--bindir'), ask(what)));
  return await realpath(moved).catch(() => ask(what));
}

/** Links everything below `from` into `to`, except the places left free and the directories that lead to them. */
async function mirror(from: string, to: string, free: readonly string[]): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    const path = join(from, name);
    if (free.includes(path)) continue;
    if (free.some((each) => each.startsWith(`${path}/`))) await mirror(path, join(to, name), free);
    else await symlink(path, join(to, name));
  }
}

function commonDirectory([first = '', ...others]: readonly string[]): string {
  let top = dirname(first);
  while (!others.every((path) => path.startsWith(`${top}/`))) top = dirname(top);
  return top;
}
