import type { Finding } from '../checks/finding.ts';
import type { Signer, SigningKey } from '../cloud/signer.ts';
import { canonicalJson, sha256Hex } from './canonical.ts';
import type { EvidenceBody } from './evidence.ts';
import { canonicalEcdsaSignature } from './signature-form.ts';

/** `evidence.json`: exactly the canonical JSON of this, without a newline at the end. docs/evidence.md describes it. */
export interface SealedEvidence {
  readonly evidence: EvidenceBody;
  readonly seal: Seal;
}

export interface Seal extends SigningKey {
  /** SHA-256 of the canonical JSON of each section, findings one by one, so that an altered part can be named. */
  readonly digests: Readonly<Record<string, string>>;
  /** SHA-256 of the canonical JSON of the whole evidence. */
  readonly sha256: string;
  /** Base64, over `signedStatement`. */
  readonly signature: string;
}

/**
 * Seals the evidence of a drill that is over, teardown included, and returns the text of `evidence.json`.
 * @throws SigningKeyError when there is no usable key
 */
export async function seal(body: EvidenceBody, signer: Signer): Promise<string> {
  const key = await signer.key();
  const unsigned = {
    algorithm: key.algorithm,
    keyId: key.keyId,
    digests: digestsOf(body),
    sha256: sha256Hex(canonicalJson(body)),
  };
  const { signature } = await signer.sign(signedStatement(unsigned));
  return canonicalJson({ evidence: body, seal: { ...unsigned, signature: oneForm(key, signature) } });
}

/** The seal of a file that `seal` has just made. Of any other file it says nothing before `verifyEvidence` did. */
export function readSeal(text: string): Seal {
  return (JSON.parse(text) as SealedEvidence).seal;
}

/**
 * What the signature is over: a short statement that binds the evidence and all digests by digest and names the key.
 * Short because KMS signs at most 4,096 bytes as they are; with a purpose so that no other signature can be taken for it.
 */
export function signedStatement(unsigned: Omit<Seal, 'signature'>): Uint8Array {
  const { algorithm, keyId, sha256 } = unsigned;
  const digests = sha256Hex(canonicalJson(unsigned.digests));
  return Buffer.from(canonicalJson({ algorithm, digests, keyId, purpose: 'pgproof evidence 1', sha256 }));
}

/** Keys are the sections' names, `findings` for their whole list and `findings.<id>` for each of them. */
export function digestsOf(body: object): Record<string, string> {
  const digests: Record<string, string> = {};
  for (const [section, value] of Object.entries(body)) {
    if (value === undefined) continue;
    digests[section] = sha256Hex(canonicalJson(value));
  }
  for (const { part, finding } of namedFindings(body)) digests[part] = sha256Hex(canonicalJson(finding));
  return digests;
}

/** Each finding with its name in the digests; a second one of the same id is `findings.<id>#2`. */
function namedFindings(body: object): { part: string; finding: Finding }[] {
  const seen = new Map<string, number>();
  const findings: readonly Finding[] = 'findings' in body && Array.isArray(body.findings) ? body.findings : [];
  return findings.map((finding) => {
    const id = String(finding?.id);
    const times = (seen.get(id) ?? 0) + 1;
    seen.set(id, times);
    return { part: times === 1 ? `findings.${id}` : `findings.${id}#${times}`, finding };
  });
}

function oneForm({ algorithm }: SigningKey, signature: string): string {
  if (algorithm === 'ed25519') return signature;
  return Buffer.from(canonicalEcdsaSignature(Buffer.from(signature, 'base64'))).toString('base64');
}
