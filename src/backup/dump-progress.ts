import type { DumpProgress, DumpSetting } from './dump-manifest.ts';

/** Tells the caller how far the dump is, at most every 250 ms of the clock. */
export class Progress {
  readonly #setting: DumpSetting;
  #state: DumpProgress = { archiveBytes: 0, tablesRead: 0, tables: 0 };
  #toldAt = 0;

  constructor(setting: DumpSetting) {
    this.#setting = setting;
  }

  async *counting(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of source) {
      this.#tell({ archiveBytes: this.#state.archiveBytes + chunk.byteLength });
      yield chunk;
    }
  }

  tables(tablesRead: number, tables: number): void {
    this.#tell({ tablesRead, tables });
  }

  #tell(change: Partial<DumpProgress>): void {
    this.#state = { ...this.#state, ...change };
    const now = this.#setting.clock.now().getTime();
    if (now - this.#toldAt < 250) return;
    this.#toldAt = now;
    this.#setting.onProgress?.(this.#state);
  }
}
