import { chmod, copyFile, cp, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildLayer, suiteNamed } from '../../layers/pg-tools/build.ts';
import { PrivateApt } from '../../local/postgres/fetch/apt.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { packageService } from '../package/packaging.ts';
import { readZipEntries } from '../package/zip.ts';

const PROGRAMS = ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql'];

/** Here and not under `npm test`, because it downloads packages. */
describe('the layer of client programs', () => {
  let build: string;
  let layers: { arm64: string; x86_64: string };
  beforeAll(async () => {
    build = await mkdtemp(join(tmpdir(), 'pgproof-layer-'));
    layers = { arm64: await buildLayer('arm64', build), x86_64: await buildLayer('x86_64', build) };
  });
  afterAll(() => rm(build, { recursive: true }));

  test('notes which packages it was made of and leaves nothing else behind', async () => {
    expect((await readdir(build)).toSorted()).toEqual(['arm64', 'x86_64']);
    const packages = await readFile(join(layers.arm64, 'pg-tools/packages.txt'), 'utf8');
    expect(packages).toMatch(/^postgresql-client-18_18\.\S+_arm64\.deb$/m);
    expect(packages).toMatch(/^libc6_\S+_arm64\.deb$/m);
  });

  test.each([
    ['arm64', 0xb7],
    ['x86_64', 0x3e],
  ] as const)('holds programs and libraries for %s alone', async (architecture, machine) => {
    const files = (await readdir(join(layers[architecture], 'pg-tools'), { recursive: true, withFileTypes: true })).filter(
      (entry) => entry.isFile() && entry.name !== 'packages.txt',
    );
    expect(files.length).toBeGreaterThan(30);
    for (const { parentPath, name } of files) {
      const handle = await open(join(parentPath, name));
      const { buffer } = await handle.read(Buffer.alloc(20), 0, 20, 0);
      await handle.close();
      expect([name, buffer.readUInt32BE(0), buffer.readUInt16LE(18)]).toEqual([name, 0x7f454c46, machine]);
    }
  });

  test('has the same libraries for both, so that what runs on one has all it needs on the other', async () => {
    const libraries = async (layer: string) =>
      (await readdir(join(layer, 'pg-tools/lib'))).filter((name) => !/^(ld-linux|libmvec)/.test(name)).toSorted();
    expect(await libraries(layers.arm64)).toEqual(await libraries(layers.x86_64));
  });

  test('runs out of the packaged zip where there is no library of the system and no more than a shell', { timeout: 300_000 }, async () => {
    const root = join(build, 'root');
    await mkdir(join(root, 'bin'), { recursive: true });
    await unpackAsLambda(await packageLayer(layers.x86_64, build), join(root, 'opt'));
    await copyFile(await staticShell(join(build, 'apt')), join(root, 'bin/sh'));
    await chmod(join(root, 'bin/sh'), 0o755);
    const own = process.getuid?.() === 0 ? [] : ['--map-root-user'];
    for (const program of PROGRAMS) {
      const args = [...own, 'chroot', root, `/opt/bin/${program}`, '--version'];
      const { stdout } = await runProgram({ path: 'unshare', args, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });
      expect(stdout).toMatch(new RegExp(`^${program} \\(PostgreSQL\\) 18\\.`));
    }
  });

  test('finds its sister programs wherever it is put', async () => {
    // pg_dumpall looks for the pg_dump beside it before anything else, and gets as far as the missing server.
    const dumping = runProgram({ path: join(layers.x86_64, 'bin/pg_dumpall'), args: ['--host', join(build, 'no-such-socket')] });
    await expect(dumping).rejects.toThrow('No such file or directory');
    await expect(dumping).rejects.not.toThrow('is needed by');
  });
});

/** The zip that `serverless package` makes of what lies where the layer is built, whatever architecture that is for. */
async function packageLayer(layer: string, directory: string): Promise<string> {
  const packaged = await packageService(
    (text) => text,
    (copy) => cp(layer, join(copy, 'layers/pg-tools/build/arm64'), { recursive: true }),
  );
  const zip = join(directory, 'pgTools.zip');
  await copyFile(join(packaged.directory, 'pgTools.zip'), zip);
  await packaged.remove();
  return zip;
}

/** Files with the modes that the archive gives them, and nothing that it does not have. */
async function unpackAsLambda(zip: string, directory: string): Promise<void> {
  for (const { name, bytes, mode } of readZipEntries(zip)) {
    if (name.endsWith('/')) continue;
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), bytes);
    await chmod(join(directory, name), mode & 0o777);
  }
}

/** busybox, which needs no library. */
async function staticShell(directory: string): Promise<string> {
  await mkdir(directory);
  const apt = new PrivateApt(directory);
  await apt.open(await suiteNamed('trixie'), 'amd64');
  const [file = ''] = await apt.download(['busybox-static']);
  await runProgram({ path: 'dpkg-deb', args: ['--extract', file, directory] });
  return join(directory, 'usr/bin/busybox');
}
