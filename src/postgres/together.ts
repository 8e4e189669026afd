/**
 * Runs several pieces of work that stand or fall together. When one fails, the others are aborted and awaited, so that
 * nothing still runs when this returns. The first failure is thrown, or the signal's reason when that came before it.
 *
 * @param signal aborts all of them
 * @param watched promises that never resolve and reject when the ground falls away (a lost connection)
 * @param works each is begun with a signal of its own
 */
export async function together<T extends readonly unknown[]>(
  signal: AbortSignal,
  watched: readonly Promise<never>[],
  works: { readonly [K in keyof T]: (signal: AbortSignal) => Promise<T[K]> },
): Promise<T> {
  const controller = new AbortController();
  let first: { error: unknown } | undefined;
  const fail = (error: unknown) => {
    first ??= { error };
    controller.abort(error);
  };
  // Noted here, for an aborted work may end with an error of its own, or with success.
  const abort = () => fail(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  for (const promise of watched) promise.catch(fail);
  const running = works.map(async (work) => await work(controller.signal));
  for (const promise of running) promise.catch(fail);
  const settled = await Promise.allSettled(running);
  signal.removeEventListener('abort', abort);
  if (first) throw first.error;
  return settled.map((result) => (result.status === 'fulfilled' ? result.value : undefined)) as unknown as T;
}
