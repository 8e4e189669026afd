/** The only source of time. Injected everywhere so that tests can fix it. */
export interface Clock {
  now(): Date;
  /** Resolves after `milliseconds`, rejects with the signal's reason when aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}
