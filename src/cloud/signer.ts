/** Seals evidence: KMS on AWS, a key file on the laptop. */
export interface Signer {
  sign(message: Uint8Array): Promise<Signature>;
}

export interface Signature {
  readonly algorithm: 'ed25519' | 'ecdsa-sha256';
  /** Names the key; for ed25519 the SHA-256 of its public half in SPKI DER, hex. */
  readonly keyId: string;
  /** Base64. */
  readonly signature: string;
}
