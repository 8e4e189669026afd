import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { inspectDirectory, type PostgresPrograms } from '../../src/postgres/programs.ts';

/**
 * An installation of PostgreSQL that lacks one extension. A server looks for its files relative to where its program
 * lies, so a copy of the programs with links to everything else is an installation of its own.
 */
export async function withoutExtension(
  programs: PostgresPrograms,
  extension: string,
): Promise<{ programs: PostgresPrograms; remove: () => Promise<void> }> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'pgproof-poor-')));
  await chmod(root, 0o755);
  const [bindir, sharedir, libdir] = ['--bindir', '--sharedir', '--pkglibdir'].map((what) =>
    execFileSync(programs.path('pg_config'), [what], { encoding: 'utf8' }).trim(),
  ) as [string, string, string];
  const top = commonDirectory([bindir, sharedir, libdir]);
  const moved = (path: string) => join(root, relative(top, path));
  await cp(programs.directory, moved(bindir), { recursive: true });
  await mkdir(dirname(moved(libdir)), { recursive: true });
  await symlink(libdir, moved(libdir));
  await mkdir(join(moved(sharedir), 'extension'), { recursive: true });
  for (const directory of [sharedir, join(sharedir, 'extension')]) {
    for (const name of await readdir(directory)) {
      const isLeftOut = name === 'extension' || name.startsWith(`${extension}--`) || name === `${extension}.control`;
      if (!isLeftOut) await symlink(join(directory, name), moved(join(directory, name)));
    }
  }
  const poor = await inspectDirectory(moved(bindir));
  if (!poor) throw new Error(`${moved(bindir)} is no installation`);
  return { programs: poor, remove: () => rm(root, { recursive: true, force: true }) };
}

function commonDirectory([first = '', ...others]: readonly string[]): string {
  let top = dirname(first);
  while (!others.every((path) => path.startsWith(`${top}/`))) top = dirname(top);
  return top;
}
