import { fileURLToPath } from 'node:url';
import { describeAddress } from '../../src/postgres/address.ts';
import type { DrillInput, Fault } from '../../src/drill/contract.ts';
import { formatBytes, formatCount } from '../format.ts';
import { nameNow, stopIfAsked, type Session } from '../session.ts';
import { startSample, type SampleSource } from '../source.ts';
import { backUpDump, backUpSnapshot, chooseSource, type BackupReport, type SourceChoice } from './backup.ts';
import { drill, type DrillReport } from './drill.ts';
import { keepPointInTime } from './point-in-time.ts';

export interface RunOptions extends SourceChoice {
  readonly break?: Fault | undefined;
}

/** pgproof.yml of the sample shop. */
export const SAMPLE_CONFIG = fileURLToPath(new URL('../sample/pgproof.yml', import.meta.url));

/** The whole path once with a database of the user's: dump, validation, drill. */
export async function run(session: Session, options: RunOptions): Promise<DrillReport[]> {
  const { database } = chooseSource(session, options);
  const made = await backUpDump(session, database);
  return [await drillBackup(session, database, made, options.break)];
}

/** The whole path once with a sample shop in a fresh cluster, written to meanwhile: dump, snapshot and point in time. */
export async function runSample(session: Session, fault: Fault | undefined): Promise<DrillReport[]> {
  const { console, laptop } = session;
  const sample = await startSample(laptop, nameNow(laptop).toLowerCase(), (text) => console.say(text));
  let inputs: DrillInput[];
  try {
    describeSample(session, sample);
    inputs = await backUpSample(session, sample, fault);
  } finally {
    // The drills need nothing of the source: what they prove, they prove without it.
    await sample.destroy();
  }
  console.say('the source is gone; from here on there are only its backups');
  const reports: DrillReport[] = [];
  for (const input of inputs) {
    stopIfAsked(session.signal);
    reports.push(await drill(session, input));
  }
  return reports;
}

async function backUpSample(session: Session, sample: SampleSource, fault: Fault | undefined): Promise<DrillInput[]> {
  session.sources.set('shop', sample.url);
  stopIfAsked(session.signal);
  try {
    const dump = await backUpDump(session, 'shop');
    // A fault is planted to be found; one kind of backup is enough to show that.
    if (fault !== undefined) return [inputOf('shop', dump, fault)];
    const snapshot = await backUpSnapshot(session, 'shop', sample.address);
    const { to } = await keepPointInTime(session, 'shop', sample);
    return [inputOf('shop', dump), inputOf('shop', snapshot), { database: 'shop', kind: 'pitr', to }];
  } finally {
    const written = await sample.writer.stop();
    session.console.say(`meanwhile the shop committed ${formatCount(written.committed)} transactions`);
  }
}

function describeSample({ console }: Session, { address, summary, version }: SampleSource): void {
  const { rows, tables, bytes } = summary;
  console.say(
    `source: ${describeAddress(address)}, PostgreSQL ${version}, ${formatCount(rows)} rows in ${tables} tables, ${formatBytes(bytes)}, being written to`,
  );
}

function drillBackup(session: Session, database: string, made: BackupReport, fault: Fault | undefined) {
  return drill(session, inputOf(database, made, fault));
}

function inputOf(database: string, { backup }: BackupReport, fault?: Fault): DrillInput {
  return { database, kind: backup.kind, backup: backup.id, ...(fault === undefined ? {} : { break: fault }) };
}
