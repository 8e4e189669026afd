import { crc32 } from 'node:zlib';
import { readBody } from '../object-body.ts';
import type { ObjectBody } from '../object-store.ts';

/** S3's limits on a part of a multipart upload; only the last one may be smaller. */
export const MIN_PART_BYTES = 5 * 1024 * 1024;
export const MAX_PARTS = 10_000;
const MAX_PART_BYTES = 5 * 1024 ** 3;

export interface Part {
  /** From 1. */
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly last: boolean;
}

/**
 * Cuts a body into parts of one size. A part is handed on once it is known whether it is the last; an empty body has one.
 *
 * @param spare memory of parts that were sent, taken for the next ones: new memory for each would pile up faster than it
 *   is collected
 */
export async function* readParts(
  body: ObjectBody,
  partBytes: number,
  signal: AbortSignal,
  spare: Uint8Array[],
): AsyncGenerator<Part, void> {
  const size = Math.min(Math.max(partBytes, MIN_PART_BYTES), MAX_PART_BYTES);
  let buffer = Buffer.allocUnsafeSlow(size) as Uint8Array;
  let filled = 0;
  let number = 1;
  for await (const chunk of readBody(body, signal)) {
    for (let offset = 0; offset < chunk.length; ) {
      if (filled === size) {
        yield { number, bytes: buffer, last: false };
        // The old memory is still on its way to S3.
        buffer = spare.pop() ?? Buffer.allocUnsafeSlow(size);
        filled = 0;
        number += 1;
      }
      const piece = chunk.subarray(offset, offset + size - filled);
      buffer.set(piece, filled);
      filled += piece.length;
      offset += piece.length;
    }
  }
  yield { number, bytes: buffer.subarray(0, filled), last: true };
}

/**
 * CRC32 of bytes, or of `before` and bytes together: unlike SHA-256 it can be S3's checksum of a whole multipart
 * object, so S3 itself refuses an upload that lost, damaged or swapped a part.
 */
export function checksumOf(bytes: Uint8Array, before = 0): number {
  return crc32(bytes, before);
}

/** A checksum as S3's headers want it. */
export function encodeChecksum(checksum: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(checksum);
  return bytes.toString('base64');
}
