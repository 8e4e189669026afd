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
  let state: 'idle' | 'asked' | 'ended' = 'idle';
  try {
    for (;;) {
      state = 'asked';
      const step = await unlessAborted(iterator.next(), signal);
      state = step.done ? 'ended' : 'idle';
      if (step.done) return;
      if (step.value.length > 0) yield step.value;
    }
  } finally {
    if (state !== 'ended') await close(iterator, state === 'asked');
  }
}

/**
 * The promise's outcome, or the signal's reason if that comes first. Not Promise.race: racing every chunk against one
 * promise that lives as long as the upload would keep every chunk in memory until its end.
 */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  const { promise: outcome, resolve, reject } = Promise.withResolvers<T>();
  const abort = (): void => {
    const reason: unknown = signal.reason;
    reject(reason instanceof Error ? reason : new Error(String(reason)));
  };
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  promise.then(resolve, reject);
  return outcome.finally(() => {
    signal.removeEventListener('abort', abort);
  });
}

async function close(iterator: AsyncIterator<Uint8Array>, busy: boolean): Promise<void> {
  const closing = iterator.return?.();
  if (!busy) await closing;
  // A generator that is still busy closes only once it yields, which may be never. The error on its way is the one
  // to report, so whatever closing brings later is of no more interest.
  else closing?.catch(() => undefined);
}
