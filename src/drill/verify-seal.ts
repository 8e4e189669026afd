import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { SigningKeyError } from '../errors.ts';
import { canonicalJson, sha256Hex } from './canonical.ts';
import { digestsOf, signedStatement, type Seal } from './seal.ts';
import { canonicalEcdsaSignature } from './signature-form.ts';

/** Something that does not hold. `part` names what: `evidence.verdict`, `seal.signature`, an object's key, `chain`. */
export interface Problem {
  readonly part: string;
  readonly problem: string;
  /** Missing things may only be elsewhere; altered things are altered. */
  readonly kind: 'altered' | 'missing';
}

export type Unsealed = Readonly<Record<string, unknown>>;

/**
 * Checks the bytes of `evidence.json` against its seal and returns the body they hold, trusted or not: with any
 * problem nothing in it is to be believed.
 * @throws SigningKeyError when `publicKey` is no key; a key found inside the file is never looked at
 */
export function verifySeal(text: string | Uint8Array, publicKey: KeyObject): { problems: Problem[]; body?: Unsealed } {
  const file = parseFile(text);
  if (typeof file === 'string') return { problems: [altered('evidence.json', file)] };
  const { evidence, seal, ...others } = file.json;
  const problems = [
    ...(file.form === undefined ? [] : [altered('evidence.json', file.form)]),
    ...Object.keys(others).map((name) => altered(name, 'is no part of sealed evidence')),
  ];
  if (!isRecord(evidence)) return { problems: [...problems, altered('evidence', 'is not there')] };
  if (!isSeal(seal)) return { problems: [...problems, altered('seal', SEAL_FORM)], body: evidence };
  problems.push(...verifyDigests(evidence, seal), ...verifySignature(seal, publicKey));
  return { problems, body: evidence };
}

/** @throws SigningKeyError when there is no key to check against, or the text is none */
export function readPublicKey(pem: string | undefined): KeyObject {
  const hint = 'name the public half of the sealing key: npx pgproof verify evidence.json --key evidence-key.pub.pem';
  if (!pem?.trim()) throw new SigningKeyError('no public key to check the seal against', { hint });
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw new SigningKeyError('the public key is not a key in PEM form', { cause, hint });
  }
}

/** SHA-256 of a public key's SPKI DER in hex: the id of keys that have no other name. */
export function keyFingerprint(publicKey: KeyObject): string {
  return createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('hex');
}

export function altered(part: string, problem: string): Problem {
  return { part, problem, kind: 'altered' };
}

export function isRecord(value: unknown): value is Unsealed {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const SEAL_FORM = 'must hold algorithm, digests, keyId, sha256 and signature and nothing else';

function isSeal(value: unknown): value is Seal {
  if (!isRecord(value) || Object.keys(value).sort().join() !== 'algorithm,digests,keyId,sha256,signature') return false;
  const texts = [value['algorithm'], value['keyId'], value['sha256'], value['signature']];
  return texts.every((each) => typeof each === 'string') && isRecord(value['digests']);
}

/** The parsed file and what is wrong with its form, or why it is no evidence at all. */
function parseFile(text: string | Uint8Array): { json: Unsealed; form?: string } | string {
  let json: unknown;
  let decoded: string;
  try {
    decoded = typeof text === 'string' ? text : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
  } catch {
    return 'is not UTF-8: bytes were altered';
  }
  try {
    json = JSON.parse(decoded);
  } catch (error) {
    return `is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (!isRecord(json)) return 'is not sealed evidence';
  const canonical = canonicalJson(json);
  if (canonical === decoded) return { json };
  let at = 0;
  while (canonical[at] === decoded[at]) at += 1;
  return { json, form: `is not in canonical form from character ${at} on: white space, order or spelling was altered` };
}

/** Names the sections whose digest differs; when the body as a whole is intact, the digests themselves were altered. */
function verifyDigests(body: Unsealed, seal: Seal): Problem[] {
  const intact = sha256Hex(canonicalJson(body)) === seal.sha256;
  const actual = digestsOf(body);
  const names = [...new Set([...Object.keys(actual), ...Object.keys(seal.digests)])].sort();
  const different = names.filter((name) => actual[name] !== seal.digests[name]);
  if (intact) return different.map((name) => altered(`seal.digests.${name}`, 'is not the digest of its section'));
  if (different.length === 0) return [altered('seal.sha256', 'is not the digest of the evidence')];
  // The list of findings differs whenever one of them does; it is named only when all that changed is their order.
  const single = different.some((name) => name.startsWith('findings.'));
  return different
    .filter((name) => name !== 'findings' || !single)
    .map((name) => altered(`evidence.${name}`, describeDifference(name, actual, seal.digests)));
}

function describeDifference(name: string, actual: Record<string, string>, sealed: Readonly<Record<string, string>>) {
  if (actual[name] === undefined) return 'was sealed and is not there any more';
  return sealed[name] === undefined ? 'was added after sealing' : 'was altered after sealing';
}

function verifySignature(seal: Seal, publicKey: KeyObject): Problem[] {
  const type = publicKey.asymmetricKeyType;
  const curve = publicKey.asymmetricKeyDetails?.namedCurve;
  const fits = seal.algorithm === 'ed25519' ? type === 'ed25519' : type === 'ec' && curve === 'prime256v1';
  if (!['ed25519', 'ecdsa-sha256'].includes(seal.algorithm) || !fits) {
    return [altered('seal.algorithm', `${seal.algorithm} does not fit the public key given, a key of type ${type}`)];
  }
  const fingerprint = keyFingerprint(publicKey);
  // A KMS key goes by its ARN, which the statement binds; where the id is a fingerprint it must be this key's.
  const named = seal.algorithm === 'ed25519' || /^[0-9a-f]{64}$/.test(seal.keyId);
  if (named && seal.keyId !== fingerprint) {
    return [altered('seal.keyId', `is ${seal.keyId}, the public key given is ${fingerprint}`)];
  }
  const signature = Buffer.from(seal.signature, 'base64');
  const strict = signature.toString('base64') === seal.signature && isOneForm(seal, signature);
  const digest = seal.algorithm === 'ed25519' ? null : 'sha256';
  if (strict && verify(digest, signedStatement(seal), publicKey, signature)) return [];
  return [altered('seal.signature', 'was not made by the key given over these digests')];
}

function isOneForm({ algorithm }: Seal, signature: Uint8Array): boolean {
  if (algorithm === 'ed25519') return true;
  try {
    return Buffer.from(canonicalEcdsaSignature(signature)).equals(signature);
  } catch {
    return false;
  }
}
