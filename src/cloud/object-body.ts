import type { ObjectBody } from './object-store.ts';

/**
 * The body of a put, chunk by chunk: the next chunk is asked for only after the last one was dealt with.
 *
 * Throws the body's own error unchanged, or the signal's reason as soon as it aborts, even while the body is silent.
 * A body that is not read to its end is closed, so that the program behind it is stopped.
 */
export async function* readBody(body: ObjectBody, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  signal?.throwIfAborted();
  if (typeof body === 'string' || body instanceof Uint8Array) {
    yield typeof body === 'string' ? Buffer.from(body) : body;
    return;
  }
  const iterator = body[Symbol.asyncIterator]();
  const abortion = new Abortion(signal);
  let state: 'idle' | 'asked' | 'ended' = 'idle';
  try {
    for (;;) {
      state = 'asked';
      const step = await Promise.race([iterator.next(), abortion.promise]);
      state = step.done ? 'ended' : 'idle';
      if (step.done) return;
      if (step.value.length > 0) yield step.value;
    }
  } finally {
    abortion.forget();
    if (state !== 'ended') await close(iterator, state === 'asked');
  }
}

async function close(iterator: AsyncIterator<Uint8Array>, busy: boolean): Promise<void> {
  const closing = iterator.return?.();
  if (!busy) await closing;
  // A generator that is still busy closes only once it yields, which may be never. The error on its way is the one
  // to report, so whatever closing brings later is of no more interest.
  else closing?.catch(() => undefined);
}

/** A promise that rejects when the signal aborts, and the means to stop listening. */
class Abortion {
  readonly promise: Promise<never>;
  readonly #signal: AbortSignal | undefined;
  readonly #listener: () => void;

  constructor(signal: AbortSignal | undefined) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.promise = promise;
    this.#signal = signal;
    this.#listener = () => {
      reject(reasonOf(signal));
    };
    // The rejection may come while nothing waits for it; whoever asks next still receives it.
    promise.catch(() => undefined);
    if (signal?.aborted) this.#listener();
    else signal?.addEventListener('abort', this.#listener, { once: true });
  }

  forget(): void {
    this.#signal?.removeEventListener('abort', this.#listener);
  }
}

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}
