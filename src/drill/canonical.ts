import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/**
 * The one text of a JSON value (RFC 8785): sorted keys, no white space, one form for each number and string. Text cut
 * in the middle of a character is mended first, because a cut message must not keep evidence from being sealed.
 */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(mendText(value));
  if (text === undefined) throw new TypeError('this value has no JSON form');
  return text;
}

/** SHA-256 in lower-case hex; text is taken as UTF-8. */
export function sha256Hex(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function mendText(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(mendText);
  if (value === null || typeof value !== 'object' || 'toJSON' in value) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.toWellFormed(), mendText(each)]));
}
