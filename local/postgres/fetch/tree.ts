import { chmod, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PostgresInstallError, SubprocessError } from '../../../src/errors.ts';
import { runProgram } from '../../../src/postgres/subprocess.ts';

/** Unpacked packages under one root that are run without being installed. */
export interface Tree {
  readonly root: string;
  readonly major: number;
}

/** Of no use to programs. */
const NEEDLESS = ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/lintian', 'etc', 'var'];

export function binaries({ root, major }: Tree): string {
  return join(root, 'usr/lib/postgresql', String(major), 'bin');
}

/** Unpacks the packages; no script of theirs runs. */
export async function unpack(root: string, packages: readonly string[], signal?: AbortSignal): Promise<void> {
  for (const file of packages) {
    await runProgram({ path: 'dpkg-deb', args: ['--extract', file, root], ...(signal ? { signal } : {}) });
  }
  for (const name of NEEDLESS) await rm(join(root, name), { recursive: true, force: true });
  // PostgreSQL runs as another user than the one who unpacks it when that is root.
  await chmod(root, 0o755);
}

/**
 * Makes the programs run with the libraries of the tree, by the tree's own loader, wherever the tree is moved to. Each
 * program is set aside as NAME.elf behind a script; `--argv0` lets it find its sisters and their files as if the script
 * were itself. LD_LIBRARY_PATH would not do: a library of libc must meet the loader that it was built with.
 * @throws PostgresInstallError when a program needs a library that was not fetched
 */
export async function makeRunnable(tree: Tree): Promise<void> {
  const loading = await findLoader(tree.root);
  const directory = binaries(tree);
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (!(await isProgram(path))) continue;
    const lacking = await lackingLibraries(tree.root, loading, path);
    if (lacking.length > 0) throw new PostgresInstallError(`${name} lacks ${lacking.join(', ')}`);
    await rename(path, `${path}.elf`);
    await writeFile(path, wrapper(name, loading));
    await chmod(path, 0o755);
  }
  await dropBrokenModules(tree, loading);
}

/** The loader and the directories of libraries, relative to the root. */
interface Loading {
  readonly loader: string;
  readonly libraries: readonly string[];
}

function wrapper(name: string, { loader, libraries }: Loading): string {
  const path = libraries.map((directory) => `$root/${directory}`).join(':');
  return `#!/bin/sh
bin="\${0%/*}"
root="$bin/../../../../.."
exec "$root/${loader}" --library-path "${path}" --argv0 "$bin/${name}" "$bin/${name}.elf" "$@"
`;
}

/** Debian before 13 has libc in /lib, the rest in /usr/lib. */
async function findLoader(root: string): Promise<Loading> {
  const libraries: string[] = [];
  let loader: string | undefined;
  for (const parent of ['lib', 'usr/lib']) {
    for (const name of await readdir(join(root, parent)).catch(() => [])) {
      if (!/-linux-gnu/.test(name)) continue;
      const directory = `${parent}/${name}`;
      libraries.push(directory);
      const file = (await readdir(join(root, directory))).find((entry) => /^ld-linux.*\.so\.\d+$/.test(entry));
      loader ??= file === undefined ? undefined : `${directory}/${file}`;
    }
  }
  if (loader !== undefined) return { loader, libraries };
  throw new PostgresInstallError(`the packages unpacked in ${root} hold no program loader`);
}

/**
 * A module whose libraries were not fetched would fail the first query that needs it; without the module the server
 * does without. That is how JIT compilation is left out: its library is not fetched.
 */
async function dropBrokenModules({ root, major }: Tree, loading: Loading): Promise<void> {
  const directory = join(root, 'usr/lib/postgresql', String(major), 'lib');
  for (const name of await readdir(directory)) {
    if (!name.endsWith('.so')) continue;
    const lacking = await lackingLibraries(root, loading, join(directory, name));
    if (lacking.length > 0) await rm(join(directory, name));
  }
}

/**
 * The libraries that a file needs and the tree does not have. The loader also looks in the machine's own directories:
 * what it finds there counts as lacking, for it was built with another libc and may be gone tomorrow.
 */
async function lackingLibraries(root: string, { loader, libraries }: Loading, file: string): Promise<string[]> {
  const path = libraries.map((library) => join(root, library)).join(':');
  const args = ['--inhibit-cache', '--library-path', path, '--list', file];
  const listed = await runProgram({ path: join(root, loader), args }).catch((error: unknown) => {
    // The loader stops at the first library that is nowhere at all.
    const missing = error instanceof SubprocessError && NOWHERE.exec(error.failure.stderr)?.[1];
    if (missing) return missing;
    throw error;
  });
  if (typeof listed === 'string') return [listed];
  const lines = listed.stdout.split('\n').filter((line) => line.includes('=>') && !line.includes(`=> ${root}/`));
  // The loader names itself with the path that was built into programs.
  return lines.map((line) => line.trim().split(' ')[0] ?? '').filter((name) => !name.includes('ld-linux'));
}

const NOWHERE = /error while loading shared libraries: ([^:]+): cannot open shared object file/;

async function isProgram(path: string): Promise<boolean> {
  if (!(await stat(path)).isFile()) return false;
  const handle = await open(path);
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46]));
  } finally {
    await handle.close();
  }
}
