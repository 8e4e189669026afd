import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { generateKeyPairSync, verify } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLocalSigner, publicKeyPath } from '../../../local/signer.ts';
import { SigningKeyError } from '../../../src/errors.ts';
import { seal } from '../../../src/drill/seal.ts';
import { verifyEvidence } from '../../../src/drill/verify-evidence.ts';
import { makeBody } from '../../helpers/evidence.ts';

let home: string;
let secret: string;
let open: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'pgproof-signer-'));
  secret = join(home, 'keys', 'evidence-key.pem');
  open = join(home, 'keys', 'evidence-key.pub.pem');
});

afterEach(() => rm(home, { recursive: true, force: true }));

async function failureOf(work: Promise<unknown>): Promise<SigningKeyError> {
  const failure = await work.catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(SigningKeyError);
  return failure as SigningKeyError;
}

describe('the key pair', () => {
  test('is made on first use, its private half for the owner alone', async () => {
    expect(await readdir(home)).toEqual([]);
    await createLocalSigner(home).key();
    expect(await readdir(join(home, 'keys'))).toEqual(['evidence-key.pem', 'evidence-key.pub.pem']);
    expect((await stat(secret)).mode & 0o777).toBe(0o600);
    expect((await stat(join(home, 'keys'))).mode & 0o777).toBe(0o700);
    expect(publicKeyPath(home)).toBe(open);
  });

  test('is kept: another signer over the same home is the same key', async () => {
    const first = await createLocalSigner(home).key();
    expect(await createLocalSigner(home).key()).toEqual(first);
    const elsewhere = await mkdtemp(join(home, 'other-'));
    expect(await createLocalSigner(elsewhere).key()).not.toEqual(first);
  });

  test('is one even when many want it first at once', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => createLocalSigner(home).key()));
    expect(new Set(keys.map(({ keyId }) => keyId)).size).toBe(1);
    expect(await readdir(join(home, 'keys'))).toEqual(['evidence-key.pem', 'evidence-key.pub.pem']);
  });

  test('has its public half made again from the private one', async () => {
    const pem = await createLocalSigner(home).publicKeyPem();
    await rm(open);
    await createLocalSigner(home).key();
    expect(await readFile(open, 'utf8')).toBe(pem);
  });
});

describe('a signature', () => {
  test('verifies with the published half, and only over the same bytes', async () => {
    const signer = createLocalSigner(home);
    const { signature, algorithm, keyId } = await signer.sign(Buffer.from('message'));
    const pem = await readFile(open, 'utf8');
    expect(pem).toBe(await signer.publicKeyPem());
    expect({ algorithm, keyId }).toEqual(await signer.key());
    expect(verify(null, Buffer.from('message'), pem, Buffer.from(signature, 'base64'))).toBe(true);
    expect(verify(null, Buffer.from('massage'), pem, Buffer.from(signature, 'base64'))).toBe(false);
  });

  test('seals evidence that the verifier accepts', async () => {
    const signer = createLocalSigner(home);
    const text = await seal(makeBody(), signer);
    expect(await verifyEvidence({ text, publicKey: await signer.publicKeyPem() })).toMatchObject({ ok: true });
  });
});

describe('a key that cannot be trusted is an error and is never replaced', () => {
  test('when others can read it', async () => {
    await createLocalSigner(home).key();
    await chmod(secret, 0o640);
    const failure = await failureOf(createLocalSigner(home).sign(Buffer.from('x')));
    expect(failure.message).toBe(`${secret} can be read by others (mode 640)`);
    expect(failure.hint).toBe(`chmod 600 ${secret} && chmod 700 ${join(home, 'keys')}`);
    await chmod(secret, 0o600);
    await expect(createLocalSigner(home).key()).resolves.toMatchObject({ algorithm: 'ed25519' });
  });

  test('when its private half is gone', async () => {
    await createLocalSigner(home).key();
    await rm(secret);
    const failure = await failureOf(createLocalSigner(home).key());
    expect(failure.message).toBe(`${open} is there but its private half ${secret} is not`);
    expect(await readdir(join(home, 'keys'))).toEqual(['evidence-key.pub.pem']);
  });

  test.each(['', 'not a key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'])('when it is damaged: %j', async (damaged) => {
    await createLocalSigner(home).key();
    await writeFile(secret, damaged);
    expect((await failureOf(createLocalSigner(home).key())).message).toBe(`${secret} is not a private key in PEM form`);
    expect(await readFile(secret, 'utf8')).toBe(damaged);
  });

  test('when it is of another type', async () => {
    await createLocalSigner(home).key();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    await writeFile(secret, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect((await failureOf(createLocalSigner(home).key())).message).toBe(`${secret} is a key of type ec, expected ed25519`);
  });

  test('when the halves do not belong together', async () => {
    await createLocalSigner(home).key();
    const other = await mkdtemp(join(home, 'other-'));
    await writeFile(open, await createLocalSigner(other).publicKeyPem());
    expect((await failureOf(createLocalSigner(home).key())).message).toBe(`${open} is not the public half of ${secret}`);
  });
});
