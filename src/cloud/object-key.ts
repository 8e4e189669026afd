import { InvalidKeyError } from '../errors.ts';

/** S3 allows 1,024 bytes in all; a directory's file system 255 per segment. Every store keeps to both. */
const MAX_KEY_BYTES = 1024;
const MAX_SEGMENT_BYTES = 255;

/**
 * Refuses a key that could leave the bucket or that some store could not hold. Keys arrive from manifests too, and a
 * manifest may have been tampered with: every store calls this before it does anything else.
 *
 * @throws InvalidKeyError
 */
export function checkObjectKey(key: string): void {
  const problem = problemOf(key);
  if (problem !== undefined) throw new InvalidKeyError(key, problem);
}

function problemOf(key: string): string | undefined {
  if (key === '') return 'is empty';
  if (!key.isWellFormed()) return 'is not valid Unicode';
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `is longer than ${MAX_KEY_BYTES} bytes`;
  if (/[\u0000-\u001f\u007f]/.test(key)) return 'has a control character';
  for (const segment of key.split('/')) {
    if (segment === '') return 'has an empty segment';
    if (segment === '.' || segment === '..') return `has the segment ${segment}`;
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) return `has a segment longer than ${MAX_SEGMENT_BYTES} bytes`;
  }
  return undefined;
}

/** The order S3 lists in: by the bytes of the UTF-8 text, which is not the order of JavaScript's strings. */
export function compareKeys(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
