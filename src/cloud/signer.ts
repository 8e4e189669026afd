/** Seals evidence: KMS on AWS, a key file on the laptop. */
export interface Signer {
  /**
   * The key that `sign` will use. Asked first, because what is signed names the key that signs it.
   * @throws SigningKeyError when there is no usable key
   */
  key(): Promise<SigningKey>;

  /** Signs at most 4,096 bytes: what KMS takes as they are. */
  sign(message: Uint8Array): Promise<Signature>;
}

export interface SigningKey {
  readonly algorithm: 'ed25519' | 'ecdsa-sha256';
  /** Names the key; for ed25519 the SHA-256 of its public half in SPKI DER, hex. */
  readonly keyId: string;
}

export interface Signature extends SigningKey {
  /** Base64. */
  readonly signature: string;
}
