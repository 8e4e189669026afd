import { createHash } from 'node:crypto';

/** Bytes that repeat nowhere within 4 GiB and are the same for every reader: word n is a mix of n. */
export async function* content(bytes: number, chunkBytes = 65_537): AsyncGenerator<Uint8Array, void> {
  for (let begin = 0; begin < bytes; begin += chunkBytes) {
    yield contentAt(begin, Math.min(chunkBytes, bytes - begin));
  }
}

export function contentAt(begin: number, bytes: number): Uint8Array {
  const chunk = new Uint8Array(bytes);
  for (let index = 0; index < bytes; index += 1) {
    const position = begin + index;
    const word = Math.imul((position >>> 2) ^ 0x9e3779b9, 0x85ebca6b);
    chunk[index] = (word ^ (word >>> 15)) >>> ((position & 3) * 8);
  }
  return chunk;
}

/** Size and SHA-256 of a stream: enough to compare objects of any size without holding one. */
export async function digestOf(chunks: AsyncIterable<Uint8Array>): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

export async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(chunks)).toString('utf8');
}
