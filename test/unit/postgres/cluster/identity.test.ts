import { chmod, mkdir, mkdtemp, readdir, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dataRoot, identityFrom, makeOutsideDirectory, serverIdentity } from '../../../../src/postgres/cluster/identity.ts';

const STRANGER = { uid: 54_321, gid: 54_321 };

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'pgproof-identity-')));
  await chmod(root, 0o711);
});

afterEach(() => rm(root, { recursive: true, force: true }));

test.each([
  ['root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\npostgres:x:101:104::/var:/bin/sh\n', 101, 104],
  ['root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n', 65_534, 65_533],
  ['root:x:0:0::/root:/bin/sh\n', 65_534, 65_534],
  ['', 65_534, 65_534],
  // An entry that would mean root, or nothing at all, is passed over.
  ['postgres:x:0:0::/root:/bin/sh\nnobody:x:99:99::/:/bin/false\n', 99, 99],
  ['postgres:x:::::\nnobody:x:99:99::/:/bin/false\n', 99, 99],
])('the identity from %j is %i:%i', (passwd, uid, gid) => {
  expect(identityFrom(passwd)).toEqual({ uid, gid });
});

test('only root takes another identity', async () => {
  const identity = await serverIdentity();
  expect(identity === undefined).toBe(process.getuid?.() !== 0);
  expect(identity?.uid).not.toBe(0);
});

test('a home that the identity can reach is used itself, by its real name', async () => {
  await mkdir(join(root, 'home'));
  await chmod(join(root, 'home'), 0o711);
  await symlink(join(root, 'home'), join(root, 'link'));
  expect(await dataRoot(join(root, 'link'), STRANGER, root)).toBe(join(root, 'home'));
});

test('a home that does not exist is made so that the identity can pass through', async () => {
  expect(await dataRoot(join(root, 'new/home'), STRANGER, root)).toBe(join(root, 'new/home'));
  expect((await stat(join(root, 'new/home'))).mode & 0o777).toBe(0o711);
});

test('a closed umask does not shut the identity out', async () => {
  const umask = process.umask(0o077);
  try {
    expect(await dataRoot(join(root, 'strict/home'), STRANGER, root)).toBe(join(root, 'strict/home'));
  } finally {
    process.umask(umask);
  }
  for (const name of ['strict', 'strict/home']) expect((await stat(join(root, name))).mode & 0o777).toBe(0o711);
});

test('below a closed directory another one is used, always the same for the same home', async () => {
  await mkdir(join(root, 'closed/home'), { recursive: true });
  await mkdir(join(root, 'closed/other'));
  await chmod(join(root, 'closed'), 0o700);
  const first = await dataRoot(join(root, 'closed/home'), STRANGER, root);
  expect(first).toMatch(/\/pgproof-[0-9a-f]{16}$/);
  expect(await dataRoot(join(root, 'closed/home'), STRANGER, root)).toBe(first);
  expect(await dataRoot(join(root, 'closed/other'), STRANGER, root)).not.toBe(first);
  expect(await readdir(root)).toEqual(['closed']);
  await makeOutsideDirectory(first, STRANGER);
  expect((await stat(first)).mode & 0o777).toBe(0o711);
});

test('without another identity a closed home is as good as any', async () => {
  await mkdir(join(root, 'closed'), { mode: 0o700 });
  expect(await dataRoot(join(root, 'closed'), undefined, root)).toBe(join(root, 'closed'));
  expect(await readdir(root)).toEqual(['closed']);
});

test('a directory that others could write to, or a link, is refused in the place of ours', async () => {
  const own = join(root, 'outside');
  const making = () => makeOutsideDirectory(own, STRANGER);
  await making();
  await chmod(own, 0o777);
  await expect(making()).rejects.toThrow(`${own} cannot hold clusters`);
  await rm(own, { recursive: true });
  await mkdir(join(root, 'elsewhere'));
  await symlink(join(root, 'elsewhere'), own);
  await expect(making()).rejects.toThrow(`${own} cannot hold clusters`);
  await rm(own);
  await writeFile(own, '');
  await expect(making()).rejects.toMatchObject({ code: 'EEXIST' });
});
