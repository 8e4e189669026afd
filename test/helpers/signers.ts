import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { Signer } from '../../src/cloud/signer.ts';
import { keyFingerprint } from '../../src/drill/verify-seal.ts';

export interface TestSigner extends Signer {
  readonly publicKey: string;
}

// The PKCS #8 frame of an ed25519 private key; the 32 bytes of the key follow.
const ED25519_FRAME = '302e020100300506032b657004220420';

/** A signer whose key, and with it every seal, is the same in every run. */
export function fixedSigner(byte = 7): TestSigner {
  const der = Buffer.concat([Buffer.from(ED25519_FRAME, 'hex'), Buffer.alloc(32, byte)]);
  return signerOf(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }), 'ed25519');
}

/** What KMS does with a key of type ECC_NIST_P256: its key id is an ARN, its signatures are DER and differ each time. */
export function kmsLikeSigner(): TestSigner {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return signerOf(privateKey, 'ecdsa-sha256', 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd');
}

function signerOf(privateKey: KeyObject, algorithm: 'ed25519' | 'ecdsa-sha256', name?: string): TestSigner {
  const publicKey = createPublicKey(privateKey);
  const key = { algorithm, keyId: name ?? keyFingerprint(publicKey) };
  const digest = algorithm === 'ed25519' ? null : 'sha256';
  return {
    key: async () => key,
    sign: async (message) => ({ ...key, signature: sign(digest, message, privateKey).toString('base64') }),
    publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
  };
}
