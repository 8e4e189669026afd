import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Suite } from '../../local/postgres/fetch/suites.ts';
import type { PostgresPrograms } from '../../src/postgres/programs.ts';

/** A signed archive of Debian packages on this machine's disk, made of the PostgreSQL that is installed here. */
export interface PackageArchive {
  readonly suite: Suite;
  /** Changes the lists after they were signed, or puts them back. */
  tamper(isTampered: boolean): void;
  remove(): void;
}

const CLIENT = /^(pg_dump|pg_dumpall|pg_restore|psql|pg_basebackup|pg_verifybackup)$/;

export function makeArchive(programs: PostgresPrograms): PackageArchive {
  const root = mkdtempSync(join(tmpdir(), 'pgproof-archive-'));
  const architecture = run('dpkg', ['--print-architecture']).trim();
  const major = programs.major;
  const home = join(programs.directory, '..');
  const server = readdirSync(programs.directory).filter((name) => !CLIENT.test(name));
  const client = readdirSync(programs.directory).filter((name) => CLIENT.test(name));
  const bin = `usr/lib/postgresql/${major}/bin`;
  const share = `usr/share/postgresql/${major}`;
  const copies = (names: string[]) => names.map((name) => [join(programs.directory, name), join(bin, name)] as const);
  const packages = {
    [`postgresql-${major}`]: {
      depends: `postgresql-client-${major}, libnothing1 | libeverything1, libeverything1, locales, postgresql-common`,
      files: [...copies(server), [join(home, 'lib'), join(bin, '../lib')] as const, [`/${share}`, share] as const],
    },
    [`postgresql-client-${major}`]: { depends: 'libeverything1', files: copies(client) },
    libeverything1: { depends: '', files: librariesOf(programs.directory) },
  };
  const listed = Object.entries(packages).map(([name, { depends, files }]) => {
    const tree = join(root, 'trees', name);
    for (const [from, to] of files) cpSync(from, join(tree, to), { recursive: true, dereference: true });
    return build(root, tree, { Package: name, Architecture: architecture, ...(depends ? { Depends: depends } : {}) });
  });
  const lists = join(root, `dists/test/main/binary-${architecture}`);
  mkdirSync(lists, { recursive: true });
  writeFileSync(join(lists, 'Packages'), listed.join('\n'));
  const key = sign(root, join(lists, 'Packages'), architecture);
  return {
    suite: { name: 'test', lines: [`deb [signed-by=${key}] file:${root} test main`] },
    tamper: (isTampered) => {
      const text = listed.join('\n');
      writeFileSync(join(lists, 'Packages'), isTampered ? text.replace('Version: 1', 'Version: 2') : text);
    },
    remove: () => rmSync(root, { recursive: true }),
  };
}

/** The libraries that the programs and modules need, but for those of the query compiler, and the loader. */
function librariesOf(directory: string): (readonly [string, string])[] {
  const modules = readdirSync(join(directory, '../lib')).filter((name) => name.endsWith('.so') && name !== 'llvmjit.so');
  const files = [
    ...readdirSync(directory).map((name) => join(directory, name)),
    ...modules.map((name) => join(directory, '../lib', name)),
  ];
  const listed = new Set(run('ldd', files).match(/\/\S*\/lib\S*\.so\S*|\/lib\S*\/ld-linux\S*\.so\.\d+/g) ?? []);
  return [...listed]
    .filter((file) => !file.endsWith(':') && !file.includes('/postgresql/') && existsSync(file))
    .map((file) => [realpathSync(file), `lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/${basename(file)}`]);
}

function build(root: string, tree: string, fields: Record<string, string>): string {
  const about = { ...fields, Version: '1', Maintainer: 'nobody <nobody@example.org>', Description: 'for a test' };
  const control = Object.entries(about).map(([name, value]) => `${name}: ${value}\n`).join('');
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  writeFileSync(join(tree, 'DEBIAN/control'), control);
  const file = `${fields.Package}_1_${fields.Architecture}.deb`;
  run('dpkg-deb', ['-Znone', '--root-owner-group', '--build', tree, join(root, file)]);
  const bytes = readFileSync(join(root, file));
  return `${control}Filename: ./${file}\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}\n`;
}

/** Signs the lists with a key made for it, and returns the file of its public half. */
function sign(root: string, lists: string, architecture: string): string {
  const [keys, release, key] = [join(root, 'gpg'), join(root, 'dists/test/Release'), join(root, 'key.gpg')];
  mkdirSync(keys, { mode: 0o700 });
  const gpg = (...args: string[]) => run('gpg', ['--homedir', keys, '--batch', '--pinentry-mode', 'loopback', ...args]);
  const bytes = readFileSync(lists);
  const about = `Suite: test\nCodename: test\nComponents: main\nArchitectures: ${architecture}\n`;
  const date = 'Date: Wed, 01 Jan 2025 00:00:00 UTC\n';
  const sums = `SHA256:\n ${sha256(bytes)} ${bytes.length} main/binary-${architecture}/Packages\n`;
  writeFileSync(release, about + date + sums);
  try {
    gpg('--passphrase', '', '--quick-generate-key', 'test@example.org', 'ed25519', 'sign', 'never');
    gpg('--output', key, '--export');
    gpg('--passphrase', '', '--output', join(root, 'dists/test/InRelease'), '--clearsign', release);
  } finally {
    run('gpgconf', ['--homedir', keys, '--kill', 'all']);
  }
  rmSync(release);
  return key;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function run(program: string, args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 26 });
}
