import type { CatalogueSetName } from './catalogue.ts';
import { CATALOGUE_SETS, readSet, readSettings } from './catalogue.ts';
import { readDefects } from './defects.ts';
import type { DefectFacts, Facts, FactSet, FactSetName, LargeObjectFacts, TableFacts } from './facts.ts';
import { readLargeObjects } from './large-objects.ts';
import { mergeSequences, readSequences, type SequenceReading } from './sequences.ts';
import { readServer, type ServerReading } from './server.ts';
import { FACTS_READER } from './reader-version.ts';
import { openReader, type FactsSession, type Reader } from './session.ts';
import { isScanned, listTables, lockTables, readRows, sumPartitions, type ListedTable } from './tables.ts';

export type { FactsSession } from './session.ts';

/**
 * Reads the facts of a database in one snapshot, over several connections that share a queue of tables, the largest
 * first. Never a smaller answer: what cannot be read in full is an error.
 *
 * @throws SourceUnreadableError, SourceUnreachableError, InterruptedError
 */
export async function readFacts(session: FactsSession): Promise<Facts> {
  const begin = performance.now();
  const collected = new Collection(session);
  const first = await openReader(session, session.snapshot, async (query) => {
    collected.sets.settings = await readSettings(query);
  });
  const readers = [first];
  try {
    collected.server = await readServer(first);
    collected.listed = await listTables(first, session.scope);
    // In a snapshot of our own nobody else depends on what we find.
    if (session.snapshot !== undefined && session.scope !== 'structure') await lockTables(first, collected.listed);
    const jobs = collected.jobs();
    const wanted = Math.max(1, Math.min(session.parallel, jobs.length));
    const snapshot = session.snapshot ?? (wanted > 1 ? await exportSnapshot(first) : undefined);
    while (readers.length < wanted) readers.push(await openReader(session, snapshot));
    await runAll(jobs, readers);
  } finally {
    await Promise.all(readers.map((reader) => reader.end()));
  }
  return collected.facts(performance.now() - begin);
}

type Job = (reader: Reader) => Promise<void>;

async function exportSnapshot(reader: Reader): Promise<string | undefined> {
  const rows = await reader.query<{ id: string }>('select pg_export_snapshot() as id');
  return rows[0]?.id;
}

/** Each reader takes the next job until none is left. The first failure ends the others in the middle of theirs. */
async function runAll(jobs: Job[], readers: readonly Reader[]): Promise<void> {
  const queue = [...jobs];
  const work = async (reader: Reader) => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) await job(reader);
  };
  const running = readers.map(work);
  try {
    await Promise.all(running);
  } catch (error) {
    queue.length = 0;
    await Promise.all(readers.map((reader) => reader.end()));
    await Promise.allSettled(running);
    throw error;
  }
}

/** What the jobs have found so far. */
class Collection {
  readonly sets: Partial<Record<FactSetName, FactSet>> = {};
  listed: readonly ListedTable[] = [];
  server: ServerReading | undefined;
  readonly #session: FactsSession;
  readonly #tables = new Map<string, TableFacts>();
  readonly #timings: Record<string, number> = {};
  #sequences: SequenceReading = new Map();
  #largeObjects: LargeObjectFacts = { count: 0 };
  #defects: DefectFacts = { invalidIndexes: [] };

  constructor(session: FactsSession) {
    this.#session = session;
  }

  /** The longest first, so that no reader is left alone with a long one at the end. */
  jobs(): Job[] {
    const { scope } = this.#session;
    const scanned = scope === 'structure' ? [] : this.listed.filter(isScanned);
    scanned.sort((a, b) => b.facts.bytes - a.facts.bytes);
    const total = scanned.length;
    return [
      this.#timed('largeObjects', async (reader) => {
        this.#largeObjects = await readLargeObjects(reader, scope);
      }),
      ...scanned.map((table) =>
        this.#timed('tables', async (reader) => {
          this.#tables.set(table.oid, await readRows(reader, table, scope));
          this.#session.onTable?.(this.#tables.size, total);
        }),
      ),
      ...CATALOGUE_SETS.map((name) => this.#setJob(name)),
      this.#timed('sequences', async ({ client }) => {
        this.#sequences = await readSequences(client);
      }),
      this.#timed('defects', async (reader) => {
        this.#defects = await readDefects(reader);
      }),
    ];
  }

  #setJob(name: CatalogueSetName): Job {
    return this.#timed(`set ${name}`, async (reader) => {
      await reader.query('savepoint reading');
      this.sets[name] = await readSet(reader, name);
      await reader.query('rollback to savepoint reading; release savepoint reading');
    });
  }

  /** Adds up what the jobs of one stage took, over all readers. */
  #timed(stage: string, job: Job): Job {
    return async (reader) => {
      const begin = performance.now();
      await job(reader);
      this.#timings[stage] = (this.#timings[stage] ?? 0) + performance.now() - begin;
    };
  }

  facts(total: number): Facts {
    if (!this.server) throw new Error('facts were asked for before the server was read');
    const { readAt, ...server } = this.server;
    const { scope } = this.#session;
    const tables = this.listed.map((table) => this.#tables.get(table.oid) ?? table.facts);
    const timings = Object.entries({ ...this.#timings, total }).map(([stage, ms]) => [stage, Math.round(ms)] as const);
    return {
      format: 1,
      reader: FACTS_READER,
      readAt,
      scope,
      server,
      tables: sumPartitions(tables, scope),
      sets: this.sets as Record<FactSetName, FactSet>,
      sequences: mergeSequences(this.#sequences, this.#sequences),
      largeObjects: this.#largeObjects,
      defects: this.#defects,
      timings: Object.fromEntries(timings),
    };
  }
}
