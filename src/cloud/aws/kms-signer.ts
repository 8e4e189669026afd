import { createPublicKey } from 'node:crypto';
import { GetPublicKeyCommand, SignCommand, type KMSClient } from '@aws-sdk/client-kms';
import { SigningKeyError } from '../../errors.ts';
import type { Signature, Signer, SigningKey } from '../signer.ts';
import { nameOf } from './service-errors.ts';

export interface KmsSignerOptions {
  readonly client: KMSClient;
  /** Of an ECC_NIST_P256 key for signing; an alias would let the key change between two calls. */
  readonly keyArn: string;
}

/** KMS takes no longer message as it is. */
const MAX_MESSAGE_BYTES = 4096;

/** Seals with a key that never leaves KMS: who may seal is who may call kms:Sign, and CloudTrail records each. */
export class KmsSigner implements Signer {
  readonly #client: KMSClient;
  readonly #keyArn: string;
  #key: Promise<SigningKey> | undefined;

  constructor({ client, keyArn }: KmsSignerOptions) {
    this.#client = client;
    this.#keyArn = keyArn;
  }

  async key(): Promise<SigningKey> {
    this.#key ??= this.#describe();
    try {
      return await this.#key;
    } catch (error) {
      this.#key = undefined; // ask again next time
      throw error;
    }
  }

  async sign(message: Uint8Array): Promise<Signature> {
    if (message.length > MAX_MESSAGE_BYTES) {
      throw new RangeError(`cannot sign ${message.length} bytes: KMS takes at most ${MAX_MESSAGE_BYTES}`);
    }
    const key = await this.key();
    const command = new SignCommand({
      KeyId: key.keyId,
      Message: message,
      MessageType: 'RAW',
      SigningAlgorithm: 'ECDSA_SHA_256',
    });
    const { Signature: signature } = await this.#client.send(command).catch((error: unknown) => {
      throw this.#refused('kms:Sign', error);
    });
    if (!signature) throw new SigningKeyError(`KMS key ${key.keyId} returned no signature`);
    return { ...key, signature: Buffer.from(signature).toString('base64') };
  }

  async #describe(): Promise<SigningKey> {
    const { KeyId, PublicKey } = await this.#client
      .send(new GetPublicKeyCommand({ KeyId: this.#keyArn }))
      .catch((error: unknown) => {
        throw this.#refused('kms:GetPublicKey', error);
      });
    const curve = curveOf(PublicKey ?? new Uint8Array());
    if (KeyId === undefined || curve !== 'prime256v1') {
      throw new SigningKeyError(`KMS key ${this.#keyArn} is not of type ECC_NIST_P256`, {
        hint: 'name a key made with: aws kms create-key --key-usage SIGN_VERIFY --key-spec ECC_NIST_P256',
      });
    }
    return { algorithm: 'ecdsa-sha256', keyId: KeyId };
  }

  #refused(action: string, error: unknown): SigningKeyError {
    return new SigningKeyError(`KMS refused ${action} with key ${this.#keyArn}: ${nameOf(error)}`, {
      cause: error,
      hint: `aws kms describe-key --key-id ${this.#keyArn}; the role needs ${action} on it`,
    });
  }
}

/** The curve of a public key in SPKI DER; undefined for keys of other kinds. */
function curveOf(der: Uint8Array): string | undefined {
  const key = createPublicKey({ key: Buffer.from(der), type: 'spki', format: 'der' });
  return key.asymmetricKeyDetails?.namedCurve;
}
