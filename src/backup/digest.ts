import { createHash } from 'node:crypto';

export interface PartDigest {
  readonly bytes: number;
  readonly sha256: string;
}

export interface StreamDigest {
  readonly bytes: number;
  readonly sha256: string;
  readonly parts: readonly PartDigest[];
}

/**
 * Hashes a stream while it flows: SHA-256 of the whole and of every `partBytes`, so that damage found later can be told
 * to lie in a certain range. Holds no data.
 */
export class StreamHasher {
  readonly #partBytes: number;
  readonly #whole = createHash('sha256');
  #part = createHash('sha256');
  #inPart = 0;
  #bytes = 0;
  readonly #parts: PartDigest[] = [];

  constructor(partBytes: number) {
    this.#partBytes = partBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  update(chunk: Uint8Array): void {
    this.#whole.update(chunk);
    this.#bytes += chunk.byteLength;
    for (let offset = 0; offset < chunk.byteLength; ) {
      const piece = chunk.subarray(offset, offset + this.#partBytes - this.#inPart);
      this.#part.update(piece);
      this.#inPart += piece.byteLength;
      offset += piece.byteLength;
      if (this.#inPart === this.#partBytes) this.#closePart();
    }
  }

  /** Call once, after the last chunk. */
  digest(): StreamDigest {
    if (this.#inPart > 0) this.#closePart();
    return { bytes: this.#bytes, sha256: this.#whole.digest('hex'), parts: this.#parts };
  }

  #closePart(): void {
    this.#parts.push({ bytes: this.#inPart, sha256: this.#part.digest('hex') });
    this.#part = createHash('sha256');
    this.#inPart = 0;
  }
}

/** Passes a stream through a hasher unchanged. */
export async function* hashing(
  source: AsyncIterable<Uint8Array>,
  hasher: StreamHasher,
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of source) {
    hasher.update(chunk);
    yield chunk;
  }
}

export function sha256Of(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/**
 * Says how stored bytes differ from what was recorded, for a person, or undefined when they are the same.
 * Names the first part that differs and its byte range.
 */
export function describeDamage(recorded: StreamDigest, found: StreamDigest, partBytes: number): string | undefined {
  if (found.bytes === recorded.bytes && found.sha256 === recorded.sha256) return undefined;
  if (found.bytes < recorded.bytes) return `is truncated: ${found.bytes} of ${recorded.bytes} bytes`;
  if (found.bytes > recorded.bytes) return `is longer than recorded: ${found.bytes} instead of ${recorded.bytes} bytes`;
  const first = recorded.parts.findIndex((part, index) => part.sha256 !== found.parts[index]?.sha256);
  if (first < 0) return `does not have the recorded SHA-256 although each part does: the manifest is inconsistent`;
  const from = first * partBytes;
  const to = from + (recorded.parts[first]?.bytes ?? 0) - 1;
  const differing = recorded.parts.filter((part, index) => part.sha256 !== found.parts[index]?.sha256).length;
  return `has altered bytes in ${differing} of ${recorded.parts.length} parts, the first between byte ${from} and ${to}`;
}
