import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../src/cloud/clock.ts';
import { matchesPattern, type EventPattern } from '../src/cloud/event-pattern.ts';
import { ObjectCreatedEvent } from '../src/cloud/events.ts';
import { StoreReadError } from '../src/errors.ts';
import { makeDirectory, syncDirectory, writeNewFile } from './store/durable.ts';
import { isMissing } from './store/faults.ts';
import { isOwnerAlive, ownerName } from '../src/owner.ts';

/** Where events go when the pattern matches; several rules may match one event. */
export interface EventRule {
  readonly pattern: EventPattern;
  handle(event: ObjectCreatedEvent): Promise<unknown>;
}

export interface Landing {
  readonly key: string;
  readonly bytes: number;
  /** Of the file that is about to appear under the key. */
  readonly inode: string;
}

/** An event on its way: written before the object lands, so that no landing can go unnoticed. */
export interface LandingNotice {
  publish(): Promise<void>;
  withdraw(): Promise<void>;
}

/**
 * The laptop's EventBridge: one file per event, in the shape of S3's own. `<n>.<owner>.landing` is written before the
 * object appears and becomes `<n>.json` after; when the process is killed between the two, `settleUnfinished` finds out
 * which it was. Events are delivered at least once, never by the process's memory alone.
 */
export class EventQueue {
  readonly #directory: string;
  readonly #bucket: string;
  readonly #clock: Pick<Clock, 'now'>;
  #last = 0n;

  constructor(options: { directory: string; bucket: string; clock: Pick<Clock, 'now'> }) {
    this.#directory = options.directory;
    this.#bucket = options.bucket;
    this.#clock = options.clock;
  }

  async announce({ key, bytes, inode }: Landing): Promise<LandingNotice> {
    const event = this.#event(key, bytes, inode);
    const name = `${event.detail.object.sequencer}-${event.id}`;
    const pending = join(this.#directory, `${name}.${ownerName()}.landing`);
    await makeDirectory(this.#directory);
    await writeNewFile(pending, [Buffer.from(JSON.stringify({ inode, event }))]);
    return {
      publish: () => this.#publish(pending, name),
      withdraw: () => rm(pending, { force: true }),
    };
  }

  /** Decides about the landings whose processes died: `inodeAt` tells which file is under a key now. */
  async settleUnfinished(inodeAt: (key: string) => Promise<string | undefined>): Promise<void> {
    for (const file of await this.#files('.landing')) {
      const [name = '', owner = ''] = file.split('.');
      if (isOwnerAlive(owner)) continue;
      const path = join(this.#directory, file);
      const { inode, event } = await readNotice(path);
      if (event === undefined) continue; // another process is starting too, and was faster
      const landed = (await inodeAt(event.detail.object.key)) === inode;
      await (landed ? this.#publish(path, name) : rm(path, { force: true }));
    }
  }

  /**
   * Delivers every event to all rules that match it, in the order of landing, those included that the handlers cause.
   * An event is removed only after its handlers succeeded. A failing one is kept for the next drain and does not hold
   * up the others; at the end its error is thrown, several as one AggregateError.
   *
   * @returns how many events were delivered and removed
   */
  async drain(rules: readonly EventRule[]): Promise<number> {
    const failures = new Map<string, unknown>();
    let delivered = 0;
    for (;;) {
      const next = (await this.#files('.json')).find((file) => !failures.has(file));
      if (next === undefined) break;
      try {
        await this.#deliver(next, rules);
        delivered += 1;
      } catch (error) {
        failures.set(next, error);
      }
    }
    const errors = [...failures.values()];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} events could not be handled`);
    if (errors.length === 1) throw errors[0];
    return delivered;
  }

  async #deliver(file: string, rules: readonly EventRule[]): Promise<void> {
    const path = join(this.#directory, file);
    const { event } = await readNotice(path);
    if (event === undefined) return; // another drain was faster
    for (const rule of rules) if (matchesPattern(rule.pattern, event)) await rule.handle(event);
    await rm(path, { force: true });
  }

  async #publish(pending: string, name: string): Promise<void> {
    await rename(pending, join(this.#directory, `${name}.json`)).catch((error: unknown) => {
      if (!isMissing(error)) throw error; // published already, by another process that settles what was left
    });
    await syncDirectory(this.#directory);
  }

  async #files(suffix: string): Promise<string[]> {
    try {
      return (await readdir(this.#directory)).filter((file) => file.endsWith(suffix)).toSorted();
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  #event(key: string, size: number, inode: string): ObjectCreatedEvent {
    const time = this.#clock.now();
    return {
      version: '0',
      id: randomUUID(),
      'detail-type': 'Object Created',
      source: 'aws.s3',
      account: '000000000000',
      time: `${time.toISOString().slice(0, 19)}Z`,
      region: 'local',
      resources: [`arn:aws:s3:::${this.#bucket}`],
      detail: {
        version: '0',
        bucket: { name: this.#bucket },
        object: { key, size, etag: inode, sequencer: this.#sequencer(time) },
        'request-id': randomUUID(),
        requester: '000000000000',
        'source-ip-address': '127.0.0.1',
        reason: 'PutObject',
      },
    };
  }

  /** Hexadecimal, growing, also within one millisecond; sorts the files of a directory by landing. */
  #sequencer(time: Date): string {
    const now = BigInt(time.getTime()) * 65_536n;
    this.#last = now > this.#last ? now : this.#last + 1n;
    return this.#last.toString(16).toUpperCase().padStart(18, '0');
  }
}

/** An event file's content; both undefined when the file has gone meanwhile. */
async function readNotice(path: string): Promise<{ inode?: string; event?: ObjectCreatedEvent }> {
  try {
    const { inode, event } = JSON.parse(await readFile(path, 'utf8')) as { inode: string; event: unknown };
    return { inode, event: ObjectCreatedEvent.parse(event) };
  } catch (cause) {
    if (isMissing(cause)) return {};
    throw new StoreReadError(path, `cannot read the event ${path}: damaged, remove it to go on without it`, { cause });
  }
}
