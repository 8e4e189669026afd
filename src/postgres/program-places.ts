import { access, constants, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Where packages put PostgreSQL's programs without putting them on PATH. */
const USUAL_PLACES: readonly string[] = [
  '/usr/lib/postgresql/*/bin', // Debian, Ubuntu
  '/usr/pgsql-*/bin', // PostgreSQL's own packages for Red Hat
  '/usr/lib/postgresql*/bin', // SUSE
  '/usr/libexec/postgresql*', // Alpine
  '/opt/homebrew/opt/postgresql@*/bin', // Homebrew on Apple silicon
  '/opt/homebrew/opt/postgresql/bin',
  '/opt/homebrew/opt/libpq/bin',
  '/usr/local/opt/postgresql@*/bin', // Homebrew on Intel
  '/usr/local/opt/postgresql/bin',
  '/usr/local/opt/libpq/bin',
  '/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin',
  '/Applications/Postgres.app/Contents/Versions/*/bin',
  '/Library/PostgreSQL/*/bin', // EDB's installer
  '/usr/local/pgsql/bin', // built from source
  '/opt/pgproof/postgresql/*/usr/lib/postgresql/*/bin', // the worker's image
];

/** Directories, symbolic links resolved, that hold pg_dump or postgres themselves: those of PATH first. */
export async function binaryDirectories(path: string, places = USUAL_PLACES): Promise<string[]> {
  const directories = new Set<string>();
  for (const folder of path.split(':')) {
    if (folder === '') continue;
    for (const program of ['pg_dump', 'postgres']) await addHomeOf(join(folder, program), directories);
  }
  for (const place of places) {
    for (const folder of await expand(place)) {
      for (const program of ['pg_dump', 'postgres']) await addHomeOf(join(folder, program), directories);
    }
  }
  return [...directories];
}

/**
 * Follows links to the program itself. Debian's /usr/bin/pg_dump leads to a script of another name that picks a version
 * by rules of its own: that is no home of PostgreSQL, and the usual places have the real one.
 */
async function addHomeOf(program: string, directories: Set<string>): Promise<void> {
  try {
    const real = await realpath(program);
    await access(real, constants.X_OK);
    if (basename(real) === basename(program)) directories.add(dirname(real));
  } catch {
    // Not there, or not for this user: the same as not installed.
  }
}

async function expand(place: string): Promise<string[]> {
  let found = ['/'];
  for (const part of place.split('/').filter((name) => name !== '')) {
    found = (await Promise.all(found.map((folder) => matching(folder, part)))).flat();
  }
  return found;
}

async function matching(folder: string, part: string): Promise<string[]> {
  if (!part.includes('*')) return [join(folder, part)];
  const [begin = '', end = ''] = part.split('*');
  const names = await readdir(folder).catch(() => []);
  const fits = (name: string) =>
    name.length >= begin.length + end.length && name.startsWith(begin) && name.endsWith(end);
  return names.filter(fits).map((name) => join(folder, name));
}
