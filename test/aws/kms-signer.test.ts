import { createPublicKey, verify } from 'node:crypto';
import { CreateKeyCommand, GetPublicKeyCommand, KMSClient, type KeySpec } from '@aws-sdk/client-kms';
import { beforeAll, describe, expect, test } from 'vitest';
import { KmsSigner } from '../../src/cloud/aws/kms-signer.ts';
import { seal } from '../../src/drill/seal.ts';
import { SigningKeyError } from '../../src/errors.ts';
import { emulator } from './clients.ts';

describe('the KMS signer', () => {
  let client: KMSClient;
  const makeKey = async (KeySpec: KeySpec): Promise<string> => {
    const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeyUsage: 'SIGN_VERIFY', KeySpec }));
    return KeyMetadata?.Arn ?? '';
  };
  const publicKey = async (keyArn: string) => {
    const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: keyArn }));
    return createPublicKey({ key: Buffer.from(PublicKey ?? []), type: 'spki', format: 'der' });
  };
  beforeAll(() => {
    client = new KMSClient(emulator());
  });

  test('signs what the public half of the key verifies, and names the key', async () => {
    const keyArn = await makeKey('ECC_NIST_P256');
    const message = Buffer.from('the evidence');
    const signed = await new KmsSigner({ client, keyArn }).sign(message);
    expect(signed.algorithm).toBe('ecdsa-sha256');
    expect(keyArn).toContain(signed.keyId.split('/').at(-1));
    const signature = Buffer.from(signed.signature, 'base64');
    expect(verify('sha256', message, await publicKey(keyArn), signature)).toBe(true);
    expect(verify('sha256', Buffer.from('the evidencf'), await publicKey(keyArn), signature)).toBe(false);
  });

  test('seals evidence', async () => {
    const keyArn = await makeKey('ECC_NIST_P256');
    const text = await seal({ format: 1 } as never, new KmsSigner({ client, keyArn }));
    expect(JSON.parse(text)).toMatchObject({ evidence: { format: 1 }, seal: { algorithm: 'ecdsa-sha256' } });
  });

  test.each(['RSA_2048', 'ECC_NIST_P384'] as const)('refuses a key of type %s', async (type) => {
    const keyArn = await makeKey(type);
    const signing = new KmsSigner({ client, keyArn }).sign(Buffer.from('x'));
    await expect(signing).rejects.toBeInstanceOf(SigningKeyError);
    await expect(signing).rejects.toThrow('is not of type ECC_NIST_P256');
  });

  test('says which key is not there and what to ask', async () => {
    const keyArn = 'arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000';
    const signing = new KmsSigner({ client, keyArn }).key();
    await expect(signing).rejects.toBeInstanceOf(SigningKeyError);
    await expect(signing).rejects.toThrow(`KMS refused kms:GetPublicKey with key ${keyArn}: NotFound`);
  });

  test('refuses a message that KMS would not take as it is', async () => {
    const keyArn = await makeKey('ECC_NIST_P256');
    await expect(new KmsSigner({ client, keyArn }).sign(new Uint8Array(4097))).rejects.toThrow('at most 4096');
  });
});
