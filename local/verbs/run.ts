import { describeAddress } from '../../src/postgres/address.ts';
import type { DrillInput, Fault } from '../../src/drill/contract.ts';
import { formatBytes, formatCount } from '../format.ts';
import { nameNow, stopIfAsked, type Session } from '../session.ts';
import { startSample, type SampleSource } from '../source.ts';
import { backUpDump, backUpSnapshot, chooseSource, type BackupReport, type SourceChoice } from './backup.ts';
import { drill, type DrillReport } from './drill.ts';

export interface RunOptions extends SourceChoice {
  readonly break?: Fault | undefined;
}

/** The whole path once. Without a source: a sample shop in a fresh cluster, written to meanwhile, both kinds of backup. */
export async function run(session: Session, options: RunOptions): Promise<DrillReport[]> {
  if (options.source !== undefined || options.database !== undefined || session.laptop.configFile !== undefined) {
    const { database } = chooseSource(session, options);
    const made = await backUpDump(session, database);
    return [await drillBackup(session, database, made, options.break)];
  }
  return await runSample(session, options.break);
}

async function runSample(session: Session, fault: Fault | undefined): Promise<DrillReport[]> {
  const { console, laptop } = session;
  const sample = await startSample(laptop, nameNow(laptop).toLowerCase(), (text) => console.say(text));
  let backups: BackupReport[];
  try {
    describeSample(session, sample);
    backups = await backUpSample(session, sample, fault);
  } finally {
    // The drills need nothing of the source: what they prove, they prove without it.
    await sample.destroy();
  }
  console.say('the source is gone; from here on there are only its backups');
  const reports: DrillReport[] = [];
  for (const made of backups) {
    stopIfAsked(session.signal);
    reports.push(await drillBackup(session, 'shop', made, fault));
  }
  return reports;
}

async function backUpSample(session: Session, sample: SampleSource, fault: Fault | undefined): Promise<BackupReport[]> {
  session.sources.set('shop', sample.url);
  stopIfAsked(session.signal);
  try {
    const dump = await backUpDump(session, 'shop');
    // A fault is planted to be found; one kind of backup is enough to show that.
    if (fault !== undefined) return [dump];
    return [dump, await backUpSnapshot(session, 'shop', sample.address)];
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
  const { id, kind } = made.backup;
  const input: DrillInput = { database, kind, backup: id, ...(fault === undefined ? {} : { break: fault }) };
  return drill(session, input);
}
