import type { ObjectStore, StoredObject } from '../../src/cloud/object-store.ts';
import { ObjectNotFoundError } from '../../src/errors.ts';

/** What has become of an object in the store behind pgproof's back. */
export type Damage =
  /** One bit of the byte at this offset is inverted; the size stays. */
  | { readonly flipBitAt: number }
  /** Only the first so many bytes are left. */
  | { readonly truncateTo: number }
  /** It was deleted. */
  | { readonly missing: true }
  /** The bytes of another key lie there. */
  | { readonly replacedBy: string };

/**
 * A store whose objects are damaged as told: on `read`, and in what `head` and `list` say. Writes pass through
 * untouched, so a test damages an object after it was written honestly.
 */
export class DamagedStore implements ObjectStore {
  readonly #store: ObjectStore;
  readonly #damages = new Map<string, Damage>();
  /** How often a damage was met: a test in which this stays 0 has examined nothing. */
  met = 0;

  constructor(store: ObjectStore, damages: Readonly<Record<string, Damage>> = {}) {
    this.#store = store;
    for (const [key, damage] of Object.entries(damages)) this.#damages.set(key, damage);
  }

  damage(key: string, damage: Damage): this {
    this.#damages.set(key, damage);
    return this;
  }

  put: ObjectStore['put'] = (key, body, options) => this.#store.put(key, body, options);

  async read(key: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const damage = this.#damages.get(key);
    if (!damage) return this.#store.read(key, signal);
    this.met += 1;
    if ('missing' in damage) throw new ObjectNotFoundError(key);
    if ('replacedBy' in damage) return this.#store.read(damage.replacedBy, signal);
    const chunks = await this.#store.read(key, signal);
    return 'truncateTo' in damage ? truncated(chunks, damage.truncateTo) : flipped(chunks, damage.flipBitAt);
  }

  async head(key: string): Promise<StoredObject | undefined> {
    return this.#seen(await this.#store.head(key));
  }

  async *list(prefix: string): AsyncGenerator<StoredObject, void> {
    for await (const object of this.#store.list(prefix)) {
      const seen = await this.#seen(object);
      if (seen) yield seen;
    }
  }

  async #seen(object: StoredObject | undefined): Promise<StoredObject | undefined> {
    const damage = object && this.#damages.get(object.key);
    if (!damage) return object;
    if ('missing' in damage) return undefined;
    if ('truncateTo' in damage) return { ...object, bytes: Math.min(object.bytes, damage.truncateTo) };
    if ('flipBitAt' in damage) return object;
    const other = await this.#store.head(damage.replacedBy);
    return other && { ...other, key: object.key };
  }
}

async function* flipped(chunks: AsyncIterable<Uint8Array>, offset: number): AsyncGenerator<Uint8Array, void> {
  let position = 0;
  for await (const chunk of chunks) {
    const copy = Uint8Array.from(chunk);
    const index = offset - position;
    if (index >= 0 && index < copy.length) copy[index] = (copy[index] ?? 0) ^ 1;
    position += copy.length;
    yield copy;
  }
  if (offset >= position) throw new RangeError(`cannot flip byte ${offset} of an object of ${position} bytes`);
}

async function* truncated(chunks: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array, void> {
  let left = bytes;
  for await (const chunk of chunks) {
    if (left <= 0) return;
    yield chunk.subarray(0, left);
    left -= chunk.length;
  }
}
