import { readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { replaceSection } from '../docs/readme-blocks.ts';
import { WORKER_ARGUMENTS } from '../local/task-runner.ts';
import { dumpKey, makeBackupId } from '../src/backup/manifest.ts';
import { inTurn, measure, median, ratios, type Measurement } from './measure.ts';
import { makeSource, type BenchSource } from './source.ts';

/**
 * `npm run bench [-- --gigabytes 2 --rounds 3]`: pgproof beside the plain tools, in turn, in one run; writes the tables of
 * bench/README.md.
 */
const VALIDATE = fileURLToPath(new URL('validate.ts', import.meta.url));

const say = (text: string) => process.stderr.write(`${text}\n`);

/** One dump by the worker, as the task runner starts it; returns where the archive lies. */
async function dumpOnce(source: BenchSource, facts: string, round: number): Promise<Measurement & { archive: string }> {
  const backupId = makeBackupId(new Date(Date.UTC(2026, 0, 1, 0, 0, round)), facts);
  const config = join(source.home, `${facts}.yml`);
  await writeFile(config, `databases: { bench: { dump: { facts: ${facts}, compression: gzip } } }`);
  const env = {
    PGPROOF_HOME: source.home,
    PGPROOF_CONFIG: config,
    PGPROOF_TASK: JSON.stringify({ verb: 'dump', database: 'bench', backupId }),
    PGPROOF_SOURCE_URL: source.url,
  };
  const measured = await measure(process.execPath, WORKER_ARGUMENTS, env);
  return { ...measured, archive: join(source.home, 'bucket', dumpKey({ database: 'bench', backupId }, 'archive.dump')) };
}

async function dumps(source: BenchSource, rounds: number) {
  const pgDump = source.programs.path('pg_dump');
  const file = join(source.home, 'plain.dump');
  const level = (number: number) => (source.programs.major >= 16 ? `--compress=gzip:${number}` : `--compress=${number}`);
  const own = (facts: string) => async (round: number) => {
    const result = await dumpOnce(source, facts, round);
    await rm(result.archive);
    return result;
  };
  return await inTurn(rounds, {
    plain: () => measure(pgDump, ['-Fc', level(1), '-f', file], source.env),
    rows: own('rows'),
    content: own('content'),
    classic: () => measure('sh', ['-c', `"$0" -Fc "$1" -f "$2" && cp "$2" "$2.copy"`, pgDump, level(9), file], source.env),
  });
}

async function reads(source: BenchSource, rounds: number) {
  const { archive } = await dumpOnce(source, 'content', 59);
  const restore = source.programs.path('pg_restore');
  const key = archive.slice(join(source.home, 'bucket').length + 1).replace('archive.dump', 'manifest.json');
  return await inTurn(rounds, {
    openssl: () => measure('openssl', ['dgst', '-sha256', archive], {}),
    decode: () => measure(restore, ['-f', '/dev/null', archive], {}),
    validate: () => measure(process.execPath, [VALIDATE, source.home, key], {}),
  });
}

function row(name: string, own: readonly Measurement[], yardstick: readonly Measurement[]): string {
  const seconds = median(own.map((each) => each.seconds)).toFixed(1);
  const peak = Math.max(...own.map((each) => each.peakMegabytes)).toFixed(0);
  return `| ${name} | ${seconds} s | ${ratios(own, yardstick)} | ${peak} MB |`;
}

const HEAD = '| | median | ratio: median (min–max) | peak memory of the process |\n|---|---|---|---|';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { gigabytes: { type: 'string', default: '2' }, rounds: { type: 'string', default: '3' } } });
  const rounds = Number(values.rounds);
  const source = await makeSource(Number(values.gigabytes), say);
  try {
    const dumped = await dumps(source, rounds);
    const read = await reads(source, rounds);
    const about = `${(source.bytes / 1e9).toFixed(1)} GB database, PostgreSQL ${source.programs.version}, ${cpus().length} cores, ${(totalmem() / 1e9).toFixed(0)} GB of memory, Node ${process.version}, ${rounds} rounds after one that is not counted, ${new Date().toISOString().slice(0, 10)}.`;
    const dumpTable = [
      about,
      '',
      HEAD,
      row('`pg_dump -Fc`, gzip 1, to a file', dumped.plain, dumped.plain),
      row('pgproof dump, exact row counts', dumped.rows, dumped.plain),
      row('pgproof dump, row counts and content hashes', dumped.content, dumped.plain),
      row('`pg_dump -Fc -Z9` to disk, then `cp`', dumped.classic, dumped.plain),
    ];
    const readTable = [
      about,
      '',
      HEAD,
      row('`openssl dgst -sha256` of the archive', read.openssl, read.openssl),
      row('`pg_restore -f /dev/null`', read.decode, read.openssl),
      row('pgproof validation: every byte hashed, whole archive decoded, contents checked', read.validate, read.openssl),
    ];
    const path = fileURLToPath(new URL('README.md', import.meta.url));
    let text = await readFile(path, 'utf8');
    text = replaceSection(text, 'bench: dump', dumpTable.join('\n'));
    text = replaceSection(text, 'bench: validation', readTable.join('\n'));
    await writeFile(path, text);
    say(`${dumpTable.join('\n')}\n\n${readTable.join('\n')}`);
  } finally {
    await source.remove();
  }
}

await main();
