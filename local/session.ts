import { randomInt } from 'node:crypto';
import { validate } from '../functions/validate/handler.ts';
import manifestLanded from '../functions/validate/rule.json' with { type: 'json' };
import { makeBackupId } from '../src/backup/manifest.ts';
import { parseEventPattern } from '../src/cloud/event-pattern.ts';
import type { WorkerTask } from '../src/drill/contract.ts';
import { InterruptedError } from '../src/errors.ts';
import { sweepTemporaryServers } from '../src/postgres/cluster/temporary-server.ts';
import { openLaptop, type Laptop } from './laptop.ts';
import type { Console } from './console.ts';
import { LocalTaskRunner } from './task-runner.ts';

/** What every verb works with: the laptop, the person in front of it, and a way to be stopped. */
export interface Session {
  readonly laptop: Laptop;
  readonly console: Console;
  readonly signal: AbortSignal;
  readonly tasks: LocalTaskRunner;
  /** Where a database's source is; the URL holds a secret. */
  readonly sources: Map<string, string>;
}

export interface SessionOptions {
  readonly home: string;
  readonly configFile?: string | undefined;
  readonly console: Console;
  readonly signal: AbortSignal;
}

/** Opens the home directory and puts away what an earlier run left there: clusters, half-written files, events. */
export async function openSession({ home, configFile, console, signal }: SessionOptions): Promise<Session> {
  const laptop = openLaptop({ home, configFile, progress: (text) => console.say(text) });
  const sources = new Map<string, string>();
  const tasks = new LocalTaskRunner({
    home: laptop.home,
    configFile,
    sourceUrl: (database) => sources.get(database) ?? configuredUrl(laptop, database),
    onProgress: (progress, task) => console.progress(describeProgress(progress, task)),
  });
  const swept = await laptop.databases.sweep();
  for (const instance of swept.instances) console.say(`destroyed ${instance}, which an earlier run left behind`);
  const servers = await sweepTemporaryServers(laptop.home);
  if (servers > 0) console.say(`destroyed ${servers === 1 ? 'a server' : `${servers} servers`} that an earlier drill left running`);
  await laptop.store.sweepUnfinished();
  await deliverEvents({ laptop });
  return { laptop, console, signal, tasks, sources };
}

/** Of a source that pgproof.yml names; empty where it names none that can be reached from here. */
function configuredUrl({ config }: Laptop, database: string): string {
  const source = config.databases[database]?.source;
  return source?.url ?? (source?.env === undefined ? '' : (process.env[source.env] ?? ''));
}

/** Delivers what has landed to the functions that wait for it, as EventBridge does. */
export async function deliverEvents({ laptop }: { laptop: Laptop }): Promise<void> {
  await laptop.events.drain([
    {
      pattern: parseEventPattern(manifestLanded),
      handle: (event) => validate(event, laptop),
    },
  ]);
}

/** A name for what begins now; the suffix keeps two of one second apart. */
export function nameNow(laptop: Laptop): string {
  return makeBackupId(laptop.clock.now(), randomInt(36 ** 4).toString(36).padStart(4, '0'));
}

export function stopIfAsked(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw signal.reason instanceof InterruptedError ? signal.reason : new InterruptedError('stopped');
}

function describeProgress(progress: { stage: string }, task: WorkerTask): string {
  if (!('archiveBytes' in progress)) return `${task.verb}: ${progress.stage}`;
  const { archiveBytes, tablesRead, tables } = progress as unknown as Record<string, number>;
  const megabytes = ((archiveBytes ?? 0) / 1e6).toFixed(1);
  return `dump: ${megabytes} MB streamed${tables ? `, ${tablesRead} of ${tables} tables read` : ''}`;
}
