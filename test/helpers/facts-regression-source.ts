import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suitesFor, type Suite } from '../../local/postgres/fetch/suites.ts';
import type { PostgresPrograms } from '../../src/postgres/programs.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';

/** The directory src/test/regress of PostgreSQL's sources, its C functions compiled for this machine's server. */
export interface RegressionSource {
  readonly directory: string;
}

/** Modules that the tests load from their own directory. */
const MODULES = [
  { name: 'regress', file: 'src/test/regress/regress.c' },
  { name: 'refint', file: 'contrib/spi/refint.c' },
  { name: 'autoinc', file: 'contrib/spi/autoinc.c' },
];

/**
 * Fetches the distribution's source package of PostgreSQL and compiles what its regression tests need. Kept in
 * PGPROOF_CACHE, or else in the system's temporary directory; installs nothing and needs no root, only gcc.
 */
export async function regressionSource({ major, directory: binaries }: PostgresPrograms): Promise<RegressionSource> {
  const cache = process.env.PGPROOF_CACHE ?? join(tmpdir(), 'pgproof-cache');
  const kept = join(cache, `regression-${major}`);
  if (!existsSync(kept)) {
    await mkdir(cache, { recursive: true });
    const work = await mkdtemp(join(cache, 'unfinished-'));
    try {
      await build(work, major, await installedVersion(major, binaries));
      await rename(join(work, 'tree'), kept);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  return { directory: join(kept, 'src/test/regress') };
}

async function build(work: string, major: number, version: string | undefined): Promise<void> {
  const suites = suitesFor({
    osRelease: await readFile('/etc/os-release', 'utf8'),
    uris: await run('apt-get', ['update', '--print-uris']),
    hasFile: existsSync,
  });
  for (const suite of suites) {
    const apt = await openApt(join(work, `apt-${suite.name}`), suite);
    const versions = await apt.versions(`postgresql-${major}`);
    if (versions.length === 0) continue;
    // An archive may name a version whose files it no longer has.
    const wanted = [...versions.filter((each) => each === version), ...versions.filter((each) => each !== version)];
    const sources = await apt.first(wanted, (each) => ['source', '--download-only', `postgresql-${major}=${each}`]);
    const headers = await apt.first(wanted, (each) => ['download', `postgresql-server-dev-${major}=${each}`]);
    await compile(work, major, sources, headers);
    return;
  }
  throw new Error(`no release that this machine knows has the sources of PostgreSQL ${major}`);
}

async function compile(work: string, major: number, sources: string, headers: string): Promise<void> {
  const tree = join(work, 'tree');
  await mkdir(tree);
  await run('tar', ['-xf', await fileIn(sources, /\.orig\.tar\./), '-C', tree, '--strip-components=1']);
  await run('dpkg-deb', ['--extract', await fileIn(headers, /server-dev.*\.deb$/), join(work, 'dev')]);
  for (const { name, file } of MODULES) {
    const include = join(work, `dev/usr/include/postgresql/${major}/server`);
    const target = join(tree, 'src/test/regress', `${name}.so`);
    await run('gcc', ['-O1', '-fPIC', '-shared', '-DREFINT_VERBOSE', '-I', include, '-o', target, join(tree, file)]);
  }
  // The server reads data files from here as another user.
  await chmod(tree, 0o755);
}

interface Apt {
  versions(source: string): Promise<string[]>;
  /** The directory of the first download that succeeds. */
  first(versions: readonly string[], args: (version: string) => string[]): Promise<string>;
}

/** apt with a state of its own, for one release, sources included; signatures stay checked. */
async function openApt(directory: string, { lines }: Suite): Promise<Apt> {
  for (const name of ['state/lists/partial', 'cache/archives/partial', 'files']) await mkdir(join(directory, name), { recursive: true });
  await writeFile(join(directory, 'sources.list'), lines.flatMap((line) => [line, line.replace(/^deb /, 'deb-src ')]).join('\n'));
  await writeFile(join(directory, 'status'), '');
  const options = {
    'Dir::Etc::SourceList': join(directory, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State': join(directory, 'state'),
    'Dir::State::status': join(directory, 'status'),
    'Dir::Cache': join(directory, 'cache'),
    'Acquire::Languages': 'none',
    ...(process.getuid?.() === 0 ? { 'APT::Sandbox::User': 'root' } : {}),
  };
  const set = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  await run('apt-get', [...set, 'update']);
  return {
    versions: async (source) => {
      const text = await run('apt-cache', [...set, 'showsrc', source]).catch(() => '');
      return [...text.matchAll(/^Version: (\S+)$/gm)].map(([, version = '']) => version);
    },
    first: async (versions, args) => {
      const failures: unknown[] = [];
      for (const version of versions) {
        const files = await mkdtemp(join(directory, 'files', 'version-'));
        try {
          await run('apt-get', [...set, ...args(version)], files);
          return files;
        } catch (error) {
          failures.push(error);
        }
      }
      throw new AggregateError(failures, 'none of the versions that the archive names could be downloaded');
    },
  };
}

/** The package's version, to test a server with its own tests. */
async function installedVersion(major: number, binaries: string): Promise<string | undefined> {
  const list = join(binaries, '../../../../../packages.txt');
  if (existsSync(list)) {
    const name = new RegExp(`^postgresql-${major}_(.*)_[^_]*\\.deb$`, 'm').exec(await readFile(list, 'utf8'))?.[1];
    return name === undefined ? undefined : decodeURIComponent(name);
  }
  return await run('dpkg-query', ['-W', '-f', '${Version}', `postgresql-${major}`]).catch(() => undefined);
}

async function fileIn(directory: string, pattern: RegExp): Promise<string> {
  const name = (await readdir(directory)).find((each) => pattern.test(each));
  if (name === undefined) throw new Error(`${directory} has no ${pattern.source}`);
  return join(directory, name);
}

async function run(path: string, args: readonly string[], cwd?: string): Promise<string> {
  return (await runProgram({ path, args, ...(cwd === undefined ? {} : { cwd }), env: { LC_ALL: 'C' } })).stdout;
}
