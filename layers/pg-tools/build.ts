import { chmod, copyFile, cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { machineSuites } from '../../local/postgres/fetch.ts';
import { PrivateApt } from '../../local/postgres/fetch/apt.ts';
import type { Suite } from '../../local/postgres/fetch/suites.ts';
import { binaries, unpack } from '../../local/postgres/fetch/tree.ts';
import { ConfigurationError, describeError, PostgresInstallError } from '../../src/errors.ts';

/**
 * Builds the Lambda layer with PostgreSQL's client programs from Debian's signed packages, for any architecture on
 * Debian, without root. Lambda unpacks it to /opt, where /opt/bin is on PATH; it runs wherever it is put,
 * because it brings its own loader and libraries.
 *
 *     node layers/pg-tools/build.ts [arm64|x86_64]
 */

/** The newest client reads archives of all majors before it. Which packages exactly is noted in packages.txt. */
const MAJOR = 18;
const RELEASE = 'forky';

/** Lambda's names for architectures, and what Debian calls them. */
const ARCHITECTURES = {
  arm64: { debian: 'arm64', libraries: 'aarch64-linux-gnu', loader: 'ld-linux-aarch64.so.1' },
  x86_64: { debian: 'amd64', libraries: 'x86_64-linux-gnu', loader: 'ld-linux-x86-64.so.2' },
} as const;
type Architecture = keyof typeof ARCHITECTURES;

const PROGRAMS = ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql'] as const;
const BUILD = join(import.meta.dirname, 'build');

/** @returns the directory whose content is the layer's */
export async function buildLayer(architecture: Architecture, build = BUILD): Promise<string> {
  const { debian } = ARCHITECTURES[architecture];
  const work = join(build, `.work-${architecture}-${process.pid}`);
  try {
    await mkdir(join(work, 'apt'), { recursive: true });
    await mkdir(join(work, 'tree'));
    const apt = new PrivateApt(join(work, 'apt'));
    await apt.open(await suiteNamed(RELEASE), debian);
    const files = await apt.download(await apt.closure([`postgresql-client-${MAJOR}`]));
    await unpack(join(work, 'tree'), files);
    await assemble(architecture, join(work, 'tree'), join(work, 'layer'));
    const packages = files.map((file) => basename(file)).toSorted();
    await writeFile(join(work, 'layer/pg-tools/packages.txt'), `${packages.join('\n')}\n`);
    const finished = join(build, architecture);
    await rm(finished, { recursive: true, force: true });
    await rename(join(work, 'layer'), finished);
    return finished;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** @throws PostgresInstallError where apt is set up for no archive of Debian's */
export async function suiteNamed(name: string): Promise<Suite> {
  const suite = (await machineSuites()).find((each) => each.name === name);
  if (suite) return suite;
  throw new PostgresInstallError(`this machine's apt knows no archive that has Debian ${name}`, {
    hint: 'build the layer on Debian, where apt-get update works',
  });
}

async function assemble(architecture: Architecture, tree: string, layer: string): Promise<void> {
  const { libraries, loader } = ARCHITECTURES[architecture];
  for (const directory of ['bin', 'pg-tools/lib', 'pg-tools/programs']) await mkdir(join(layer, directory), { recursive: true });
  const from = join(tree, 'usr/lib', libraries);
  for (const name of await readdir(from)) {
    // Under the names that programs ask for, and as files: a zip of links depends on who unpacks it.
    if (/\.so(\.\d+)?$/.test(name)) await cp(join(from, name), join(layer, 'pg-tools/lib', name), { dereference: true });
  }
  for (const name of PROGRAMS) {
    await copyFile(join(binaries({ root: tree, major: MAJOR }), name), join(layer, 'pg-tools/programs', name));
    await writeFile(join(layer, 'bin', name), wrapper(name, loader));
    for (const path of [join('bin', name), join('pg-tools/programs', name)]) await chmod(join(layer, path), 0o755);
  }
  await chmod(join(layer, 'pg-tools/lib', loader), 0o755);
}

/** Only the shell's own means: Lambda's image has little else. `--argv0` lets pg_dumpall find the pg_dump beside it. */
function wrapper(name: string, loader: string): string {
  return `#!/bin/sh
root="\${0%/*}/../pg-tools"
exec "$root/lib/${loader}" --inhibit-cache --library-path "$root/lib" --argv0 "$0" "$root/programs/${name}" "$@"
`;
}

if (import.meta.main) {
  const [wanted = 'arm64'] = process.argv.slice(2);
  try {
    if (!(wanted in ARCHITECTURES)) throw new ConfigurationError([`${wanted}: expected arm64 or x86_64`]);
    process.stdout.write(`${await buildLayer(wanted as Architecture)}\n`);
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    process.exitCode = 1;
  }
}
